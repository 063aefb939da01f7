//! Topics and their settings.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::settings::{self, SETTINGS, Setting};
use crate::app::{App, Shared};
use crate::cloud::S;
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::records::Topic;
use crate::store::{Kind, Op, Row, World, topic_key};

/// How many partitions a topic gets where nobody says.
pub(crate) const DEFAULT_PARTITIONS: u32 = 6;
const REPLICATION: u32 = 3;
const NOT_HOSTED: &str = "This server does not host this topic-partition.";

pub(crate) fn routes() -> Router<App> {
    const TOPIC: &str = "/kafka/v3/clusters/{cluster}/topics/{topic}";
    Router::new()
        .route("/kafka/v3/clusters/{cluster}", get(cluster))
        .route("/kafka/v3/clusters/{cluster}/topics", get(list).post(create))
        .route(TOPIC, get(read).patch(update).delete(delete))
        .route(&format!("{TOPIC}/configs"), get(configs))
        .route(&format!("{TOPIC}/configs:alter"), post(alter))
        .route(
            &format!("{TOPIC}/configs/{{name}}"),
            get(config).put(set_config).delete(reset_config),
        )
        .route(&format!("{TOPIC}/partitions"), get(partitions))
}

fn url(app: &Shared, cluster: &str) -> String {
    format!("{}/kafka/v3/clusters/{cluster}", app.kafka_endpoint(cluster))
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::coded(400, 40002, message)
}

fn body(app: &Shared, row: &Topic, counts: bool) -> Value {
    let here = format!("{}/topics/{}", url(app, &row.cluster), row.name);
    json!({
        "kind": "KafkaTopic",
        "metadata": { "self": here, "resource_name": format!("crn:///kafka={}/topic={}", row.cluster, row.name) },
        "cluster_id": row.cluster,
        "topic_name": row.name,
        "is_internal": false,
        // The answer to a creation knows neither, as with the real service.
        "replication_factor": if counts { row.replication_factor } else { 0 },
        "partitions_count": if counts { row.partitions } else { 0 },
        "partitions": { "related": format!("{here}/partitions") },
        "configs": { "related": format!("{here}/configs") },
        "partition_reassignments": { "related": format!("{here}/partitions/-/reassignment") },
    })
}

fn collection(kind: &str, here: &str, data: &[Value]) -> Response {
    ok(json!({ "kind": kind, "metadata": { "self": here, "next": null }, "data": data }))
}

fn find<'a>(world: &'a World, cluster: &str, name: &str) -> Result<&'a Topic, ApiError> {
    world
        .topics
        .get(&topic_key(cluster, name))
        .ok_or_else(|| ApiError::coded(404, 40403, NOT_HOSTED))
}

fn cluster_body(app: &Shared, cluster: &str) -> Value {
    let here = url(app, cluster);
    json!({
        "kind": "KafkaCluster",
        "metadata": { "self": here, "resource_name": format!("crn:///kafka={cluster}") },
        "cluster_id": cluster,
        "topics": { "related": format!("{here}/topics") },
    })
}

async fn cluster(State(app): S, Path(cluster): Path<String>) -> Response {
    ok(cluster_body(&app, &cluster))
}

async fn list(State(app): S, Path(cluster): Path<String>) -> Response {
    let session = app.session();
    let mut rows: Vec<&Topic> = session
        .world()
        .topics
        .iter()
        .filter(|row| row.cluster == cluster)
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let data: Vec<Value> = rows.into_iter().map(|row| body(&app, row, true)).collect();
    collection(
        "KafkaTopicList",
        &format!("{}/topics", url(&app, &cluster)),
        &data,
    )
}

/// Why this is no name for a topic; `None` if it is one.
pub(crate) fn name_complaint(name: &str) -> Option<String> {
    if name.is_empty() || name == "." || name == ".." {
        return Some(format!("Topic name is invalid: '{name}' is not allowed"));
    }
    if name.len() > 249 {
        return Some(format!(
            "Topic name is invalid: the length of '{name}' is longer than the max allowed length 249"
        ));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (!name.chars().all(legal)).then(|| {
        format!(
            "Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' \
             and '-'"
        )
    })
}

async fn create(State(app): S, Path(cluster): Path<String>, request: JsonBody) -> Result<Response, ApiError> {
    let name = request.text("/topic_name").unwrap_or_default().to_owned();
    if let Some(complaint) = name_complaint(&name) {
        return Err(bad(complaint));
    }
    let partitions = match request.0.get("partitions_count") {
        None | Some(Value::Null) => DEFAULT_PARTITIONS,
        Some(count) => count
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| *count > 0)
            .ok_or_else(|| bad("Number of partitions must be larger than 0."))?,
    };
    if let Some(factor) = request.number("/replication_factor")?
        && factor != u64::from(REPLICATION)
    {
        return Err(bad("Replication factor must be 3."));
    }
    let mut settings = BTreeMap::new();
    for entry in request
        .0
        .get("configs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let key = entry.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some(value) = entry.get("value").and_then(Value::as_str) else {
            continue;
        };
        if let Some(complaint) = settings::complaint(key, Some(value)) {
            return Err(bad(complaint));
        }
        settings.insert(key.to_owned(), value.to_owned());
    }
    let mut session = app.session();
    if session.world().topics.get(&topic_key(&cluster, &name)).is_some() {
        return Err(bad(format!("Topic '{name}' already exists.")));
    }
    let row = Topic {
        cluster,
        name,
        partitions,
        replication_factor: REPLICATION,
        settings,
        created_at: session.now,
    };
    let answered = body(&app, &row, false);
    if request.flag("/validate_only") != Some(true) {
        session.commit(vec![Op::put(Row::Topic(row))])?;
    }
    Ok(answer(StatusCode::CREATED, answered))
}

/// A topic with default settings, as Flink's `CREATE TABLE` makes one.
pub(crate) fn fresh(
    cluster: &str,
    name: &str,
    partitions: u32,
    settings: BTreeMap<String, String>,
    now: crate::clock::Moment,
) -> Topic {
    Topic {
        cluster: cluster.to_owned(),
        name: name.to_owned(),
        partitions,
        replication_factor: REPLICATION,
        settings,
        created_at: now,
    }
}

type TopicPath = Path<(String, String)>;

async fn read(State(app): S, Path((cluster, name)): TopicPath) -> Result<Response, ApiError> {
    let session = app.session();
    Ok(ok(body(&app, find(session.world(), &cluster, &name)?, true)))
}

async fn update(
    State(app): S,
    Path((cluster, name)): TopicPath,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut row = find(session.world(), &cluster, &name)?.clone();
    let wanted = request
        .number("/partitions_count")?
        .ok_or_else(|| bad("'partitions_count' is required."))?;
    let now = row.partitions;
    row.partitions = match u32::try_from(wanted) {
        Ok(wanted) if wanted > now => wanted,
        Ok(wanted) if wanted == now => return Err(bad(format!("Topic already has {now} partitions."))),
        Ok(wanted) => {
            return Err(bad(format!(
                "Topic currently has {now} partitions, which is higher than the requested {wanted}."
            )));
        }
        Err(_) => return Err(bad("The number of partitions is too large.")),
    };
    let answered = body(&app, &row, true);
    session.commit(vec![Op::put(Row::Topic(row))])?;
    Ok(ok(answered))
}

async fn delete(State(app): S, Path((cluster, name)): TopicPath) -> Result<Response, ApiError> {
    let mut session = app.session();
    find(session.world(), &cluster, &name)?;
    session.commit(vec![Op::remove(Kind::Topic, topic_key(&cluster, &name))])?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn config_body(app: &Shared, topic: &Topic, name: &str, known: Option<&Setting>) -> Value {
    let here = format!(
        "{}/topics/{}/configs/{name}",
        url(app, &topic.cluster),
        topic.name
    );
    let own = topic.settings.get(name).map(String::as_str);
    let synonym =
        |name: &str, value: &str, source: &str| json!({ "name": name, "value": value, "source": source });
    let default_source = if known.is_some_and(|known| known.from_broker) {
        "STATIC_BROKER_CONFIG"
    } else {
        "DEFAULT_CONFIG"
    };
    let mut synonyms = Vec::new();
    if let Some(own) = own {
        synonyms.push(synonym(name, own, "DYNAMIC_TOPIC_CONFIG"));
    }
    if let Some(known) = known.filter(|known| !known.broker_name.is_empty()) {
        synonyms.push(synonym(known.broker_name, known.default, default_source));
    }
    json!({
        "kind": "KafkaTopicConfig",
        "metadata": {
            "self": here,
            "resource_name": format!("crn:///kafka={}/topic={}/config={name}", topic.cluster, topic.name),
        },
        "cluster_id": topic.cluster,
        "name": name,
        "value": own.or(known.map(|known| known.default)),
        "is_read_only": known.is_some_and(|known| known.read_only),
        "is_sensitive": false,
        "source": if own.is_some() { "DYNAMIC_TOPIC_CONFIG" } else { default_source },
        "synonyms": synonyms,
        "topic_name": topic.name,
        "is_default": own.is_none() && default_source == "DEFAULT_CONFIG",
    })
}

/// Every setting of a topic: those that all have, what else somebody set, and the hidden kind of the topic.
fn all_configs(app: &Shared, topic: &Topic) -> Vec<Value> {
    let mut data: Vec<Value> = SETTINGS
        .iter()
        .map(|known| config_body(app, topic, known.name, Some(known)))
        .collect();
    let others = topic
        .settings
        .keys()
        .filter(|name| settings::find(name).is_none());
    data.extend(others.map(|name| config_body(app, topic, name, None)));
    let mut hidden = config_body(app, topic, "confluent.topic.type", None);
    hidden["value"] = json!("standard");
    hidden["source"] = json!("DYNAMIC_TOPIC_CONFIG");
    data.push(hidden);
    data
}

async fn configs(State(app): S, Path((cluster, name)): TopicPath) -> Result<Response, ApiError> {
    let session = app.session();
    let topic = find(session.world(), &cluster, &name)?;
    let here = format!("{}/topics/{name}/configs", url(&app, &cluster));
    Ok(collection(
        "KafkaTopicConfigList",
        &here,
        &all_configs(&app, topic),
    ))
}

type ConfigPath = Path<(String, String, String)>;

async fn config(State(app): S, Path((cluster, topic, name)): ConfigPath) -> Result<Response, ApiError> {
    let session = app.session();
    let topic = find(session.world(), &cluster, &topic)?;
    all_configs(&app, topic)
        .into_iter()
        .find(|config| config["name"] == name.as_str())
        .map(ok)
        .ok_or_else(|| ApiError::coded(404, 404, format!("Config {name} cannot be found.")))
}

fn change(
    app: &Shared,
    cluster: &str,
    topic: &str,
    changes: &[(String, Option<String>)],
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let mut row = find(session.world(), cluster, topic)?.clone();
    for (name, value) in changes {
        if let Some(complaint) = settings::complaint(name, value.as_deref()) {
            return Err(bad(complaint));
        }
        match value {
            Some(value) => row.settings.insert(name.clone(), value.clone()),
            None => row.settings.remove(name),
        };
    }
    session.commit(vec![Op::put(Row::Topic(row))])?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// All of the batch or nothing.
async fn alter(
    State(app): S,
    Path((cluster, topic)): TopicPath,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let mut changes = Vec::new();
    for entry in request
        .0
        .get("data")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = entry
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let value = entry.get("value").and_then(Value::as_str).map(str::to_owned);
        match entry.get("operation").and_then(Value::as_str) {
            Some("DELETE") => changes.push((name, None)),
            None | Some("SET") => changes.push((name, Some(value.unwrap_or_default()))),
            Some(other) => return Err(bad(format!("Unknown operation '{other}'."))),
        }
    }
    change(&app, &cluster, &topic, &changes)
}

async fn set_config(
    State(app): S,
    Path((cluster, topic, name)): ConfigPath,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let value = request.any_text("/value").unwrap_or_default().to_owned();
    change(&app, &cluster, &topic, &[(name, Some(value))])
}

async fn reset_config(State(app): S, Path((cluster, topic, name)): ConfigPath) -> Result<Response, ApiError> {
    change(&app, &cluster, &topic, &[(name, None)])
}

async fn partitions(State(app): S, Path((cluster, name)): TopicPath) -> Result<Response, ApiError> {
    let session = app.session();
    let topic = find(session.world(), &cluster, &name)?;
    let here = format!("{}/topics/{name}/partitions", url(&app, &cluster));
    let data: Vec<Value> = (0..topic.partitions)
        .map(|id| {
            json!({ "kind": "KafkaPartition", "metadata": { "self": format!("{here}/{id}"),
                "resource_name": format!("crn:///kafka={cluster}/topic={name}/partition={id}") },
                "cluster_id": cluster, "topic_name": name, "partition_id": id })
        })
        .collect();
    Ok(collection("KafkaPartitionList", &here, &data))
}
