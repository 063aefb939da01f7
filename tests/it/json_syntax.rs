//! Configurations in the JSON syntax, alone and beside the native one, through the whole command.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// What a plan would do, without the configuration that it comes from and what differs from run to run.
fn planned(sandbox: &Sandbox) -> Value {
    sandbox.ok(["plan", "-input=false", "-out=p"]);
    let mut shown: Value = serde_json::from_str(&sandbox.ok(["show", "-json", "p"]).stdout).unwrap();
    let object = shown.as_object_mut().unwrap();
    object.remove("timestamp");
    // How a provider block is written in JSON is no business of the plan.
    object.remove("configuration");
    shown
}

fn with_files(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, text) in files {
        sandbox.write(name, text);
    }
    sandbox
}

const KAFKA: &str = r#"
terraform {
  required_providers {
    confluent = {
      source  = "confluentinc/confluent"
      version = ">= 2.0"
    }
  }
}
provider "confluent" {}
variable "cloud" {
  type    = string
  default = "AWS"
}
variable "kinds" {
  type    = map(object({ partitions = optional(number, 3) }))
  default = { a = {}, b = { partitions = 1 } }
}
locals {
  region = "us-east-2"
}
resource "confluent_environment" "e" {
  display_name = "env ${lower(var.cloud)}"
  stream_governance { package = "ESSENTIALS" }
}
resource "confluent_kafka_cluster" "k" {
  display_name = "k"
  availability = "SINGLE_ZONE"
  cloud        = var.cloud
  region       = local.region
  dynamic "standard" {
    for_each = toset(["one"])
    iterator = kind
    content {}
  }
  environment { id = confluent_environment.e.id }
  lifecycle { prevent_destroy = false }
}
resource "confluent_kafka_topic" "t" {
  for_each         = var.kinds
  topic_name       = "t-${each.key}"
  partitions_count = each.value.partitions
  rest_endpoint    = confluent_kafka_cluster.k.rest_endpoint
  config           = { "retention.ms" = "1000" }
  kafka_cluster { id = confluent_kafka_cluster.k.id }
  credentials {
    key    = "key"
    secret = "secret"
  }
  depends_on = [confluent_environment.e]
}
output "cluster" { value = confluent_kafka_cluster.k.display_name }
"#;

const KAFKA_TWIN: &str = r#"{
  "//": "The same, in JSON.",
  "terraform": {
    "required_providers": {
      "confluent": { "source": "confluentinc/confluent", "version": ">= 2.0" }
    }
  },
  "provider": { "confluent": {} },
  "variable": {
    "cloud": { "type": "string", "default": "AWS" },
    "kinds": {
      "type": "map(object({ partitions = optional(number, 3) }))",
      "default": { "a": {}, "b": { "partitions": 1 } }
    }
  },
  "locals": [{ "region": "us-east-2" }],
  "resource": [
    {
      "confluent_environment": {
        "e": { "display_name": "env ${lower(var.cloud)}", "stream_governance": { "package": "ESSENTIALS" } }
      },
      "confluent_kafka_cluster": [
        {
          "k": {
            "display_name": "k",
            "availability": "SINGLE_ZONE",
            "cloud": "${var.cloud}",
            "region": "${local.region}",
            "basic": null,
            "enterprise": [],
            "dynamic": { "standard": { "for_each": "${toset([\"one\"])}", "iterator": "kind", "content": {} } },
            "environment": [{ "id": "${confluent_environment.e.id}", "//": "a block" }],
            "lifecycle": { "prevent_destroy": false }
          }
        }
      ]
    },
    {
      "confluent_kafka_topic": {
        "t": {
          "for_each": "${var.kinds}",
          "topic_name": "t-${each.key}",
          "partitions_count": "${each.value.partitions}",
          "rest_endpoint": "${confluent_kafka_cluster.k.rest_endpoint}",
          "config": { "retention.ms": "1000" },
          "kafka_cluster": { "id": "${confluent_kafka_cluster.k.id}" },
          "credentials": { "key": "key", "secret": "secret" },
          "depends_on": ["confluent_environment.e"]
        }
      }
    }
  ],
  "output": { "cluster": { "value": "${confluent_kafka_cluster.k.display_name}" } }
}
"#;

#[test]
fn nested_and_dynamic_blocks_of_the_confluent_provider_are_the_same_in_both_syntaxes() {
    let mut native = with_files(&[("main.tf", KAFKA)]);
    let _emulator = native.start_emulator();
    let mut json = with_files(&[("main.tf.json", KAFKA_TWIN)]);
    let _other = json.start_emulator();
    let plan = planned(&native);
    assert_eq!(planned(&json), plan);
    assert_eq!(plan["resource_changes"].as_array().unwrap().len(), 4);
}

#[test]
fn a_saved_plan_keeps_the_json_texts_that_it_was_made_of() {
    let sandbox = with_files(&[
        (
            "main.tf.json",
            r#"{"resource": {"terraform_data": {"a": {"input": "${var.v}", "triggers_replace": [1]}}}}"#,
        ),
        (
            "variables.tf",
            "variable \"v\" {}\noutput \"o\" { value = terraform_data.a.output }\n",
        ),
        (
            "override.tf.json",
            r#"{"resource": {"terraform_data": {"a": {"input": "${var.v}!"}}}}"#,
        ),
        (
            "values.auto.tfvars.json",
            r#"{"v": "${no} template", "//": "comment"}"#,
        ),
    ]);
    sandbox.ok(["plan", "-input=false", "-out=p"]);
    for file in [
        "main.tf.json",
        "variables.tf",
        "override.tf.json",
        "values.auto.tfvars.json",
    ] {
        std::fs::remove_file(sandbox.path(file)).unwrap();
    }
    sandbox.ok(["apply", "-input=false", "p"]);
    assert_eq!(sandbox.ok(["output", "-raw", "o"]).stdout, "${no} template!");
}

#[test]
fn overrides_go_across_the_syntaxes() {
    let base = [
        "resource \"terraform_data\" \"a\" {\n  input = 1\n  triggers_replace = \"t\"\n}\n",
        r#"{"resource": {"terraform_data": {"a": {"input": 1, "triggers_replace": "t"}}}}"#,
    ];
    let layer = |n: u32| {
        [
            format!("resource \"terraform_data\" \"a\" {{\n  input = {n}\n}}\n"),
            format!(r#"{{"resource": {{"terraform_data": {{"a": {{"input": {n}}}}}}}}}"#),
        ]
    };
    let file = |stem: &str, json: usize| format!("{stem}.tf{}", ["", ".json"][json]);
    for which in 0..8 {
        let [first, second, third] = [which & 1, which >> 1 & 1, which >> 2];
        let sandbox = Sandbox::new();
        sandbox.write(file("main", first), base[first]);
        sandbox.write(file("a_override", second), &layer(2)[second]);
        sandbox.write(file("b_override", third), &layer(3)[third]);
        let after = planned(&sandbox)["resource_changes"][0]["change"]["after"].clone();
        assert_eq!(after["input"], 3, "{which}");
        assert_eq!(after["triggers_replace"], "t", "{which}");
    }
}

/// Compares what the command says with a snapshot.
#[track_caller]
fn said(name: &str, files: &[(&str, &str)], command: &str) {
    let sandbox = with_files(files);
    let run = sandbox.fail([command]);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, run.stderr);
    });
}

#[test]
fn mistakes_in_json_are_shown_where_they_are() {
    let text = r#"{
  "variable": { "v": { "typ": "string" } },
  "resource": {
    "terraform_data": {
      "a": { "depends_on": "terraform_data.b" },
      "b": "x"
    }
  },
  "output": { "o": { "value": "\"quoted\" ${1 +} é" }, "p": { "depends_on": [] } }
}
"#;
    said("json_blocks", &[("main.tf.json", text)], "validate");
    let text = r#"{
  "resource": {
    "terraform_data": {
      "a": {
        "input": ["\"x\"", "${terraform_data.nope.id}"],
        "inpt": 1,
        "count": 1
      }
    }
  }
}
"#;
    said("json_bodies", &[("main.tf.json", text)], "validate");
    said(
        "json_text",
        &[(
            "main.tf.json",
            "{\n  \"locals\": {\n    \"a\": 1\n    \"b\": tru\n  }\n}\n",
        )],
        "validate",
    );
    said(
        "json_values",
        &[
            ("main.tf", "variable \"v\" {}\n"),
            (
                "terraform.tfvars.json",
                "{ \"v\": 1, \"v\": { \"a\": 1, \"a\": 2 } }\n",
            ),
        ],
        "plan",
    );
    said(
        "variables_declared_among_values",
        &[
            ("main.tf", "variable \"v\" {}\n"),
            (
                "terraform.tfvars.json",
                "{ \"variable\": { \"v\": { \"default\": 1 } } }\n",
            ),
        ],
        "plan",
    );
}

#[test]
fn names_of_properties_that_are_worked_out_are_checked() {
    let sandbox = with_files(&[(
        "main.tf.json",
        r#"{
  "variable": { "x": { "default": "k" } },
  "locals": {
    "fine": { "${var.x}1": 1, "${var.x}2": 2, "3": 3 },
    "twice": { "k": 1,
      "${var.x}": 2 },
    "null": { "${try(null, var.x)}": 1 },
    "list": { "${[]}": 1 }
  }
}
"#,
    )]);
    let stderr = sandbox.fail(["plan"]).stderr;
    assert_eq!(stderr.matches("Error: ").count(), 2, "{stderr}");
    assert_eq!(
        stderr.matches("Error: Invalid object key expression").count(),
        2,
        "{stderr}"
    );
    let text = sandbox
        .read("main.tf.json")
        .replace("${try(null, var.x)}", "a")
        .replace("${[]}", "b");
    sandbox.write("main.tf.json", &text);
    let stderr = sandbox.fail(["plan"]).stderr;
    assert_eq!(stderr.matches("Error: ").count(), 1, "{stderr}");
    assert!(
        stderr.contains("Error: Duplicate object attribute") && stderr.contains("main.tf.json line 6"),
        "{stderr}"
    );
}

#[test]
fn formatting_leaves_json_alone() {
    let text = "{\"locals\":   {\"a\":1}}";
    let sandbox = with_files(&[("main.tf.json", text), ("a.tfvars.json", text)]);
    assert_eq!(sandbox.ok(["fmt", "-check"]).stdout, "");
    sandbox.ok(["fmt"]);
    assert_eq!(sandbox.read("main.tf.json"), text);
    let run = sandbox.run(["fmt", "main.tf.json"]);
    assert_eq!(run.code, Some(2), "{run}");
}
