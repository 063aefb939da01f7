//! What a run settles by itself, and what a later one makes of credentials and permissions that are gone.

use super::ledger::agree;
use super::ledger::living;
use super::ledger::recorded;
use super::ledger::state;
use crate::faults::fault;
use crate::faults::lose;
use crate::faults::with_emulator;
use crate::hcl;
use crate::sandbox::EmulatorProcess;
use crate::sandbox::Sandbox;

const CLEAR: &str = r#"{"clear":true}"#;

/// An environment, and `more`.
fn home(more: &str) -> String {
    [hcl::CONFLUENT, hcl::ENVIRONMENT, more].concat()
}

fn cluster() -> String {
    hcl::cluster("c", "events", "")
}

/// A key that is deleted before its successor is made, and a topic that carries it; `more` are arguments of the topic.
fn key_and_topic(more: &str) -> String {
    let app = r#"
resource "confluent_service_account" "app" {
  display_name = "app"
}
resource "confluent_role_binding" "app" {
  principal   = "User:${confluent_service_account.app.id}"
  role_name   = "CloudClusterAdmin"
  crn_pattern = confluent_kafka_cluster.c.rbac_crn
}
"#;
    let key = hcl::key(
        "k",
        "confluent_service_account.app",
        Some((CLUSTER, "confluent_environment.e")),
        "display_name = \"k\"\n  depends_on = [confluent_role_binding.app]",
    );
    let topic = hcl::topic(
        "t",
        CLUSTER,
        "confluent_api_key.k",
        &format!("topic_name = \"orders\"\n  {more}"),
    );
    [app, &key, &topic].concat()
}

const CLUSTER: &str = "confluent_kafka_cluster.c";

fn apply_and_agree(sandbox: &Sandbox, emulator: &EmulatorProcess, count: usize) {
    let run = sandbox.ok(["apply", "-auto-approve"]);
    agree(sandbox, emulator, count, &run.to_string());
    sandbox.ok(["plan", "-detailed-exitcode"]);
}

#[test]
fn a_lost_answer_is_settled_in_the_same_run() {
    for kind in ["drop_after", "drop_before", "server_error"] {
        let (sandbox, emulator) = with_emulator(&home(""), &[]);
        fault(
            &emulator,
            &format!(r#"{{"fault":"{kind}","calls":1,"method":"POST"}}"#),
        );
        apply_and_agree(&sandbox, &emulator, 1);
    }
}

#[test]
fn an_object_that_lists_show_late_is_found_all_the_same() {
    let (sandbox, emulator) = with_emulator(&home(""), &[]);
    fault(&emulator, r#"{"fault":"late_lists","ms":200}"#);
    fault(&emulator, r#"{"fault":"drop_after","calls":1,"method":"POST"}"#);
    apply_and_agree(&sandbox, &emulator, 1);
}

#[test]
fn a_key_that_a_killed_run_has_deleted_is_no_dead_end() {
    let with = |more: &str| home(&[cluster(), key_and_topic(more)].concat());
    let (sandbox, emulator) = with_emulator(&with(""), &[]);
    apply_and_agree(&sandbox, &emulator, 6);
    // The old key is deleted; the new one is not made.
    fault(
        &emulator,
        r#"{"fault":"too_many_requests","retry_after":86400,"method":"POST","path":"/iam/v2/api-keys"}"#,
    );
    sandbox.fail(["apply", "-auto-approve", "-replace=confluent_api_key.k"]);
    assert_eq!(living(&emulator).len(), 5, "the old key is gone");
    fault(&emulator, CLEAR);
    sandbox
        .fail(["apply", "-auto-approve", "-refresh-only"])
        .says("An ordinary apply gives it those that the configuration has now");
    let healed = sandbox.ok(["apply", "-auto-approve"]);
    healed.says("Object not read").says("confluent_kafka_topic.t");
    agree(&sandbox, &emulator, 6, &healed.to_string());
    sandbox.ok(["plan", "-detailed-exitcode"]);
    // Where the plan leaves the credentials as they are, the refusal is an error, as ever.
    sandbox.write("main.tf", with("lifecycle { ignore_changes = [credentials] }"));
    let living = living(&emulator);
    let key = living
        .iter()
        .find_map(|line| Some(line.strip_prefix("api_keys ")?.split_once(' ')?.0));
    emulator.cloud("DELETE", &format!("/iam/v2/api-keys/{}", key.unwrap()), "");
    sandbox.fail(["plan"]).says("401");
}

#[test]
fn forbidden_is_not_gone() {
    let (sandbox, emulator) = with_emulator(&home(&cluster()), &[]);
    apply_and_agree(&sandbox, &emulator, 2);
    let before = recorded(&sandbox);
    let forbid = r#"{"fault":"forbidden","method":"GET","path":"/cmk/v2/clusters"}"#;
    fault(&emulator, forbid);
    let plan = sandbox.fail(["plan"]);
    plan.says("403").is_silent_about("will be created");
    fault(&emulator, CLEAR);
    // Deleted by somebody: the service says 403, and the list has it no more.
    let cluster = before
        .iter()
        .find_map(|line| {
            Some(
                line.strip_prefix("kafka_clusters ")?
                    .split_once(' ')?
                    .0
                    .to_owned(),
            )
        })
        .unwrap();
    let environment = before
        .iter()
        .find_map(|line| Some(line.strip_prefix("environments ")?.split_once(' ')?.0.to_owned()))
        .unwrap();
    emulator.cloud(
        "DELETE",
        &format!("/cmk/v2/clusters/{cluster}?environment={environment}"),
        "",
    );
    sandbox
        .ok(["plan"])
        .says("confluent_kafka_cluster.c will be created");
    // With everything around it, too.
    emulator.cloud("DELETE", &format!("/org/v2/environments/{environment}"), "");
    sandbox.ok(["plan"]).says("2 to add");
}

#[test]
fn an_interrupted_create_that_may_not_be_seen_is_left_open() {
    let (sandbox, emulator) = with_emulator(
        &home(
            &[
                &cluster(),
                "resource \"confluent_service_account\" \"other\" { display_name = \"other\" }\n",
            ]
            .concat(),
        ),
        &["-phase-delay=1h"],
    );
    let mut apply = sandbox
        .command(["apply", "-auto-approve", "-target=confluent_kafka_cluster.c"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let told = || {
        sandbox.path("streamform.state").exists()
            && state(&sandbox).get("confluent_kafka_cluster.c").is_some()
    };
    while !told() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    apply.kill().unwrap();
    apply.wait().unwrap();
    emulator.request("POST", "/_emulator/clock", r#"{"advance_ms":3600000}"#);
    let made = living(&emulator);

    fault(
        &emulator,
        r#"{"fault":"forbidden","method":"GET","path":"/cmk/v2/clusters"}"#,
    );
    let held = sandbox.fail(["apply", "-auto-approve"]);
    held.says("Outcome of an interrupted change not known")
        .says("-forget='confluent_kafka_cluster.c'");
    assert!(
        state(&sandbox).get("confluent_service_account.other").is_some(),
        "what does not need it goes on\n{held}"
    );
    fault(&emulator, CLEAR);
    apply_and_agree(&sandbox, &emulator, 3);
    assert!(
        living(&emulator).is_superset(&made),
        "the very cluster is gone on with"
    );
}

#[test]
fn what_cannot_be_settled_at_once_is_settled_by_the_next_run() {
    let (sandbox, emulator) = with_emulator(&home(""), &[]);
    lose(&emulator, "/org/v2/environments", 1);
    sandbox.fail(["apply", "-auto-approve"]);
    assert_eq!(living(&emulator).len(), 1);
    fault(&emulator, CLEAR);
    apply_and_agree(&sandbox, &emulator, 1);
}
