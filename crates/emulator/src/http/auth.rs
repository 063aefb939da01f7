//! Who calls, and whether the key opens this plane.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::gateway::Gateway;
use crate::app::{App, Shared};
use crate::records::{ApiKey, Scope};

/// What an API key's secret is kept as.
pub(crate) fn digest(id: &str, secret: &str) -> String {
    Sha256::digest(format!("{id}:{secret}").as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The key with which a request came; in the request's extensions once it is known.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) owner: String,
    pub(crate) scope: Scope,
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':')
        .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// The caller, or `None` where the credentials are missing, unknown, wrong or too new.
fn caller(app: &Shared, headers: &HeaderMap) -> Option<Caller> {
    let (id, secret) = basic(headers)?;
    let session = app.session();
    let key: &ApiKey = session.world().api_keys.get(&id)?;
    let ready = key.id == *app.first_key || app.is_ready(key.created_at, session.now);
    (ready && key.secret_digest == digest(&id, &secret)).then(|| Caller {
        owner: key.owner.clone(),
        scope: key.scope.clone(),
    })
}

// A 403 that does not name an invalid key reads as "the object is gone" to clients, so it names one.
fn wrong_scope(needed: &str) -> String {
    format!("invalid API key: make sure you're using {needed}")
}

/// Lets only Cloud and Global keys through.
pub(crate) async fn cloud(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match caller(&app, request.headers()) {
        None => ApiError::cloud(401, "", "Unauthorized").into_response(),
        Some(caller) if !matches!(caller.scope, Scope::Cloud | Scope::Global) => ApiError::cloud(
            403,
            "forbidden_access",
            wrong_scope("a Cloud API Key and not a resource-specific API Key"),
        )
        .into_response(),
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

/// Lets only keys of the Kafka cluster in the path through.
pub(crate) async fn kafka(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(caller) = caller(&app, request.headers()) else {
        return ApiError::html(
            401,
            "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n<title>Error 401 \
             Unauthorized</title>\n</head>\n<body><h2>HTTP ERROR 401 Unauthorized</h2>\n</body>\n</html>\n",
        )
        .into_response();
    };
    let cluster = request
        .uri()
        .path()
        .split('/')
        .nth(4)
        .unwrap_or_default()
        .to_owned();
    let through = request.extensions().get::<Gateway>().and_then(Gateway::kafka);
    let opens = match &caller.scope {
        Scope::Global => true,
        Scope::Kafka { cluster: own } => *own == cluster && through.is_none_or(|through| through == *own),
        _ => false,
    };
    if !opens {
        return ApiError::coded(
            403,
            40301,
            wrong_scope(&format!("an API Key of the Kafka cluster {cluster}")),
        )
        .into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The Schema Registry that a request is for.
#[derive(Clone, Debug)]
pub(crate) struct RegistryId(pub(crate) String);

/// Lets only keys of the addressed Schema Registry through. Without a prefix in the path the key says which one.
pub(crate) async fn registry(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(caller) = caller(&app, request.headers()) else {
        return ApiError::coded(401, 401, "Unauthorized").into_response();
    };
    let through = request.extensions().get::<Gateway>().and_then(Gateway::registry);
    let id = match (&caller.scope, through) {
        (Scope::Registry { registry }, None) => Some(registry.clone()),
        (Scope::Registry { registry }, Some(through)) if *registry == through => Some(through),
        (Scope::Global, Some(through)) => Some(through),
        _ => None,
    };
    let Some(id) = id else {
        return ApiError::coded(
            403,
            40301,
            wrong_scope("an API Key of this Schema Registry cluster"),
        )
        .into_response();
    };
    if app.session().world().registries.get(&id).is_none() {
        return ApiError::coded(401, 401, "Unauthorized").into_response();
    }
    request.extensions_mut().insert(RegistryId(id));
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The Flink region that a request is for: `aws.us-east-1`; absent for a Global key without a prefix in the path.
#[derive(Clone, Debug)]
pub(crate) struct RegionId(pub(crate) Option<String>);

/// Lets only Flink keys of the addressed region and environment through.
pub(crate) async fn flink(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(caller) = caller(&app, request.headers()) else {
        return ApiError::cloud(401, "", "Unauthorized").into_response();
    };
    let path = request.uri().path().to_owned();
    let (organization, environment) = {
        let mut parts = path.split('/').skip(4);
        let organization = parts.next().unwrap_or_default().to_owned();
        (organization, parts.nth(1).unwrap_or_default().to_owned())
    };
    let through = request.extensions().get::<Gateway>().and_then(Gateway::flink);
    let region = match &caller.scope {
        Scope::Global => Some(through),
        Scope::Flink {
            region,
            environment: own,
        } => (*own == environment && through.as_ref().is_none_or(|through| through == region))
            .then(|| Some(region.clone())),
        _ => None,
    };
    let Some(region) = region else {
        return ApiError::cloud(
            403,
            "forbidden_access",
            wrong_scope("a Flink API Key of this region and of the environment in the path"),
        )
        .into_response();
    };
    if organization != app.organization {
        return ApiError::cloud(
            403,
            "forbidden_access",
            format!("invalid API key: organization {organization} is not its own"),
        )
        .into_response();
    }
    request.extensions_mut().insert(RegionId(region));
    request.extensions_mut().insert(caller);
    next.run(request).await
}
