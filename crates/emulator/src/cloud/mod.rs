//! The control plane: one file a kind of object.

use axum::Router;
use axum::extract::State;
use axum::middleware;
use serde_json::{Value, json};

use crate::app::{App, Shared};
use crate::clock::Moment;
use crate::http::auth;

pub(crate) mod api_keys;
pub(crate) mod compute_pools;
pub(crate) mod environments;
pub(crate) mod kafka_clusters;
pub(crate) mod regions;
pub(crate) mod registries;
pub(crate) mod role_bindings;
pub(crate) mod service_accounts;
pub(crate) mod users;

/// The routes of the control plane.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(environments::routes())
        .merge(kafka_clusters::routes())
        .merge(registries::routes())
        .merge(service_accounts::routes())
        .merge(users::routes())
        .merge(role_bindings::routes())
        .merge(api_keys::routes())
        .merge(regions::routes())
        .merge(compute_pools::routes())
        .route_layer(middleware::from_fn_with_state(App::clone(app), auth::cloud))
}

/// The `metadata` of an object: `path` is where it is read.
pub(crate) fn metadata(app: &Shared, path: &str, crn: &str, created: Moment, updated: Moment) -> Value {
    json!({
        "self": format!("{}{path}", app.endpoint),
        "resource_name": crn,
        "created_at": created.rfc3339(),
        "updated_at": updated.rfc3339(),
    })
}

/// A reference to the environment that something is in.
pub(crate) fn environment_reference(app: &Shared, environment: &str) -> Value {
    json!({
        "api_version": "org/v2",
        "id": environment,
        "kind": "Environment",
        "related": format!("{}/org/v2/environments/{environment}", app.endpoint),
        "resource_name": app.environment_crn(environment),
    })
}

/// The shared state, as handlers take it.
pub(crate) type S = State<App>;
