//! Types of the control plane.

use streamform_provider::protocol::Recovery;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;

use super::lost_create;
use super::*;
use crate::control::Control;
use crate::resources::ApiKey;
use crate::resources::ComputePool;
use crate::resources::Environment;
use crate::resources::KafkaCluster;
use crate::resources::RoleBinding;
use crate::resources::ServiceAccount;

const EARLIER: &str = "2020-01-01T00:00:00Z";

#[tokio::test]
async fn environment_lives() {
    let lab = Lab::new().await;
    let ty = Control::new(Environment);
    let made = lab.create(&ty, json!({ "display_name": "blue" })).await.unwrap();
    assert!(get(&made, "/id").as_str().unwrap().starts_with("env-"));
    assert!(
        get(&made, "/resource_name")
            .as_str()
            .unwrap()
            .starts_with("crn://")
    );
    assert!(made.is_wholly_known());
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);

    let changed = lab
        .update(
            &ty,
            &made,
            json!({ "display_name": "green", "stream_governance": [{ "package": "ADVANCED" }] }),
        )
        .await
        .unwrap();
    assert_eq!(get(&changed, "/display_name"), "green");
    assert_eq!(get(&changed, "/stream_governance/0/package"), "ADVANCED");
    assert_eq!(lab.read(&ty, &changed).await.unwrap(), changed);

    let id = get(&made, "/id");
    let imported = ty.import(&lab.confluent, id.as_str().unwrap()).await.unwrap();
    assert_eq!(encode(&imported), encode(&changed));

    lab.delete(&ty, &changed).await.unwrap();
    assert!(lab.read(&ty, &changed).await.is_none());
    // Gone already is as good as deleted.
    lab.delete(&ty, &changed).await.unwrap();
    let missing = ty.import(&lab.confluent, "env-nope").await.unwrap_err();
    assert!(missing[0].summary.contains("404 Not Found"), "{missing:?}");
}

#[tokio::test]
async fn service_account_lives_and_a_taken_name_is_refused() {
    let lab = Lab::new().await;
    let ty = Control::new(ServiceAccount);
    let made = lab.create(&ty, json!({ "display_name": "app" })).await.unwrap();
    assert_eq!(get(&made, "/description"), "");
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);

    let refused = lab
        .create(&ty, json!({ "display_name": "app" }))
        .await
        .unwrap_err();
    assert!(!refused.outcome_unknown);
    assert!(
        refused.findings[0]
            .summary
            .starts_with("error creating Service Account \"app\": 409 Conflict"),
        "{refused:?}"
    );

    let changed = lab
        .update(&ty, &made, json!({ "description": "writes orders" }))
        .await
        .unwrap();
    assert_eq!(get(&changed, "/description"), "writes orders");
    lab.delete(&ty, &changed).await.unwrap();
    assert!(lab.read(&ty, &changed).await.is_none());
}

#[tokio::test]
async fn kafka_cluster_lives() {
    let lab = Lab::slow().await;
    let ty = Control::new(KafkaCluster);
    let (environment, made) = lab.cluster().await;
    assert!(get(&made, "/id").as_str().unwrap().starts_with("lkc-"));
    assert!(get(&made, "/rest_endpoint").as_str().unwrap().starts_with("http"));
    let crn = get(&made, "/rbac_crn");
    assert!(crn.as_str().unwrap().contains("/cloud-cluster=lkc-"), "{crn}");
    assert!(!crn.as_str().unwrap().contains("/kafka="), "{crn}");
    assert!(get(&made, "/endpoints").is_array());
    assert_eq!(get(&made, "/network/0/id"), "");
    assert_eq!(get(&made, "/standard"), json!([]));
    let phases = lab.told.phases.lock().unwrap().clone();
    assert!(phases.iter().any(|p| p.contains("PROVISIONING")), "{phases:?}");
    assert_eq!(lab.told.checkpoints.lock().unwrap().len(), 2);
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);

    let changed = lab
        .update(
            &ty,
            &made,
            json!({ "display_name": "d", "basic": [], "standard": [{}], "deletion_protection": true }),
        )
        .await
        .unwrap();
    assert_eq!(get(&changed, "/display_name"), "d");
    assert_eq!(get(&changed, "/standard").as_array().unwrap().len(), 1);
    assert_eq!(get(&changed, "/deletion_protection"), true);
    assert_eq!(lab.read(&ty, &changed).await.unwrap(), changed);

    let protected = lab.delete(&ty, &changed).await.unwrap_err();
    assert!(
        protected.findings[0]
            .summary
            .starts_with("error deleting Kafka Cluster"),
        "{protected:?}"
    );
    let open = lab
        .update(&ty, &changed, json!({ "deletion_protection": false }))
        .await
        .unwrap();

    let id = format!(
        "{}/{}",
        get(&environment, "/id").as_str().unwrap(),
        get(&made, "/id").as_str().unwrap()
    );
    let imported = ty.import(&lab.confluent, &id).await.unwrap();
    assert_eq!(get(&imported, "/id"), get(&made, "/id"));
    assert!(ty.import(&lab.confluent, "lkc-1").await.is_err());

    lab.delete(&ty, &open).await.unwrap();
    assert!(lab.read(&ty, &open).await.is_none());
    lab.delete(&ty, &open).await.unwrap();
}

#[tokio::test]
async fn compute_pool_lives() {
    let lab = Lab::slow().await;
    let ty = Control::new(ComputePool);
    let (environment, _) = lab.cluster().await;
    let made = lab
        .create(
            &ty,
            json!({
                "display_name": "p", "cloud": "AWS", "region": "us-east-1",
                "environment": [{ "id": get(&environment, "/id") }],
            }),
        )
        .await
        .unwrap();
    assert!(get(&made, "/max_cfu").as_i64().unwrap() > 0);
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);
    let changed = lab.update(&ty, &made, json!({ "max_cfu": 20 })).await.unwrap();
    assert_eq!(get(&changed, "/max_cfu"), 20);
    lab.delete(&ty, &changed).await.unwrap();
    assert!(lab.read(&ty, &changed).await.is_none());
}

async fn account(lab: &Lab) -> Value {
    lab.create(&Control::new(ServiceAccount), json!({ "display_name": "owner" }))
        .await
        .unwrap()
}

#[tokio::test]
async fn role_binding_lives() {
    let lab = Lab::new().await;
    let ty = Control::new(RoleBinding);
    let (environment, _) = lab.cluster().await;
    let account = account(&lab).await;
    let config = json!({
        "principal": format!("User:{}", get(&account, "/id").as_str().unwrap()),
        "role_name": "EnvironmentAdmin",
        "crn_pattern": get(&environment, "/resource_name"),
    });
    let made = lab.create(&ty, config.clone()).await.unwrap();
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);
    let flagged = lab
        .update(&ty, &made, json!({ "disable_wait_for_ready": true }))
        .await
        .unwrap();
    assert_eq!(get(&flagged, "/disable_wait_for_ready"), true);

    let found = ty
        .recover_create(
            &lab.confluent,
            &lost_create(&plan(&ty, &config), None, EARLIER, &[]),
        )
        .await
        .unwrap();
    assert!(
        matches!(&found, Recovery::Done(v, _) if get(v, "/id") == get(&made, "/id")),
        "{found:?}"
    );
    let owned = [get(&made, "/id").as_str().unwrap().to_owned()];
    let found = ty
        .recover_create(
            &lab.confluent,
            &lost_create(&plan(&ty, &config), None, EARLIER, &owned),
        )
        .await
        .unwrap();
    assert!(matches!(found, Recovery::NotDone), "{found:?}");

    lab.delete(&ty, &flagged).await.unwrap();
    assert!(lab.read(&ty, &flagged).await.is_none());
}

#[tokio::test]
async fn api_keys_are_waited_for_with_the_key_itself() {
    let lab = Lab::slow().await;
    let ty = Control::new(ApiKey);
    let (environment, cluster) = lab.cluster().await;
    let account = account(&lab).await;
    let owner = json!([{ "id": get(&account, "/id"), "kind": "ServiceAccount", "api_version": "iam/v2" }]);
    let environment = json!([{ "id": get(&environment, "/id") }]);
    lab.told.checkpoints.lock().unwrap().clear();

    let kafka = lab
        .create(
            &ty,
            json!({
                "display_name": "k", "owner": owner,
                "managed_resource": [{
                    "id": get(&cluster, "/id"), "kind": "Cluster", "api_version": "cmk/v2", "environment": environment,
                }],
            }),
        )
        .await
        .unwrap();
    let secret = get(&kafka, "/secret");
    assert!(secret.as_str().unwrap().len() > 20);
    let told = lab.told.checkpoints.lock().unwrap().clone();
    assert_eq!(get(&told[0], "/secret"), secret);
    assert_eq!(get(&told[0], "/id"), get(&kafka, "/id"));
    let phases = lab.told.phases.lock().unwrap().clone();
    assert!(
        phases.iter().any(|p| p.contains("to be accepted (401 so far)")),
        "{phases:?}"
    );
    assert!(!phases.iter().any(|p| p.contains(secret.as_str().unwrap())));
    assert_eq!(lab.read(&ty, &kafka).await.unwrap(), kafka);

    // A run that was killed while it waited goes on with what the checkpoint told.
    let found = ty
        .recover_create(
            &lab.confluent,
            &lost_create(&told[0], Some(&told[0]), EARLIER, &[]),
        )
        .await
        .unwrap();
    assert!(
        matches!(&found, Recovery::Done(v, _) if get(v, "/secret") == secret),
        "{found:?}"
    );

    for managed in [
        json!([{ "id": "aws.us-east-1", "kind": "Region", "api_version": "fcpm/v2", "environment": environment }]),
        json!([]),
    ] {
        let key = lab
            .create(&ty, json!({ "owner": owner, "managed_resource": managed }))
            .await
            .unwrap();
        assert_eq!(
            get(&key, "/managed_resource/0/id"),
            get(&key, "/managed_resource/0/id")
        );
        assert_eq!(lab.read(&ty, &key).await.unwrap(), key);
        lab.delete(&ty, &key).await.unwrap();
        assert!(lab.read(&ty, &key).await.is_none());
    }

    let renamed = lab
        .update(&ty, &kafka, json!({ "display_name": "k2" }))
        .await
        .unwrap();
    assert_eq!(get(&renamed, "/secret"), secret);
    assert_eq!(get(&renamed, "/display_name"), "k2");
    lab.delete(&ty, &renamed).await.unwrap();
}

#[tokio::test]
async fn an_api_key_that_nobody_heard_of_is_deleted() {
    let lab = Lab::new().await;
    let ty = Control::new(ApiKey);
    let account = account(&lab).await;
    let config = json!({
        "display_name": "k",
        "owner": [{ "id": get(&account, "/id"), "kind": "ServiceAccount", "api_version": "iam/v2" }],
    });
    lab.fault(json!({ "fault": "drop_after", "calls": 1, "path": "/iam/v2/api-keys" }))
        .await;
    let lost = lab.create(&ty, config.clone()).await.unwrap_err();
    assert!(lost.outcome_unknown, "{lost:?}");
    let found = ty
        .recover_create(
            &lab.confluent,
            &lost_create(&plan(&ty, &config), None, EARLIER, &[]),
        )
        .await
        .unwrap();
    assert!(matches!(&found, Recovery::Undone(_)), "{found:?}");
    let found = ty
        .recover_create(
            &lab.confluent,
            &lost_create(&plan(&ty, &config), None, EARLIER, &[]),
        )
        .await
        .unwrap();
    assert!(matches!(&found, Recovery::NotDone), "{found:?}");
}

#[tokio::test]
async fn faults_leave_exactly_one_object() {
    let lab = Lab::new().await;
    let ty = Control::new(Environment);
    let count = || async {
        let control = lab.confluent.control().unwrap();
        let all = control
            .list(
                "/org/v2/environments",
                &[],
                99,
                streamform_provider::rest::Patience::default(),
            )
            .await
            .unwrap();
        all.iter().filter(|e| e["display_name"] == "one").count()
    };
    let config = json!({ "display_name": "one" });

    // Refused for the rate, twice: sent again.
    lab.fault(json!({ "fault": "too_many_requests", "calls": 2, "method": "POST", "path": "/org", "retry_after": 0 })).await;
    let made = lab.create(&ty, config.clone()).await.unwrap();
    assert_eq!(count().await, 1);
    // Reads pass over server errors; deletes too.
    lab.fault(json!({ "fault": "server_error", "calls": 2, "path": "/org" }))
        .await;
    assert_eq!(lab.read(&ty, &made).await.unwrap(), made);
    lab.fault(json!({ "fault": "drop_after", "calls": 1, "path": "/org" }))
        .await;
    lab.delete(&ty, &made).await.unwrap();
    assert_eq!(count().await, 0);

    // Cut before and after the effect: looked up, not sent again.
    for (fault, effect) in [("drop_before", 0), ("drop_after", 1), ("server_error", 0)] {
        lab.fault(json!({ "fault": fault, "calls": 1, "method": "POST", "path": "/org" }))
            .await;
        let lost = lab.create(&ty, config.clone()).await.unwrap_err();
        assert!(lost.outcome_unknown, "{lost:?}");
        assert!(lost.partial.is_none());
        assert_eq!(count().await, effect, "{fault}");
        let found = ty
            .recover_create(
                &lab.confluent,
                &lost_create(&plan(&ty, &config), None, EARLIER, &[]),
            )
            .await
            .unwrap();
        match (effect, found) {
            (0, Recovery::NotDone) => {}
            (1, Recovery::Done(value, _)) => {
                assert_eq!(lab.read(&ty, &value).await.unwrap(), value);
                lab.delete(&ty, &value).await.unwrap();
            }
            (_, other) => panic!("{fault}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn changes_are_sent_again_when_the_answer_is_lost() {
    let lab = Lab::new().await;
    let ty = Control::new(Environment);
    let made = lab.create(&ty, json!({ "display_name": "a" })).await.unwrap();
    for (fault, name) in [("drop_before", "b"), ("drop_after", "c"), ("server_error", "d")] {
        lab.fault(json!({ "fault": fault, "calls": 1, "method": "PATCH" }))
            .await;
        let changed = lab
            .update(&ty, &made, json!({ "display_name": name }))
            .await
            .unwrap();
        assert_eq!(get(&changed, "/display_name"), name);
    }
}

/// A server that forbids the first two calls.
async fn reluctant() -> (String, std::sync::Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let calls = std::sync::Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            let answer = match calls.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
                _ => "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, count)
}

#[tokio::test]
async fn a_refusal_is_tried_again_only_after_a_fresh_role_binding() {
    use streamform_provider::rest::Auth;
    use streamform_provider::rest::Patience;
    let lab = Lab::new().await;
    let (url, count) = reluctant().await;
    let client = lab.confluent.client(&url, Auth::None).unwrap();
    let call = || client.get("/x");
    let refused = lab
        .confluent
        .once_allowed(Patience::default(), call)
        .await
        .unwrap_err();
    assert_eq!(refused.status(), Some(403));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    lab.confluent.bound_now();
    lab.confluent
        .once_allowed(Patience::default(), call)
        .await
        .unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3);
}
