//! `/iam/v2/role-bindings`. This family answers errors as `{"error_code":…,"message":…}`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::S;
use crate::app::{App, Shared};
use crate::crn;
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::ids;
use crate::records::RoleBinding;
use crate::store::{Kind, Op, Row, World};

const PATH: &str = "/iam/v2/role-bindings";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list).post(create))
        .route("/iam/v2/role-bindings/{id}", get(read).delete(delete))
}

fn body(app: &Shared, row: &RoleBinding) -> Value {
    json!({
        "api_version": "iam/v2",
        "kind": "RoleBinding",
        "id": row.id,
        "metadata": {
            "self": format!("{}{PATH}/{}", app.endpoint, row.id),
            "resource_name": format!("{}/rolebinding={}", app.organization_crn(), row.id),
            "created_at": row.created_at.rfc3339(),
        },
        "principal": row.principal,
        "role_name": row.role_name,
        "crn_pattern": row.crn_pattern,
    })
}

fn gone() -> ApiError {
    ApiError::coded(
        403,
        40301,
        "Either unauthorized to access role binding or role binding does not exist",
    )
}

fn bad(message: String) -> ApiError {
    ApiError::coded(400, 40001, message)
}

fn check_principal(world: &World, principal: &str) -> Result<(), ApiError> {
    let Some(id) = principal.strip_prefix("User:").filter(|id| !id.is_empty()) else {
        return Err(bad(format!(
            "Principal '{principal}' must have the form 'User:<id>'"
        )));
    };
    let known = if id.starts_with("sa-") {
        world.service_accounts.get(id).is_some()
    } else if id.starts_with("u-") {
        world.users.get(id).is_some()
    } else {
        ["pool-", "group-"].iter().any(|prefix| id.starts_with(prefix))
    };
    if known {
        Ok(())
    } else {
        Err(bad(format!("Principal '{principal}' does not exist")))
    }
}

fn decoded(pattern: &str) -> String {
    percent_decode_str(pattern).decode_utf8_lossy().into_owned()
}

async fn create(State(app): S, request: JsonBody) -> Result<Response, ApiError> {
    let field = |name: &str| -> Result<String, ApiError> {
        let text = request.text(&format!("/{name}"));
        text.map(str::to_owned)
            .ok_or_else(|| bad(format!("'{name}' is required and must not be empty")))
    };
    let (principal, role_name, crn_pattern) =
        (field("principal")?, field("role_name")?, field("crn_pattern")?);
    if !role_name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(bad(format!("Role '{role_name}' does not exist")));
    }
    if let Some(complaint) = crn::complaint(&decoded(&crn_pattern), &app.organization) {
        return Err(bad(complaint));
    }
    let mut session = app.session();
    let world = session.world();
    check_principal(world, &principal)?;
    let same = |row: &RoleBinding| {
        row.principal == principal
            && row.role_name == role_name
            && decoded(&row.crn_pattern) == decoded(&crn_pattern)
    };
    if world.role_bindings.iter().any(same) {
        return Err(ApiError::coded(
            409,
            40901,
            format!("Role binding of '{role_name}' for '{principal}' at '{crn_pattern}' already exists"),
        ));
    }
    let row = RoleBinding {
        id: ids::object("rb"),
        principal,
        role_name,
        crn_pattern,
        created_at: session.now,
    };
    let answered = body(&app, &row);
    session.commit(vec![Op::put(Row::RoleBinding(row))])?;
    Ok(answer(StatusCode::CREATED, answered))
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let pattern = params
        .get("crn_pattern")
        .ok_or_else(|| bad("'crn_pattern' is required".to_owned()))?;
    let within = decoded(pattern);
    // A trailing `*` asks for everything below as well; that is what a prefix gives anyway.
    let within = within.trim_end_matches('*').trim_end_matches('/');
    let rows: Vec<Value> = app
        .session()
        .world()
        .role_bindings
        .iter()
        .filter(|row| decoded(&row.crn_pattern).starts_with(within))
        .filter(|row| {
            params
                .get("principal")
                .is_none_or(|principal| row.principal == principal)
        })
        .filter(|row| params.get("role_name").is_none_or(|role| row.role_name == role))
        .map(|row| body(&app, row))
        .collect();
    Ok(ok(page::list(
        &params,
        &format!("{}{PATH}", app.endpoint),
        "iam/v2",
        "RoleBindingList",
        &rows,
    )?))
}

async fn read(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let session = app.session();
    Ok(ok(body(
        &app,
        session.world().role_bindings.get(&id).ok_or_else(gone)?,
    )))
}

async fn delete(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let mut session = app.session();
    let answered = body(&app, session.world().role_bindings.get(&id).ok_or_else(gone)?);
    session.commit(vec![Op::remove(Kind::RoleBinding, &id)])?;
    Ok(ok(answered))
}
