//! Topics through a cluster's REST endpoint.

use serde_json::{Value, json};

use crate::client::{Api, Key, text};

struct Cluster {
    api: Api,
    key: Key,
    topics: String,
}

impl Cluster {
    async fn start() -> Cluster {
        let api = Api::start().await;
        let env = api.environment("e").await;
        let cluster = api.cluster(&env, "c").await;
        let account = api.service_account("a").await;
        let id = text(&cluster, "/id");
        let key = api.key(&account, json!({ "id": id, "kind": "Cluster" })).await;
        let topics = format!(
            "{}/kafka/v3/clusters/{id}/topics",
            text(&cluster, "/spec/http_endpoint")
        );
        Cluster { api, key, topics }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.api
            .call_as(Some(&self.key), method, &format!("{}{path}", self.topics), body)
            .await
    }
}

#[tokio::test]
async fn a_topic_lives_and_dies() {
    let cluster = Cluster::start().await;
    let wanted = json!({ "topic_name": "orders", "partitions_count": 4,
        "configs": [{ "name": "retention.ms", "value": "1000" }] });
    let (status, body) = cluster.call("POST", "", Some(wanted.clone())).await;
    assert_eq!((status, body["partitions_count"].as_u64()), (201, Some(0)));
    let (status, body) = cluster.call("POST", "", Some(wanted)).await;
    assert_eq!(
        (status, body),
        (
            400,
            json!({ "error_code": 40002, "message": "Topic 'orders' already exists." })
        )
    );
    let (_, body) = cluster.call("GET", "/orders", None).await;
    assert_eq!(
        (
            body["partitions_count"].as_u64(),
            body["replication_factor"].as_u64()
        ),
        (Some(4), Some(3))
    );
    let (_, body) = cluster.call("GET", "", None).await;
    assert_eq!(body["data"].as_array().unwrap().len(), 1);

    let (status, body) = cluster
        .call("PATCH", "/orders", Some(json!({ "partitions_count": 6 })))
        .await;
    assert_eq!((status, body["partitions_count"].as_u64()), (200, Some(6)));
    let (status, body) = cluster
        .call("PATCH", "/orders", Some(json!({ "partitions_count": 3 })))
        .await;
    assert_eq!((status, body["error_code"].as_u64()), (400, Some(40002)));
    assert_eq!(
        text(&body, "/message"),
        "Topic currently has 6 partitions, which is higher than the requested 3."
    );
    assert_eq!(cluster.call("DELETE", "/orders", None).await.0, 204);
    let (status, body) = cluster.call("GET", "/orders", None).await;
    assert_eq!((status, body["error_code"].as_u64()), (404, Some(40403)));
    assert_eq!(cluster.call("DELETE", "/orders", None).await.0, 404);
}

fn dynamic(body: &Value) -> Vec<(String, String)> {
    body["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|config| {
            config["source"] == "DYNAMIC_TOPIC_CONFIG" && config["name"] != "confluent.topic.type"
        })
        .map(|config| (text(config, "/name"), text(config, "/value")))
        .collect()
}

#[tokio::test]
async fn settings_are_checked_and_changed_in_batches() {
    let cluster = Cluster::start().await;
    for (name, value, message) in [
        ("nope", "1", "Unknown topic config name: nope"),
        (
            "retention.ms",
            "abc",
            "Invalid value abc for configuration retention.ms: Not a number of type LONG",
        ),
        (
            "compression.type",
            "gzip",
            "Config property 'compression.type' is read-only and cannot be changed.",
        ),
    ] {
        let body = json!({ "topic_name": "t", "configs": [{ "name": name, "value": value }] });
        let (status, body) = cluster.call("POST", "", Some(body)).await;
        assert_eq!((status, text(&body, "/message").as_str()), (400, message));
    }
    assert_eq!(
        cluster
            .call("POST", "", Some(json!({ "topic_name": "t" })))
            .await
            .0,
        201
    );
    let batch = json!({ "data": [{ "name": "retention.ms", "value": "5000" },
        { "name": "cleanup.policy", "value": "compact,delete" }] });
    assert_eq!(cluster.call("POST", "/t/configs:alter", Some(batch)).await.0, 204);
    let (_, body) = cluster.call("GET", "/t/configs", None).await;
    assert_eq!(dynamic(&body).len(), 2);
    let bad = json!({ "data": [{ "name": "retention.ms", "operation": "DELETE" }, { "name": "segment.ms", "value": "x" }] });
    assert_eq!(cluster.call("POST", "/t/configs:alter", Some(bad)).await.0, 400);
    let (_, body) = cluster.call("GET", "/t/configs", None).await;
    assert_eq!(dynamic(&body).len(), 2, "all or nothing");
    let reset = json!({ "data": [{ "name": "retention.ms", "operation": "DELETE" }] });
    assert_eq!(cluster.call("POST", "/t/configs:alter", Some(reset)).await.0, 204);
    let (_, body) = cluster.call("GET", "/t/configs/retention.ms", None).await;
    assert_eq!(
        (text(&body, "/value").as_str(), text(&body, "/source").as_str()),
        ("604800000", "DEFAULT_CONFIG")
    );
}

#[tokio::test]
async fn names_are_checked_and_other_keys_refused() {
    let cluster = Cluster::start().await;
    for name in ["a b", "", "..", &"x".repeat(250)] {
        let (status, body) = cluster
            .call("POST", "", Some(json!({ "topic_name": name })))
            .await;
        assert_eq!(status, 400);
        assert!(text(&body, "/message").starts_with("Topic name is invalid"));
    }
    let api = &cluster.api;
    let (status, page) = api.call_as(None, "GET", &cluster.topics, None).await;
    assert_eq!(status, 401);
    assert!(
        page.as_str().unwrap().starts_with("<html>"),
        "the proxy answers in HTML"
    );
    let (status, body) = api.get(&cluster.topics).await;
    assert_eq!(
        (status, body["error_code"].as_u64()),
        (403, Some(40301)),
        "a Cloud key does not open a cluster"
    );
    let env = api.environment("f").await;
    let other = api.cluster(&env, "d").await;
    let url = format!(
        "{}/kafka/v3/clusters/{}/topics",
        text(&other, "/spec/http_endpoint"),
        text(&other, "/id")
    );
    assert_eq!(api.call_as(Some(&cluster.key), "GET", &url, None).await.0, 403);
}
