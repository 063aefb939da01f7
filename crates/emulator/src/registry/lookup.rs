//! Schemas across subjects, and by id.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::check::body;
use crate::app::App;
use crate::cloud::S;
use crate::http::auth::RegistryId;
use crate::http::body::ok;
use crate::http::error::ApiError;
use crate::http::page::Params;
use crate::records::SchemaVersion;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/schemas", get(list))
        .route("/schemas/types", get(types))
        .route("/schemas/ids/{id}", get(by_id))
        .route("/schemas/ids/{id}/schema", get(text_by_id))
        .route("/schemas/ids/{id}/versions", get(versions_of_id))
        .route("/schemas/ids/{id}/subjects", get(subjects_of_id))
}

type R = Extension<RegistryId>;

async fn types() -> Response {
    ok(json!(["JSON", "PROTOBUF", "AVRO"]))
}

async fn list(State(app): S, Extension(RegistryId(registry)): R, params: Params) -> Response {
    let session = app.session();
    let prefix = params.get("subjectPrefix").unwrap_or_default();
    let prefix = prefix.strip_prefix(":*:").unwrap_or(prefix);
    let mut rows: Vec<&SchemaVersion> = session
        .world()
        .schemas
        .iter()
        .filter(|row| row.registry == registry && row.subject.starts_with(prefix))
        .filter(|row| params.is_true("deleted") || !row.deleted)
        .collect();
    rows.sort_by(|a, b| (&a.subject, a.version).cmp(&(&b.subject, b.version)));
    if params.is_true("latestOnly") {
        rows.reverse();
        rows.dedup_by(|older, newer| older.subject == newer.subject);
        rows.reverse();
    }
    let number = |name: &str| params.get(name).and_then(|text| text.parse::<usize>().ok());
    let limit = number("limit").unwrap_or(usize::MAX);
    let data: Vec<Value> = rows
        .into_iter()
        .skip(number("offset").unwrap_or(0))
        .take(limit)
        .map(body)
        .collect();
    ok(json!(data))
}

fn with_id(app: &App, registry: &str, id: &str, deleted: bool) -> Result<Vec<SchemaVersion>, ApiError> {
    let gone = || ApiError::coded(404, 40403, format!("Schema {id} not found"));
    let id: u64 = id
        .parse()
        .map_err(|_| ApiError::coded(404, 404, "HTTP 404 Not Found"))?;
    let session = app.session();
    let rows: Vec<SchemaVersion> = session
        .world()
        .schemas
        .iter()
        .filter(|row| row.registry == registry && row.id == id && (deleted || !row.deleted))
        .cloned()
        .collect();
    if rows.is_empty() { Err(gone()) } else { Ok(rows) }
}

async fn by_id(
    State(app): S,
    Extension(RegistryId(registry)): R,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    // A soft-deleted schema can still be read by its id: data that was written with it is still there.
    let rows = with_id(&app, &registry, &id, true)?;
    let mut body = rows.first().map(body).unwrap_or_default();
    if let Some(map) = body.as_object_mut() {
        for name in ["subject", "version", "id", "deleted"] {
            map.remove(name);
        }
    }
    Ok(ok(body))
}

async fn text_by_id(
    State(app): S,
    Extension(RegistryId(registry)): R,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let rows = with_id(&app, &registry, &id, true)?;
    let text = rows.first().map(|row| row.schema.clone()).unwrap_or_default();
    Ok(ok(serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

async fn versions_of_id(
    State(app): S,
    Extension(RegistryId(registry)): R,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let rows = with_id(&app, &registry, &id, params.is_true("deleted"))?;
    let pairs = rows
        .iter()
        .map(|row| json!({ "subject": row.subject, "version": row.version }));
    Ok(ok(Value::Array(pairs.collect())))
}

async fn subjects_of_id(
    State(app): S,
    Extension(RegistryId(registry)): R,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let rows = with_id(&app, &registry, &id, params.is_true("deleted"))?;
    let mut names: Vec<&str> = rows.iter().map(|row| row.subject.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(ok(json!(names)))
}
