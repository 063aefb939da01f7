//! Lost answers, refusals, interrupts, and others at work at the same time.

use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use streamform_state::ObjectStatus;

use crate::hcl;
use crate::sandbox::EmulatorProcess;
use crate::sandbox::Sandbox;
use crate::survival::living;
use crate::survival::platform;
use crate::survival::recorded;
use crate::survival::state;

/// Where calls are made that change something.
const PLANES: &[&str] = &[
    "/org/v2/environments",
    "/cmk/v2/clusters",
    "/iam/v2/service-accounts",
    "/iam/v2/role-bindings",
    "/iam/v2/api-keys",
    "/fcpm/v2/compute-pools",
    "/kafka/v3",
    "/subjects",
    "/sql/v1",
];

pub(crate) fn with_emulator(config: &str, args: &[&str]) -> (Sandbox, EmulatorProcess) {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.tf", config);
    let emulator = sandbox.emulator(args);
    sandbox.set_env("STREAMFORM_EMULATOR", &emulator.endpoint);
    sandbox.set_env("CONFLUENT_CLOUD_API_KEY", &emulator.cloud_api_key);
    sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", &emulator.cloud_api_secret);
    (sandbox, emulator)
}

pub(crate) fn fault(emulator: &EmulatorProcess, switch: &str) {
    emulator.request("POST", "/_emulator/faults", switch);
}

/// The answers to so many creates at a path get lost, and the same run cannot look them up: the service asks it to come back
/// tomorrow.
pub(crate) fn lose(emulator: &EmulatorProcess, path: &str, creates: usize) {
    fault(
        emulator,
        &format!(r#"{{"fault":"drop_after","calls":{creates},"path":"{path}","method":"POST"}}"#),
    );
    fault(
        emulator,
        &format!(r#"{{"fault":"too_many_requests","retry_after":86400,"path":"{path}","method":"GET"}}"#),
    );
}

/// One call at each place meets the fault; a second run at most puts everything right.
fn survives(kind: &str, places: &[&str]) {
    let (sandbox, emulator) = with_emulator(&platform(), &[]);
    let mut generation = 1;
    for path in places {
        let apply = |generation: u32| {
            [
                "apply".to_owned(),
                "-auto-approve".to_owned(),
                format!("-var=generation={generation}"),
            ]
        };
        let switch = format!(r#"{{"fault":"{kind}","calls":1,"path":"{path}"}}"#);
        let steps = [
            apply(generation).to_vec(),
            apply(generation + 1).to_vec(),
            vec!["destroy".into(), "-auto-approve".into()],
        ];
        for args in steps {
            let context = format!("{kind} at {path}, {}", args.join(" "));
            fault(&emulator, &switch);
            let first = sandbox.run(&args);
            fault(&emulator, r#"{"clear":true}"#);
            if first.code != Some(0) {
                assert_eq!(first.code, Some(1), "{context}\n{first}");
                let second = sandbox.run(&args);
                assert_eq!(
                    second.code,
                    Some(0),
                    "{context}\nfirst: {first}\nsecond: {second}"
                );
            }
            assert_eq!(
                recorded(&sandbox),
                living(&emulator),
                "left: the state, right: the service; {context}\n{first}"
            );
        }
        assert!(living(&emulator).is_empty(), "{path}");
        generation += 2;
    }
}

#[test]
fn an_answer_that_is_lost_is_looked_up() {
    survives("drop_after", PLANES);
}

#[test]
fn a_call_that_is_lost_is_made_again() {
    survives("drop_before", PLANES);
}

#[test]
fn an_error_of_the_server_is_looked_up() {
    survives("server_error", PLANES);
}

#[test]
fn a_rate_limit_is_waited_for() {
    let (sandbox, emulator) = with_emulator(&platform(), &[]);
    fault(
        &emulator,
        r#"{"fault":"too_many_requests","retry_after":0,"calls":4}"#,
    );
    fault(
        &emulator,
        r#"{"fault":"too_many_requests","retry_after":1,"calls":1,"path":"/cmk/v2/clusters","method":"POST"}"#,
    );
    let began = Instant::now();
    sandbox.ok(["apply", "-auto-approve"]);
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After is kept");
    assert_eq!(recorded(&sandbox), living(&emulator));
}

/// A command that runs while the test goes on.
struct Running(Option<Child>);

impl Running {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
        let child = sandbox
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running(Some(child))
    }

    fn interrupt(&self) {
        let pid = self.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    fn end(mut self) -> (Option<i32>, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.0.take().unwrap().wait_with_output().unwrap();
        (
            status.code(),
            format!(
                "{}{}",
                String::from_utf8_lossy(&stdout),
                String::from_utf8_lossy(&stderr)
            ),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Looks again and again: other processes have no sign to give us.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{what} did not come about"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

fn knows(sandbox: &Sandbox, address: &str) -> bool {
    sandbox.path("streamform.state").exists() && {
        let key = streamform_state::SealKey::at(sandbox.path("../home/.config/streamform/state.key"));
        let dir = streamform_state::workspace_dir(&sandbox.path("streamform.state"), "default");
        streamform_state::read_view_sealed(&dir, &key).is_ok_and(|v| v.get(address).is_some())
    }
}

/// A cluster that takes its time, and something that waits for it.
const SLOW: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}
resource "confluent_environment" "e" {
  display_name = "slow"
}
resource "confluent_kafka_cluster" "c" {
  display_name = "slow"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "us-east-1"
  basic {}
  environment { id = confluent_environment.e.id }
}
resource "confluent_service_account" "later" {
  display_name = "later"
  description  = confluent_kafka_cluster.c.id
}
output "cluster" {
  value = confluent_kafka_cluster.c.id
}
"#;

const CLUSTER: &str = "confluent_kafka_cluster.c";

fn advance(emulator: &EmulatorProcess) {
    emulator.request("POST", "/_emulator/clock", r#"{"advance_ms":3600000}"#);
}

#[test]
fn an_interrupt_ends_in_order_and_the_next_apply_goes_on() {
    let (sandbox, emulator) = with_emulator(SLOW, &["-phase-delay=1h"]);
    let apply = Running::start(&sandbox, &["apply", "-auto-approve"]);
    until("the cluster's record", || knows(&sandbox, CLUSTER));
    apply.interrupt();
    let (code, said) = apply.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Run apply again to go on"), "{said}");
    let made = living(&emulator);
    assert_eq!(made.len(), 2, "an environment and a cluster: {made:?}");
    assert!(knows(&sandbox, CLUSTER) && !knows(&sandbox, "confluent_service_account.later"));

    advance(&emulator);
    let second = sandbox.ok(["apply", "-auto-approve"]);
    assert!(
        living(&emulator).is_superset(&made),
        "the cluster is gone on with, not made anew\n{second}"
    );
    assert_eq!(recorded(&sandbox), living(&emulator));
}

#[test]
fn a_call_under_way_is_finished_when_interrupted() {
    let (sandbox, emulator) = with_emulator(SLOW, &[]);
    fault(
        &emulator,
        r#"{"fault":"latency","ms":1500,"path":"/org/v2/environments","method":"POST"}"#,
    );
    let apply = Running::start(&sandbox, &["apply", "-auto-approve"]);
    until("the lock", || sandbox.path("streamform.state").exists());
    thread::sleep(Duration::from_millis(700));
    apply.interrupt();
    let (code, said) = apply.end();
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(recorded(&sandbox), living(&emulator), "{said}");
    assert_eq!(
        living(&emulator).len(),
        1,
        "the environment, whose call was under way, and nothing after it\n{said}"
    );
    fault(&emulator, r#"{"clear":true}"#);
    sandbox.ok(["apply", "-auto-approve"]);
    assert_eq!(recorded(&sandbox), living(&emulator));
}

#[test]
fn others_see_who_holds_the_lock_read_on_and_wait_if_asked() {
    let (sandbox, emulator) = with_emulator(SLOW, &["-phase-delay=1h"]);
    let apply = Running::start(&sandbox, &["apply", "-auto-approve"]);
    until("the cluster's record", || knows(&sandbox, CLUSTER));

    let refused = sandbox.fail(["apply", "-auto-approve"]);
    refused
        .says("Error acquiring the state lock")
        .says("OperationTypeApply")
        .says("-lock-timeout");
    refused.says(&format!("process {}", apply.id()));
    sandbox.ok(["state", "list"]).says(CLUSTER);
    sandbox.ok(["show"]).says(CLUSTER);
    sandbox.ok(["output"]);

    let waiting = Running::start(&sandbox, &["apply", "-auto-approve", "-lock-timeout=60s"]);
    advance(&emulator);
    let (code, said) = apply.end();
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = waiting.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(recorded(&sandbox), living(&emulator));
}

#[test]
fn the_lock_of_a_dead_run_is_taken_over() {
    let (sandbox, emulator) = with_emulator(SLOW, &["-phase-delay=1h"]);
    let apply = Running::start(&sandbox, &["apply", "-auto-approve"]);
    until("the cluster's record", || knows(&sandbox, CLUSTER));
    drop(apply);
    advance(&emulator);
    sandbox
        .ok(["apply", "-auto-approve"])
        .says("Lock of an interrupted run taken over");
    assert_eq!(recorded(&sandbox), living(&emulator));
}

#[test]
fn a_saved_plan_is_refused_when_the_state_has_moved_on() {
    let (sandbox, emulator) = with_emulator(SLOW, &[]);
    sandbox.ok(["plan", "-out=first.plan"]);
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.fail(["apply", "first.plan"]).says("Saved plan is stale");
    assert_eq!(recorded(&sandbox), living(&emulator));
}

/// The serial of a state does not rise with what was only begun, so that the plan is still good: it must ask first.
#[test]
fn a_saved_plan_that_was_killed_can_be_applied_again() {
    let (sandbox, emulator) = with_emulator(SLOW, &[]);
    sandbox.ok(["plan", "-out=first.plan"]);
    lose(&emulator, "/org/v2/environments", 1);
    sandbox.fail(["apply", "first.plan"]);
    fault(&emulator, r#"{"clear":true}"#);
    let again = sandbox.run(["apply", "first.plan"]);
    if again.code == Some(1) {
        again.says("Saved plan is stale");
        sandbox.ok(["apply", "-auto-approve"]);
    }
    assert_eq!(recorded(&sandbox), living(&emulator), "{again}");
    assert_eq!(living(&emulator).len(), 3, "{again}");
}

/// The provider's own key is made in the same run, so that no plan can ask it what became of a create.
const STAGED: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}
resource "confluent_service_account" "admin" {
  display_name = "admin"
}
resource "confluent_api_key" "admin" {
  display_name = "admin"
  owner {
    id          = confluent_service_account.admin.id
    api_version = confluent_service_account.admin.api_version
    kind        = confluent_service_account.admin.kind
  }
}
provider "confluent" {
  alias            = "inner"
  cloud_api_key    = confluent_api_key.admin.id
  cloud_api_secret = confluent_api_key.admin.secret
}
resource "confluent_environment" "inner" {
  provider     = confluent.inner
  display_name = "inner"
}
"#;

#[test]
fn a_provider_that_is_known_late_is_asked_late() {
    let (sandbox, emulator) = with_emulator(STAGED, &[]);
    fault(
        &emulator,
        r#"{"fault":"drop_after","calls":1,"path":"/org/v2/environments"}"#,
    );
    // The first look is that whether the new key is accepted.
    fault(
        &emulator,
        r#"{"fault":"too_many_requests","retry_after":86400,"path":"/org/v2/environments","method":"GET","skip":1}"#,
    );
    sandbox.fail(["apply", "-auto-approve"]);
    fault(&emulator, r#"{"clear":true}"#);
    assert_eq!(
        living(&emulator).len(),
        3,
        "the environment is there, and nobody knows it yet"
    );
    // The key is to be replaced: again the provider is not known when the next plan is made.
    sandbox.ok(["apply", "-auto-approve", "-replace=confluent_api_key.admin"]);
    assert_eq!(recorded(&sandbox), living(&emulator));
    assert_eq!(living(&emulator).len(), 3);
    sandbox.ok(["destroy", "-auto-approve"]);
    assert!(living(&emulator).is_empty());
}

/// Alike to a letter: which lost answer belongs to which instance cannot be told, and need not be.
fn alike() -> String {
    let clusters = hcl::cluster("c", "alike", "count = 3");
    [hcl::CONFLUENT, hcl::ENVIRONMENT, &clusters].concat()
}

#[test]
fn of_objects_that_are_alike_each_is_adopted_once() {
    for lost in 1..=3 {
        let (sandbox, emulator) = with_emulator(&alike(), &[]);
        lose(&emulator, "/cmk/v2/clusters", lost);
        sandbox.fail(["apply", "-auto-approve"]);
        fault(&emulator, r#"{"clear":true}"#);
        let second = sandbox.run(["apply", "-auto-approve"]);
        assert_eq!(second.code, Some(0), "{lost} lost\n{second}");
        assert_eq!(recorded(&sandbox), living(&emulator), "{lost} lost\n{second}");
        assert_eq!(living(&emulator).len(), 4, "{lost} lost\n{second}");
    }
}

#[test]
fn lost_creates_that_are_alike_are_settled_in_the_same_run() {
    for (made, not_made) in [(2, 0), (3, 0), (1, 1), (2, 1)] {
        let (sandbox, emulator) = with_emulator(&alike(), &[]);
        lose_clusters(&emulator, made, not_made);
        let run = sandbox.ok(["apply", "-auto-approve"]);
        assert_eq!(recorded(&sandbox), living(&emulator), "{made}, {not_made}\n{run}");
        assert_eq!(living(&emulator).len(), 4, "{made}, {not_made}\n{run}");
        sandbox.ok(["plan", "-detailed-exitcode"]);
    }
}

/// The answers to so many creates get lost, of some before they have their effect.
fn lose_clusters(emulator: &EmulatorProcess, made: usize, not_made: usize) {
    for (kind, calls) in [("drop_after", made), ("drop_before", not_made)] {
        if calls > 0 {
            let place = r#""path":"/cmk/v2/clusters","method":"POST""#;
            fault(
                emulator,
                &format!(r#"{{"fault":"{kind}","calls":{calls},{place}}}"#),
            );
        }
    }
}

/// No plan asks what became of the calls: each apply does, and asks about all of them at about the same time.
#[test]
fn a_saved_plan_that_is_applied_again_takes_each_object_once() {
    let (sandbox, emulator) = with_emulator(&alike(), &[]);
    sandbox.ok(["apply", "-auto-approve", "-target=confluent_environment.e"]);
    sandbox.ok(["plan", "-out=clusters.plan"]);
    lose_clusters(&emulator, 2, 1);
    fault(
        &emulator,
        r#"{"fault":"too_many_requests","retry_after":86400,"path":"/cmk/v2/clusters","method":"GET"}"#,
    );
    sandbox.fail(["apply", "clusters.plan"]);
    fault(&emulator, r#"{"clear":true}"#);
    let again = sandbox.ok(["apply", "clusters.plan"]);
    assert_eq!(recorded(&sandbox), living(&emulator), "{again}");
    assert_eq!(living(&emulator).len(), 4, "{again}");
    sandbox.ok(["plan", "-detailed-exitcode"]);
}

/// Two branches; one of them cannot be made.
fn branches() -> String {
    let accounts = r#"
variable "policy" {
  type = string
}
resource "confluent_service_account" "left" {
  display_name = "left"
}
resource "confluent_service_account" "above" {
  display_name = "above"
  description  = confluent_service_account.left.id
}
resource "confluent_service_account" "after" {
  display_name = "after"
  description  = confluent_kafka_topic.t.id
}
"#;
    let cluster = "confluent_kafka_cluster.c";
    let key = hcl::key(
        "k",
        "confluent_service_account.left",
        Some((cluster, "confluent_environment.e")),
        "display_name = \"right\"",
    );
    let policy = "topic_name = \"orders\"\n  config = { \"cleanup.policy\" = var.policy }";
    let topic = hcl::topic("t", cluster, "confluent_api_key.k", policy);
    [
        hcl::CONFLUENT,
        hcl::ENVIRONMENT,
        accounts,
        &hcl::cluster("c", "right", ""),
        &key,
        &topic,
    ]
    .concat()
}

#[test]
fn a_branch_that_fails_holds_up_only_what_needs_it() {
    let (sandbox, emulator) = with_emulator(&branches(), &[]);
    let failed = sandbox.fail(["apply", "-auto-approve", "-var=policy=nonsense"]);
    failed.says("confluent_kafka_topic.t");
    assert_eq!(recorded(&sandbox), living(&emulator), "{failed}");
    assert!(knows(&sandbox, "confluent_service_account.above"), "{failed}");
    assert!(
        !knows(&sandbox, "confluent_kafka_topic.t"),
        "refused by the service: it does not exist\n{failed}"
    );
    assert!(!knows(&sandbox, "confluent_service_account.after"), "{failed}");
    sandbox.ok(["apply", "-auto-approve", "-var=policy=compact"]);
    assert_eq!(recorded(&sandbox), living(&emulator));
    assert!(knows(&sandbox, "confluent_service_account.after"));
}

#[test]
fn what_was_made_but_does_not_work_is_tainted_and_replaced() {
    let (sandbox, emulator) = with_emulator(&platform(), &[]);
    sandbox.edit("main.tf", "SELECT * FROM `orders`", "SELECT * FROM `orderz`");
    let failed = sandbox.fail(["apply", "-auto-approve"]);
    failed.says("orderz");
    let view = state(&sandbox);
    let record = view
        .get("confluent_flink_statement.copy")
        .unwrap_or_else(|| panic!("{failed}"));
    assert_eq!(
        record.current.as_ref().unwrap().status,
        ObjectStatus::Tainted,
        "{failed}"
    );
    sandbox.edit("main.tf", "SELECT * FROM `orderz`", "SELECT * FROM `orders`");
    sandbox.ok(["apply", "-auto-approve"]);
    assert_eq!(recorded(&sandbox), living(&emulator));
}
