//! Imports of what stands on a data plane: access comes from the environment.

use std::sync::Arc;

use streamform_provider::Provider;
use streamform_provider::protocol::Findings;

use super::*;

/// Imports with variables.
async fn import(lab: &Lab, variables: Vec<(&'static str, Json)>, ty: &str, id: &str) -> Json {
    tried(lab, variables, ty, id).await.unwrap()
}

async fn tried(
    lab: &Lab,
    variables: Vec<(&'static str, Json)>,
    ty: &str,
    id: &str,
) -> Result<Json, Findings> {
    let mut defaults = defaults(&lab.emulator, &[]);
    defaults.environment = Some(Arc::new(move |name| {
        variables
            .iter()
            .find(|(n, _)| *n == name)
            .and_then(|(_, v)| v.as_str().map(str::to_owned))
    }));
    let provider: Arc<dyn Provider> = crate::factory(defaults).instance();
    let findings = provider.configure(Value::null(Type::empty_object())).await;
    assert!(findings.is_empty(), "{findings:?}");
    let found = provider.import(ty, id).await?;
    Ok(encode(&found[0].state))
}

#[tokio::test]
async fn topics_and_keys_are_imported_whole() {
    let lab = Lab::new().await;
    let topic = {
        let on = super::topic::on_cluster(&lab).await;
        let mut config = on;
        config["topic_name"] = json!("orders");
        config["config"] = json!({ "retention.ms": "1000" });
        lab.create(&crate::resources::KafkaTopic::default(), config)
            .await
            .unwrap()
    };
    let variables = vec![
        ("IMPORT_KAFKA_REST_ENDPOINT", get(&topic, "/rest_endpoint")),
        ("IMPORT_KAFKA_API_KEY", get(&topic, "/credentials/0/key")),
        ("IMPORT_KAFKA_API_SECRET", get(&topic, "/credentials/0/secret")),
    ];
    let id = get(&topic, "/id");
    let found = import(&lab, variables, "confluent_kafka_topic", id.as_str().unwrap()).await;
    assert_eq!(found, encode(&topic));

    let key = get(&topic, "/credentials/0/key");
    let found = import(
        &lab,
        vec![("API_KEY_SECRET", json!("kept"))],
        "confluent_api_key",
        &format!("env-1/{}", key.as_str().unwrap()),
    )
    .await;
    assert_eq!(found["secret"], "kept");
    assert_eq!(found["managed_resource"][0]["environment"][0]["id"], "env-1");
}

/// What the provider block says of the cluster stands in no object's state: an object without it in its configuration would be
/// replaced.
#[tokio::test]
async fn what_the_provider_block_gives_is_not_kept() {
    let lab = Lab::new().await;
    let mut config = super::topic::on_cluster(&lab).await;
    config["topic_name"] = json!("orders");
    let topic = lab
        .create(&crate::resources::KafkaTopic::default(), config)
        .await
        .unwrap();
    let id = get(&topic, "/id");
    let id = id.as_str().unwrap();
    let mut variables = vec![
        ("KAFKA_REST_ENDPOINT", get(&topic, "/rest_endpoint")),
        ("KAFKA_API_KEY", get(&topic, "/credentials/0/key")),
        ("KAFKA_API_SECRET", get(&topic, "/credentials/0/secret")),
    ];
    let found = import(&lab, variables.clone(), "confluent_kafka_topic", id).await;
    assert_eq!(found["kafka_cluster"], get(&topic, "/kafka_cluster"));
    assert_eq!(found["rest_endpoint"], Json::Null);
    assert_eq!(found["credentials"], json!([]));

    variables.push(("KAFKA_ID", get(&topic, "/kafka_cluster/0/id")));
    let found = import(&lab, variables.clone(), "confluent_kafka_topic", id).await;
    assert_eq!(found["kafka_cluster"], json!([]));
    assert_eq!(found["id"], id);
    let other = tried(&lab, variables, "confluent_kafka_topic", "lkc-other/orders").await;
    assert!(other.unwrap_err()[0].summary.contains("is configured for"));
}

#[tokio::test]
async fn statements_are_imported_by_name() {
    let lab = Lab::new().await;
    let on = super::statement::on_pool(&lab).await;
    let mut config = on.clone();
    config["statement"] = json!("CREATE TABLE t (id BIGINT);");
    config["statement_name"] = json!("make-t");
    let made = lab
        .create(&crate::resources::FlinkStatement::default(), config)
        .await
        .unwrap();
    let variables = vec![
        (
            "IMPORT_CONFLUENT_ORGANIZATION_ID",
            on["organization"][0]["id"].clone(),
        ),
        (
            "IMPORT_CONFLUENT_ENVIRONMENT_ID",
            on["environment"][0]["id"].clone(),
        ),
        (
            "IMPORT_FLINK_COMPUTE_POOL_ID",
            on["compute_pool"][0]["id"].clone(),
        ),
        ("IMPORT_FLINK_PRINCIPAL_ID", on["principal"][0]["id"].clone()),
        ("IMPORT_FLINK_REST_ENDPOINT", on["rest_endpoint"].clone()),
        ("IMPORT_FLINK_API_KEY", on["credentials"][0]["key"].clone()),
        ("IMPORT_FLINK_API_SECRET", on["credentials"][0]["secret"].clone()),
    ];
    let found = import(&lab, variables, "confluent_flink_statement", "make-t").await;
    assert_eq!(found, encode(&made));
}
