//! What is wrong with a configuration by itself is told before what its values, its state and targets make of it.

use crate::sandbox::Sandbox;

const WRONG: &str = r#"
variable "n" {
  type    = number
  default = 5
}

resource "terraform_data" "a" {
  input = 1
}

output "always" {
  value = [1][5]
}

output "now" {
  value = [1][var.n]
}
"#;

#[test]
fn a_mistake_that_needs_no_values_is_told_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", WRONG);
    for args in [
        &["plan"][..],
        &["plan", "-var=n=x"],
        &["plan", "-destroy"],
        &["plan", "-refresh-only"],
        &["plan", "-target=terraform_data.a"],
        &["apply", "-auto-approve"],
        &["refresh"],
    ] {
        sandbox
            .fail(args.iter().copied())
            .says("value = [1][5]")
            .is_silent_about("var.n]")
            .is_silent_about("input variable")
            .is_silent_about("Resource targeting");
    }
    // What failed so has written nothing.
    sandbox.fail(["state", "list"]).says("No state file was found!");

    sandbox.write("main.tf", WRONG.replace("[1][5]", "[1][0]"));
    sandbox.fail(["plan"]).says("value = [1][var.n]");
    sandbox
        .fail(["plan", "-var=n=x"])
        .says("Invalid value for input variable");
}

#[test]
fn blocks_without_instances_are_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "n" {
  type    = number
  default = 0
}

resource "terraform_data" "a" {
  count = var.n
  input = [1][4]
}
"#,
    );
    sandbox.fail(["plan"]).says("input = [1][4]");
}

#[test]
fn a_destroy_does_not_begin_with_a_wrong_block() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", "resource \"terraform_data\" \"a\" {\n  input = 1\n}\n");
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.write(
        "main.tf",
        "resource \"terraform_data\" \"a\" {\n  inputs = 1\n}\n",
    );
    sandbox
        .fail(["destroy", "-auto-approve"])
        .says("An argument named \"inputs\" is not expected here.");
    sandbox.ok(["state", "list"]).says("terraform_data.a");
}

#[test]
fn wrong_names_in_a_condition_are_told_as_terraform_tells_them() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = terraform_data.zz.id != self.id
      error_message = "Not equal."
    }
  }
}
"#,
    );
    sandbox
        .fail(["validate"])
        .says("A managed resource \"terraform_data\" \"zz\" has not been declared")
        .says("Invalid \"self\" reference")
        .says("There is no variable named \"terraform_data\".")
        .says("There is no variable named \"self\".");
}

#[test]
fn what_went_is_nothing_to_the_outputs() {
    let sandbox = Sandbox::new();
    let text = |n: u32| {
        format!(
            r#"
resource "terraform_data" "x" {{
  count = {n}
  input = count.index
}}

resource "terraform_data" "y" {{
  input = try(terraform_data.x[1].output, "none")
}}

output "second" {{
  value = try(terraform_data.x[1].output, "none")
}}
"#
        )
    };
    sandbox.write("main.tf", text(2));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.ok(["output", "-raw", "second"]).says("1");
    sandbox.write("main.tf", text(1));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.ok(["output", "-raw", "second"]).says("none");
    sandbox.ok(["plan"]).says("No changes.");
}

#[test]
fn a_refresh_ends_with_a_condition_that_fails() {
    let sandbox = Sandbox::new();
    let text = |n: u32| {
        format!(
            r#"
resource "terraform_data" "a" {{
  input = 1
}}

output "o" {{
  value = terraform_data.a.output

  precondition {{
    condition     = terraform_data.a.output == {n}
    error_message = "It must be {n}."
  }}
}}
"#
        )
    };
    sandbox.write("main.tf", text(1));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.write("main.tf", text(2));
    sandbox
        .ok(["plan", "-refresh-only"])
        .says("Warning: Module output value precondition failed");
    sandbox
        .fail(["apply", "-refresh-only", "-auto-approve"])
        .says("Error: Module output value precondition failed");
    sandbox
        .fail(["refresh"])
        .says("Error: Module output value precondition failed")
        .is_silent_about("Warning:");
}
