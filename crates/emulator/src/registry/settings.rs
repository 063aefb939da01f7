//! `/config` and `/mode`: of the registry, and of single subjects.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Value, json};

use crate::app::{App, Session};
use crate::cloud::S;
use crate::http::auth::RegistryId;
use crate::http::body::{JsonBody, ok};
use crate::http::error::ApiError;
use crate::http::page::Params;
use crate::records::SubjectSettings;
use crate::store::{Kind, Op, Row, settings_key};

const LEVELS: &[&str] = &[
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
];
const MODES: &[&str] = &["READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT"];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/config", get(config).put(set_config).delete(reset_config))
        .route(
            "/config/{subject}",
            get(config_of).put(set_config_of).delete(reset_config_of),
        )
        .route("/mode", get(mode).put(set_mode))
        .route(
            "/mode/{subject}",
            get(mode_of).put(set_mode_of).delete(reset_mode_of),
        )
}

type R = Extension<RegistryId>;

fn row(session: &Session<'_>, registry: &str, subject: &str) -> SubjectSettings {
    let found = session
        .world()
        .subject_settings
        .get(&settings_key(registry, subject))
        .cloned();
    found.unwrap_or_else(|| SubjectSettings {
        registry: registry.to_owned(),
        subject: subject.to_owned(),
        ..SubjectSettings::default()
    })
}

fn config_body(row: &SubjectSettings, level: &str) -> Value {
    let mut body = json!({ "compatibilityLevel": level });
    for (name, value) in &row.rest {
        body[name.as_str()] = value.clone();
    }
    body
}

async fn config(State(app): S, Extension(RegistryId(id)): R) -> Response {
    let own = row(&app.session(), &id, "");
    ok(config_body(
        &own,
        own.compatibility.as_deref().unwrap_or("BACKWARD"),
    ))
}

async fn config_of(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let session = app.session();
    let own = row(&session, &id, &subject);
    if let Some(level) = &own.compatibility {
        return Ok(ok(config_body(&own, level)));
    }
    if !own.rest.is_empty() {
        return Ok(ok(json!(own.rest)));
    }
    if params.is_true("defaultToGlobal") {
        let all = row(&session, &id, "");
        return Ok(ok(config_body(
            &all,
            all.compatibility.as_deref().unwrap_or("BACKWARD"),
        )));
    }
    Err(ApiError::coded(
        404,
        40408,
        format!("Subject '{subject}' does not have subject-level compatibility configured"),
    ))
}

fn put_config(app: &App, id: &str, subject: &str, request: &JsonBody) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut own = row(&session, id, subject);
    if let Some(level) = request.text("/compatibility") {
        let level = level.to_uppercase();
        if !LEVELS.contains(&level.as_str()) {
            return Err(ApiError::coded(
                422,
                42203,
                "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, \
                 forward_transitive, and full_transitive",
            ));
        }
        own.compatibility = Some(level);
    }
    for (name, value) in request.0.as_object().into_iter().flatten() {
        if name != "compatibility" && !value.is_null() {
            own.rest.insert(name.clone(), value.clone());
        }
    }
    session.commit(vec![Op::put(Row::SubjectSettings(own))])?;
    Ok(ok(request.0.clone()))
}

async fn set_config(
    State(app): S,
    Extension(RegistryId(id)): R,
    request: JsonBody,
) -> Result<Response, ApiError> {
    put_config(&app, &id, "", &request)
}

async fn set_config_of(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    request: JsonBody,
) -> Result<Response, ApiError> {
    put_config(&app, &id, &subject, &request)
}

/// Takes one half of the settings away; the row goes with its last half.
fn put_or_remove(session: &mut Session<'_>, own: SubjectSettings) -> Result<(), ApiError> {
    let empty = own.compatibility.is_none() && own.mode.is_none() && own.rest.is_empty();
    let op = if empty {
        Op::remove(Kind::SubjectSettings, settings_key(&own.registry, &own.subject))
    } else {
        Op::put(Row::SubjectSettings(own))
    };
    session.commit(vec![op])
}

fn clear_config(app: &App, id: &str, subject: &str) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut own = row(&session, id, subject);
    if !subject.is_empty() && own.compatibility.is_none() && own.rest.is_empty() {
        return Err(ApiError::coded(
            404,
            40401,
            format!("Subject '{subject}' not found."),
        ));
    }
    let level = own.compatibility.take().unwrap_or_else(|| "BACKWARD".to_owned());
    own.rest.clear();
    put_or_remove(&mut session, own)?;
    Ok(ok(json!({ "compatibilityLevel": level })))
}

async fn reset_config(State(app): S, Extension(RegistryId(id)): R) -> Result<Response, ApiError> {
    clear_config(&app, &id, "")
}

async fn reset_config_of(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
) -> Result<Response, ApiError> {
    clear_config(&app, &id, &subject)
}

async fn mode(State(app): S, Extension(RegistryId(id)): R) -> Response {
    let own = row(&app.session(), &id, "");
    ok(json!({ "mode": own.mode.as_deref().unwrap_or("READWRITE") }))
}

async fn mode_of(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let session = app.session();
    if let Some(mode) = row(&session, &id, &subject).mode {
        return Ok(ok(json!({ "mode": mode })));
    }
    if params.is_true("defaultToGlobal") {
        let all = row(&session, &id, "").mode;
        return Ok(ok(json!({ "mode": all.as_deref().unwrap_or("READWRITE") })));
    }
    Err(ApiError::coded(
        404,
        40409,
        format!("Subject '{subject}' does not have subject-level mode configured"),
    ))
}

fn put_mode(app: &App, id: &str, subject: &str, request: &JsonBody) -> Result<Response, ApiError> {
    let mode = request.text("/mode").unwrap_or_default().to_uppercase();
    if !MODES.contains(&mode.as_str()) {
        return Err(ApiError::coded(
            422,
            42204,
            "Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, and IMPORT",
        ));
    }
    let mut session = app.session();
    let mut own = row(&session, id, subject);
    own.mode = Some(mode.clone());
    session.commit(vec![Op::put(Row::SubjectSettings(own))])?;
    Ok(ok(json!({ "mode": mode })))
}

async fn set_mode(
    State(app): S,
    Extension(RegistryId(id)): R,
    request: JsonBody,
) -> Result<Response, ApiError> {
    put_mode(&app, &id, "", &request)
}

async fn set_mode_of(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    request: JsonBody,
) -> Result<Response, ApiError> {
    put_mode(&app, &id, &subject, &request)
}

async fn reset_mode_of(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut own = row(&session, &id, &subject);
    let Some(mode) = own.mode.take() else {
        return Err(ApiError::coded(
            404,
            40401,
            format!("Subject '{subject}' not found."),
        ));
    };
    put_or_remove(&mut session, own)?;
    Ok(ok(json!({ "mode": mode })))
}
