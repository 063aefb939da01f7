//! `/_emulator/…`: what only this emulator has, for tests and for a second command. No authentication: whoever can
//! reach the loopback address may ask. Only `credentials` shows a secret, and only to a caller on this machine.

use std::sync::PoisonError;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::http::body::{JsonBody, ok};
use crate::http::error::ApiError;
use crate::http::line::Line;
use crate::store::Row;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/_emulator/health", get(health))
        .route("/_emulator/credentials", get(credentials))
        .route("/_emulator/objects", get(objects))
        .route("/_emulator/faults", post(faults))
        .route("/_emulator/clock", post(clock))
}

async fn health(State(app): State<App>) -> Response {
    ok(json!({ "status": "ok", "endpoint": app.endpoint, "organization_id": app.organization }))
}

/// The Cloud API key that the organization started with, as [`crate::credentials`] reads it.
async fn credentials(
    State(app): State<App>,
    ConnectInfo(line): ConnectInfo<Line>,
) -> Result<Response, ApiError> {
    if !line.is_local() {
        return Err(ApiError::cloud(
            403,
            "forbidden_access",
            "The emulator tells its credentials only to callers on its own machine.",
        ));
    }
    Ok(ok(json!(app.credentials)))
}

async fn faults(State(app): State<App>, body: JsonBody) -> Result<Response, ApiError> {
    let mut faults = app.faults.lock().unwrap_or_else(PoisonError::into_inner);
    faults.set(body.0)?;
    Ok(ok(faults.left()))
}

/// Moves the emulator's clock forward: `{"advance_ms":60000}`. Passing phases end without anybody waiting.
async fn clock(State(app): State<App>, body: JsonBody) -> Result<Response, ApiError> {
    let by = body.number("/advance_ms")?.unwrap_or(0);
    app.clock.advance(Duration::from_millis(by));
    Ok(ok(json!({ "now": app.clock.now().rfc3339() })))
}

/// All living objects by kind: `{"environments":[{"id":…,"name":…}],…}`.
async fn objects(State(app): State<App>) -> Response {
    let session = app.session();
    let mut all = Map::new();
    for kind in [
        "environments",
        "kafka_clusters",
        "schema_registry_clusters",
        "service_accounts",
        "users",
        "role_bindings",
        "api_keys",
        "compute_pools",
        "topics",
        "schemas",
        "soft_deleted_schemas",
        "statements",
    ] {
        all.insert(kind.to_owned(), Value::Array(Vec::new()));
    }
    for row in session.world().rows() {
        let (kind, entry) = match row {
            Row::Environment(r) => ("environments", json!({ "id": r.id, "name": r.display_name })),
            Row::KafkaCluster(r) => (
                "kafka_clusters",
                json!({ "id": r.id, "name": r.display_name, "environment": r.environment }),
            ),
            Row::Registry(r) => (
                "schema_registry_clusters",
                json!({ "id": r.id, "name": r.id, "environment": r.environment }),
            ),
            Row::ServiceAccount(r) => ("service_accounts", json!({ "id": r.id, "name": r.display_name })),
            Row::User(r) => ("users", json!({ "id": r.id, "name": r.full_name })),
            Row::RoleBinding(r) => (
                "role_bindings",
                json!({ "id": r.id, "name": r.role_name, "principal": r.principal, "crn_pattern": r.crn_pattern }),
            ),
            Row::ApiKey(r) => (
                "api_keys",
                json!({ "id": r.id, "name": r.display_name, "owner": r.owner }),
            ),
            Row::ComputePool(r) => (
                "compute_pools",
                json!({ "id": r.id, "name": r.display_name, "environment": r.environment }),
            ),
            Row::Topic(r) => (
                "topics",
                json!({ "id": format!("{}/{}", r.cluster, r.name), "name": r.name, "cluster": r.cluster,
                    "partitions": r.partitions }),
            ),
            Row::Schema(r) => (
                if r.deleted {
                    "soft_deleted_schemas"
                } else {
                    "schemas"
                },
                json!({ "id": r.id, "name": r.subject, "version": r.version, "schema_registry_cluster": r.registry }),
            ),
            Row::SubjectSettings(_) | Row::CatalogObject(_) => continue,
            Row::Statement(r) => {
                let phase = crate::flink::phase::of(&app, &session, &r);
                match phase {
                    crate::flink::phase::Phase::Gone => continue,
                    phase => (
                        "statements",
                        json!({ "id": format!("{}/{}", r.environment, r.name), "name": r.name,
                            "environment": r.environment, "phase": phase.name() }),
                    ),
                }
            }
        };
        if let Some(Value::Array(list)) = all.get_mut(kind) {
            list.push(entry);
        }
    }
    ok(Value::Object(all))
}
