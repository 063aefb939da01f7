//! `/fcpm/v2/compute-pools`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{S, environment_reference, metadata, regions};
use crate::app::{App, Shared};
use crate::clock::Moment;
use crate::flink::phase;
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::ids;
use crate::records::ComputePool;
use crate::store::{Kind, Op, Row, World};

const PATH: &str = "/fcpm/v2/compute-pools";
const DEFAULT_CFU: u64 = 5;
const MAX_CFU: u64 = 50;

pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(list).post(create)).route(
        "/fcpm/v2/compute-pools/{id}",
        get(read).patch(update).delete(delete),
    )
}

fn body(app: &Shared, row: &ComputePool, now: Moment) -> Value {
    let (id, environment, region) = (&row.id, &row.environment, row.region_id());
    let crn = format!(
        "{}/flink-region={region}/compute-pool={id}",
        app.environment_crn(environment)
    );
    json!({
        "api_version": "fcpm/v2",
        "kind": "ComputePool",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &crn, row.created_at, row.updated_at),
        "spec": {
            "display_name": row.display_name,
            "cloud": row.cloud,
            "region": row.region,
            "config": { "kind": "Standard" },
            "environment": environment_reference(app, environment),
            "http_endpoint": format!("{}/sql/v1alpha1/environments/{environment}", app.flink_endpoint(&region)),
            "max_cfu": row.max_cfu,
            "default_pool": row.default_pool,
        },
        "status": {
            "current_cfu": 0,
            "phase": if app.is_ready(row.created_at, now) { "PROVISIONED" } else { "PROVISIONING" },
        },
    })
}

fn find<'a>(world: &'a World, id: &str, environment: &str) -> Result<&'a ComputePool, ApiError> {
    world
        .compute_pools
        .get(id)
        .filter(|row| row.environment == environment)
        .ok_or_else(|| ApiError::cloud(403, "", format!("The compute pool {id} was not found.")))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let start = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
    if start && name.chars().count() <= 64 && name.chars().all(valid) {
        return Ok(());
    }
    Err(ApiError::field(
        "/spec/display_name",
        "The name of a compute pool has at most 64 letters, digits, '-', '_' and '.', and starts with a letter, a digit \
         or '-'.",
    ))
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let session = app.session();
    let rows: Vec<Value> = session
        .world()
        .compute_pools
        .iter()
        .filter(|row| row.environment == environment)
        .filter(|row| {
            params
                .get("spec.region")
                .is_none_or(|region| row.region == region)
        })
        .map(|row| body(&app, row, session.now))
        .collect();
    Ok(ok(page::list(
        &params,
        &format!("{}{PATH}", app.endpoint),
        "fcpm/v2",
        "ComputePoolList",
        &rows,
    )?))
}

/// Zero means "not set", because the official client always sends the field.
fn cfu(request: &JsonBody) -> Result<Option<u64>, ApiError> {
    match request.number("/spec/max_cfu")? {
        None | Some(0) => Ok(None),
        Some(cfu) if cfu == 5 || (cfu % 10 == 0 && cfu <= MAX_CFU) => Ok(Some(cfu)),
        Some(cfu) => Err(ApiError::field(
            "/spec/max_cfu",
            format!("max_cfu is {cfu}, but must be one of 5, 10, 20, 30, 40, 50."),
        )),
    }
}

async fn create(State(app): S, request: JsonBody) -> Result<Response, ApiError> {
    let display_name = request.required("/spec/display_name")?.to_owned();
    check_name(&display_name)?;
    let cloud = request.required("/spec/cloud")?.to_uppercase();
    let region = request.required("/spec/region")?.to_owned();
    if !regions::exists(&format!("{}.{region}", cloud.to_lowercase())) {
        return Err(ApiError::field(
            "/spec/region",
            format!("Flink is not available in region '{region}' of {cloud}."),
        ));
    }
    let environment = request.required("/spec/environment/id")?.to_owned();
    let max_cfu = cfu(&request)?.unwrap_or(DEFAULT_CFU);
    let mut session = app.session();
    if session.world().environments.get(&environment).is_none() {
        return Err(ApiError::cloud(
            404,
            "resource_not_found",
            format!("The environment {environment} was not found."),
        ));
    }
    let now = session.now;
    let row = ComputePool {
        id: ids::object("lfcp"),
        environment,
        display_name,
        cloud,
        region,
        max_cfu,
        default_pool: request.flag("/spec/default_pool").unwrap_or(false),
        created_at: now,
        updated_at: now,
    };
    let answered = body(&app, &row, now);
    session.commit(vec![Op::put(Row::ComputePool(row))])?;
    Ok(answer(StatusCode::ACCEPTED, answered))
}

async fn read(State(app): S, Path(id): Path<String>, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let session = app.session();
    Ok(ok(body(
        &app,
        find(session.world(), &id, environment)?,
        session.now,
    )))
}

async fn update(State(app): S, Path(id): Path<String>, request: JsonBody) -> Result<Response, ApiError> {
    let environment = request.required("/spec/environment/id")?;
    let mut session = app.session();
    let mut row = find(session.world(), &id, environment)?.clone();
    if let Some(name) = request.text("/spec/display_name") {
        check_name(name)?;
        name.clone_into(&mut row.display_name);
    }
    if let Some(cfu) = cfu(&request)? {
        if cfu < row.max_cfu {
            return Err(ApiError::field(
                "/spec/max_cfu",
                format!(
                    "max_cfu can only grow: it is {}, and {cfu} was asked for.",
                    row.max_cfu
                ),
            ));
        }
        row.max_cfu = cfu;
    }
    if let Some(default) = request.flag("/spec/default_pool") {
        row.default_pool = default;
    }
    row.updated_at = session.now;
    let answered = body(&app, &row, session.now);
    session.commit(vec![Op::put(Row::ComputePool(row))])?;
    Ok(ok(answered))
}

async fn delete(State(app): S, Path(id): Path<String>, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let mut session = app.session();
    find(session.world(), &id, environment)?;
    let busy = session
        .world()
        .statements
        .iter()
        .filter(|row| row.compute_pool == id && phase::of(&app, &session, row).is_active())
        .count();
    if busy > 0 {
        return Err(ApiError::conflict(
            "resource_in_use",
            format!("The compute pool {id} cannot be deleted because {busy} statement(s) are active in it."),
        ));
    }
    session.commit(vec![Op::remove(Kind::ComputePool, &id)])?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
