//! Data sources.

use streamform_provider::declared::DataSourceType;
use streamform_provider::protocol::Findings;

use super::*;
use crate::control::Control;
use crate::data::*;
use crate::resources::ServiceAccount;

async fn ask(lab: &Lab, ty: &dyn DataSourceType<Confluent>, config: Json) -> Result<Value, Findings> {
    let config = Shape::of(&ty.declaration()).value(None, &config);
    ty.read(&lab.confluent, &config).await
}

#[tokio::test]
async fn data_sources_find_by_id_and_name() {
    let lab = Lab::new().await;
    let (environment, cluster) = lab.cluster().await;
    let account = lab
        .create(
            &Control::new(ServiceAccount),
            json!({ "display_name": "app one" }),
        )
        .await
        .unwrap();
    let in_environment = json!([{ "id": get(&environment, "/id") }]);

    let organization = ask(&lab, &OrganizationData, json!({})).await.unwrap();
    assert_eq!(get(&organization, "/id"), lab.emulator.organization_id());
    assert!(
        get(&organization, "/resource_name")
            .as_str()
            .unwrap()
            .ends_with(lab.emulator.organization_id())
    );

    for config in [
        json!({ "display_name": "lab" }),
        json!({ "id": get(&environment, "/id") }),
    ] {
        let found = ask(&lab, &EnvironmentData, config).await.unwrap();
        assert_eq!(get(&found, "/resource_name"), get(&environment, "/resource_name"));
        assert_eq!(get(&found, "/stream_governance/0/package"), "ESSENTIALS");
    }
    let missing = ask(&lab, &EnvironmentData, json!({ "display_name": "nope" }))
        .await
        .unwrap_err();
    assert!(missing[0].summary.contains("was not found"), "{missing:?}");
    let all = ask(&lab, &EnvironmentsData, json!({})).await.unwrap();
    assert!(
        get(&all, "/ids")
            .as_array()
            .unwrap()
            .contains(&get(&environment, "/id"))
    );

    for config in [
        json!({ "display_name": "c", "environment": in_environment }),
        json!({ "id": get(&cluster, "/id"), "environment": in_environment }),
    ] {
        let found = ask(&lab, &KafkaClusterData, config).await.unwrap();
        for name in ["id", "rest_endpoint", "rbac_crn", "basic", "endpoints"] {
            let at = format!("/{name}");
            assert_eq!(get(&found, &at), get(&cluster, &at));
        }
    }
    for config in [
        json!({ "display_name": "app one" }),
        json!({ "id": get(&account, "/id") }),
    ] {
        let found = ask(&lab, &ServiceAccountData, config).await.unwrap();
        assert_eq!(get(&found, "/id"), get(&account, "/id"));
    }
    let region = ask(
        &lab,
        &FlinkRegionData,
        json!({ "cloud": "AWS", "region": "us-east-1" }),
    )
    .await
    .unwrap();
    assert_eq!(get(&region, "/id"), "aws.us-east-1");
    assert!(
        get(&region, "/rest_endpoint")
            .as_str()
            .unwrap()
            .starts_with("http")
    );
    let nowhere = ask(
        &lab,
        &FlinkRegionData,
        json!({ "cloud": "AWS", "region": "moon" }),
    )
    .await
    .unwrap_err();
    assert!(nowhere[0].summary.contains("0 regions"), "{nowhere:?}");

    let registry = ask(
        &lab,
        &SchemaRegistryClusterData,
        json!({ "environment": in_environment }),
    )
    .await
    .unwrap();
    assert!(get(&registry, "/id").as_str().unwrap().starts_with("lsrc-"));
    let by_id = ask(
        &lab,
        &SchemaRegistryClusterData,
        json!({ "environment": in_environment, "id": get(&registry, "/id") }),
    )
    .await
    .unwrap();
    assert_eq!(by_id, registry);
}
