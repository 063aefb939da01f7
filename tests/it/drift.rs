//! What others change behind the state's back: told apart from what a plan changes, and told alone by `drift`.

use crate::sandbox::EmulatorProcess;
use crate::sandbox::Run;
use crate::sandbox::Sandbox;

const CONFIG: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}

resource "confluent_environment" "shop" {
  display_name = "shop"
}

resource "confluent_service_account" "app" {
  display_name = "app"
  description  = "orders"
  lifecycle { ignore_changes = [description] }
}

resource "confluent_service_account" "old" {
  display_name = "old"
}

resource "terraform_data" "follows" {
  input = confluent_service_account.app.description
}
"#;

/// A sandbox whose commands talk to an emulator of its own.
pub(crate) fn with_emulator(config: &str) -> (Sandbox, EmulatorProcess) {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.tf", config);
    let emulator = sandbox.emulator::<&str>([]);
    sandbox.set_env("STREAMFORM_EMULATOR", &emulator.endpoint);
    sandbox.set_env("CONFLUENT_CLOUD_API_KEY", &emulator.cloud_api_key);
    sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", &emulator.cloud_api_secret);
    (sandbox, emulator)
}

/// Compares a text with the snapshot of this name; what differs from run to run is made equal.
#[track_caller]
pub(crate) fn shown(name: &str, text: &str) {
    insta::with_settings!({
        filters => vec![
            (r"\b(env|lkc|sa|u)-[a-z0-9]{5,8}\b", "$1-ID"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
            (r"after \d+m?s", "after TIME"),
        ],
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

/// The id of an object as the state has it.
#[track_caller]
fn id(sandbox: &Sandbox, address: &str) -> String {
    let shown = sandbox.ok(["show", "-json"]).json();
    let resources = shown["values"]["root_module"]["resources"].as_array().cloned();
    let all = resources.unwrap_or_default();
    let found = all.iter().find(|r| r["address"] == address);
    found
        .and_then(|r| r["values"]["id"].as_str())
        .unwrap_or_else(|| panic!("{address} should be in the state"))
        .to_owned()
}

/// Applies the configuration, then changes one object and deletes another as somebody else would.
fn meddled() -> (Sandbox, EmulatorProcess) {
    let (sandbox, emulator) = with_emulator(CONFIG);
    sandbox.ok(["apply", "-auto-approve"]);
    let app = id(&sandbox, "confluent_service_account.app");
    emulator.cloud(
        "PATCH",
        &format!("/iam/v2/service-accounts/{app}"),
        r#"{"description":"payments"}"#,
    );
    let old = id(&sandbox, "confluent_service_account.old");
    emulator.cloud("DELETE", &format!("/iam/v2/service-accounts/{old}"), "");
    let shop = id(&sandbox, "confluent_environment.shop");
    emulator.cloud(
        "PATCH",
        &format!("/org/v2/environments/{shop}"),
        r#"{"display_name":"shop of somebody else"}"#,
    );
    (sandbox, emulator)
}

#[test]
fn drift_tells_what_differs_and_writes_nothing() {
    let (sandbox, _emulator) = meddled();
    let before = sandbox.ok(["state", "pull"]).stdout;
    let run = sandbox.run(["drift"]);
    run.code_is(2);
    shown("drift_text", &run.stdout);
    let told = sandbox.run(["drift", "-json"]);
    told.code_is(2);
    let json = told.json();
    assert_eq!(json["drifted"], true);
    assert_eq!(json["checked"], 4);
    let objects = json["objects"].as_array().unwrap();
    let summary: Vec<String> = objects
        .iter()
        .map(|o| {
            let first = &o["differences"][0];
            format!("{} {} {}", o["address"], o["status"], first["attribute"])
        })
        .collect();
    assert_eq!(
        summary,
        [
            r#""confluent_environment.shop" "changed" "display_name""#,
            r#""confluent_service_account.app" "changed" "description""#,
            r#""confluent_service_account.old" "gone" "id""#,
        ]
    );
    assert_eq!(objects[1]["differences"][0]["recorded"], "orders");
    assert_eq!(objects[1]["differences"][0]["real"], "payments");
    let one = sandbox.run(["drift", "-target=confluent_environment.shop"]);
    one.code_is(2).is_silent_about("service_account");
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, before, "drift only reads");
}

#[test]
fn drift_without_a_difference_is_silent_success() {
    let (sandbox, _emulator) = with_emulator(CONFIG);
    let nothing = sandbox.run(["drift"]);
    nothing.code_is(0);
    assert!(!sandbox.path("streamform.state").exists(), "{nothing}");
    sandbox.ok(["apply", "-auto-approve"]);
    let run = sandbox.run(["drift"]);
    run.code_is(0);
    assert_eq!(run.stdout, "No drift. 4 objects are as the state records them.\n");
    assert_eq!(sandbox.run(["drift", "-json"]).json()["drifted"], false);
    sandbox.write("broken.tf", "output \"o\" {\n  value = var.nope\n}\n");
    let broken = sandbox.run(["drift"]);
    broken.code_is(1).says("Reference to undeclared input variable");
    let broken = sandbox.run(["drift", "-json"]);
    broken.code_is(1);
    assert_eq!(
        broken.json()["diagnostics"][0]["summary"],
        "Reference to undeclared input variable"
    );
}

/// The text between the note and the rule below it.
fn note(run: &Run) -> &str {
    let from = run.stdout.find("Note: Objects have changed outside").unwrap();
    let text = &run.stdout[from..];
    &text[..text.find('─').unwrap_or(text.len())]
}

#[test]
fn a_plan_tells_only_the_drift_that_it_comes_from() {
    let (sandbox, _emulator) = meddled();
    let run = sandbox.ok(["plan"]);
    // The name of the environment is put right by the plan itself: that is its own change, not a note.
    shown("drift_note_in_plan", note(&run));
    // Without anything that follows the description there is nothing to tell about it.
    let config = sandbox.read("main.tf");
    sandbox.write(
        "main.tf",
        config.replace("confluent_service_account.app.description", "\"orders\""),
    );
    let run = sandbox.ok(["plan"]);
    assert!(!note(&run).contains("payments"), "{run}");
}

#[test]
fn a_plan_that_only_refreshes_records_what_is() {
    let (sandbox, _emulator) = meddled();
    let run = sandbox.run(["plan", "-refresh-only", "-detailed-exitcode", "-out=p"]);
    run.code_is(2);
    shown("drift_refresh_only", &run.stdout);
    let json = sandbox.ok(["show", "-json", "p"]).json();
    let drift = json["resource_drift"].as_array().unwrap();
    let actions: Vec<String> = drift
        .iter()
        .map(|d| format!("{} {}", d["address"], d["change"]["actions"][0]))
        .collect();
    assert_eq!(
        actions,
        [
            r#""confluent_environment.shop" "update""#,
            r#""confluent_service_account.app" "update""#,
            r#""confluent_service_account.old" "delete""#,
        ]
    );
    sandbox.ok(["apply", "p"]);
    sandbox.run(["drift"]).code_is(0);
    sandbox
        .run(["plan", "-refresh-only", "-detailed-exitcode"])
        .code_is(0);
    let plan = sandbox.ok(["plan"]);
    plan.says("Plan: 1 to add, 2 to change, 0 to destroy.")
        .is_silent_about("changed outside");
}

#[test]
fn only_what_changes_is_read_by_a_minimal_refresh() {
    let (sandbox, _emulator) = with_emulator(CONFIG);
    sandbox.ok(["apply", "-auto-approve"]);
    let read = |args: &[&str]| -> Vec<String> {
        let run = sandbox.run(["plan", "-json"].iter().chain(args));
        let lines = run.stdout.lines().map(|l| serde_json::from_str(l).unwrap());
        let mut read: Vec<String> = lines
            .filter(|l: &serde_json::Value| l["type"] == "refresh_start")
            .map(|l| l["hook"]["resource"]["addr"].as_str().unwrap().to_owned())
            .collect();
        read.sort();
        read
    };
    assert_eq!(read(&["-minimal-refresh"]), Vec::<String>::new());
    sandbox.edit(
        "main.tf",
        "display_name = \"app\"",
        "display_name = \"application\"",
    );
    assert_eq!(read(&["-minimal-refresh"]), ["confluent_service_account.app"]);
    assert_eq!(read(&["-refresh=false"]), Vec::<String>::new());
    assert_eq!(read(&[]).len(), 4);
}
