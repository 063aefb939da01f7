//! `/iam/v2/users`: the one user that a new organization starts with.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::{S, metadata};
use crate::app::{App, Shared};
use crate::http::body::ok;
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::records::User;

const PATH: &str = "/iam/v2/users";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list))
        .route("/iam/v2/users/{id}", get(read))
}

fn body(app: &Shared, row: &User) -> Value {
    let id = &row.id;
    let crn = format!("{}/user={id}", app.organization_crn());
    json!({
        "api_version": "iam/v2",
        "kind": "User",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &crn, row.created_at, row.created_at),
        "email": row.email,
        "full_name": row.full_name,
        "auth_type": "AUTH_TYPE_LOCAL",
    })
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let rows: Vec<Value> = app
        .session()
        .world()
        .users
        .iter()
        .map(|row| body(&app, row))
        .collect();
    Ok(ok(page::list(
        &params,
        &format!("{}{PATH}", app.endpoint),
        "iam/v2",
        "UserList",
        &rows,
    )?))
}

async fn read(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let session = app.session();
    let gone = || ApiError::cloud(404, "user_not_found", "User Not Found");
    Ok(ok(body(&app, session.world().users.get(&id).ok_or_else(gone)?)))
}
