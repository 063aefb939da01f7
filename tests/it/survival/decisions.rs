//! What cannot be told apart is never guessed: `-adopt` and `-forget` decide.

use super::ledger::agree;
use super::ledger::living;
#[cfg(debug_assertions)]
use super::ledger::recorded;
use super::ledger::state;
use crate::faults::fault;
use crate::faults::lose;
use crate::faults::with_emulator;
use crate::hcl;
use crate::sandbox::EmulatorProcess;
use crate::sandbox::Sandbox;

/// A cluster from the first stage on, accounts from the second.
fn config() -> String {
    let accounts = r#"
variable "stage" {
  type    = number
  default = 1
}
resource "confluent_service_account" "user" {
  count        = var.stage > 1 ? 1 : 0
  display_name = "user"
  description  = confluent_kafka_cluster.c[0].id
}
resource "confluent_service_account" "other" {
  count        = var.stage > 1 ? 1 : 0
  display_name = "other"
}
"#;
    let cluster = hcl::cluster("c", "twin", "count = var.stage > 0 ? 1 : 0");
    [hcl::CONFLUENT, hcl::ENVIRONMENT, accounts, &cluster].concat()
}

const CLUSTER: &str = "confluent_kafka_cluster.c[0]";

/// A lost create of a cluster, and an equal one by somebody else at the same time. Gives ours and theirs.
fn twins() -> (Sandbox, EmulatorProcess, String, String) {
    let (sandbox, emulator) = with_emulator(&config(), &[]);
    sandbox.ok(["apply", "-auto-approve", "-var=stage=0"]);
    lose(&emulator, "/cmk/v2/clusters", 1);
    sandbox.fail(["apply", "-auto-approve", "-var=stage=1"]);
    fault(&emulator, r#"{"clear":true}"#);
    let objects = emulator.objects();
    let ours = objects["kafka_clusters"][0]["id"].as_str().unwrap().to_owned();
    let environment = objects["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["name"] == "home")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = format!(
        r#"{{"spec":{{"display_name":"twin","availability":"SINGLE_ZONE","cloud":"AWS","region":"us-east-1",
        "config":{{"kind":"Basic"}},"environment":{{"id":"{environment}"}}}}}}"#
    );
    let theirs = emulator.cloud("POST", "/cmk/v2/clusters", &body);
    let theirs = theirs["id"].as_str().unwrap().to_owned();
    (sandbox, emulator, ours, theirs)
}

/// Standard error from the first error on, with what differs from run to run taken out.
fn told(text: &str, names: &[(&str, &str)]) -> String {
    let from = text.find("Error:").unwrap_or(0);
    let mut text = text[from..].to_owned();
    for (id, name) in names {
        text = text.replace(id, name);
    }
    let times = without_times(&text);
    times.trim().to_owned()
}

/// RFC 3339 times as `<time>`.
fn without_times(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_end_matches(|c: char| c.is_whitespace() || c == ',');
            let time =
                bare.len() >= 20 && bare.starts_with("20") && bare.contains('T') && bare.ends_with('Z');
            if time {
                word.replace(bare, "<time>")
            } else {
                word.to_owned()
            }
        })
        .collect()
}

#[test]
fn two_equal_objects_wait_for_a_decision_and_the_rest_goes_on() {
    let (sandbox, emulator, ours, theirs) = twins();
    let names = [(ours.as_str(), "lkc-ours"), (theirs.as_str(), "lkc-theirs")];
    let plan = sandbox.fail(["plan", "-var=stage=2", "-out=held.plan"]);
    plan.says("confluent_service_account.other[0] will be created")
        .is_silent_about("confluent_service_account.user[0] will be created")
        .is_silent_about("confluent_kafka_cluster.c[0] will be created");
    assert!(!sandbox.path("held.plan").exists(), "{plan}");
    let mut lines: Vec<String> = told(&plan.stderr, &names).lines().map(str::to_owned).collect();
    // Which of the two the service lists first is chance.
    sort_pairs(&mut lines);
    insta::assert_snapshot!(lines.join("\n"));

    let apply = sandbox.fail(["apply", "-auto-approve", "-var=stage=2"]);
    apply.says("-adopt='confluent_kafka_cluster.c[0]=");
    let view = state(&sandbox);
    assert!(
        view.get("confluent_service_account.other[0]").is_some(),
        "{apply}"
    );
    assert!(view.get("confluent_service_account.user[0]").is_none(), "{apply}");
    assert!(view.get(CLUSTER).is_none(), "{apply}");

    let adopt = format!("-adopt={CLUSTER}={ours}");
    let adopted = sandbox.ok(["apply", "-auto-approve", "-var=stage=2", &adopt]);
    let object = state(&sandbox);
    let object = object.get(CLUSTER).unwrap().current.as_ref().unwrap();
    assert!(object.attributes.as_str().contains(&ours), "{adopted}");
    sandbox.ok(["plan", "-detailed-exitcode", "-var=stage=2"]);
    // Theirs is left alone, ours is deleted.
    let destroy = sandbox.ok(["destroy", "-auto-approve", "-target=confluent_kafka_cluster.c"]);
    let left = living(&emulator);
    assert!(left.iter().any(|l| l.contains(&theirs)), "{destroy}");
    assert!(!left.iter().any(|l| l.contains(&ours)), "{destroy}");
}

/// Puts lines that stand for one candidate each into a fixed order.
fn sort_pairs(lines: &mut [String]) {
    for at in 1..lines.len() {
        let pair =
            |name: &str| lines[at - 1].contains(&name.replace("ours", "theirs")) && lines[at].contains(name);
        if pair("lkc-ours") {
            lines.swap(at - 1, at);
        }
    }
}

#[test]
fn what_is_forgotten_is_made_anew_and_the_candidates_are_left_alone() {
    let (sandbox, emulator, ours, theirs) = twins();
    sandbox.ok(["apply", "-auto-approve", &format!("-forget={CLUSTER}")]);
    let clusters = emulator.objects()["kafka_clusters"].as_array().unwrap().len();
    assert_eq!(clusters, 3);
    let view = state(&sandbox);
    let made = view.get(CLUSTER).unwrap().current.as_ref().unwrap();
    assert!(!made.attributes.as_str().contains(&ours) && !made.attributes.as_str().contains(&theirs));
    sandbox.ok(["plan", "-detailed-exitcode"]);
    // There is nothing left to decide.
    sandbox
        .fail(["apply", "-auto-approve", &format!("-forget={CLUSTER}")])
        .says("Nothing to decide about");
}

/// Whoever decides may be killed, too, and decides once more.
#[cfg(debug_assertions)]
#[test]
fn a_decision_that_is_cut_short_is_taken_once() {
    let stride = if std::env::var_os("STREAMFORM_KILLS").is_some() {
        1
    } else {
        7
    };
    for (forgets, first) in [(false, 2), (true, 4)] {
        for step in (first..).step_by(stride) {
            let (sandbox, emulator, ours, _) = twins();
            let decision = if forgets {
                format!("-forget={CLUSTER}")
            } else {
                format!("-adopt={CLUSTER}={ours}")
            };
            let decided = ["apply", "-auto-approve", &decision];
            let killed = sandbox
                .command(decided)
                .env("STREAMFORM_KILL_AT", step.to_string())
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .status()
                .unwrap();
            // Nothing is in doubt any more, or it is decided again.
            let plain = sandbox.run(["apply", "-auto-approve"]);
            if plain.code != Some(0) {
                plain.says("-forget=");
                sandbox.ok(decided);
            }
            let context = format!("{decision} killed at step {step}\n{plain}");
            let (known, there) = (recorded(&sandbox), living(&emulator));
            assert!(known.is_subset(&there), "{known:?} {there:?} {context}");
            assert_eq!(known.len(), 2, "{context}");
            let is_ours = known.iter().any(|line| line.contains(&ours));
            assert_eq!(is_ours, !forgets, "{context}");
            if !forgets {
                assert_eq!(there.len(), 3, "{there:?} {context}");
            }
            sandbox.ok(["plan", "-detailed-exitcode"]);
            if killed.code().is_some() {
                assert!(step > first, "nothing was killed");
                break;
            }
        }
    }
}

#[test]
fn a_destroy_keeps_what_the_undecided_object_stands_on() {
    let (sandbox, emulator, ours, _) = twins();
    sandbox.fail(["apply", "-auto-approve", "-var=stage=2"]);
    let destroy = sandbox.fail(["destroy", "-auto-approve"]);
    destroy.says("-forget='confluent_kafka_cluster.c[0]'");
    let view = state(&sandbox);
    assert!(view.get("confluent_environment.e").is_some(), "{destroy}");
    assert!(
        view.get("confluent_service_account.other[0]").is_none(),
        "{destroy}"
    );
    let adopt = format!("-adopt={CLUSTER}={ours}");
    sandbox.ok([
        "destroy",
        "-auto-approve",
        "-target=confluent_kafka_cluster.c",
        &adopt,
    ]);
    assert!(!living(&emulator).iter().any(|l| l.contains(&ours)));
}

#[test]
fn a_wrong_choice_is_refused() {
    let (sandbox, emulator, ours, _) = twins();
    sandbox
        .fail(["apply", "-auto-approve", &format!("-adopt={CLUSTER}=lkc-nothere")])
        .says("error adopting Kafka Cluster \"lkc-nothere\": there is none with this ID");
    sandbox
        .fail(["plan", "-adopt=confluent_environment.e=env-1"])
        .says("Nothing to decide about confluent_environment.e");
    sandbox
        .fail(["plan", "-adopt=nonsense"])
        .says("Invalid -adopt option");
    sandbox
        .fail([
            "plan",
            &format!("-adopt={CLUSTER}={ours}"),
            &format!("-forget={CLUSTER}"),
        ])
        .says("Contradicting decisions");
    assert!(living(&emulator).iter().any(|l| l.contains(&ours)));
}

/// A key of an account.
fn of_account() -> String {
    let account = r#"
variable "keys" {
  type    = number
  default = 1
}
resource "confluent_service_account" "app" {
  display_name = "app"
}
"#;
    let more = r#"count = var.keys
  display_name = "k"
  description  = "for the app""#;
    let key = hcl::key("k", "confluent_service_account.app", None, more);
    [hcl::CONFLUENT, account, &key].concat()
}

#[test]
fn a_key_that_is_chosen_is_deleted_and_another_one_made() {
    let (sandbox, emulator) = with_emulator(&of_account(), &[]);
    sandbox.ok(["apply", "-auto-approve", "-var=keys=0"]);
    lose(&emulator, "/iam/v2/api-keys", 1);
    sandbox.fail(["apply", "-auto-approve"]);
    fault(&emulator, r#"{"clear":true}"#);
    let account = emulator.objects()["service_accounts"].as_array().unwrap()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ours = emulator.objects()["api_keys"].as_array().unwrap().last().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = format!(
        r#"{{"spec":{{"display_name":"k","description":"for the app","owner":{{"id":"{account}","kind":"ServiceAccount"}}}}}}"#
    );
    let theirs = emulator.cloud("POST", "/iam/v2/api-keys", &body)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(ours, theirs);
    let held = sandbox.fail(["apply", "-auto-approve"]);
    held.says("its secret is lost")
        .says(&format!("-adopt='confluent_api_key.k[0]={ours}'"))
        .says(&format!("-adopt='confluent_api_key.k[0]={theirs}'"));
    sandbox.ok([
        "apply",
        "-auto-approve",
        &format!("-adopt=confluent_api_key.k[0]={ours}"),
    ]);
    let left = living(&emulator);
    assert!(!left.iter().any(|l| l.contains(&ours)), "{left:?}");
    assert!(left.iter().any(|l| l.contains(&theirs)), "{left:?}");
    emulator.cloud("DELETE", &format!("/iam/v2/api-keys/{theirs}"), "");
    agree(
        &sandbox,
        &emulator,
        2,
        "the key of somebody else is not in the state",
    );
    sandbox.ok(["plan", "-detailed-exitcode"]);
}
