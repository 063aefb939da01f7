//! Environments, clusters, service accounts, role bindings, API keys, regions, compute pools.

use std::time::Duration;

use serde_json::json;
use streamform_emulator::EmulatorConfig;

use crate::client::{Api, Key, text};

#[tokio::test]
async fn an_environment_lives_and_dies() {
    let api = Api::start().await;
    let id = api.environment("staging").await;
    assert!(id.starts_with("env-") && id.len() == 10);
    let path = format!("/org/v2/environments/{id}");
    let (status, body) = api.get(&path).await;
    assert_eq!(status, 200);
    assert_eq!(body["kind"], "Environment");
    assert_eq!(
        text(&body, "/metadata/resource_name"),
        format!(
            "crn://confluent.cloud/organization={}/environment={id}",
            api.emulator.organization_id()
        )
    );
    assert!(body.get("stream_governance_config").is_none());
    let (status, body) = api
        .patch(
            &path,
            json!({ "display_name": "prod", "stream_governance_config": { "package": "ADVANCED" } }),
        )
        .await;
    assert_eq!((status, text(&body, "/display_name").as_str()), (200, "prod"));
    let (status, _) = api
        .patch(
            &path,
            json!({ "stream_governance_config": { "package": "ESSENTIALS" } }),
        )
        .await;
    assert_eq!(status, 400);
    assert_eq!(api.delete(&path).await.0, 204);
    let (status, body) = api.get(&path).await;
    assert_eq!(
        (status, text(&body, "/errors/0/code").as_str()),
        (404, "resource_not_found")
    );
    assert_eq!(text(&body, "/errors/0/status"), "404");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let api = Api::start().await;
    for n in 0..12 {
        api.environment(&format!("e{n}")).await;
    }
    let mut names = Vec::new();
    let mut url = format!("{}/org/v2/environments?page_size=5", api.emulator.endpoint());
    while !url.is_empty() {
        let (status, body) = api.get(&url).await;
        assert_eq!(status, 200);
        names.extend(
            body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(row, "/display_name")),
        );
        url = text(&body, "/metadata/next");
    }
    assert_eq!(names.len(), 13, "the one of the start and twelve more");
    assert_eq!(names[0], "default");
    assert_eq!(names[12], "e11");
    assert_eq!(api.get("/org/v2/environments?page_size=0").await.0, 400);
    assert_eq!(api.get("/org/v2/environments?page_token=zzz").await.0, 400);
}

#[tokio::test]
async fn the_first_cluster_brings_a_schema_registry() {
    let api = Api::start().await;
    let env = api.environment("e").await;
    let list = format!("/srcm/v3/clusters?environment={env}");
    assert_eq!(api.get(&list).await.1["data"], json!([]));
    let cluster = api.cluster(&env, "c").await;
    let id = text(&cluster, "/id");
    assert_eq!(text(&cluster, "/status/phase"), "PROVISIONED");
    assert!(text(&cluster, "/metadata/resource_name").ends_with(&format!("/cloud-cluster={id}/kafka={id}")));
    assert!(text(&cluster, "/spec/http_endpoint").starts_with(api.emulator.endpoint()));
    api.cluster(&env, "d").await;
    let (_, registries) = api.get(&list).await;
    assert_eq!(registries["data"].as_array().unwrap().len(), 1);
    assert_eq!(text(&registries, "/data/0/spec/package"), "ESSENTIALS");

    assert_eq!(
        api.delete(&format!("/org/v2/environments/{env}")).await.0,
        409,
        "it still has clusters"
    );
    let path = format!("/cmk/v2/clusters/{id}");
    assert_eq!(api.get(&path).await.0, 400, "the environment is needed");
    let patch = json!({ "spec": { "config": { "kind": "Standard" }, "deletion_protection": true,
        "environment": { "id": env } } });
    assert_eq!(
        text(&api.patch(&path, patch).await.1, "/spec/config/kind"),
        "Standard"
    );
    let with_env = format!("{path}?environment={env}");
    assert_eq!(api.delete(&with_env).await.0, 409, "deletion protection");
    let patch = json!({ "spec": { "deletion_protection": false, "environment": { "id": env } } });
    assert_eq!(api.patch(&path, patch).await.0, 200);
    assert_eq!(api.delete(&with_env).await.0, 204);
    let (status, body) = api.get(&with_env).await;
    assert_eq!(
        (status, text(&body, "/errors/0/code").as_str()),
        (403, "forbidden_access")
    );
}

#[tokio::test]
async fn phases_pass_with_time() {
    let hour = EmulatorConfig {
        phase_delay: Duration::from_secs(3600),
        ..EmulatorConfig::default()
    };
    let api = Api::with(hour).await;
    let env = api.environment("e").await;
    let cluster = api.cluster(&env, "c").await;
    assert_eq!(text(&cluster, "/status/phase"), "PROVISIONING");
    let account = api.service_account("a").await;
    let key = api.key(&account, json!(null)).await;
    let envs = "/org/v2/environments";
    assert_eq!(
        api.call_as(Some(&key), "GET", envs, None).await.0,
        401,
        "a new key is not known at once"
    );
    api.admin("/_emulator/clock", json!({ "advance_ms": 3_600_000 }))
        .await;
    let (_, body) = api
        .get(&format!(
            "/cmk/v2/clusters/{}?environment={env}",
            text(&cluster, "/id")
        ))
        .await;
    assert_eq!(text(&body, "/status/phase"), "PROVISIONED");
    assert_eq!(api.call_as(Some(&key), "GET", envs, None).await.0, 200);
}

#[tokio::test]
async fn names_of_service_accounts_are_unique() {
    let api = Api::start().await;
    let id = api.service_account("my app").await;
    let (status, body) = api
        .post("/iam/v2/service-accounts", json!({ "display_name": "my app" }))
        .await;
    assert_eq!(status, 409);
    assert_eq!(
        text(&body, "/errors/0/detail"),
        "Service account with name \"my app\" already exists."
    );
    let (_, found) = api.get("/iam/v2/service-accounts?display_name=my%20app").await;
    assert_eq!(text(&found, "/data/0/id"), id);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(api.delete(&format!("/iam/v2/service-accounts/{id}")).await.0, 204);
    let (status, body) = api.get(&format!("/iam/v2/service-accounts/{id}")).await;
    assert_eq!(
        (status, text(&body, "/errors/0/code").as_str()),
        (404, "service_account_not_found")
    );
}

#[tokio::test]
async fn role_bindings_are_checked() {
    let api = Api::start().await;
    let account = api.service_account("a").await;
    let org = format!(
        "crn://confluent.cloud/organization={}",
        api.emulator.organization_id()
    );
    let bind = |principal: &str, crn: String| json!({ "principal": principal, "role_name": "EnvironmentAdmin", "crn_pattern": crn });
    let principal = format!("User:{account}");
    let (status, body) = api
        .post(
            "/iam/v2/role-bindings",
            bind(&principal, format!("{org}/environment=env-1")),
        )
        .await;
    assert_eq!(status, 201);
    let id = text(&body, "/id");
    for crn in [
        "environment=env-1".to_owned(),
        format!("{org}/environment="),
        format!("{org}/planet=mars"),
        "crn://confluent.cloud/organization=other/environment=env-1".to_owned(),
    ] {
        let (status, body) = api.post("/iam/v2/role-bindings", bind(&principal, crn)).await;
        assert_eq!(status, 400, "{body}");
        assert!(text(&body, "/message").starts_with("CRN pattern"));
    }
    let topic = format!("{org}/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders*");
    assert_eq!(
        api.post("/iam/v2/role-bindings", bind(&principal, topic)).await.0,
        201
    );
    assert_eq!(
        api.post(
            "/iam/v2/role-bindings",
            bind("User:sa-none", format!("{org}/environment=e"))
        )
        .await
        .0,
        400
    );
    let again = bind(&principal, format!("{org}/environment=env-1"));
    assert_eq!(api.post("/iam/v2/role-bindings", again).await.0, 409);
    let (_, list) = api
        .get(&format!(
            "/iam/v2/role-bindings?crn_pattern={org}/environment=env-1"
        ))
        .await;
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let path = format!("/iam/v2/role-bindings/{id}");
    let (status, body) = api.delete(&path).await;
    assert_eq!((status, text(&body, "/id")), (200, id));
    let (status, body) = api.get(&path).await;
    assert_eq!((status, body["error_code"].as_u64()), (403, Some(40301)));
}

#[tokio::test]
async fn api_keys_open_their_plane_only() {
    let api = Api::start().await;
    let env = api.environment("e").await;
    let cluster = text(&api.cluster(&env, "c").await, "/id");
    let account = api.service_account("a").await;
    let kafka = api
        .key(&account, json!({ "id": cluster, "kind": "Cluster" }))
        .await;
    let cloud = api.key(&account, json!(null)).await;
    assert_eq!((kafka.id.len(), kafka.secret.len()), (16, 64));

    let envs = "/org/v2/environments";
    assert_eq!(api.call_as(None, "GET", envs, None).await.0, 401);
    let wrong = Key {
        secret: "x".into(),
        ..cloud.clone()
    };
    let (status, body) = api.call_as(Some(&wrong), "GET", envs, None).await;
    assert_eq!(
        (status, text(&body, "/errors/0/detail").as_str()),
        (401, "Unauthorized")
    );
    let (status, body) = api.call_as(Some(&kafka), "GET", envs, None).await;
    assert_eq!(status, 403);
    assert!(text(&body, "/errors/0/detail").contains("invalid API key"));
    assert_eq!(api.call_as(Some(&cloud), "GET", envs, None).await.0, 200);

    let (_, body) = api.get(&format!("/iam/v2/api-keys/{}", kafka.id)).await;
    assert_eq!(text(&body, "/spec/secret"), "", "shown once only");
    assert_eq!(text(&body, "/spec/resource/api_version"), "cmk/v2");
    let (_, list) = api
        .get(&format!(
            "/iam/v2/api-keys?spec.owner={account}&spec.resource={cluster}"
        ))
        .await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let path = format!("/iam/v2/api-keys/{}", kafka.id);
    let (_, body) = api.patch(&path, json!({ "spec": { "description": "d" } })).await;
    assert_eq!(text(&body, "/spec/description"), "d");

    assert_eq!(
        api.delete(&format!("/iam/v2/service-accounts/{account}")).await.0,
        204
    );
    assert_eq!(
        api.call_as(Some(&cloud), "GET", envs, None).await.0,
        401,
        "keys go with their owner"
    );
    let (status, body) = api.get(&path).await;
    assert_eq!(
        (status, text(&body, "/errors/0/code").as_str()),
        (403, "forbidden_access")
    );
}

#[tokio::test]
async fn api_keys_need_an_owner_and_a_resource_that_exist() {
    let api = Api::start().await;
    let account = api.service_account("a").await;
    let body = |owner: &str, resource: serde_json::Value| json!({ "spec": { "owner": { "id": owner }, "resource": resource } });
    assert_eq!(
        api.post("/iam/v2/api-keys", body("sa-none", json!({}))).await.0,
        404
    );
    assert_eq!(
        api.post(
            "/iam/v2/api-keys",
            body(&account, json!({ "id": "lkc-none", "kind": "Cluster" }))
        )
        .await
        .0,
        404
    );
    assert_eq!(
        api.post(
            "/iam/v2/api-keys",
            body(&account, json!({ "id": "aws.mars", "kind": "Region" }))
        )
        .await
        .0,
        404
    );
}

#[tokio::test]
async fn regions_and_compute_pools() {
    let api = Api::start().await;
    let (_, regions) = api
        .get("/fcpm/v2/regions?cloud=aws&region_name=us-east-1&page_size=99")
        .await;
    assert_eq!(regions["data"].as_array().unwrap().len(), 1);
    assert_eq!(text(&regions, "/data/0/id"), "aws.us-east-1");
    assert!(text(&regions, "/data/0/http_endpoint").starts_with(api.emulator.endpoint()));
    let env = api.environment("e").await;
    let spec = |cfu: u64, region: &str| {
        json!({ "spec": { "display_name": "p", "cloud": "AWS", "region": region, "max_cfu": cfu,
            "environment": { "id": env } } })
    };
    assert_eq!(
        api.post("/fcpm/v2/compute-pools", spec(7, "us-east-1")).await.0,
        400
    );
    assert_eq!(api.post("/fcpm/v2/compute-pools", spec(5, "mars")).await.0, 400);
    let (status, pool) = api.post("/fcpm/v2/compute-pools", spec(0, "us-east-1")).await;
    assert_eq!(status, 202);
    assert_eq!(pool["spec"]["max_cfu"], 5, "zero means the default");
    let id = text(&pool, "/id");
    let path = format!("/fcpm/v2/compute-pools/{id}");
    let patch = |cfu: u64| json!({ "spec": { "max_cfu": cfu, "environment": { "id": env } } });
    assert_eq!(api.patch(&path, patch(10)).await.1["spec"]["max_cfu"], 10);
    assert_eq!(api.patch(&path, patch(5)).await.0, 400, "it only grows");
    let with_env = format!("{path}?environment={env}");
    assert_eq!(api.delete(&with_env).await.0, 204);
    let (status, body) = api.get(&with_env).await;
    assert_eq!(
        (status, text(&body, "/errors/0/detail")),
        (403, format!("The compute pool {id} was not found."))
    );
}

#[tokio::test]
async fn what_is_not_emulated_says_so() {
    let api = Api::start().await;
    let (status, body) = api.get("/networking/v1/networks").await;
    assert_eq!(
        (status, text(&body, "/errors/0/code").as_str()),
        (501, "not_emulated")
    );
    assert_eq!(api.delete("/org/v2/environments").await.0, 405);
    let (status, _) = api.post("/org/v2/environments", json!([])).await;
    assert_eq!(status, 400);
}
