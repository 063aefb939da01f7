//! Starting, serving, stopping.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Credentials;
use crate::app::{App, Shared};
use crate::clock::Clock;
use crate::config::{EmulatorConfig, EmulatorError};
use crate::http::error::ApiError;
use crate::http::line::{CuttableListener, Line};
use crate::http::{auth, faults, gateway};
use crate::instance::{Info, Instance};
use crate::log::Log;
use crate::records::{ApiKey, Environment, Scope, User};
use crate::store::{Op, Row, Store, World};
use crate::{admin, cloud, flink, ids, kafka, registry};

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    app: App,
    info: Info,
    instance: Option<Instance>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Emulator {
    /// Starts an emulator and returns once it listens.
    ///
    /// # Errors
    /// The data directory is served by another process, or cannot be used; the address cannot be listened on.
    pub async fn start(config: EmulatorConfig) -> Result<Emulator, EmulatorError> {
        let instance = match &config.data_dir {
            Some(path) => Some(Instance::take(path).await?),
            None => None,
        };
        let remembered = instance.as_ref().map(Instance::info).transpose()?.flatten();
        let (world, log) = match &instance {
            Some(instance) => {
                let (world, log) = Log::open(&instance.log())?;
                (world, Some(log))
            }
            None => (World::default(), None),
        };
        let listener = listen(&config, remembered.as_ref()).await?;
        let address = listener.local_addr().map_err(|source| EmulatorError::Listen {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            source,
        })?;
        let info = identity(&config, remembered, address)?;

        // First who this is, then the objects of its birth: a kill in between leaves nothing that nobody can open.
        if let Some(instance) = &instance {
            instance.remember(&info)?;
        }
        let mut store = Store::new(world, log);
        let birth = birth(store.world(), &info);
        if let Err(source) = store.commit(birth) {
            let path = config.data_dir.unwrap_or_default();
            return Err(EmulatorError::DataDir { path, source });
        }
        let app = Shared::new(
            Credentials {
                endpoint: info.endpoint.clone(),
                cloud_api_key: info.cloud_api_key.clone(),
                cloud_api_secret: info.cloud_api_secret.clone(),
                organization_id: info.organization_id.clone(),
            },
            config.phase_delay,
            store,
        );

        let service = router(&app).into_make_service_with_connect_info::<Line>();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            axum::serve(CuttableListener(listener), service)
                .with_graceful_shutdown(async {
                    // A dropped emulator stops as one that was told to.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Emulator {
            app,
            info,
            instance,
            stop,
            task,
        })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.info.endpoint
    }

    /// The id of the Cloud API key that the organization started with.
    pub fn cloud_api_key(&self) -> &str {
        &self.info.cloud_api_key
    }

    /// The secret of the Cloud API key that the organization started with.
    pub fn cloud_api_secret(&self) -> &str {
        &self.info.cloud_api_secret
    }

    /// The organization's id, a UUID.
    pub fn organization_id(&self) -> &str {
        &self.info.organization_id
    }

    /// Stops listening, lets running calls end (five seconds at most), and forces all data to the disk.
    pub async fn shutdown(self) {
        let Emulator {
            app,
            info: _,
            instance,
            stop,
            mut task,
        } = self;
        let _ = stop.send(());
        if tokio::time::timeout(Duration::from_secs(5), &mut task)
            .await
            .is_err()
        {
            task.abort();
        }
        if let Err(error) = app.session().sync() {
            tracing::warn!(%error, "the emulator's log could not be forced to the disk");
        }
        drop(instance);
    }
}

async fn listen(config: &EmulatorConfig, remembered: Option<&Info>) -> Result<TcpListener, EmulatorError> {
    let address = config
        .listen
        .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, remembered.map_or(0, |info| info.port))));
    TcpListener::bind(address)
        .await
        .map_err(|source| match (&config.listen, remembered, &config.data_dir) {
            (None, Some(info), Some(path)) if source.kind() == std::io::ErrorKind::AddrInUse => {
                EmulatorError::PortTaken {
                    port: info.port,
                    path: path.clone(),
                }
            }
            _ => EmulatorError::Listen { address, source },
        })
}

/// Who this emulator is: what is remembered, at the address of today.
fn identity(
    config: &EmulatorConfig,
    remembered: Option<Info>,
    address: SocketAddr,
) -> Result<Info, EmulatorError> {
    // An address that means "all of this machine" cannot be called; loopback can.
    let host = if address.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        address.ip().to_string()
    };
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let endpoint = format!("http://{host}:{}", address.port());
    if let Some(info) = remembered {
        if let Some(wanted) = &config.organization_id
            && *wanted != info.organization_id
        {
            return Err(EmulatorError::OrganizationDiffers {
                found: info.organization_id,
                wanted: wanted.clone(),
            });
        }
        return Ok(Info {
            port: address.port(),
            endpoint,
            ..info
        });
    }
    Ok(Info {
        version: 1,
        port: address.port(),
        endpoint,
        organization_id: config.organization_id.clone().unwrap_or_else(ids::uuid),
        cloud_api_key: ids::api_key(),
        cloud_api_secret: ids::api_secret(),
    })
}

/// What a new organization starts with: one user, that user's Cloud API key, and the environment `default`.
fn birth(world: &World, info: &Info) -> Vec<Op> {
    if world.api_keys.get(&info.cloud_api_key).is_some() {
        return Vec::new();
    }
    let now = Clock::default().now();
    let user = User {
        id: ids::object("u"),
        email: "emulator@example.com".to_owned(),
        full_name: "Emulator User".to_owned(),
        created_at: now,
    };
    let key = ApiKey {
        id: info.cloud_api_key.clone(),
        display_name: "First Cloud API key".to_owned(),
        description: String::new(),
        owner: user.id.clone(),
        scope: Scope::Cloud,
        secret_digest: auth::digest(&info.cloud_api_key, &info.cloud_api_secret),
        created_at: now,
        updated_at: now,
    };
    let environment = Environment {
        id: ids::object("env"),
        display_name: "default".to_owned(),
        package: None,
        created_at: now,
        updated_at: now,
    };
    vec![
        Op::put(Row::User(user)),
        Op::put(Row::ApiKey(key)),
        Op::put(Row::Environment(environment)),
    ]
}

fn router(app: &App) -> Router {
    let planes = Router::new()
        .merge(admin::routes())
        .merge(cloud::routes(app))
        .merge(kafka::routes(app))
        .merge(registry::routes(app))
        .merge(flink::routes(app))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(App::clone(app));
    // The prefix must be off before the routes are looked at, so the planes stand behind a router of their own.
    Router::new()
        .fallback_service(planes)
        .layer(middleware::from_fn(gateway::strip))
        .layer(middleware::from_fn_with_state(App::clone(app), faults::meet))
}

async fn unknown(request: Request) -> ApiError {
    // Not 404: that would read as "the object is gone".
    ApiError::cloud(
        501,
        "not_emulated",
        format!(
            "The emulator does not know {} {}.",
            request.method(),
            request.uri().path()
        ),
    )
}

async fn wrong_method(request: Request) -> ApiError {
    ApiError::cloud(
        405,
        "method_not_allowed",
        format!(
            "{} is not possible at {}.",
            request.method(),
            request.uri().path()
        ),
    )
}
