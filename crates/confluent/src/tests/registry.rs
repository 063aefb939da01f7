//! Schemas.

use super::*;
use crate::control::Control;
use crate::resources::ApiKey;
use crate::resources::Schema;
use crate::resources::ServiceAccount;

const ORDER: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#;

async fn on_registry(lab: &Lab) -> Json {
    use streamform_provider::declared::DataSourceType;
    let (environment, _) = lab.cluster().await;
    let ty = crate::data::SchemaRegistryClusterData;
    let config = Shape::of(&ty.declaration()).value(
        None,
        &json!({ "environment": [{ "id": get(&environment, "/id") }] }),
    );
    let registry = ty.read(&lab.confluent, &config).await.unwrap();
    let account = lab
        .create(
            &Control::new(ServiceAccount),
            json!({ "display_name": "schemas" }),
        )
        .await
        .unwrap();
    let key = lab
        .create(
            &Control::new(ApiKey),
            json!({
                "owner": [{ "id": get(&account, "/id"), "kind": "ServiceAccount", "api_version": "iam/v2" }],
                "managed_resource": [{
                    "id": get(&registry, "/id"), "kind": "Cluster", "api_version": "srcm/v3",
                    "environment": [{ "id": get(&environment, "/id") }],
                }],
            }),
        )
        .await
        .unwrap();
    json!({
        "schema_registry_cluster": [{ "id": get(&registry, "/id") }],
        "rest_endpoint": get(&registry, "/rest_endpoint"),
        "credentials": [{ "key": get(&key, "/id"), "secret": get(&key, "/secret") }],
        "subject_name": "orders-value",
        "format": "AVRO",
    })
}

#[tokio::test]
async fn schema_lives() {
    let lab = Lab::slow().await;
    let ty = Schema::default();
    let mut config = on_registry(&lab).await;
    config["schema"] = json!(ORDER.replace(",", ",\n  "));
    let made = lab.create(&ty, config.clone()).await.unwrap();
    assert_eq!(get(&made, "/schema"), config["schema"]);
    assert_eq!(get(&made, "/version"), 1);
    assert!(
        get(&made, "/id")
            .as_str()
            .unwrap()
            .ends_with("/orders-value/latest")
    );
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);

    let optional = ORDER.replace(
        "]}",
        r#",{"name":"note","type":["null","string"],"default":null}]}"#,
    );
    let grown = lab
        .update(&ty, &made, json!({ "schema": optional }))
        .await
        .unwrap();
    assert_eq!(get(&grown, "/version"), 2);
    assert_eq!(get(&grown, "/schema"), json!(optional));
    assert_eq!(lab.read(&ty, &grown).await.unwrap(), grown);

    let broken = ORDER.replace("long", "string");
    let refused = lab
        .update(&ty, &grown, json!({ "schema": broken }))
        .await
        .unwrap_err();
    assert!(
        refused.findings[0].summary.contains("compatibility check"),
        "{refused:?}"
    );

    let flagged = lab
        .update(&ty, &grown, json!({ "hard_delete": true }))
        .await
        .unwrap();
    lab.delete(&ty, &flagged).await.unwrap();
    lab.delete(&ty, &flagged).await.unwrap();
    // The version before it is the latest again, as officially.
    assert_eq!(get(&lab.read(&ty, &flagged).await.unwrap(), "/version"), 1);
    lab.delete(&ty, &made).await.unwrap();
    assert!(lab.read(&ty, &made).await.is_none());
}

#[tokio::test]
async fn the_same_schema_written_differently_is_no_change() {
    let lab = Lab::new().await;
    let ty = Schema::default();
    let mut config = on_registry(&lab).await;
    config["schema"] = json!(ORDER);
    let made = lab.create(&ty, config.clone()).await.unwrap();
    let spaced = made.with_attr("schema", Value::string(ORDER.replace(":", " : ")));
    let (planned, _) = ty
        .customize(&lab.confluent, &made, &spaced, spaced.clone(), &mut Vec::new())
        .unwrap();
    assert_eq!(planned, made);
    let other = made.with_attr("schema", Value::string(ORDER.replace("id", "key")));
    let (planned, _) = ty
        .customize(&lab.confluent, &made, &other, other.clone(), &mut Vec::new())
        .unwrap();
    assert_eq!(planned, other);
}
