//! What every call of a type gets: the clients of the API planes.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;
use streamform_lang::value::Value;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::rest::Auth;
use streamform_provider::rest::Call;
use streamform_provider::rest::CallError;
use streamform_provider::rest::Client;
use streamform_provider::rest::Patience;
use streamform_provider::rest::RetryPolicy;
use streamform_provider::rest::Transport;

use crate::VERSION;
use crate::block::Access;
use crate::block::FlinkGroup;
use crate::block::ProviderDefaults;
use crate::block::Settings;
use crate::json::given;

/// The time that the official provider gives a role binding to spread.
const SPREADING: Duration = Duration::from_secs(90);

/// A configured provider: clients for all planes.
pub struct Confluent {
    transport: Arc<Transport>,
    /// An endpoint that is no URL is told when it is used, as officially.
    control: Result<Client, CallError>,
    settings: Settings,
    /// When the last role binding was made, and how long it may take until every part of the service has heard of it.
    bound: Mutex<Option<Instant>>,
    defaults: ProviderDefaults,
}

impl fmt::Debug for Confluent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confluent")
            .field("endpoint", &self.settings.endpoint)
            .finish_non_exhaustive()
    }
}

/// A data plane, and the id of what it belongs to.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) client: Client,
    /// Cluster or registry.
    pub(crate) id: String,
    /// What of it the provider block (or its environment) gives: an object then keeps none of that in the state.
    from_block: FromBlock,
}

#[derive(Debug, Clone, Copy)]
struct FromBlock {
    id: bool,
    access: bool,
}

impl Plane {
    /// Lets the state of an imported object keep what led to it. `block` is what names the cluster or registry, `known`
    /// what the import's id and the environment say.
    pub(crate) fn keep_access(&self, state: &mut Json, known: &Json, block: &str) {
        let id = (!self.from_block.id).then_some(block);
        let access = ["rest_endpoint", "credentials"].into_iter();
        for name in id.into_iter().chain(access.filter(|_| !self.from_block.access)) {
            if !known[name].is_null() {
                state[name] = known[name].clone();
            }
        }
    }

    /// That an import's id and the provider block are about the same cluster or registry.
    ///
    /// # Errors
    ///
    /// They are not: what was found would be another one's.
    pub(crate) fn is_of(&self, asked: &str, doing: &str) -> Result<(), Findings> {
        if asked == self.id {
            return Ok(());
        }
        Err(vec![ProviderDiagnostic::error(
            format!("{doing}: the provider is configured for {:?}", self.id),
            format!(
                "The import ID begins with {asked:?}. Import through a provider configuration that is for it (\"provider\" in the import block), or correct the ID."
            ),
        )])
    }
}

/// The Flink gateway with the coordinates of a statement.
#[derive(Debug)]
pub(crate) struct FlinkPlane {
    pub(crate) client: Client,
    pub(crate) organization: String,
    pub(crate) environment: String,
    /// Empty: the organization's default pool.
    pub(crate) compute_pool: String,
    /// Empty: not given.
    pub(crate) principal: String,
    /// Whether the provider block gives all of it: the object then keeps none of it in the state.
    pub(crate) from_block: bool,
}

/// Where the Cloud API key comes from.
const CLOUD_KEY: &str = "The key and its secret are what cloud_api_key and cloud_api_secret in the provider block say, or else the environment variables CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET.";

impl Confluent {
    /// A provider configured by its block, the environment and the defaults. No call is made.
    ///
    /// # Errors
    ///
    /// Arguments that belong together are given only in part, or one cannot be used.
    pub fn configure(defaults: &ProviderDefaults, config: &Value) -> Result<Self, Findings> {
        let settings = Settings::resolve(defaults, config)?;
        let policy = RetryPolicy {
            retries: settings.max_retries,
            ..RetryPolicy::default()
        };
        Ok(Self::with_policy(defaults, settings, policy))
    }

    pub(crate) fn with_policy(defaults: &ProviderDefaults, settings: Settings, policy: RetryPolicy) -> Self {
        let transport = Transport::new(
            format!(
                "streamform-provider-confluent/{VERSION} (https://confluent.cloud; support@confluent.io)"
            ),
            policy,
        );
        let auth = match &settings.cloud_key {
            Some((key, secret)) => Auth::basic(key, secret),
            None => Auth::None,
        };
        let control = Client::new(&transport, &settings.endpoint, auth).map(|c| c.with_source(CLOUD_KEY));
        Confluent {
            transport,
            control,
            settings,
            bound: Mutex::new(None),
            defaults: defaults.clone(),
        }
    }

    /// The control plane.
    pub(crate) fn control(&self) -> Result<&Client, Findings> {
        // Never the default endpoint or another key in place of one that is to come.
        if self.settings.unknown {
            return Err(vec![unknown()]);
        }
        if self.settings.cloud_key.is_none() {
            let hint = self
                .defaults
                .without_credentials
                .as_ref()
                .map(|hint| format!(" {hint}"))
                .unwrap_or_default();
            return Err(vec![ProviderDiagnostic::error(
                "Missing Cloud API Key",
                format!(
                    "This type needs a Cloud API key. Set cloud_api_key and cloud_api_secret in the provider block, or the environment variables CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET.{hint}"
                ),
            )]);
        }
        self.control
            .as_ref()
            .map_err(|e| e.findings("error using the provider's endpoint"))
    }

    /// Notes that a role binding was made just now.
    pub(crate) fn bound_now(&self) {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Makes a call that may be forbidden only because a role binding of this run is not known everywhere yet: as long as that can
    /// be the reason, a refusal is tried again. The official provider sleeps 90 seconds after each binding instead.
    pub(crate) async fn once_allowed<'c>(
        &self,
        patience: Patience<'_>,
        call: impl Fn() -> Call<'c> + Send + Sync,
    ) -> Result<Json, CallError> {
        let mut pause = Duration::from_millis(500);
        loop {
            match call().json().await {
                Err(e) if matches!(e.status(), Some(401 | 403)) && !e.maybe_done() => {
                    let bound = *self.bound.lock().unwrap_or_else(PoisonError::into_inner);
                    let fresh = bound.is_some_and(|at| at.elapsed() < SPREADING);
                    if !fresh || patience.left().is_some_and(|left| left < pause) {
                        return Err(e);
                    }
                    patience.phase(&format!(
                        "waiting for a role binding to take effect ({})",
                        e.status().unwrap_or(403)
                    ));
                    if !patience.sleep(pause).await {
                        return Err(e);
                    }
                    pause = (pause * 3 / 2).min(Duration::from_secs(10));
                }
                other => return other,
            }
        }
    }

    /// Whether the service runs on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.control.as_ref().is_ok_and(Client::is_loopback)
    }

    /// An environment variable, such as those that imports need.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.defaults.variable(name)
    }

    /// A client of the same transport for another base URL.
    pub(crate) fn client(&self, base: &str, auth: Auth) -> Result<Client, CallError> {
        Client::new(&self.transport, base, auth)
    }

    /// The organization that statements without one belong to.
    pub(crate) fn organization(&self) -> Option<&str> {
        self.settings.organization.as_deref()
    }

    /// What the Flink group of the provider block says.
    pub(crate) fn flink_group(&self) -> Option<&FlinkGroup> {
        self.settings.flink.as_ref()
    }

    fn access(
        &self,
        group: Option<&Access>,
        object: &Json,
        plane: &str,
        variables: &str,
    ) -> Result<Client, Findings> {
        if self.settings.unknown {
            return Err(vec![unknown()]);
        }
        let (rest, key, secret) = match group {
            Some(a) => (a.rest_endpoint.as_str(), a.key.as_str(), a.secret.as_str()),
            None => {
                let rest = given(object, "/rest_endpoint").ok_or_else(|| {
                    missing(&format!(
                        "one of provider.{plane}_rest_endpoint (defaults to {variables}_REST_ENDPOINT environment variable) or resource.rest_endpoint must be set"
                    ))
                })?;
                let key = given(object, "/credentials/0/key");
                let secret = given(object, "/credentials/0/secret");
                let (key, secret) = key.zip(secret).ok_or_else(|| {
                    missing(&format!(
                        "one of (provider.{plane}_api_key, provider.{plane}_api_secret), ({variables}_API_KEY, {variables}_API_SECRET environment variables) or (resource.credentials.key, resource.credentials.secret) must be set"
                    ))
                })?;
                (rest, key, secret)
            }
        };
        let source = match group {
            Some(_) => format!(
                "The key and its secret are what {plane}_api_key and {plane}_api_secret in the provider block say, or else the environment variables {variables}_API_KEY and {variables}_API_SECRET."
            ),
            None => "The key and its secret are those of the resource's credentials block.".to_owned(),
        };
        Client::new(&self.transport, rest, Auth::basic(key, secret))
            .map(|client| client.with_source(&source))
            .map_err(|e| e.findings(&format!("error using {rest:?}")))
    }

    /// The Kafka REST plane of an object (configuration or state, as JSON).
    pub(crate) fn kafka(&self, object: &Json) -> Result<Plane, Findings> {
        let id = self
            .settings
            .kafka_id
            .as_deref()
            .or_else(|| given(object, "/kafka_cluster/0/id"))
            .ok_or_else(|| {
                missing("one of provider.kafka_id (defaults to KAFKA_ID environment variable) or resource.kafka_cluster.id must be set")
            })?;
        Ok(Plane {
            client: self.access(self.settings.kafka.as_ref(), object, "kafka", "KAFKA")?,
            id: id.to_owned(),
            from_block: FromBlock {
                id: self.settings.kafka_id.is_some(),
                access: self.settings.kafka.is_some(),
            },
        })
    }

    /// The Schema Registry plane of an object.
    pub(crate) fn registry(&self, object: &Json) -> Result<Plane, Findings> {
        let id = self
            .settings
            .registry_id
            .as_deref()
            .or_else(|| given(object, "/schema_registry_cluster/0/id"))
            .ok_or_else(|| {
                missing("one of provider.schema_registry_id (defaults to SCHEMA_REGISTRY_ID environment variable) or resource.schema_registry_cluster.id must be set")
            })?;
        Ok(Plane {
            client: self.access(
                self.settings.registry.as_ref(),
                object,
                "schema_registry",
                "SCHEMA_REGISTRY",
            )?,
            id: id.to_owned(),
            from_block: FromBlock {
                id: self.settings.registry_id.is_some(),
                access: self.settings.registry.is_some(),
            },
        })
    }

    /// The Flink plane of a statement.
    pub(crate) fn flink(&self, object: &Json) -> Result<FlinkPlane, Findings> {
        let group = self.flink_group();
        let client = self.access(group.map(|g| &g.access), object, "flink", "FLINK")?;
        if let Some(group) = group {
            return Ok(FlinkPlane {
                client,
                organization: group.organization.clone(),
                environment: group.environment.clone(),
                compute_pool: group.compute_pool.clone(),
                principal: group.principal.clone(),
                from_block: true,
            });
        }
        let coordinate = |pointer: &str, text: &str| {
            given(object, pointer)
                .map(str::to_owned)
                .ok_or_else(|| missing(text))
        };
        Ok(FlinkPlane {
            client,
            organization: match given(object, "/organization/0/id").or(self.organization()) {
                Some(id) => id.to_owned(),
                None => coordinate(
                    "/organization/0/id",
                    "one of provider.organization_id (defaults to CONFLUENT_ORGANIZATION_ID environment variable) or resource.organization.id must be set",
                )?,
            },
            environment: coordinate(
                "/environment/0/id",
                "one of provider.environment_id (defaults to CONFLUENT_ENVIRONMENT_ID environment variable) or resource.environment.id must be set",
            )?,
            compute_pool: given(object, "/compute_pool/0/id").unwrap_or_default().to_owned(),
            principal: given(object, "/principal/0/id").unwrap_or_default().to_owned(),
            from_block: false,
        })
    }
}

fn unknown() -> ProviderDiagnostic {
    ProviderDiagnostic::error(
        "Provider configuration not known yet",
        "Some arguments of the provider block come from objects that do not exist yet, so that the API cannot be called. Apply those objects first (-target), or give the provider values that are known.",
    )
}

fn missing(text: &str) -> Findings {
    vec![ProviderDiagnostic::error(
        text,
        "Set it in the resource, in the provider block, or in the environment, and run the command again.",
    )]
}
