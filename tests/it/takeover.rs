//! A folder in which Terraform has kept the state so far: nothing is made a second time, and one command takes it over.

use base64::Engine as _;
use serde_json::Value;
use serde_json::json;

use crate::drift::shown;
use crate::drift::with_emulator;
use crate::sandbox::Sandbox;

const MAIN: &str = "resource \"terraform_data\" \"a\" {\n  input = terraform.workspace\n}\noutput \"o\" {\n  value = terraform_data.a.input\n}\n";

/// A state as Terraform writes it, with one object.
fn state(input: &str, serial: u64) -> String {
    json!({
        "version": 4, "terraform_version": "1.9.8", "serial": serial, "lineage": format!("lineage-{input}"),
        "outputs": {"o": {"value": input, "type": "string"}},
        "resources": [{
            "mode": "managed", "type": "terraform_data", "name": "a",
            "provider": "provider[\"terraform.io/builtin/terraform\"]",
            "instances": [{
                "schema_version": 0,
                "attributes": {
                    "id": format!("id-{input}"), "input": {"value": input, "type": "string"},
                    "output": {"value": input, "type": "string"}, "triggers_replace": null,
                },
                "sensitive_attributes": [],
            }],
        }],
        "check_results": null,
    })
    .to_string()
}

fn terraforms() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.write("terraform.tfstate", state("default", 7));
    sandbox
}

#[test]
fn nothing_is_made_a_second_time() {
    let sandbox = terraforms();
    let refused = sandbox.fail(["plan"]);
    shown("takeover_refused", &refused.stderr);
    for command in [
        &["apply", "-auto-approve"][..],
        &["apply", "-refresh-only", "-auto-approve"],
        &["destroy", "-auto-approve"],
        &["drift"],
        &["import", "terraform_data.a", "x"],
        &["state", "list"],
        &["state", "pull"],
        &["show"],
        &["show", "-json"],
        &["output"],
        &["taint", "terraform_data.a"],
    ] {
        sandbox.fail(command).says("The state is still with Terraform");
    }
    sandbox.ok(["validate"]);
    // A file that cannot be read is no reason to make everything again.
    sandbox.write("terraform.tfstate", "{\"version\": 3}");
    sandbox.fail(["plan"]).says("format version 3");
    // What Terraform leaves behind that has nothing in it.
    sandbox.write("terraform.tfstate", "");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
    sandbox.write(
        "terraform.tfstate",
        r#"{"version":4,"terraform_version":"1.9.8","serial":3,"lineage":"l","outputs":{},"resources":[]}"#,
    );
    sandbox.ok(["apply", "-auto-approve"]);
    // And once there is a state of ours, it counts.
    sandbox.write("terraform.tfstate", state("default", 7));
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn init_takes_the_state_over() {
    let sandbox = terraforms();
    sandbox
        .fail(["init"])
        .says("Nobody can be asked")
        .says("-migrate-state");
    sandbox.fail(["init", "-input=false"]).says("Nobody can be asked");
    sandbox.run_with_input(["init"], "no\n").code_is(0);
    sandbox.fail(["plan"]);
    sandbox.ok(["init", "-reconfigure"]);
    sandbox
        .run_with_input(["init"], "maybe\n")
        .code_is(1)
        .says("Only \"yes\"");
    let file = sandbox.read("terraform.tfstate");
    let run = sandbox.run_with_input(["init"], "yes\n");
    run.code_is(0);
    shown("takeover_init", &format!("{}{}", run.stderr, run.stdout));
    assert_eq!(sandbox.read("terraform.tfstate"), file, "Terraform's file stays");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    let pulled = sandbox.ok(["state", "pull"]).json();
    assert_eq!(
        (&pulled["serial"], &pulled["lineage"]),
        (&json!(7), &json!("lineage-default"))
    );
    // A second time there is nothing to take over, also when everything is gone.
    sandbox
        .ok(["init", "-migrate-state"])
        .is_silent_about("Took over");
    sandbox.ok(["destroy", "-auto-approve"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
}

#[test]
fn all_workspaces_are_taken_over_at_once() {
    let sandbox = terraforms();
    sandbox.write("terraform.tfstate.d/prod/terraform.tfstate", state("prod", 2));
    sandbox.write("terraform.tfstate.d/empty/.keep", "");
    sandbox
        .ok(["init", "-force-copy"])
        .says("1 object in terraform.tfstate (workspace \"default\")")
        .says("1 object in terraform.tfstate.d/prod/terraform.tfstate (workspace \"prod\")");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox.ok(["workspace", "select", "prod"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    assert_eq!(sandbox.ok(["output", "-raw", "o"]).stdout, "prod");
}

#[test]
fn a_state_at_another_path_is_taken_over_too() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        format!("terraform {{\n  backend \"local\" {{\n    path = \"states/x.tfstate\"\n  }}\n}}\n{MAIN}"),
    );
    sandbox.write("states/x.tfstate", state("default", 7));
    sandbox.ok(["init", "-migrate-state"]).says("Took over");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    // A flag names a file.
    sandbox.write("y.tfstate", state("default", 9));
    sandbox
        .fail(["plan", "-state=y.tfstate"])
        .says("1 object in y.tfstate");
    sandbox.ok(["state", "push", "-state=y.tfstate", "y.tfstate"]);
    sandbox
        .run(["plan", "-detailed-exitcode", "-state=y.tfstate"])
        .code_is(0);
}

const CLOUD: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}
resource "confluent_environment" "shop" {
  display_name = "shop"
  stream_governance {
    package = "ESSENTIALS"
  }
}
resource "confluent_kafka_cluster" "main" {
  display_name = "main"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "eu-central-1"
  basic {}
  environment {
    id = confluent_environment.shop.id
  }
}
resource "confluent_service_account" "app" {
  display_name = "app"
}
resource "confluent_api_key" "app" {
  display_name = "app"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
}
"#;

/// A state as the official provider leaves it: timeouts and the schema's version in private data, nothing marked sensitive by
/// us, and OpenTofu's name of the registry here and there.
fn as_the_official_provider_writes(text: &str) -> Value {
    let mut state: Value = serde_json::from_str(text).unwrap();
    let private = r#"{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":7200000000000},"schema_version":"1"}"#;
    for (i, resource) in state["resources"].as_array_mut().unwrap().iter_mut().enumerate() {
        if i % 2 == 0 {
            let provider = resource["provider"].as_str().unwrap();
            resource["provider"] = provider
                .replace("registry.terraform.io", "registry.opentofu.org")
                .into();
        }
        for instance in resource["instances"].as_array_mut().unwrap() {
            instance["private"] = base64::engine::general_purpose::STANDARD.encode(private).into();
            instance.as_object_mut().unwrap().remove("streamform");
        }
    }
    state["lineage"] = "0d1f7a52-0c5e-4b0e-a3ad-7c3d1e4b5a69".into();
    state["serial"] = 31.into();
    state
}

#[test]
fn objects_of_the_official_provider_go_on_as_they_are() {
    let (sandbox, emulator) = with_emulator(CLOUD);
    sandbox.ok(["apply", "-auto-approve"]);
    let state = as_the_official_provider_writes(&sandbox.ok(["state", "pull"]).stdout);
    let before = emulator.objects();
    sandbox.write("team/main.tf", CLOUD);
    sandbox.write(
        "team/terraform.tfstate",
        serde_json::to_string_pretty(&state).unwrap(),
    );
    sandbox
        .fail(["-chdir=team", "plan"])
        .says("4 objects in terraform.tfstate");
    sandbox.ok(["-chdir=team", "init", "-migrate-state"]);
    sandbox
        .run(["-chdir=team", "plan", "-detailed-exitcode"])
        .code_is(0);
    sandbox.edit(
        "team/main.tf",
        "display_name = \"shop\"",
        "display_name = \"store\"",
    );
    sandbox
        .ok(["-chdir=team", "apply", "-auto-approve"])
        .says("0 added, 1 changed, 0 destroyed");
    assert_eq!(emulator.names("environments"), ["default", "store"]);
    assert_eq!(
        emulator.names("api_keys").len(),
        before["api_keys"].as_array().unwrap().len()
    );
    // Private data is the provider's, and comes back as it went.
    let after = sandbox.ok(["-chdir=team", "state", "pull"]).json();
    for resource in after["resources"].as_array().unwrap() {
        assert_eq!(
            resource["instances"][0]["private"], state["resources"][0]["instances"][0]["private"],
            "{}",
            resource["type"]
        );
        assert!(
            resource["provider"]
                .as_str()
                .unwrap()
                .contains("registry.terraform.io")
        );
    }
    sandbox.ok(["-chdir=team", "destroy", "-auto-approve"]);
    assert_eq!(emulator.names("environments"), ["default"]);
}

#[test]
fn neighbours_read_the_newer_of_both_states() {
    let sandbox = Sandbox::new();
    sandbox.write("net/main.tf", MAIN.replace("terraform.workspace", "\"new\""));
    sandbox.write("net/terraform.tfstate", state("default", 7));
    sandbox.write(
        "main.tf",
        "data \"terraform_remote_state\" \"net\" {\n  backend = \"local\"\n  config  = { path = \"net/terraform.tfstate\" }\n}\noutput \"seen\" {\n  value = data.terraform_remote_state.net.outputs.o\n}\n",
    );
    let seen = |sandbox: &Sandbox| {
        sandbox.ok(["apply", "-auto-approve"]);
        sandbox.ok(["output", "-raw", "seen"]).stdout
    };
    assert_eq!(seen(&sandbox), "default");
    sandbox.ok(["-chdir=net", "init", "-migrate-state"]);
    sandbox.ok(["-chdir=net", "apply", "-auto-approve"]);
    assert_eq!(seen(&sandbox), "new");
    // Terraform has gone on against all advice.
    sandbox.write("net/terraform.tfstate", state("default", 70));
    assert_eq!(seen(&sandbox), "default");
    // A file that has nothing to do with it was named, and counts.
    sandbox.write("net/terraform.tfstate", state("other", 1));
    assert_eq!(seen(&sandbox), "other");
}
