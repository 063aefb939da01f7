//! Programs of others that read Terraform's JSON read ours. Each test skips, and says so, where its reader is not installed:
//! `pip install checkov terraform-compliance`.

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

/// A topic with too few partitions, in a module with instances, and an output.
const MAIN: &str = r#"
module "topics" {
  source   = "./topic"
  for_each = toset(["orders", "payments"])
  name     = each.key
}

output "names" {
  value = [for t in module.topics : t.name]
}
"#;

const TOPIC: &str = r#"
terraform {
  required_providers {
    confluent = {
      source = "confluentinc/confluent"
    }
  }
}

variable "name" {
  type = string
}

resource "confluent_kafka_topic" "this" {
  kafka_cluster {
    id = "lkc-abc123"
  }
  topic_name       = var.name
  partitions_count = 3
  rest_endpoint    = "https://lkc-abc123.confluent.localhost:443"
  credentials {
    key    = "key"
    secret = "hunter2-hunter2"
  }
}

output "name" {
  value = confluent_kafka_topic.this.topic_name
}
"#;

/// A folder with `plan.json`.
fn planned() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set_env("CONFLUENT_CLOUD_API_KEY", "cloud-key");
    sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", "cloud-secret");
    sandbox.write("main.tf", MAIN);
    sandbox.write("topic/main.tf", TOPIC);
    sandbox.ok(["plan", "-out=plan"]);
    let json = sandbox.ok(["show", "-json", "plan"]).stdout;
    sandbox.write("plan.json", json);
    sandbox
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn reader(sandbox: &Sandbox, program: &str, args: &[&str]) -> Option<Run> {
    let run = sandbox.program(program, "", args);
    if run.is_none() {
        eprintln!("{program} is not installed: what it reads is not tried");
    }
    run
}

#[test]
fn checkov_finds_resources_and_judges_them() {
    let sandbox = planned();
    let policy = |id: &str, attribute: &str| {
        format!(
            "metadata:\n  name: \"{id}\"\n  id: \"{id}\"\n  category: \"GENERAL_SECURITY\"\ndefinition:\n  cond_type: attribute\n  resource_types: [\"confluent_kafka_topic\"]\n  attribute: {attribute}\n"
        )
    };
    sandbox.write(
        "policies/few.yaml",
        policy(
            "CKV2_TOPIC_1",
            "partitions_count\n  operator: greater_than\n  value: 5",
        ),
    );
    sandbox.write(
        "policies/named.yaml",
        policy("CKV2_TOPIC_2", "topic_name\n  operator: exists"),
    );
    let args = [
        "--file=plan.json",
        "--framework=terraform_plan",
        "--external-checks-dir=policies",
        "--skip-download",
        "--quiet",
        "--output=json",
    ];
    let Some(run) = reader(&sandbox, "checkov", &args) else {
        return;
    };
    let found = run.json();
    let judged = |list: &str| -> Vec<(String, String)> {
        // (`--quiet` leaves what has passed away.)
        let checks = found["results"][list].as_array().cloned().unwrap_or_default();
        let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
        let mut all: Vec<_> = checks
            .iter()
            .map(|c| (text(&c["check_id"]), text(&c["resource"])))
            .filter(|(id, _)| id.starts_with("CKV2_TOPIC"))
            .collect();
        all.sort();
        all
    };
    let of = |id: &str| {
        ["orders", "payments"].map(|name| {
            let address = format!("module.topics[\"{name}\"].confluent_kafka_topic.this");
            (id.to_owned(), address)
        })
    };
    assert_eq!(judged("failed_checks"), of("CKV2_TOPIC_1"), "{run}");
    assert!(
        judged("passed_checks").is_empty() || judged("passed_checks") == of("CKV2_TOPIC_2"),
        "{run}"
    );
}

#[test]
fn terraform_compliance_reads_plans() {
    let sandbox = planned();
    sandbox.write(
        "features/topics.feature",
        "Feature: topics\n\
         \x20 Scenario: partitions\n\
         \x20   Given I have confluent_kafka_topic defined\n\
         \x20   Then it must have partitions_count\n\
         \x20   And its value must be greater than 2\n\
         \x20 Scenario: too many are asked for\n\
         \x20   Given I have confluent_kafka_topic defined\n\
         \x20   Then it must have partitions_count\n\
         \x20   And its value must be greater than 5\n",
    );
    let args = ["--planfile=plan.json", "--features=features", "--no-ansi"];
    let Some(run) = reader(&sandbox, "terraform-compliance", &args) else {
        return;
    };
    let told = run.stdout.as_str();
    assert!(told.contains("2 scenarios (1 passed, 1 failed)"), "{run}");
    assert!(
        told.contains("module.topics[\"orders\"].confluent_kafka_topic.this"),
        "{run}"
    );
}
