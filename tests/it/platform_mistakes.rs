//! Mistakes that people make with Confluent's types, with modules and with backends, and what they read. Snapshots, as in
//! [`crate::mistakes`].

use crate::mistakes::said;

const PROVIDER: &str = r#"terraform {
  required_providers {
    confluent = {
      source = "confluentinc/confluent"
    }
  }
}

"#;

/// A cluster, with something done to it.
fn cluster(from: &str, to: &str) -> String {
    let text = r#"resource "confluent_kafka_cluster" "k" {
  display_name = "k"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "us-east-2"
  standard {}
  environment {
    id = "env-abc123"
  }
}
"#;
    assert!(text.contains(from), "{from}");
    format!("{PROVIDER}{}", text.replace(from, to))
}

/// A topic with these lines in it.
fn topic(lines: &str) -> String {
    format!(
        r#"{PROVIDER}resource "confluent_kafka_topic" "t" {{
  kafka_cluster {{
    id = "lkc-abc123"
  }}
  topic_name    = "orders"
  rest_endpoint = "https://lkc-abc123.confluent.localhost:443"
  {lines}
  credentials {{
    key    = "a"
    secret = "b"
  }}
}}
"#
    )
}

#[track_caller]
fn one(name: &str, text: &str) {
    said(name, &[("main.tf", text)]);
}

#[test]
fn values_of_another_case() {
    one("cloud_in_lower_case", &cluster("\"AWS\"", "\"aws\""));
    one("availability_with_hyphen", &cluster("SINGLE_ZONE", "SINGLE-ZONE"));
}

#[test]
fn blocks_as_arguments() {
    let block = "environment {\n    id = \"env-abc123\"\n  }";
    one(
        "environment_as_argument",
        &cluster(block, "environment = \"env-abc123\""),
    );
    one(
        "environment_id_as_argument",
        &cluster(block, "environment_id = \"env-abc123\""),
    );
    one(
        "two_kinds_of_cluster",
        &cluster("standard {}", "standard {}\n  basic {}"),
    );
}

#[test]
fn keys_with_dots() {
    one("dotted_key", &topic("config = { retention.ms = 1000 }"));
    one(
        "dotted_argument",
        &topic("config {\n    retention.ms = 1000\n  }"),
    );
}

#[test]
fn providers_by_another_name() {
    let environment = "resource \"confluent_environment\" \"e\" {\n  display_name = \"e\"\n}\n";
    one("provider_not_required", environment);
    one(
        "provider_of_another_namespace",
        &format!("{}{environment}", PROVIDER.replace("confluentinc/", "confluent/")),
    );
    one(
        "provider_key_by_half_its_name",
        &format!("{PROVIDER}provider \"confluent\" {{\n  api_key = \"x\"\n}}\n\n{environment}"),
    );
    one(
        "type_that_is_not_there",
        &format!("{PROVIDER}resource \"confluent_network\" \"n\" {{\n  display_name = \"n\"\n}}\n"),
    );
}

#[test]
fn references_and_modules() {
    one(
        "depends_on_in_quotes",
        "resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {\n  depends_on = \"terraform_data.a\"\n}\n",
    );
    one(
        "template_outside_of_a_string",
        "variable \"n\" {\n  default = 1\n}\nresource \"terraform_data\" \"a\" {\n  input = ${var.n}\n}\n",
    );
    said(
        "resource_inside_a_module",
        &[
            (
                "main.tf",
                "module \"m\" {\n  source = \"./m\"\n}\noutput \"o\" {\n  value = module.m.terraform_data.a.id\n}\n",
            ),
            ("m/main.tf", "resource \"terraform_data\" \"a\" {}\n"),
        ],
    );
    one(
        "backend_in_upper_case",
        "terraform {\n  backend \"S3\" {\n    bucket = \"b\"\n  }\n}\n",
    );
}
