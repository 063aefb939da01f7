//! Topics, over a cluster's REST endpoint with a key of its own.

use streamform_provider::protocol::Recovery;

use super::lost_create;
use super::*;
use crate::control::Control;
use crate::resources::ApiKey;
use crate::resources::KafkaTopic;
use crate::resources::ServiceAccount;

/// A cluster, and what a topic's configuration says of it.
pub(super) async fn on_cluster(lab: &Lab) -> Json {
    let (environment, cluster) = lab.cluster().await;
    let account = lab
        .create(&Control::new(ServiceAccount), json!({ "display_name": "topics" }))
        .await
        .unwrap();
    let key = lab
        .create(
            &Control::new(ApiKey),
            json!({
                "owner": [{ "id": get(&account, "/id"), "kind": "ServiceAccount", "api_version": "iam/v2" }],
                "managed_resource": [{
                    "id": get(&cluster, "/id"), "kind": "Cluster", "api_version": "cmk/v2",
                    "environment": [{ "id": get(&environment, "/id") }],
                }],
            }),
        )
        .await
        .unwrap();
    json!({
        "kafka_cluster": [{ "id": get(&cluster, "/id") }],
        "rest_endpoint": get(&cluster, "/rest_endpoint"),
        "credentials": [{ "key": get(&key, "/id"), "secret": get(&key, "/secret") }],
    })
}

fn topic(on: &Json, more: &Json) -> Json {
    let mut config = on.clone();
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

#[tokio::test]
async fn topic_lives() {
    let lab = Lab::slow().await;
    let ty = KafkaTopic::default();
    let on = on_cluster(&lab).await;
    let made = lab
        .create(
            &ty,
            topic(
                &on,
                &json!({ "topic_name": "orders", "config": { "retention.ms": "1000" } }),
            ),
        )
        .await
        .unwrap();
    assert_eq!(get(&made, "/partitions_count"), 6);
    assert_eq!(get(&made, "/config"), json!({ "retention.ms": "1000" }));
    assert!(get(&made, "/id").as_str().unwrap().ends_with("/orders"));
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);

    let plain = lab
        .create(&ty, topic(&on, &json!({ "topic_name": "plain" })))
        .await
        .unwrap();
    assert_eq!(get(&plain, "/config"), json!({}));

    let changed = lab
        .update(
            &ty,
            &made,
            json!({ "partitions_count": 8, "config": { "cleanup.policy": "compact", "max.message.bytes": "2000" } }),
        )
        .await
        .unwrap();
    assert_eq!(lab.read(&ty, &changed).await.unwrap(), changed);
    assert_eq!(get(&changed, "/partitions_count"), 8);

    let fixed = lab
        .update(&ty, &changed, json!({ "config": { "compression.type": "gzip" } }))
        .await
        .unwrap_err();
    assert!(fixed.findings[0].summary.contains("read-only"), "{fixed:?}");

    let taken = lab
        .create(&ty, topic(&on, &json!({ "topic_name": "orders" })))
        .await
        .unwrap_err();
    assert!(!taken.outcome_unknown);
    assert!(taken.findings[0].summary.contains("already exists"), "{taken:?}");

    lab.delete(&ty, &changed).await.unwrap();
    assert!(lab.read(&ty, &changed).await.is_none());
    lab.delete(&ty, &changed).await.unwrap();
}

#[tokio::test]
async fn lost_topic_is_found_by_its_name() {
    let lab = Lab::new().await;
    let ty = KafkaTopic::default();
    let on = on_cluster(&lab).await;
    let config = topic(&on, &json!({ "topic_name": "orders" }));
    let planned = plan(&ty, &config);
    for (fault, there) in [("drop_before", false), ("drop_after", true)] {
        lab.fault(json!({ "fault": fault, "calls": 1, "method": "POST" }))
            .await;
        let lost = lab.create(&ty, config.clone()).await.unwrap_err();
        assert!(lost.outcome_unknown, "{lost:?}");
        let found = ty
            .recover_create(
                &lab.confluent,
                &lost_create(&planned, None, "2020-01-01T00:00:00Z", &[]),
            )
            .await
            .unwrap();
        match found {
            Recovery::NotDone => assert!(!there),
            Recovery::Done(value, _) => {
                assert!(there);
                assert_eq!(lab.read(&ty, &value).await.unwrap(), value);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn credentials_are_asked_for() {
    let lab = Lab::new().await;
    let ty = KafkaTopic::default();
    let config =
        json!({ "topic_name": "t", "kafka_cluster": [{ "id": "lkc-1" }], "rest_endpoint": "https://x" });
    let refused = lab.create(&ty, config).await.unwrap_err();
    assert_eq!(
        refused.findings[0].summary,
        "one of (provider.kafka_api_key, provider.kafka_api_secret), (KAFKA_API_KEY, KAFKA_API_SECRET environment variables) or (resource.credentials.key, resource.credentials.secret) must be set"
    );
}
