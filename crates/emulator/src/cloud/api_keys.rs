//! `/iam/v2/api-keys`. The secret is in the answer to the creation, and never again.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{S, metadata, regions};
use crate::app::{App, Shared};
use crate::http::auth;
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::ids;
use crate::records::{ApiKey, Scope};
use crate::store::{Kind, Op, Row, World};

const PATH: &str = "/iam/v2/api-keys";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list).post(create))
        .route("/iam/v2/api-keys/{id}", get(read).patch(update).delete(delete))
}

fn owner_crn(app: &Shared, owner: &str) -> String {
    let kind = if owner.starts_with("u-") {
        "user"
    } else {
        "service-account"
    };
    format!(
        "crn://api.confluent.cloud/organization={}/{kind}={owner}",
        app.organization
    )
}

fn resource(app: &Shared, world: &World, scope: &Scope) -> Value {
    let named = |api_version: &str, kind: &str, id: &str| json!({ "api_version": api_version, "id": id, "kind": kind, "related": id, "resource_name": id });
    match scope {
        Scope::Cloud => named("iam/v2", "Cloud", "cloud"),
        Scope::Global => named("global/v1", "Global", "global"),
        Scope::Tableflow => named("tableflow/v1", "Tableflow", "tableflow"),
        Scope::Kafka { cluster } => {
            let environment = world
                .kafka_clusters
                .get(cluster)
                .map_or("", |row| row.environment.as_str());
            json!({ "api_version": "cmk/v2", "id": cluster, "kind": "Cluster",
                "related": format!("{}/cmk/v2/clusters/{cluster}", app.endpoint),
                "resource_name": app.kafka_crn(environment, cluster) })
        }
        Scope::Registry { registry } => {
            let environment = world
                .registries
                .get(registry)
                .map_or("", |row| row.environment.as_str());
            json!({ "api_version": "srcm/v3", "id": registry, "kind": "Cluster",
                "related": format!("{}/srcm/v3/clusters/{registry}", app.endpoint),
                "resource_name": format!("{}/schema-registry={registry}", app.environment_crn(environment)) })
        }
        Scope::Flink { region, environment } => {
            let cloud = region.split('.').next().unwrap_or_default();
            json!({ "api_version": "fcpm/v2", "id": region, "kind": "Region", "environment": environment,
                "related": format!("{}/fcpm/v2/regions?cloud={cloud}", app.endpoint),
                "resource_name": format!("{}/flink-region={region}", app.environment_crn(environment)) })
        }
    }
}

fn body(app: &Shared, world: &World, row: &ApiKey, secret: &str) -> Value {
    let id = &row.id;
    let owner = owner_crn(app, &row.owner);
    let (kind, collection) = if row.owner.starts_with("u-") {
        ("User", "users")
    } else {
        ("ServiceAccount", "service-accounts")
    };
    json!({
        "api_version": "iam/v2",
        "kind": "ApiKey",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &format!("{owner}/api-key={id}"), row.created_at,
            row.updated_at),
        "spec": {
            "display_name": row.display_name,
            "description": row.description,
            "secret": secret,
            "owner": {
                "api_version": "iam/v2",
                "id": row.owner,
                "kind": kind,
                "related": format!("{}/iam/v2/{collection}/{}", app.endpoint, row.owner),
                "resource_name": owner,
            },
            "resource": resource(app, world, &row.scope),
        },
    })
}

/// What the body asks the key to open.
fn scope(world: &World, request: &JsonBody) -> Result<Scope, ApiError> {
    let Some(id) = request.text("/spec/resource/id") else {
        return Ok(Scope::Cloud);
    };
    let missing = |what: &str| {
        ApiError::cloud(
            404,
            "resource_not_found",
            format!("The {what} '{id}' of the new API key does not exist."),
        )
    };
    match request.text("/spec/resource/kind").unwrap_or("Cluster") {
        "Cloud" => Ok(Scope::Cloud),
        "Global" => Ok(Scope::Global),
        "Tableflow" => Ok(Scope::Tableflow),
        "Region" => {
            if !regions::exists(id) {
                return Err(missing("Flink region"));
            }
            let environment = request
                .text("/spec/resource/environment/id")
                .or_else(|| request.text("/spec/resource/environment"))
                .ok_or_else(|| {
                    ApiError::field(
                        "/spec/resource/environment",
                        "A Flink API key needs the environment it is for.",
                    )
                })?;
            if world.environments.get(environment).is_none() {
                return Err(ApiError::cloud(
                    404,
                    "resource_not_found",
                    format!("The environment '{environment}' of the new API key does not exist."),
                ));
            }
            Ok(Scope::Flink {
                region: id.to_owned(),
                environment: environment.to_owned(),
            })
        }
        "Cluster" | "SchemaRegistry" if id.starts_with("lsrc-") => {
            world
                .registries
                .get(id)
                .ok_or_else(|| missing("Schema Registry cluster"))?;
            Ok(Scope::Registry {
                registry: id.to_owned(),
            })
        }
        "Cluster" if id.starts_with("lkc-") => {
            world
                .kafka_clusters
                .get(id)
                .ok_or_else(|| missing("Kafka cluster"))?;
            Ok(Scope::Kafka {
                cluster: id.to_owned(),
            })
        }
        kind => Err(ApiError::field(
            "/spec/resource/kind",
            format!("The emulator has no API keys for resource '{id}' of kind '{kind}'."),
        )),
    }
}

async fn create(State(app): S, request: JsonBody) -> Result<Response, ApiError> {
    let owner = request.required("/spec/owner/id")?.to_owned();
    let mut session = app.session();
    let world = session.world();
    if world.service_accounts.get(&owner).is_none() && world.users.get(&owner).is_none() {
        return Err(ApiError::cloud(
            404,
            "resource_not_found",
            format!("The owner '{owner}' of the new API key does not exist."),
        ));
    }
    let scope = scope(world, &request)?;
    let (id, secret, now) = (ids::api_key(), ids::api_secret(), session.now);
    let row = ApiKey {
        secret_digest: auth::digest(&id, &secret),
        id,
        display_name: request
            .any_text("/spec/display_name")
            .unwrap_or_default()
            .to_owned(),
        description: request
            .any_text("/spec/description")
            .unwrap_or_default()
            .to_owned(),
        owner,
        scope,
        created_at: now,
        updated_at: now,
    };
    let answered = body(&app, world, &row, &secret);
    session.commit(vec![Op::put(Row::ApiKey(row))])?;
    Ok(answer(StatusCode::ACCEPTED, answered))
}

fn resource_id(scope: &Scope) -> &str {
    match scope {
        Scope::Cloud => "cloud",
        Scope::Global => "global",
        Scope::Tableflow => "tableflow",
        Scope::Kafka { cluster } => cluster,
        Scope::Registry { registry } => registry,
        Scope::Flink { region, .. } => region,
    }
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let session = app.session();
    let world = session.world();
    let rows: Vec<Value> = world
        .api_keys
        .iter()
        .filter(|row| params.get("spec.owner").is_none_or(|owner| row.owner == owner))
        .filter(|row| {
            params
                .get("spec.resource")
                .is_none_or(|id| resource_id(&row.scope) == id)
        })
        .map(|row| body(&app, world, row, ""))
        .collect();
    Ok(ok(page::list(
        &params,
        &format!("{}{PATH}", app.endpoint),
        "iam/v2",
        "ApiKeyList",
        &rows,
    )?))
}

async fn read(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let session = app.session();
    let world = session.world();
    let row = world.api_keys.get(&id).ok_or_else(ApiError::forbidden)?;
    Ok(ok(body(&app, world, row, "")))
}

async fn update(State(app): S, Path(id): Path<String>, request: JsonBody) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut row = session
        .world()
        .api_keys
        .get(&id)
        .cloned()
        .ok_or_else(ApiError::forbidden)?;
    if let Some(name) = request.any_text("/spec/display_name") {
        name.clone_into(&mut row.display_name);
    }
    if let Some(description) = request.any_text("/spec/description") {
        description.clone_into(&mut row.description);
    }
    row.updated_at = session.now;
    let answered = body(&app, session.world(), &row, "");
    session.commit(vec![Op::put(Row::ApiKey(row))])?;
    Ok(ok(answered))
}

async fn delete(State(app): S, Path(id): Path<String>) -> Result<Response, ApiError> {
    let mut session = app.session();
    if session.world().api_keys.get(&id).is_none() {
        return Err(ApiError::forbidden());
    }
    session.commit(vec![Op::remove(Kind::ApiKey, &id)])?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
