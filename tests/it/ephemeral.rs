//! Ephemeral resources: an API key that exists while a run needs it, and that no file ever holds.

use crate::drift::shown;
use crate::drift::with_emulator;
use crate::sandbox::EmulatorProcess;

const CONFIG: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}

resource "confluent_environment" "e" {
  display_name = "e"
}

resource "confluent_kafka_cluster" "k" {
  display_name = "k"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "eu-central-1"
  basic {}
  environment {
    id = confluent_environment.e.id
  }
}

resource "confluent_service_account" "s" {
  display_name = "s"
}

resource "confluent_role_binding" "r" {
  principal   = "User:${confluent_service_account.s.id}"
  role_name   = "CloudClusterAdmin"
  crn_pattern = confluent_kafka_cluster.k.rbac_crn
}

ephemeral "confluent_api_key" "k" {
  owner {
    id          = confluent_service_account.s.id
    api_version = confluent_service_account.s.api_version
    kind        = confluent_service_account.s.kind
  }
  managed_resource {
    id          = confluent_kafka_cluster.k.id
    api_version = confluent_kafka_cluster.k.api_version
    kind        = confluent_kafka_cluster.k.kind
    environment {
      id = confluent_environment.e.id
    }
  }
  depends_on = [confluent_role_binding.r]
  lifecycle {
    postcondition {
      condition     = self.id != ""
      error_message = "No key."
    }
  }
}

provider "confluent" {
  alias               = "topics"
  kafka_id            = confluent_kafka_cluster.k.id
  kafka_rest_endpoint = confluent_kafka_cluster.k.rest_endpoint
  kafka_api_key       = ephemeral.confluent_api_key.k.id
  kafka_api_secret    = ephemeral.confluent_api_key.k.secret
}

resource "confluent_kafka_topic" "t" {
  provider   = confluent.topics
  topic_name = "orders"
}
"#;

/// The keys of the service account of the configuration.
fn keys(emulator: &EmulatorProcess) -> usize {
    let keys = emulator.cloud("GET", "/iam/v2/api-keys?page_size=99", "");
    let of_account = |key: &&serde_json::Value| {
        key["spec"]["owner"]["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("sa-"))
    };
    keys["data"]
        .as_array()
        .map_or(0, |k| k.iter().filter(of_account).count())
}

#[test]
fn a_key_lives_as_long_as_the_run() {
    let (sandbox, emulator) = with_emulator(CONFIG);
    let apply = sandbox.ok(["apply", "-auto-approve"]);
    let told: Vec<&str> = apply
        .stderr
        .lines()
        .filter(|line| line.contains("ephemeral.") || line.contains("confluent_kafka_topic.t"))
        .collect();
    shown("ephemeral_told", &told.join("\n"));
    assert_eq!(emulator.names("topics"), ["orders"]);
    assert_eq!(keys(&emulator), 0);
    // The next plan reads the topic with a key of its own, and a saved plan is applied with another.
    sandbox.ok(["plan", "-detailed-exitcode"]);
    sandbox.edit("main.tf", "\"orders\"", "\"clicks\"");
    sandbox.ok(["plan", "-out=p"]);
    let plan = sandbox.ok(["show", "-json", "p"]).json();
    assert!(
        !plan["resource_changes"].to_string().contains("ephemeral"),
        "{plan}"
    );
    sandbox.ok(["apply", "p"]);
    assert_eq!(emulator.names("topics"), ["clicks"]);
    let state = sandbox.ok(["state", "pull"]).json();
    assert!(!state["resources"].to_string().contains("ephemeral"), "{state}");
    // Its condition was judged when it was opened.
    let checks = state["check_results"].as_array().cloned().unwrap_or_default();
    let statuses: Vec<&str> = checks.iter().filter_map(|c| c["status"].as_str()).collect();
    assert_eq!(statuses, ["pass"], "{state}");
    sandbox.ok(["destroy", "-auto-approve"]);
    assert_eq!(keys(&emulator), 0);
    assert_eq!(emulator.names("topics"), [""; 0]);
}

#[test]
fn an_import_is_over_before_it_is_closed() {
    let (sandbox, emulator) = with_emulator(CONFIG);
    sandbox.ok(["apply", "-auto-approve"]);
    let id = sandbox.ok(["state", "show", "confluent_kafka_topic.t"]).stdout;
    let id = id
        .lines()
        .find_map(|line| line.trim().strip_prefix("id "))
        .and_then(|rest| rest.split('"').nth(1))
        .expect("the id of the topic")
        .to_owned();
    sandbox.ok(["state", "rm", "confluent_kafka_topic.t"]);
    sandbox.ok(["import", "confluent_kafka_topic.t", &id]);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    // Also without a block: what is generated for it comes from the provider, too.
    sandbox.ok(["state", "rm", "confluent_kafka_topic.t"]);
    let block = "resource \"confluent_kafka_topic\" \"t\" {\n  provider   = confluent.topics\n  topic_name = \"orders\"\n}\n";
    let import = format!(
        "import {{\n  to       = confluent_kafka_topic.t\n  id       = \"{id}\"\n  provider = confluent.topics\n}}\n"
    );
    sandbox.edit("main.tf", block, &import);
    sandbox.ok(["plan", "-generate-config-out=topic.tf"]);
    assert!(sandbox.read("topic.tf").contains("orders"));
    assert_eq!(keys(&emulator), 0);
}

#[test]
fn the_stream_tells_of_it_in_its_own_words() {
    let (sandbox, _emulator) = with_emulator(CONFIG);
    let run = sandbox.ok(["apply", "-auto-approve", "-json"]);
    let told: Vec<String> = run
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| {
            line["type"]
                .as_str()
                .is_some_and(|t| t.starts_with("ephemeral_op"))
        })
        .map(|line| {
            format!(
                "{} {} {}",
                line["type"], line["hook"]["resource"]["addr"], line["hook"]["action"]
            )
        })
        .collect();
    let address = "\"ephemeral.confluent_api_key.k\"";
    let expected = [
        ("start", "open"),
        ("complete", "open"),
        ("start", "close"),
        ("complete", "close"),
    ];
    let expected = expected.map(|(end, action)| format!("\"ephemeral_op_{end}\" {address} \"{action}\""));
    assert_eq!(told, expected);
}

#[test]
fn it_is_closed_whatever_became_of_what_used_it() {
    let (sandbox, emulator) = with_emulator(CONFIG);
    sandbox.ok(["apply", "-auto-approve", "-target=confluent_role_binding.r"]);
    // No such policy: the topic is refused when it is made.
    let refused = "  topic_name = \"orders\"\n  config = { \"cleanup.policy\" = \"burn\" }\n";
    sandbox.edit("main.tf", "  topic_name = \"orders\"\n", refused);
    sandbox.fail(["apply", "-auto-approve"]);
    assert_eq!(keys(&emulator), 0);
    // Nor does a condition that does not hold keep it.
    sandbox.edit("main.tf", "self.id != \"\"", "self.id == \"\"");
    sandbox.fail(["apply", "-auto-approve"]).says("No key.");
    assert_eq!(keys(&emulator), 0);
}

#[test]
fn what_a_killed_run_has_left_is_deleted_when_its_time_is_over() {
    let (sandbox, emulator) = with_emulator(CONFIG);
    sandbox.ok(["apply", "-auto-approve"]);
    let account = emulator.cloud("GET", "/iam/v2/service-accounts", "")["data"][0]["id"].clone();
    let cluster = sandbox.ok(["state", "show", "confluent_kafka_cluster.k"]).stdout;
    let cluster = cluster
        .lines()
        .find_map(|line| line.trim().strip_prefix("id "))
        .and_then(|rest| rest.split('"').nth(1))
        .expect("the id of the cluster");
    let left = |until: &str| {
        let description = format!("left (may be deleted after {until})");
        let owner = serde_json::json!({ "id": account, "kind": "ServiceAccount" });
        let of = serde_json::json!({ "id": cluster, "kind": "Cluster" });
        let spec = serde_json::json!({ "description": description, "owner": owner, "resource": of });
        emulator.cloud(
            "POST",
            "/iam/v2/api-keys",
            &serde_json::json!({ "spec": spec }).to_string(),
        );
    };
    left("2020-01-01T00:00:00Z");
    left("2120-01-01T00:00:00Z");
    assert_eq!(keys(&emulator), 2);
    sandbox.ok(["plan"]);
    assert_eq!(keys(&emulator), 1);
}

#[test]
fn what_is_ephemeral_goes_nowhere_that_is_kept() {
    let (sandbox, _emulator) = with_emulator(CONFIG);
    let kept =
        "\nresource \"terraform_data\" \"kept\" {\n  input = ephemeral.confluent_api_key.k.secret\n}\n";
    sandbox.write("kept.tf", kept);
    sandbox.fail(["plan"]).says("Invalid use of ephemeral value");
    sandbox.write(
        "kept.tf",
        "output \"o\" {\n  value = ephemeral.confluent_api_key.k.id\n}\n",
    );
    sandbox.fail(["plan"]).says("phemeral");
    sandbox.write("kept.tf", "ephemeral \"confluent_nothing\" \"n\" {}\n");
    sandbox
        .fail(["validate"])
        .says("does not support ephemeral resource type");
}

#[test]
fn each_instance_of_each_module_is_opened() {
    let (sandbox, emulator) = with_emulator(CONFIG);
    let twice = sandbox
        .read("main.tf")
        .replace(
            "ephemeral \"confluent_api_key\" \"k\" {",
            "ephemeral \"confluent_api_key\" \"k\" {\n  for_each = toset([\"a\", \"b\"])",
        )
        .replace("confluent_api_key.k.", "confluent_api_key.k[\"b\"].");
    sandbox.write("main.tf", twice);
    let apply = sandbox.ok(["apply", "-auto-approve"]);
    apply
        .says("ephemeral.confluent_api_key.k[\"a\"]: Opening complete")
        .says("ephemeral.confluent_api_key.k[\"b\"]: Closing complete");
    assert_eq!(keys(&emulator), 0);
}
