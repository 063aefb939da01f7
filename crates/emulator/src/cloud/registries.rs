//! `/srcm/v3/clusters`: Schema Registries, which come by themselves with the first Kafka cluster of an environment.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::{S, environment_reference, metadata};
use crate::app::{App, Shared};
use crate::clock::Moment;
use crate::http::body::ok;
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::records::Registry;

const PATH: &str = "/srcm/v3/clusters";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list))
        .route("/srcm/v3/clusters/{id}", get(read))
}

fn body(app: &Shared, row: &Registry, now: Moment) -> Value {
    let id = &row.id;
    let crn = format!("{}/schema-registry={id}", app.environment_crn(&row.environment));
    json!({
        "api_version": "srcm/v3",
        "kind": "Cluster",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &crn, row.created_at, row.created_at),
        "spec": {
            "display_name": "Stream Governance Package",
            "package": row.package,
            "http_endpoint": app.registry_endpoint(id),
            "private_http_endpoint": "",
            "private_networking_config": {},
            "catalog_http_endpoint": app.registry_endpoint(id),
            "environment": environment_reference(app, &row.environment),
            "region": row.region,
            "cloud": row.cloud,
        },
        "status": { "phase": if app.is_ready(row.created_at, now) { "PROVISIONED" } else { "PROVISIONING" } },
    })
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let session = app.session();
    let rows: Vec<Value> = session
        .world()
        .registries
        .iter()
        .filter(|row| row.environment == environment)
        .map(|row| body(&app, row, session.now))
        .collect();
    Ok(ok(page::list(
        &params,
        &format!("{}{PATH}", app.endpoint),
        "srcm/v3",
        "ClusterList",
        &rows,
    )?))
}

async fn read(State(app): S, Path(id): Path<String>, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let session = app.session();
    let row = session
        .world()
        .registries
        .get(&id)
        .filter(|row| row.environment == environment);
    Ok(ok(body(&app, row.ok_or_else(ApiError::forbidden)?, session.now)))
}
