//! States that come from Terraform and go back to it. Where terraform is installed, it is the judge.

use serde_json::Value;
use serde_json::json;

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

/// Every kind of thing that a state file holds: odd keys, numbers, sensitive paths, modules, checks, outputs of all types.
const MAIN: &str = r#"
variable "secret" {
  sensitive = true
  default   = "s3cr3t-value"
}
variable "command" {
  default = "true"
}
resource "terraform_data" "sec" {
  input = { a = var.secret, b = [1, 12345678901234567890123, 1.5, 0.1, -3], c = null, d = { "e f" = [var.secret] } }
}
module "one" {
  source = "./m"
  x      = "<p>"
}
module "many" {
  source   = "./m"
  for_each = toset(["k.1", "k\"2"])
  x        = each.key
  up       = module.one.ids[0]
}
resource "terraform_data" "cbd" {
  input            = "v"
  triggers_replace = var.command
  lifecycle {
    create_before_destroy = true
  }
  provisioner "local-exec" {
    command = var.command
  }
}
resource "terraform_data" "dep" {
  input = terraform_data.cbd.input
  lifecycle {
    prevent_destroy = true
  }
}
check "c" {
  assert {
    condition     = terraform_data.sec.input.a == "s3cr3t-value"
    error_message = "no"
  }
}
output "sec" {
  value     = terraform_data.sec.output
  sensitive = true
}
output "many" {
  value = module.many["k.1"].all
}
output "tuple" {
  value = [1, "a", true, null, {}, "<&> \u2028"]
}
output "set" {
  value = toset(["a", "b"])
}
"#;

const MODULE: &str = r#"
variable "x" {}
variable "up" {
  default = null
}
resource "terraform_data" "in" {
  for_each = toset(["a b", "ä\"q", "$${x}", "%%{y}", "tab\tz", "1"])
  input    = { k = each.key, x = var.x, up = var.up }
}
resource "terraform_data" "c" {
  count = 12
  input = [var.x, count.index, terraform_data.in["1"].output.k]
}
output "all" {
  value = { for k, v in terraform_data.in : k => v.output }
}
output "ids" {
  value = terraform_data.c[*].id
}
"#;

fn project() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set_env("CHECKPOINT_DISABLE", "1");
    sandbox.write("main.tf", MAIN);
    sandbox.write("m/main.tf", MODULE);
    sandbox
}

/// What terraform does; `None` (told) where it is not installed.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn terraform(sandbox: &Sandbox, args: &[&str]) -> Option<Run> {
    let run = sandbox.program("terraform", "", args);
    if run.is_none() {
        eprintln!("skipped: terraform is not on this machine");
    }
    run
}

#[test]
fn what_terraform_made_is_taken_over_and_given_back() {
    let sandbox = project();
    let Some(init) = terraform(&sandbox, &["init", "-no-color"]) else {
        return;
    };
    init.code_is(0);
    let terraform = |args: &[&str]| terraform(&sandbox, args).unwrap();
    terraform(&["apply", "-auto-approve", "-no-color"]).code_is(0);
    // A replacement that fails half-way: the new object is tainted, the old one deposed.
    terraform(&["apply", "-auto-approve", "-no-color", "-var=command=exit 3"]).code_is(1);
    terraform(&["taint", "-no-color", "module.one.terraform_data.c[3]"]).code_is(0);
    let theirs = sandbox.read("terraform.tfstate");
    assert_eq!(theirs.matches("\"status\": \"tainted\"").count(), 2);
    assert_eq!(theirs.matches("\"deposed\": ").count(), 1);

    sandbox.ok(["state", "push", "terraform.tfstate"]);
    let ours = sandbox.ok(["state", "pull"]).stdout;
    assert_eq!(ours, theirs, "byte for byte what Terraform wrote");
    let shown = sandbox.ok(["plan", "-out=p"]);
    shown.says("Plan: 2 to add, 0 to change, 3 to destroy.");
    shown.is_silent_about("s3cr3t-value");
    sandbox.ok(["apply", "p"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);

    // And back: Terraform takes the file, and has nothing to do.
    let ours = sandbox.ok(["state", "pull"]).stdout;
    let serial = |text: &str| serde_json::from_str::<Value>(text).unwrap()["serial"].as_u64();
    assert!(serial(&ours) > serial(&theirs));
    sandbox.write("back.tfstate", &ours);
    terraform(&["state", "push", "back.tfstate"]).code_is(0);
    terraform(&["plan", "-detailed-exitcode", "-no-color"])
        .code_is(0)
        .says("No changes.");
    let listed = |run: Run| {
        let mut lines: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        listed(terraform(&["state", "list"])),
        listed(sandbox.ok(["state", "list"]))
    );

    // Terraform goes on, and we take over again: the guard that its file knows nothing of is still remembered.
    sandbox.edit("main.tf", "\"v\"", "\"w\"");
    terraform(&["apply", "-auto-approve", "-no-color"]).code_is(0);
    assert!(!sandbox.read("terraform.tfstate").contains("streamform"));
    sandbox.ok(["state", "push", "terraform.tfstate"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    assert_eq!(remembered(&sandbox.ok(["state", "pull"]).json()), ["dep"]);
}

/// Names of the resources whose guard the state remembers.
fn remembered(state: &Value) -> Vec<&str> {
    let resources = state["resources"].as_array().unwrap();
    let guarded = resources
        .iter()
        .filter(|r| r["instances"][0]["streamform"]["prevent_destroy"] == json!(true));
    guarded.map(|r| r["name"].as_str().unwrap()).collect()
}

#[test]
fn what_terraform_does_not_know_goes_along_in_the_file() {
    let sandbox = project();
    sandbox.ok(["apply", "-auto-approve"]);
    let text = sandbox.ok(["state", "pull"]).stdout;
    let state: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(remembered(&state), ["dep"]);
    let sandbox = project();
    sandbox.write("pulled.tfstate", &text);
    sandbox.ok(["state", "push", "pulled.tfstate"]);
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, text);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}
