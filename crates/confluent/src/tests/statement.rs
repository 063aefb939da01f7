//! Flink statements, over the region's gateway with a key of its own.

use streamform_lang::value::Path;
use streamform_provider::declared::DataSourceType;
use streamform_provider::protocol::Recovery;

use super::lost_create;
use super::*;
use crate::control::Control;
use crate::resources::ApiKey;
use crate::resources::ComputePool;
use crate::resources::FlinkStatement;
use crate::resources::ServiceAccount;

const EARLIER: &str = "2020-01-01T00:00:00Z";

/// What the configuration of a statement says of where it runs.
pub(super) async fn on_pool(lab: &Lab) -> Json {
    let (environment, cluster) = lab.cluster().await;
    let in_environment = json!([{ "id": get(&environment, "/id") }]);
    let pool = lab
        .create(
            &Control::new(ComputePool),
            json!({ "display_name": "p", "cloud": "AWS", "region": "us-east-1", "environment": in_environment }),
        )
        .await
        .unwrap();
    let account = lab
        .create(
            &Control::new(ServiceAccount),
            json!({ "display_name": "statements" }),
        )
        .await
        .unwrap();
    let key = lab
        .create(
            &Control::new(ApiKey),
            json!({
                "owner": [{ "id": get(&account, "/id"), "kind": "ServiceAccount", "api_version": "iam/v2" }],
                "managed_resource": [{
                    "id": "aws.us-east-1", "kind": "Region", "api_version": "fcpm/v2", "environment": in_environment,
                }],
            }),
        )
        .await
        .unwrap();
    let ty = crate::data::FlinkRegionData;
    let config = Shape::of(&ty.declaration()).value(None, &json!({ "cloud": "AWS", "region": "us-east-1" }));
    let region = ty.read(&lab.confluent, &config).await.unwrap();
    json!({
        "organization": [{ "id": lab.emulator.organization_id() }],
        "environment": in_environment,
        "compute_pool": [{ "id": get(&pool, "/id") }],
        "principal": [{ "id": get(&account, "/id") }],
        "rest_endpoint": get(&region, "/rest_endpoint"),
        "credentials": [{ "key": get(&key, "/id"), "secret": get(&key, "/secret") }],
        "properties": {
            "sql.current-catalog": get(&environment, "/display_name"),
            "sql.current-database": get(&cluster, "/display_name"),
        },
    })
}

fn with(on: &Json, more: &Json) -> Json {
    let mut config = on.clone();
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

async fn tables(lab: &Lab, on: &Json) {
    for name in ["orders", "copies"] {
        lab.create(
            &FlinkStatement::default(),
            with(
                on,
                &json!({ "statement": format!("CREATE TABLE {name} (id BIGINT, note STRING);") }),
            ),
        )
        .await
        .unwrap();
    }
}

const COPY: &str = "INSERT INTO copies SELECT id, note FROM orders;";

#[tokio::test]
async fn statement_lives() {
    let lab = Lab::slow().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    tables(&lab, &on).await;
    let made = lab
        .create(
            &ty,
            with(
                &on,
                &json!({
                    "statement": COPY, "statement_name": "copy", "properties_sensitive": { "sql.secrets.k": "S3CR3T" },
                }),
            ),
        )
        .await
        .unwrap();
    assert_eq!(get(&made, "/stopped"), false);
    assert_eq!(get(&made, "/latest_offsets"), json!({}));
    assert_eq!(get(&made, "/properties"), on["properties"]);
    assert!(get(&made, "/id").as_str().unwrap().ends_with("/copy"));
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);
    let phases = lab.told.phases.lock().unwrap().clone();
    assert!(
        phases.iter().any(|p| p.contains("\"copy\" to run (PENDING")),
        "{phases:?}"
    );

    let stopped = lab.update(&ty, &made, json!({ "stopped": true })).await.unwrap();
    assert_eq!(get(&stopped, "/stopped"), true);
    assert_eq!(lab.read(&ty, &stopped).await.unwrap(), stopped);
    let resumed = lab
        .update(&ty, &stopped, json!({ "stopped": false }))
        .await
        .unwrap();
    assert_eq!(get(&resumed, "/stopped"), false);

    let fixed = lab
        .update(
            &ty,
            &resumed,
            json!({ "properties": { "sql.local-time-zone": "UTC" } }),
        )
        .await
        .unwrap_err();
    assert!(
        fixed.findings[0].summary.contains("\"properties\" cannot"),
        "{fixed:?}"
    );
    let rotated = lab
        .update(
            &ty,
            &resumed,
            json!({ "properties_sensitive": { "sql.secrets.k": "other" } }),
        )
        .await
        .unwrap();
    assert_eq!(
        get(&rotated, "/properties_sensitive"),
        json!({ "sql.secrets.k": "other" })
    );

    let taken = lab
        .create(
            &ty,
            with(&on, &json!({ "statement": COPY, "statement_name": "copy" })),
        )
        .await
        .unwrap_err();
    assert!(taken.findings[0].summary.contains("409"), "{taken:?}");
    assert!(!taken.outcome_unknown);

    lab.delete(&ty, &rotated).await.unwrap();
    assert!(lab.read(&ty, &rotated).await.is_none());
    lab.delete(&ty, &rotated).await.unwrap();
}

#[tokio::test]
async fn failed_statement_says_why_and_is_kept_as_half_made() {
    let lab = Lab::new().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    let failed = lab
        .create(
            &ty,
            with(
                &on,
                &json!({ "statement": "INSERT INTO nowhere SELECT 1;", "statement_name": "bad" }),
            ),
        )
        .await
        .unwrap_err();
    let summary = &failed.findings[0].summary;
    assert!(
        summary.starts_with(
            "error creating Flink Statement \"bad\": Flink Statement \"bad\" provisioning status is \"FAIL"
        ),
        "{summary}"
    );
    assert!(summary.contains("nowhere"), "{summary}");
    let partial = failed.partial.unwrap();
    lab.delete(&ty, &partial).await.unwrap();
}

#[tokio::test]
async fn statement_can_be_made_stopped() {
    let lab = Lab::new().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    tables(&lab, &on).await;
    let made = lab
        .create(&ty, with(&on, &json!({ "statement": COPY, "stopped": true })))
        .await
        .unwrap();
    assert_eq!(get(&made, "/stopped"), true);
    assert!(get(&made, "/statement_name").as_str().unwrap().starts_with("tf-"));
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);
}

#[tokio::test]
async fn lost_statement_is_found_by_the_name_told_before() {
    let lab = Lab::new().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    tables(&lab, &on).await;
    let config = with(&on, &json!({ "statement": COPY }));
    let planned = plan(&ty, &config);
    for (fault, there) in [("drop_before", false), ("drop_after", true)] {
        lab.told.checkpoints.lock().unwrap().clear();
        lab.fault(json!({ "fault": fault, "calls": 1, "method": "POST" }))
            .await;
        let lost = lab.create(&ty, config.clone()).await.unwrap_err();
        assert!(lost.outcome_unknown, "{lost:?}");
        let told = lab.told.checkpoints.lock().unwrap()[0].clone();
        assert_eq!(get(&told, "/id"), Json::Null);
        let found = ty
            .recover_create(&lab.confluent, &lost_create(&planned, Some(&told), EARLIER, &[]))
            .await
            .unwrap();
        match found {
            Recovery::NotDone => assert!(!there),
            Recovery::Done(value, _) => {
                assert!(there);
                assert_eq!(get(&value, "/statement_name"), get(&told, "/statement_name"));
                assert_eq!(lab.read(&ty, &value).await.unwrap(), value);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_text_that_says_the_same_is_no_new_statement() {
    let lab = Lab::new().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    tables(&lab, &on).await;
    let made = lab
        .create(&ty, with(&on, &json!({ "statement": COPY })))
        .await
        .unwrap();
    let spoken = "-- copies all orders\ninsert into copies\n  select id, note from orders";
    let planned = made.with_attr("statement", Value::string(spoken));
    let mut replace = vec![Path::attr("statement")];
    let (planned, reason) = ty
        .customize(&lab.confluent, &made, &planned, planned.clone(), &mut replace)
        .unwrap();
    assert!(replace.is_empty());
    assert!(reason.unwrap().contains("only comments or white space differ"));
    let noted = ty
        .update(&lab.confluent, &made, &planned, &lab.context())
        .await
        .unwrap();
    assert_eq!(get(&noted, "/statement"), spoken);
    // The service still has the old text, which is no drift.
    assert_eq!(lab.read(&ty, &noted).await.unwrap(), noted);

    let other = made.with_attr(
        "statement",
        Value::string("INSERT INTO copies SELECT id, 'x' FROM orders"),
    );
    let mut replace = vec![Path::attr("statement")];
    let (_, reason) = ty
        .customize(&lab.confluent, &made, &other, other.clone(), &mut replace)
        .unwrap();
    assert_eq!(replace.len(), 1);
    assert!(reason.unwrap().contains("without its state and offsets"));
}

#[tokio::test]
async fn stopping_goes_on_when_the_answer_is_lost() {
    let lab = Lab::new().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    tables(&lab, &on).await;
    let made = lab
        .create(
            &ty,
            with(&on, &json!({ "statement": COPY, "statement_name": "copy" })),
        )
        .await
        .unwrap();
    // The second sending is refused for its old version; a fresh look finds the statement stopped.
    lab.fault(json!({ "fault": "drop_after", "calls": 1, "method": "PUT" }))
        .await;
    let stopped = lab.update(&ty, &made, json!({ "stopped": true })).await.unwrap();
    assert_eq!(get(&stopped, "/stopped"), true);
    for fault in ["drop_before", "drop_after"] {
        lab.fault(json!({ "fault": fault, "calls": 1, "method": "DELETE" }))
            .await;
        lab.delete(&ty, &stopped).await.unwrap();
        assert!(lab.read(&ty, &stopped).await.is_none());
    }
}

#[tokio::test]
async fn a_statement_that_may_not_be_seen_is_not_gone() {
    let lab = Lab::new().await;
    let ty = FlinkStatement::default();
    let on = on_pool(&lab).await;
    tables(&lab, &on).await;
    let config = with(&on, &json!({ "statement": COPY, "statement_name": "copy" }));
    let planned = plan(&ty, &config);
    let made = lab.create(&ty, config).await.unwrap();
    let statements = format!(
        "/sql/v1/organizations/{}/environments/{}/statements",
        lab.emulator.organization_id(),
        get(&made, "/environment/0/id").as_str().unwrap()
    );
    let one = format!("{statements}/copy");
    let forbid = |path: &str| json!({ "fault": "forbidden", "method": "GET", "path": path });
    // With the list at hand, and with nothing.
    for path in [&one, &statements] {
        lab.fault(forbid(path)).await;
        let refused = ty.read(&lab.confluent, &made).await.unwrap_err();
        assert!(refused[0].summary.contains("403"), "{refused:?}");
        ty.recover_delete(&lab.confluent, &made).await.unwrap_err();
        ty.recover_create(&lab.confluent, &lost_create(&planned, Some(&made), EARLIER, &[]))
            .await
            .unwrap_err();
        lab.fault(json!({ "clear": true })).await;
    }
    lab.delete(&ty, &made).await.unwrap();
    // Nobody may see one that is not there: the list tells.
    lab.fault(forbid(&one)).await;
    assert!(lab.read(&ty, &made).await.is_none());
    assert!(ty.recover_delete(&lab.confluent, &made).await.unwrap());
    lab.fault(json!({ "clear": true })).await;
    // Nor may anything be listed: nothing is known.
    lab.fault(forbid(&statements)).await;
    ty.read(&lab.confluent, &made).await.unwrap_err();
}
