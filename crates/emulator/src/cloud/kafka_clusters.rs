//! `/cmk/v2/clusters`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{S, environment_reference, metadata};
use crate::app::{App, Shared};
use crate::clock::Moment;
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::ids;
use crate::records::{KafkaCluster, Registry, Scope};
use crate::store::{Kind, Op, Row, World, topic_key};

const PATH: &str = "/cmk/v2/clusters";
const KINDS: &[&str] = &["Basic", "Standard", "Enterprise", "Freight", "Dedicated"];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(list).post(create))
        .route("/cmk/v2/clusters/{id}", get(read).patch(update).delete(delete))
}

fn body(app: &Shared, row: &KafkaCluster, now: Moment) -> Value {
    let id = &row.id;
    let ready = app.is_ready(row.created_at, now);
    let mut config = json!({ "kind": row.kind });
    if let Some(max) = row.max_ecku {
        config["max_ecku"] = json!(max);
    }
    if row.kind == "Dedicated" {
        config["cku"] = json!(row.cku);
        config["zones"] = json!(zones(row));
    }
    if let Some(key) = &row.encryption_key {
        config["encryption_key"] = json!(key);
    }
    let bootstrap = format!(
        "{id}.{}.{}.confluent.localhost:9092",
        row.region,
        row.cloud.to_lowercase()
    );
    let mut spec = json!({
        "display_name": row.display_name,
        "availability": row.availability,
        "cloud": row.cloud,
        "region": row.region,
        "config": config,
        "deletion_protection": row.deletion_protection,
        "environment": environment_reference(app, &row.environment),
        "kafka_bootstrap_endpoint": bootstrap,
        "http_endpoint": app.kafka_endpoint(id),
        "endpoints": {},
    });
    if let Some(network) = &row.network {
        spec["network"] = json!({ "api_version": "networking/v1", "kind": "Network", "id": network,
            "environment": row.environment });
    }
    if let Some(byok) = &row.byok {
        spec["byok"] = json!({ "api_version": "byok/v1", "kind": "Key", "id": byok });
    }
    let mut status = json!({ "phase": if ready { "PROVISIONED" } else { "PROVISIONING" } });
    if let Some(cku) = row.cku {
        status["cku"] = json!(cku);
    }
    json!({
        "api_version": "cmk/v2",
        "kind": "Cluster",
        "id": id,
        "metadata": metadata(app, &format!("{PATH}/{id}"), &app.kafka_crn(&row.environment, id), row.created_at,
            row.updated_at),
        "spec": spec,
        "status": status,
    })
}

fn zones(row: &KafkaCluster) -> Vec<String> {
    let count = if matches!(row.availability.as_str(), "MULTI_ZONE" | "HIGH") {
        3
    } else {
        1
    };
    ["a", "b", "c"]
        .iter()
        .take(count)
        .map(|zone| format!("{}{zone}", row.region))
        .collect()
}

/// The cluster, if it is in that environment. The real API does not say which of the two was wrong.
fn find<'a>(world: &'a World, id: &str, environment: &str) -> Result<&'a KafkaCluster, ApiError> {
    world
        .kafka_clusters
        .get(id)
        .filter(|row| row.environment == environment)
        .ok_or_else(ApiError::forbidden)
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let session = app.session();
    if session.world().environments.get(environment).is_none() {
        return Err(ApiError::forbidden());
    }
    let rows: Vec<Value> = session
        .world()
        .kafka_clusters
        .iter()
        .filter(|row| row.environment == environment)
        .map(|row| body(&app, row, session.now))
        .collect();
    let url = format!("{}{PATH}", app.endpoint);
    Ok(ok(page::list(&params, &url, "cmk/v2", "ClusterList", &rows)?))
}

async fn create(State(app): S, request: JsonBody) -> Result<Response, ApiError> {
    let availability = request
        .one_of(
            "/spec/availability",
            &["SINGLE_ZONE", "MULTI_ZONE", "LOW", "HIGH"],
        )?
        .unwrap_or("SINGLE_ZONE")
        .to_owned();
    let cloud = request.one_of("/spec/cloud", &["AWS", "AZURE", "GCP"])?;
    let cloud = cloud
        .map_or_else(|| request.required("/spec/cloud"), Ok)?
        .to_owned();
    let kind = request
        .one_of("/spec/config/kind", KINDS)?
        .unwrap_or("Basic")
        .to_owned();
    let cku = request.number("/spec/config/cku")?;
    let multi_zone = matches!(availability.as_str(), "MULTI_ZONE" | "HIGH");
    check_cku(&kind, cku, multi_zone)?;
    if kind == "Dedicated" && cku.is_none() {
        return Err(ApiError::field(
            "/spec/config/cku",
            "A Dedicated cluster needs the number of its CKUs.",
        ));
    }
    if kind == "Basic" && multi_zone && availability == "MULTI_ZONE" {
        return Err(ApiError::field(
            "/spec/availability",
            "Durability must be LOW for a Basic cluster: 'SINGLE_ZONE' is the only availability that it offers.",
        ));
    }
    let environment = request.required("/spec/environment/id")?.to_owned();
    let mut session = app.session();
    let now = session.now;
    let world = session.world();
    let Some(home) = world.environments.get(&environment) else {
        return Err(ApiError::forbidden());
    };
    let row = KafkaCluster {
        id: ids::object("lkc"),
        environment: environment.clone(),
        display_name: request.required("/spec/display_name")?.to_owned(),
        availability,
        cloud,
        region: request.required("/spec/region")?.to_owned(),
        kind,
        max_ecku: request.number("/spec/config/max_ecku")?,
        cku,
        encryption_key: request.text("/spec/config/encryption_key").map(str::to_owned),
        network: request.text("/spec/network/id").map(str::to_owned),
        byok: request.text("/spec/byok/id").map(str::to_owned),
        deletion_protection: request.flag("/spec/deletion_protection").unwrap_or(false),
        created_at: now,
        updated_at: now,
    };
    let mut ops = Vec::new();
    if world.registry_of(&environment).is_none() {
        ops.push(Op::put(Row::Registry(Registry {
            id: ids::object("lsrc"),
            environment: environment.clone(),
            package: home.package.clone().unwrap_or_else(|| "ESSENTIALS".to_owned()),
            cloud: row.cloud.clone(),
            region: row.region.clone(),
            created_at: now,
            next_schema_id: 100_001,
        })));
    }
    let answered = body(&app, &row, now);
    ops.push(Op::put(Row::KafkaCluster(row)));
    session.commit(ops)?;
    Ok(answer(StatusCode::ACCEPTED, answered))
}

fn check_cku(kind: &str, cku: Option<u64>, multi_zone: bool) -> Result<(), ApiError> {
    match cku {
        Some(_) if kind != "Dedicated" => Err(ApiError::field(
            "/spec/config/cku",
            format!("A {kind} cluster has no CKUs."),
        )),
        Some(0) => Err(ApiError::field(
            "/spec/config/cku",
            "The number of CKUs must be at least 1.",
        )),
        Some(1) if multi_zone => Err(ApiError::field(
            "/spec/config/cku",
            "A cluster in several zones needs at least 2 CKUs.",
        )),
        _ => Ok(()),
    }
}

async fn read(State(app): S, Path(id): Path<String>, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let session = app.session();
    let row = find(session.world(), &id, environment)?;
    Ok(ok(body(&app, row, session.now)))
}

async fn update(State(app): S, Path(id): Path<String>, request: JsonBody) -> Result<Response, ApiError> {
    let environment = request.required("/spec/environment/id")?;
    let mut session = app.session();
    let mut row = find(session.world(), &id, environment)?.clone();
    if let Some(name) = request.any_text("/spec/display_name") {
        if name.is_empty() {
            return Err(ApiError::field(
                "/spec/display_name",
                "The property '/spec/display_name' must not be empty.",
            ));
        }
        row.display_name = name.to_owned();
    }
    if let Some(kind) = request.one_of("/spec/config/kind", KINDS)?
        && kind != row.kind
    {
        if (row.kind.as_str(), kind) != ("Basic", "Standard") {
            return Err(ApiError::field(
                "/spec/config/kind",
                format!(
                    "A {} cluster cannot become a {kind} cluster: only Basic to Standard is possible.",
                    row.kind
                ),
            ));
        }
        kind.clone_into(&mut row.kind);
    }
    if let Some(cku) = request.number("/spec/config/cku")? {
        check_cku(
            &row.kind,
            Some(cku),
            matches!(row.availability.as_str(), "MULTI_ZONE" | "HIGH"),
        )?;
        row.cku = Some(cku);
    }
    if let Some(max) = request.number("/spec/config/max_ecku")? {
        row.max_ecku = Some(max);
    }
    if let Some(protection) = request.flag("/spec/deletion_protection") {
        row.deletion_protection = protection;
    }
    row.updated_at = session.now;
    let answered = body(&app, &row, session.now);
    session.commit(vec![Op::put(Row::KafkaCluster(row))])?;
    Ok(ok(answered))
}

async fn delete(State(app): S, Path(id): Path<String>, params: Params) -> Result<Response, ApiError> {
    let environment = params.required("environment")?;
    let mut session = app.session();
    let world = session.world();
    let row = find(world, &id, environment)?;
    if row.deletion_protection {
        return Err(ApiError::conflict(
            "deletion_protection_enabled",
            format!("Kafka cluster {id} has deletion protection; turn it off before you delete the cluster."),
        ));
    }
    let mut ops = vec![Op::remove(Kind::KafkaCluster, &id)];
    let topics = world.topics.iter().filter(|topic| topic.cluster == id);
    ops.extend(topics.map(|topic| Op::remove(Kind::Topic, topic_key(&id, &topic.name))));
    let keys = world
        .api_keys
        .iter()
        .filter(|key| matches!(&key.scope, Scope::Kafka { cluster } if *cluster == id));
    ops.extend(keys.map(|key| Op::remove(Kind::ApiKey, &key.id)));
    session.commit(ops)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
