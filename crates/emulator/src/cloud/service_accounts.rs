//! `/iam/v2/service-accounts`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{S, metadata};
use crate::app::{App, Shared};
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::ids;
use crate::records::ServiceAccount;
use crate::store::{Kind, Op, Row, World};

const PATH: &str = "/iam/v2/service-accounts";

pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(list).post(create)).route(
        "/iam/v2/service-accounts/{id}",
        get(read).patch(update).delete(delete),
    )
}

fn body(app: &Shared, row: &ServiceAccount) -> Value {
    let id = &row.id;
    let crn = format!("{}/service-account={id}", app.organization_crn());
    json!({
        "api_version": "iam/v2",
        "kind": "ServiceAccount",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &crn, row.created_at, row.updated_at),
        "display_name": row.display_name,
        "description": row.description,
    })
}

fn gone() -> ApiError {
    ApiError::cloud(404, "service_account_not_found", "Service Account Not Found")
}

fn check_name(world: &World, name: &str, own: &str) -> Result<(), ApiError> {
    if name.chars().count() > 64 {
        return Err(ApiError::field(
            "/display_name",
            "The name of a service account has at most 64 characters.",
        ));
    }
    if world
        .service_accounts
        .iter()
        .any(|row| row.display_name == name && row.id != own)
    {
        return Err(ApiError::conflict(
            "resource_already_exists",
            format!("Service account with name \"{name}\" already exists."),
        ));
    }
    Ok(())
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    // The official client sends a name of several words as several parameters.
    let wanted = params.all("display_name");
    let whole = wanted.join(" ");
    let is_wanted = |name: &str| {
        wanted.is_empty() || wanted.contains(&name) || name.split_whitespace().eq(whole.split_whitespace())
    };
    let rows: Vec<Value> = app
        .session()
        .world()
        .service_accounts
        .iter()
        .filter(|row| is_wanted(&row.display_name))
        .map(|row| body(&app, row))
        .collect();
    let url = format!("{}{PATH}", app.endpoint);
    Ok(ok(page::list(
        &params,
        &url,
        "iam/v2",
        "ServiceAccountList",
        &rows,
    )?))
}

async fn create(State(app): S, request: JsonBody) -> Result<Response, ApiError> {
    let display_name = request.required("/display_name")?.to_owned();
    let mut session = app.session();
    check_name(session.world(), &display_name, "")?;
    let now = session.now;
    let row = ServiceAccount {
        id: ids::object("sa"),
        display_name,
        description: request.any_text("/description").unwrap_or_default().to_owned(),
        created_at: now,
        updated_at: now,
    };
    let answered = body(&app, &row);
    session.commit(vec![Op::put(Row::ServiceAccount(row))])?;
    Ok(answer(StatusCode::CREATED, answered))
}

async fn read(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let session = app.session();
    Ok(ok(body(
        &app,
        session.world().service_accounts.get(&id).ok_or_else(gone)?,
    )))
}

async fn update(State(app): S, Path(id): Path<String>, request: JsonBody) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut row = session
        .world()
        .service_accounts
        .get(&id)
        .cloned()
        .ok_or_else(gone)?;
    if let Some(name) = request.text("/display_name") {
        check_name(session.world(), name, &id)?;
        name.clone_into(&mut row.display_name);
    }
    if let Some(description) = request.any_text("/description") {
        description.clone_into(&mut row.description);
    }
    row.updated_at = session.now;
    let answered = body(&app, &row);
    session.commit(vec![Op::put(Row::ServiceAccount(row))])?;
    Ok(ok(answered))
}

/// Deletes the account, its API keys and its role bindings.
async fn delete(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let mut session = app.session();
    let world = session.world();
    if world.service_accounts.get(&id).is_none() {
        return Err(gone());
    }
    let mut ops = vec![Op::remove(Kind::ServiceAccount, &id)];
    ops.extend(
        world
            .api_keys
            .iter()
            .filter(|key| key.owner == id)
            .map(|key| Op::remove(Kind::ApiKey, &key.id)),
    );
    let principal = format!("User:{id}");
    let bindings = world
        .role_bindings
        .iter()
        .filter(|binding| binding.principal == principal);
    ops.extend(bindings.map(|binding| Op::remove(Kind::RoleBinding, &binding.id)));
    session.commit(ops)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
