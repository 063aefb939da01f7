//! `/org/v2/environments`.

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
use crate::records::{Environment, Scope};
use crate::store::{Kind, Op, Row, schema_key, settings_key, statement_key};

const PATH: &str = "/org/v2/environments";
const PACKAGES: &[&str] = &["ESSENTIALS", "ADVANCED"];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list).post(create))
        .route(
            "/org/v2/environments/{id}",
            get(read).patch(update).delete(delete),
        )
        .route("/org/v2/organizations", get(organizations))
        .route("/org/v2/organizations/{id}", get(organization))
}

fn body(app: &Shared, environment: &Environment) -> Value {
    let id = &environment.id;
    let mut body = json!({
        "api_version": "org/v2",
        "kind": "Environment",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &app.environment_crn(id), environment.created_at,
            environment.updated_at),
        "display_name": environment.display_name,
    });
    if let Some(package) = &environment.package {
        body["stream_governance_config"] = json!({ "package": package });
    }
    body
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let rows: Vec<Value> = app
        .session()
        .world()
        .environments
        .iter()
        .map(|row| body(&app, row))
        .collect();
    let url = format!("{}{PATH}", app.endpoint);
    Ok(ok(page::list(&params, &url, "org/v2", "EnvironmentList", &rows)?))
}

async fn create(State(app): S, request: JsonBody) -> Result<Response, ApiError> {
    let display_name = request.required("/display_name")?.to_owned();
    let package = request
        .one_of("/stream_governance_config/package", PACKAGES)?
        .map(str::to_owned);
    let mut session = app.session();
    let now = session.now;
    let row = Environment {
        id: ids::object("env"),
        display_name,
        package,
        created_at: now,
        updated_at: now,
    };
    let answered = body(&app, &row);
    session.commit(vec![Op::put(Row::Environment(row))])?;
    Ok(answer(StatusCode::CREATED, answered))
}

async fn read(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let session = app.session();
    let row = session
        .world()
        .environments
        .get(&id)
        .ok_or_else(ApiError::not_found)?;
    Ok(ok(body(&app, row)))
}

async fn update(State(app): S, Path(id): Path<String>, request: JsonBody) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut row = session
        .world()
        .environments
        .get(&id)
        .cloned()
        .ok_or_else(ApiError::not_found)?;
    if let Some(name) = request.any_text("/display_name") {
        if name.is_empty() {
            return Err(ApiError::field(
                "/display_name",
                "The property '/display_name' must not be empty.",
            ));
        }
        row.display_name = name.to_owned();
    }
    let mut ops = Vec::new();
    if let Some(package) = request.one_of("/stream_governance_config/package", PACKAGES)? {
        let registry = session.world().registry_of(&id).cloned();
        let has = row
            .package
            .as_deref()
            .or(registry.as_ref().map(|registry| registry.package.as_str()));
        if has == Some("ADVANCED") && package == "ESSENTIALS" {
            return Err(ApiError::field(
                "/stream_governance_config/package",
                "The Stream Governance package cannot be downgraded from ADVANCED to ESSENTIALS.",
            ));
        }
        row.package = Some(package.to_owned());
        if let Some(mut registry) = registry {
            package.clone_into(&mut registry.package);
            ops.push(Op::put(Row::Registry(registry)));
        }
    }
    row.updated_at = session.now;
    let answered = body(&app, &row);
    ops.push(Op::put(Row::Environment(row)));
    session.commit(ops)?;
    Ok(ok(answered))
}

async fn delete(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let mut session = app.session();
    let world = session.world();
    if world.environments.get(&id).is_none() {
        return Err(ApiError::not_found());
    }
    let clusters = world
        .kafka_clusters
        .iter()
        .filter(|row| row.environment == id)
        .count();
    let pools = world
        .compute_pools
        .iter()
        .filter(|row| row.environment == id)
        .count();
    if clusters + pools > 0 {
        return Err(ApiError::conflict(
            "resource_in_use",
            format!(
                "Environment {id} cannot be deleted because it still has {clusters} Kafka cluster(s) and {pools} Flink \
                 compute pool(s)."
            ),
        ));
    }
    let mut ops = vec![Op::remove(Kind::Environment, &id)];
    for registry in world.registries.iter().filter(|row| row.environment == id) {
        ops.push(Op::remove(Kind::Registry, &registry.id));
        let keys = world
            .api_keys
            .iter()
            .filter(|key| matches!(&key.scope, Scope::Registry { registry: of } if *of == registry.id));
        ops.extend(keys.map(|key| Op::remove(Kind::ApiKey, &key.id)));
        let schemas = world.schemas.iter().filter(|row| row.registry == registry.id);
        ops.extend(
            schemas.map(|row| Op::remove(Kind::Schema, schema_key(&row.registry, row.version, &row.subject))),
        );
        let settings = world
            .subject_settings
            .iter()
            .filter(|row| row.registry == registry.id);
        ops.extend(
            settings.map(|row| Op::remove(Kind::SubjectSettings, settings_key(&row.registry, &row.subject))),
        );
    }
    let keys = world
        .api_keys
        .iter()
        .filter(|key| matches!(&key.scope, Scope::Flink { environment, .. } if *environment == id));
    ops.extend(keys.map(|key| Op::remove(Kind::ApiKey, &key.id)));
    let statements = world.statements.iter().filter(|row| row.environment == id);
    ops.extend(statements.map(|row| Op::remove(Kind::Statement, statement_key(&id, &row.name))));
    session.commit(ops)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn organization_body(app: &Shared) -> Value {
    json!({
        "api_version": "org/v2",
        "kind": "Organization",
        "id": app.organization,
        "display_name": "Streamform emulator",
        "jit_enabled": false,
        "metadata": {
            "self": format!("{}/org/v2/organizations/{}", app.endpoint, app.organization),
            "resource_name": app.organization_crn(),
        },
    })
}

async fn organizations(State(app): S, params: Params) -> Result<Response, ApiError> {
    let url = format!("{}/org/v2/organizations", app.endpoint);
    Ok(ok(page::list(
        &params,
        &url,
        "org/v2",
        "OrganizationList",
        &[organization_body(&app)],
    )?))
}

async fn organization(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    if id == app.organization {
        Ok(ok(organization_body(&app)))
    } else {
        Err(ApiError::not_found())
    }
}
