//! The fault switches.

use serde_json::json;

use crate::client::Api;

const ENVS: &str = "/org/v2/environments";

#[tokio::test]
async fn refusals_come_with_a_time_to_retry() {
    let api = Api::start().await;
    api.admin(
        "/_emulator/faults",
        json!({ "fault": "too_many_requests", "calls": 2, "retry_after": 7, "path": ENVS }),
    )
    .await;
    let response = api.request("GET", ENVS, Some(&api.cloud())).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(api.get("/iam/v2/users").await.0, 200, "another path");
    assert_eq!(api.get(ENVS).await.0, 429);
    assert_eq!(api.get(ENVS).await.0, 200, "used up");
}

#[tokio::test]
async fn server_errors_by_method() {
    let api = Api::start().await;
    api.admin(
        "/_emulator/faults",
        json!({ "fault": "server_error", "calls": 1, "method": "POST" }),
    )
    .await;
    assert_eq!(api.get(ENVS).await.0, 200);
    assert_eq!(api.post(ENVS, json!({ "display_name": "e" })).await.0, 500);
    assert_eq!(api.count("environments").await, 1, "no effect");
    assert_eq!(api.post(ENVS, json!({ "display_name": "e" })).await.0, 201);
}

fn new_environment(api: &Api, name: &str) -> reqwest::RequestBuilder {
    api.request("POST", ENVS, Some(&api.cloud()))
        .json(&json!({ "display_name": name }))
}

#[tokio::test]
async fn lines_drop_before_and_after_the_effect() {
    let api = Api::start().await;
    for (fault, environments) in [("drop_before", 1), ("drop_after", 2)] {
        api.admin("/_emulator/faults", json!({ "fault": fault, "calls": 1 }))
            .await;
        assert_eq!(api.get(ENVS).await.0, 200, "reads are spared");
        let sent = new_environment(&api, fault).send().await;
        assert!(sent.is_err(), "{fault}");
        assert_eq!(api.count("environments").await, environments, "{fault}");
    }
    assert_eq!(api.post(ENVS, json!({ "display_name": "e" })).await.0, 201);
}

#[tokio::test]
async fn answers_get_lost_on_their_way() {
    let api = Api::start().await;
    for (fault, environments, expected) in [("gateway_timeout", 2, 504), ("garbled", 3, 201)] {
        api.admin("/_emulator/faults", json!({ "fault": fault, "calls": 1 }))
            .await;
        assert_eq!(api.get(ENVS).await.0, 200, "reads are spared");
        let sent = new_environment(&api, fault).send().await.unwrap();
        assert_eq!(sent.status().as_u16(), expected, "{fault}");
        let body = sent.text().await.unwrap();
        assert!(
            serde_json::from_str::<serde_json::Value>(&body).is_err(),
            "{body}"
        );
        assert_eq!(api.count("environments").await, environments, "{fault}");
    }
}

#[tokio::test]
async fn switches_can_be_cleared_and_wrong_ones_are_refused() {
    let api = Api::start().await;
    api.admin(
        "/_emulator/faults",
        json!({ "faults": [{ "fault": "server_error" }, { "fault": "latency", "ms": 1 }] }),
    )
    .await;
    assert_eq!(api.get(ENVS).await.0, 500);
    assert_eq!(
        api.admin("/_emulator/faults", json!({ "clear": true })).await["active"],
        0
    );
    assert_eq!(api.get(ENVS).await.0, 200);
    let (status, _) = api
        .call_as(
            None,
            "POST",
            "/_emulator/faults",
            Some(json!({ "fault": "fire" })),
        )
        .await;
    assert_eq!(status, 400);
}
