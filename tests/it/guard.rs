//! `prevent_destroy` outlives the block that it stood in.

use crate::drift::shown;
use crate::drift::with_emulator;
use crate::sandbox::Sandbox;

/// The provider.
pub(crate) const HEAD: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}
"#;

const GUARDED: &str = r#"
resource "confluent_service_account" "orders" {
  display_name = "orders"
  lifecycle { prevent_destroy = true }
}
"#;

const OTHER: &str = r#"
resource "confluent_service_account" "other" {
  display_name = "other"
}
"#;

#[test]
fn a_guard_is_remembered_when_its_block_is_gone() {
    let (sandbox, emulator) = with_emulator(&format!("{HEAD}{GUARDED}"));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.write("main.tf", format!("{HEAD}{OTHER}"));
    let run = sandbox.fail(["plan"]);
    shown("guard_plan_text", &run.stdout);
    shown("guard_plan_error", &run.stderr);
    let destroy = sandbox.fail(["destroy", "-auto-approve"]);
    destroy.says("Instance cannot be destroyed");
    assert_eq!(emulator.names("service_accounts"), ["orders"]);
    let wrong = sandbox.fail([
        "apply",
        "-auto-approve",
        "-allow-destroy=confluent_service_account.other",
    ]);
    wrong.says("Instance cannot be destroyed");
    sandbox.ok([
        "apply",
        "-auto-approve",
        "-allow-destroy=confluent_service_account.orders",
    ]);
    assert_eq!(emulator.names("service_accounts"), ["other"]);
}

#[test]
fn a_block_that_is_there_says_itself_whether_it_is_guarded() {
    let (sandbox, emulator) = with_emulator(&format!("{HEAD}{GUARDED}"));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox
        .fail(["plan", "-replace=confluent_service_account.orders"])
        .says("Instance cannot be destroyed");
    sandbox
        .fail(["plan", "-destroy"])
        .says("Instance cannot be destroyed")
        .says("confluent_service_account.orders will be destroyed");
    // Named, it may go although the block guards it.
    sandbox.ok([
        "plan",
        "-destroy",
        "-allow-destroy=confluent_service_account.orders",
    ]);
    // Written out or left out: the block lifts the guard, also before the lifting was applied.
    sandbox.edit("main.tf", "prevent_destroy = true", "prevent_destroy = false");
    sandbox.ok(["plan", "-destroy"]);
    sandbox.edit("main.tf", "lifecycle { prevent_destroy = false }", "");
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.write("main.tf", HEAD);
    sandbox.ok(["apply", "-auto-approve"]);
    assert_eq!(emulator.names("service_accounts"), [""; 0]);
}

#[test]
fn a_plan_that_is_refused_shows_everything_else() {
    let sandbox = Sandbox::new();
    let config = r#"
resource "terraform_data" "guarded" {
  triggers_replace = 1
  lifecycle { prevent_destroy = true }
}

resource "terraform_data" "needs_it" {
  input = terraform_data.guarded.id
}
"#;
    sandbox.write("main.tf", config);
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.write("main.tf", config.replace("= 1", "= 2"));
    let run = sandbox.fail(["plan"]);
    run.says("terraform_data.guarded must be replaced")
        .says("Guarded by prevent_destroy")
        .says("terraform_data.needs_it will be updated in-place");
    sandbox.fail(["apply", "-auto-approve"]);
    // What lives in the state alone goes with its block, as with Terraform.
    sandbox.write("main.tf", "");
    sandbox.ok(["apply", "-auto-approve"]);
}
