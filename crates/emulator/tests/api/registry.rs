//! The Schema Registry.

use serde_json::{Value, json};

use crate::client::{Api, Key, text};

struct Registry {
    api: Api,
    key: Key,
    base: String,
}

fn avro(fields: &str) -> Value {
    json!({ "schemaType": "AVRO", "schema": format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#) })
}

impl Registry {
    async fn start() -> Registry {
        let api = Api::start().await;
        let env = api.environment("e").await;
        api.cluster(&env, "c").await;
        let account = api.service_account("a").await;
        let (_, list) = api.get(&format!("/srcm/v3/clusters?environment={env}")).await;
        let id = text(&list, "/data/0/id");
        let key = api
            .key(
                &account,
                json!({ "id": id, "kind": "Cluster", "api_version": "srcm/v3" }),
            )
            .await;
        Registry {
            key,
            base: text(&list, "/data/0/spec/http_endpoint"),
            api,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.api
            .call_as(Some(&self.key), method, &format!("{}{path}", self.base), body)
            .await
    }

    async fn register(&self, subject: &str, body: Value) -> (u16, Value) {
        self.call("POST", &format!("/subjects/{subject}/versions"), Some(body))
            .await
    }
}

const A: &str = r#"{"name":"a","type":"int"}"#;
const AB: &str = r#"{"name":"a","type":"int"},{"name":"b","type":"int","default":0}"#;
const ABC: &str = r#"{"name":"a","type":"int"},{"name":"c","type":"int"}"#;

#[tokio::test]
async fn versions_grow_and_ids_are_shared() {
    let registry = Registry::start().await;
    let (status, body) = registry.register("orders-value", avro(A)).await;
    assert_eq!((status, body["id"].as_u64()), (200, Some(100_001)));
    // The same schema in other clothes is the same version, and the same id in another subject.
    let spaced = json!({ "schema": "{ \"name\":\"R\", \"type\":\"record\", \"fields\":[ {\"name\":\"a\",\"type\":\"int\"} ] }" });
    assert_eq!(
        registry.register("orders-value", spaced.clone()).await.1["version"],
        1
    );
    assert_eq!(registry.register("other-value", spaced).await.1["id"], 100_001);
    assert_eq!(registry.register("orders-value", avro(AB)).await.1["id"], 100_002);
    let (_, latest) = registry
        .call("GET", "/subjects/orders-value/versions/latest", None)
        .await;
    assert_eq!(
        (latest["version"].as_u64(), latest.get("schemaType")),
        (Some(2), None),
        "AVRO is not named"
    );
    assert_eq!(
        registry.call("GET", "/subjects", None).await.1,
        json!(["orders-value", "other-value"])
    );
    assert_eq!(
        registry
            .call("GET", "/subjects/orders-value/versions", None)
            .await
            .1,
        json!([1, 2])
    );
    let (_, all) = registry
        .call("GET", "/schemas?subjectPrefix=orders-value", None)
        .await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let (_, newest) = registry
        .call("GET", "/schemas?subjectPrefix=orders-value&latestOnly=true", None)
        .await;
    assert_eq!(newest[0]["version"], 2);
    assert_eq!(
        registry.call("GET", "/schemas/ids/100001/subjects", None).await.1,
        json!(["orders-value", "other-value"])
    );
    let (status, body) = registry
        .call("POST", "/subjects/orders-value?normalize=true", Some(avro(A)))
        .await;
    assert_eq!((status, body["version"].as_u64()), (200, Some(1)));
    let (status, body) = registry
        .call("POST", "/subjects/orders-value", Some(avro(ABC)))
        .await;
    assert_eq!((status, body["error_code"].as_u64()), (404, Some(40403)));
}

#[tokio::test]
async fn compatibility_is_kept_unless_told_otherwise() {
    let registry = Registry::start().await;
    registry.register("s", avro(A)).await;
    let (status, body) = registry.register("s", avro(ABC)).await;
    assert_eq!((status, body["error_code"].as_u64()), (409, Some(409)));
    assert!(
        text(&body, "/message").contains("READER_FIELD_MISSING_DEFAULT_VALUE"),
        "{body}"
    );
    let check = "/compatibility/subjects/s/versions?verbose=true";
    let (_, body) = registry.call("POST", check, Some(avro(ABC))).await;
    assert_eq!(body["is_compatible"], false);
    assert!(!body["messages"].as_array().unwrap().is_empty());
    assert_eq!(
        registry.call("POST", check, Some(avro(AB))).await.1["is_compatible"],
        true
    );
    let new = "/compatibility/subjects/new/versions?verbose=true";
    assert_eq!(
        registry.call("POST", new, Some(avro(A))).await.1["is_compatible"],
        true
    );
    assert_eq!(
        registry
            .call("PUT", "/config/s", Some(json!({ "compatibility": "SIDEWAYS" })))
            .await
            .0,
        422
    );
    assert_eq!(
        registry.call("GET", "/config/s", None).await.1["error_code"],
        40408
    );
    assert_eq!(
        registry
            .call("PUT", "/config/s", Some(json!({ "compatibility": "NONE" })))
            .await
            .0,
        200
    );
    assert_eq!(
        registry.call("GET", "/config/s", None).await.1["compatibilityLevel"],
        "NONE"
    );
    assert_eq!(registry.register("s", avro(ABC)).await.0, 200);
    assert_eq!(registry.call("DELETE", "/config/s", None).await.0, 200);
    assert_eq!(
        registry.call("GET", "/config", None).await.1["compatibilityLevel"],
        "BACKWARD"
    );
    assert_eq!(
        registry
            .call("PUT", "/mode/s", Some(json!({ "mode": "READONLY" })))
            .await
            .0,
        200
    );
    assert_eq!(
        registry.register("s", avro(A)).await.0,
        200,
        "it is there already"
    );
    assert_eq!(
        registry
            .register("s", avro(r#"{"name":"z","type":"int","default":1}"#))
            .await
            .1["error_code"],
        42205
    );
}

#[tokio::test]
async fn deletion_is_soft_first() {
    let registry = Registry::start().await;
    registry.register("s", avro(A)).await;
    registry.register("s", avro(AB)).await;
    let gone = |error: u64, (status, body): (u16, Value)| {
        assert_eq!(
            (status, body["error_code"].as_u64()),
            (404, Some(error)),
            "{body}"
        );
    };
    gone(
        40407,
        registry
            .call("DELETE", "/subjects/s/versions/2?permanent=true", None)
            .await,
    );
    assert_eq!(
        registry.call("DELETE", "/subjects/s/versions/latest", None).await,
        (200, json!(2))
    );
    gone(40402, registry.call("GET", "/subjects/s/versions/2", None).await);
    assert_eq!(
        registry
            .call("GET", "/subjects/s/versions/2?deleted=true", None)
            .await
            .0,
        200
    );
    assert_eq!(
        registry.call("GET", "/subjects/s/versions/latest", None).await.1["version"],
        1
    );
    gone(
        40405,
        registry.call("DELETE", "/subjects/s?permanent=true", None).await,
    );
    assert_eq!(
        registry.call("DELETE", "/subjects/s", None).await,
        (200, json!([1]))
    );
    gone(40404, registry.call("DELETE", "/subjects/s", None).await);
    gone(40401, registry.call("GET", "/subjects/s/versions", None).await);
    assert_eq!(
        registry.register("s", avro(A)).await.1["version"],
        3,
        "numbers are not used twice"
    );
    assert_eq!(registry.call("DELETE", "/subjects/s", None).await.1, json!([3]));
    assert_eq!(
        registry
            .call("DELETE", "/subjects/s?permanent=true", None)
            .await
            .1,
        json!([1, 2, 3])
    );
    gone(40401, registry.call("DELETE", "/subjects/s", None).await);
    assert_eq!(registry.api.count("schemas").await, 0);
}

#[tokio::test]
async fn what_cannot_be_parsed_is_refused() {
    let registry = Registry::start().await;
    for (kind, schema) in [
        ("AVRO", "{\"type\":\"recor\"}"),
        ("JSON", "{"),
        ("PROTOBUF", " "),
        ("THRIFT", "x"),
    ] {
        let (status, body) = registry
            .register("s", json!({ "schemaType": kind, "schema": schema }))
            .await;
        assert_eq!(
            (status, body["error_code"].as_u64()),
            (422, Some(42201)),
            "{kind} {body}"
        );
    }
    assert_eq!(registry.call("GET", "/subjects/s/versions/0", None).await.0, 404);
    registry
        .register(
            "s",
            json!({ "schemaType": "PROTOBUF", "schema": "syntax = \"proto3\";" }),
        )
        .await;
    assert_eq!(
        registry.call("GET", "/subjects/s/versions/0", None).await.1["error_code"],
        42202
    );
    assert_eq!(
        registry.call("GET", "/subjects/s/versions/1", None).await.1["schemaType"],
        "PROTOBUF"
    );
    // A schema that others refer to stays.
    let reference = json!({ "schemaType": "JSON", "schema": "{}",
        "references": [{ "name": "r", "subject": "s", "version": 1 }] });
    assert_eq!(registry.register("t", reference).await.0, 200);
    assert_eq!(
        registry.call("DELETE", "/subjects/s/versions/1", None).await.1["error_code"],
        42206
    );
}

#[tokio::test]
async fn other_keys_are_refused_and_the_catalog_is_not_emulated() {
    let registry = Registry::start().await;
    let subjects = format!("{}/subjects", registry.base);
    assert_eq!(registry.api.call_as(None, "GET", &subjects, None).await.0, 401);
    assert_eq!(registry.api.get(&subjects).await.0, 403);
    assert_eq!(
        registry.call("GET", "/catalog/v1/types/tagdefs", None).await.0,
        501
    );
}
