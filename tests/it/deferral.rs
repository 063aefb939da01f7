//! `-allow-deferral`: what can be planned is, the rest is named with its reason and follows in the next apply.

use crate::drift::shown;
use crate::drift::with_emulator;
use crate::sandbox::Sandbox;

const CONFIG: &str = r#"
variable "n" {
  default = 2
}

resource "terraform_data" "size" {
  input = var.n
}

resource "terraform_data" "many" {
  count = terraform_data.size.output
  input = count.index
}

resource "terraform_data" "uses" {
  input = terraform_data.many[*].output
}

resource "terraform_data" "after" {
  depends_on = [terraform_data.many]
}

locals {
  both = { deferred = length(terraform_data.many), known = "k" }
}

resource "terraform_data" "known" {
  input = local.both.known
}

module "part" {
  source   = "./part"
  for_each = toset([for i in range(terraform_data.size.output) : tostring(i)])
  name     = each.key
}

output "number" {
  value = length(terraform_data.many)
}
"#;

const PART: &str = "
variable \"name\" {}
resource \"terraform_data\" \"in\" {
  input = var.name
}
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", CONFIG);
    sandbox.write("part/main.tf", PART);
    sandbox
}

#[track_caller]
fn state(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.ok(["state", "list"]).stdout;
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn unknown_instances_are_refused_by_default() {
    let sandbox = sandbox();
    let run = sandbox.fail(["plan"]);
    shown("deferral_refused", &run.stderr);
}

#[test]
fn one_apply_after_the_other_converges() {
    let sandbox = sandbox();
    let run = sandbox.run(["plan", "-allow-deferral", "-detailed-exitcode", "-out=p"]);
    run.code_is(2);
    shown("deferral_plan", &run.stdout);
    let json = sandbox.ok(["show", "-json", "p"]).json();
    assert_eq!(json["complete"], false);
    let deferred: Vec<String> = json["deferred_changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| format!("{} {}", d["resource_change"]["address"], d["reason"]))
        .collect();
    assert_eq!(
        deferred,
        [
            r#""module.part" "instance_count_unknown""#,
            r#""terraform_data.many" "instance_count_unknown""#,
            r#""terraform_data.after" "deferred_prereq""#,
            r#""terraform_data.uses" "deferred_prereq""#,
        ]
    );
    let markdown = sandbox.ok(["show", "-markdown", "p"]);
    markdown
        .says("**Deferred**")
        .says("- <code>terraform_data.many</code>: The \"count\" value");
    let applied = sandbox.ok(["apply", "p"]);
    applied.says("Some changes were deferred");
    assert_eq!(state(&sandbox), ["terraform_data.known", "terraform_data.size"]);
    assert_eq!(sandbox.ok(["output", "-json"]).json(), serde_json::json!({}));
    let second = sandbox.ok(["apply", "-auto-approve", "-allow-deferral"]);
    second.is_silent_about("deferred");
    assert_eq!(state(&sandbox).len(), 8, "{second}");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    // What is there stays as it is while it is deferred; nothing of it is taken for an orphan.
    let grown = sandbox.ok(["apply", "-auto-approve", "-allow-deferral", "-var=n=3"]);
    grown.says("Resources: 0 added, 1 changed, 0 destroyed.");
    assert_eq!(state(&sandbox).len(), 8);
    assert_eq!(sandbox.ok(["output", "-raw", "number"]).stdout, "2");
    sandbox
        .ok(["apply", "-auto-approve", "-allow-deferral", "-var=n=3"])
        .says("Resources: 2 added, 1 changed, 0 destroyed.");
    assert_eq!(sandbox.ok(["output", "-raw", "number"]).stdout, "3");
}

#[test]
fn what_needs_an_unknown_provider_is_deferred() {
    let (sandbox, emulator) = with_emulator(
        r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}

variable "key" {}

resource "terraform_data" "key" {
  input = var.key
}

provider "confluent" {
  cloud_api_key = terraform_data.key.output
}

resource "confluent_environment" "later" {
  display_name = "later"
}
"#,
    );
    let key = format!("-var=key={}", emulator.cloud_api_key);
    sandbox
        .ok(["plan", &key])
        .says("confluent_environment.later will be created");
    let plan = sandbox.ok(["plan", "-allow-deferral", &key]);
    plan.is_silent_about("confluent_environment.later will be created")
        .says("The configuration of the provider confluentinc/confluent depends on");
    sandbox.ok(["apply", "-auto-approve", "-allow-deferral", &key]);
    assert_eq!(emulator.names("environments"), ["default"]);
    sandbox.ok(["apply", "-auto-approve", "-allow-deferral", &key]);
    assert_eq!(emulator.names("environments"), ["default", "later"]);
}
