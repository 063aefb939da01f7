//! Subjects and their versions.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::check::{self, Draft, body, pick, versions};
use crate::app::{App, Session};
use crate::cloud::S;
use crate::http::auth::RegistryId;
use crate::http::body::{JsonBody, ok};
use crate::http::error::ApiError;
use crate::http::page::Params;
use crate::records::{Registry, SchemaVersion};
use crate::store::{Kind, Op, Row, World, schema_key, settings_key};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/subjects", get(list))
        .route("/subjects/{subject}", post(lookup).delete(delete_subject))
        .route("/subjects/{subject}/versions", get(list_versions).post(register))
        .route(
            "/subjects/{subject}/versions/{version}",
            get(read).delete(delete_version),
        )
        .route("/subjects/{subject}/versions/{version}/schema", get(read_schema))
        .route(
            "/compatibility/subjects/{subject}/versions",
            post(compatible_with_all),
        )
        .route(
            "/compatibility/subjects/{subject}/versions/{version}",
            post(compatible_with_one),
        )
}

type R = Extension<RegistryId>;

fn no_subject(subject: &str) -> ApiError {
    ApiError::coded(404, 40401, format!("Subject '{subject}' not found."))
}

fn no_version(version: i64) -> ApiError {
    ApiError::coded(404, 40402, format!("Version {version} not found."))
}

fn version_number(text: &str) -> Result<i64, ApiError> {
    if matches!(text, "latest" | "-1") {
        return Ok(-1);
    }
    text.parse::<i64>().ok().filter(|version| (1..=i64::from(i32::MAX)).contains(version)).ok_or_else(|| {
        ApiError::coded(
            422,
            42202,
            format!(
                "The specified version '{text}' is not a valid version id. Allowed values are between [1, 2^31-1] and the \
                 string \"latest\""
            ),
        )
    })
}

pub(crate) fn registry<'a>(world: &'a World, id: &str) -> Result<&'a Registry, ApiError> {
    world
        .registries
        .get(id)
        .ok_or_else(|| ApiError::coded(401, 401, "Unauthorized"))
}

async fn list(State(app): S, Extension(RegistryId(id)): R, params: Params) -> Response {
    let session = app.session();
    let prefix = params.get("subjectPrefix").unwrap_or_default();
    // `:*:` means "all contexts".
    let prefix = prefix.strip_prefix(":*:").unwrap_or(prefix);
    let mut names: Vec<&str> = session
        .world()
        .schemas
        .iter()
        .filter(|row| row.registry == id && (params.is_true("deleted") || !row.deleted))
        .map(|row| row.subject.as_str())
        .filter(|subject| subject.starts_with(prefix))
        .collect();
    names.sort_unstable();
    names.dedup();
    ok(json!(names))
}

async fn list_versions(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let session = app.session();
    let rows = versions(session.world(), &id, &subject, params.is_true("deleted"));
    if rows.is_empty() {
        return Err(no_subject(&subject));
    }
    Ok(ok(json!(rows.iter().map(|row| row.version).collect::<Vec<_>>())))
}

type VersionPath = Path<(String, String)>;

fn find<'a>(
    session: &'a Session<'_>,
    id: &str,
    subject: &str,
    version: &str,
    deleted: bool,
) -> Result<&'a SchemaVersion, ApiError> {
    let world = session.world();
    if versions(world, id, subject, deleted).is_empty() {
        return Err(no_subject(subject));
    }
    let version = version_number(version)?;
    pick(world, id, subject, version, deleted).ok_or_else(|| no_version(version))
}

async fn read(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path((subject, version)): VersionPath,
    params: Params,
) -> Result<Response, ApiError> {
    let session = app.session();
    Ok(ok(body(find(
        &session,
        &id,
        &subject,
        &version,
        params.is_true("deleted"),
    )?)))
}

async fn read_schema(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path((subject, version)): VersionPath,
) -> Result<Response, ApiError> {
    let session = app.session();
    let row = find(&session, &id, &subject, &version, false)?;
    Ok(ok(
        serde_json::from_str(&row.schema).unwrap_or_else(|_| json!(row.schema))
    ))
}

async fn lookup(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    params: Params,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let session = app.session();
    let draft = Draft::read(session.world(), &id, &request)?;
    let rows = versions(session.world(), &id, &subject, params.is_true("deleted"));
    if rows.is_empty() {
        return Err(no_subject(&subject));
    }
    let found = rows.into_iter().rev().find(|row| draft.is(row));
    Ok(ok(body(found.ok_or_else(|| {
        ApiError::coded(404, 40403, "Schema not found")
    })?)))
}

async fn register(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let draft = Draft::read(session.world(), &id, &request)?;
    let (ops, row) = registration(session.world(), &[], &id, &subject, draft, session.now)?;
    let mut answered = json!({ "id": row.id, "version": row.version });
    if row.schema_type != "AVRO" {
        answered["schemaType"] = json!(row.schema_type);
    }
    answered["schema"] = json!(row.schema);
    session.commit(ops)?;
    Ok(ok(answered))
}

/// What registering a draft changes, and the version that it is then. Nothing changes if it is there already.
///
/// `pending` is what the same change does before this.
pub(crate) fn registration(
    world: &World,
    pending: &[Op],
    id: &str,
    subject: &str,
    draft: Draft,
    now: crate::clock::Moment,
) -> Result<(Vec<Op>, SchemaVersion), ApiError> {
    let mut registry = pending_registry(pending, id).map_or_else(|| registry(world, id).cloned(), Ok)?;
    let living = versions(world, id, subject, false);
    if let Some(row) = living.iter().rev().find(|row| draft.is(row)) {
        return Ok((Vec::new(), (*row).clone()));
    }
    let mode = |subject: &str| {
        world
            .subject_settings
            .get(&settings_key(id, subject))
            .and_then(|row| row.mode.clone())
    };
    if mode(subject)
        .or_else(|| mode(""))
        .is_some_and(|mode| mode.starts_with("READONLY"))
    {
        return Err(ApiError::coded(
            422,
            42205,
            format!("Subject {subject} is in read-only mode"),
        ));
    }
    let found = check::incompatibilities(&draft, &check::level(world, &registry, subject), &living);
    if !found.is_empty() {
        return Err(ApiError::coded(
            409,
            409,
            format!(
                "Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{}]",
                found.join(", ")
            ),
        ));
    }
    let mut ops = Vec::new();
    // The same schema has the same id in every subject.
    let earlier = world
        .schemas
        .iter()
        .chain(pending.iter().filter_map(pending_schema));
    let known = earlier
        .filter(|row| row.registry == id)
        .find(|row| draft.is(row))
        .map(|row| row.id);
    let schema_id = known.unwrap_or_else(|| {
        let next = registry.next_schema_id;
        registry.next_schema_id += 1;
        next
    });
    if known.is_none() {
        ops.push(Op::put(Row::Registry(registry)));
    }
    let version = versions(world, id, subject, true)
        .last()
        .map_or(1, |row| row.version + 1);
    let row = SchemaVersion {
        registry: id.to_owned(),
        subject: subject.to_owned(),
        version,
        id: schema_id,
        schema_type: draft.schema_type,
        schema: draft.schema,
        references: draft.references,
        metadata: draft.metadata,
        rule_set: draft.rule_set,
        deleted: false,
        created_at: now,
    };
    ops.push(Op::put(Row::Schema(row.clone())));
    Ok((ops, row))
}

fn pending_registry(pending: &[Op], id: &str) -> Option<Registry> {
    pending.iter().rev().find_map(|op| match op {
        Op::Put(row) => match &**row {
            Row::Registry(registry) if registry.id == id => Some(registry.clone()),
            _ => None,
        },
        Op::Remove { .. } => None,
    })
}

fn pending_schema(op: &Op) -> Option<&SchemaVersion> {
    match op {
        Op::Put(row) => match &**row {
            Row::Schema(schema) => Some(schema),
            _ => None,
        },
        Op::Remove { .. } => None,
    }
}

fn referenced(world: &World, row: &SchemaVersion) -> bool {
    world
        .schemas
        .iter()
        .filter(|other| other.registry == row.registry && !other.deleted)
        .any(|other| {
            other
                .references
                .as_array()
                .into_iter()
                .flatten()
                .any(|reference| {
                    reference.get("subject").and_then(Value::as_str) == Some(&row.subject)
                        && reference.get("version").and_then(Value::as_u64) == Some(row.version)
                })
        })
}

fn refuse_referenced(world: &World, row: &SchemaVersion) -> Result<(), ApiError> {
    if referenced(world, row) {
        return Err(ApiError::coded(
            422,
            42206,
            format!(
                "One or more references exist to the schema {{subject={},version={}}}.",
                row.subject, row.version
            ),
        ));
    }
    Ok(())
}

fn key(row: &SchemaVersion) -> String {
    schema_key(&row.registry, row.version, &row.subject)
}

async fn delete_version(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path((subject, version)): VersionPath,
    params: Params,
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let permanent = params.is_true("permanent");
    let row = find(&session, &id, &subject, &version, true)?.clone();
    let number = row.version;
    let op = match (permanent, row.deleted) {
        (false, true) => {
            return Err(ApiError::coded(
                404,
                40406,
                format!(
                    "Subject '{subject}' Version {number} was soft deleted.Set permanent=true to delete permanently"
                ),
            ));
        }
        (true, false) => {
            return Err(ApiError::coded(
                404,
                40407,
                format!(
                    "Subject '{subject}' Version {number} was not deleted first before being permanently deleted"
                ),
            ));
        }
        (true, true) => Op::remove(Kind::Schema, key(&row)),
        (false, false) => {
            refuse_referenced(session.world(), &row)?;
            Op::put(Row::Schema(SchemaVersion { deleted: true, ..row }))
        }
    };
    session.commit(vec![op])?;
    Ok(ok(json!(number)))
}

async fn delete_subject(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let world = session.world();
    let all = versions(world, &id, &subject, true);
    let living = versions(world, &id, &subject, false);
    if all.is_empty() {
        return Err(no_subject(&subject));
    }
    let (ops, numbers): (Vec<Op>, Vec<u64>) = if params.is_true("permanent") {
        if !living.is_empty() {
            return Err(ApiError::coded(
                404,
                40405,
                format!("Subject '{subject}' was not deleted first before being permanently deleted"),
            ));
        }
        all.iter()
            .map(|row| (Op::remove(Kind::Schema, key(row)), row.version))
            .unzip()
    } else {
        if living.is_empty() {
            return Err(ApiError::coded(
                404,
                40404,
                format!("Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"),
            ));
        }
        for row in &living {
            refuse_referenced(world, row)?;
        }
        let gone = |row: &SchemaVersion| {
            Op::put(Row::Schema(SchemaVersion {
                deleted: true,
                ..row.clone()
            }))
        };
        living.iter().map(|row| (gone(row), row.version)).unzip()
    };
    session.commit(ops)?;
    Ok(ok(json!(numbers)))
}

fn verdict(found: &[String], verbose: bool) -> Response {
    let mut body = json!({ "is_compatible": found.is_empty() });
    if verbose {
        body["messages"] = json!(found);
    }
    ok(body)
}

async fn compatible_with_all(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path(subject): Path<String>,
    params: Params,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let session = app.session();
    let world = session.world();
    let draft = Draft::read(world, &id, &request)?;
    let level = check::level(world, registry(world, &id)?, &subject);
    let found = check::incompatibilities(&draft, &level, &versions(world, &id, &subject, false));
    Ok(verdict(&found, params.is_true("verbose")))
}

async fn compatible_with_one(
    State(app): S,
    Extension(RegistryId(id)): R,
    Path((subject, version)): VersionPath,
    params: Params,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let session = app.session();
    let world = session.world();
    let draft = Draft::read(world, &id, &request)?;
    let level = check::level(world, registry(world, &id)?, &subject);
    let found = match find(&session, &id, &subject, &version, false) {
        Ok(row) => check::incompatibilities(&draft, &level, &[row]),
        // Nothing to compare with is no clash, if "the latest" was asked for.
        Err(_) if version == "latest" => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(verdict(&found, params.is_true("verbose")))
}
