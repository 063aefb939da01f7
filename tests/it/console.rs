//! `console` from a pipe: values as Terraform prints them, what it sees, how it ends.

use crate::sandbox::Sandbox;

const MAIN: &str = r#"
variable "size" {
  type = number
}
variable "token" {
  default   = "s3cr3t"
  sensitive = true
}
variable "lease" {
  default   = "l1"
  ephemeral = true
}
locals {
  names = toset(["b", "a"])
}
resource "terraform_data" "one" {
  input = { size = 3, note = "two\nlines" }
}
resource "terraform_data" "each" {
  for_each = local.names
  input    = each.key
}
module "child" {
  source = "./child"
  count  = 2
}
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.write("child/main.tf", "output \"word\" {\n  value = upper(\"x\")\n}\n");
    sandbox
}

/// What the console prints for a line; a failure is told by its first line.
fn ask(sandbox: &Sandbox, args: &[&str], line: &str) -> String {
    let run = sandbox.run_with_input(["console"].iter().chain(args), &format!("{line}\n"));
    if run.code == Some(0) {
        assert!(run.stderr.is_empty(), "{line}: {}", run.stderr);
        return run.stdout;
    }
    assert_eq!(run.code, Some(1), "{line}");
    assert!(run.stdout.is_empty(), "{line}: {}", run.stdout);
    let told = run.stderr.lines().find(|l| l.contains("Error: "));
    format!(
        "{}\n",
        told.unwrap_or(&run.stderr).trim_start_matches(['│', '╷', ' '])
    )
}

fn all(sandbox: &Sandbox, args: &[&str], lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| format!("> {line}\n{}", ask(sandbox, args, line)))
        .collect()
}

#[test]
fn values_and_types_look_as_in_terraform() {
    let lines = [
        r#"{ a = [1, "x", null], "b c" = tolist(["q"]), d = {}, e = tostring(null), t = "a\nb\n" }"#,
        "tomap({ k = toset([2, 1]) })",
        "[tolist(null), var.token, [var.lease], var.size]",
        "1 / 0",
        "-0",
        "1 / 3",
        "100000000000000000000000",
        r#""a\"b\\ ${upper("é")} $${x}""#,
        "type({ a = [1, true], b = tolist([{ c = null }]), d = tomap({}) })",
        "type(var.size)",
    ];
    insta::assert_snapshot!(all(&sandbox(), &[], &lines));
}

#[test]
fn the_state_the_variables_and_a_plan_are_seen() {
    let sandbox = sandbox();
    let lines = [
        "terraform_data.one.input",
        "terraform_data.each",
        "module.child[*].word",
        "var.size",
        "local.names",
    ];
    let before = all(&sandbox, &[], &lines);
    let planned = all(&sandbox, &["-plan", "-var", "size=2"], &lines);
    sandbox.ok(["apply", "-auto-approve", "-var=size=5"]);
    sandbox.write("five.tfvars", "size = 5\n");
    let after = all(&sandbox, &["-var-file=five.tfvars"], &lines[..1]);
    sandbox.write("old.tfstate", sandbox.ok(["state", "pull"]).stdout);
    let elsewhere = all(
        &sandbox,
        &["-state=old.tfstate"],
        &["terraform_data.one.input.size"],
    );
    let nowhere = all(
        &sandbox,
        &["-state=none.tfstate"],
        &["terraform_data.one.input.size"],
    );
    insta::assert_snapshot!(format!(
        "{before}--- with -plan\n{planned}--- after apply\n{after}--- with -state\n{elsewhere}{nowhere}"
    ));
}

#[test]
fn mistakes_are_told_and_end_a_pipe() {
    let lines = [
        "var.nope",
        "terraform_data.nope.x",
        "terraform_data.one.nope",
        "module.nope",
        "each.key",
        "nope()",
        "upper([])",
        "1 +",
        "[1,)",
        "[type(1)]",
        "plantimestamp()",
        "var",
        "0 / 0",
    ];
    let sandbox = sandbox();
    insta::assert_snapshot!(all(&sandbox, &[], &lines));
    // The place of a mistake is shown, in the line that was typed.
    let run = sandbox.run_with_input(["console"], "1\nlocal.names + 1\n2\n");
    run.code_is(1).says("<console-input>").says("local.names + 1");
    assert_eq!(run.stdout, "");
}

#[test]
fn lines_of_a_pipe_are_evaluated_one_by_one() {
    let sandbox = sandbox();
    let said = |input: &str| {
        let run = sandbox.run_with_input(["console"], input);
        run.code_is(0);
        run.stdout
    };
    assert_eq!(said("1\n2\n"), "2\n");
    assert_eq!(said("1\n\n"), "\n");
    assert_eq!(said(""), "\n");
    assert_eq!(said("1\n exit \n2\n"), "");
    assert!(said("help\n").contains("type(var.settings)"));
    sandbox.run_with_input(["console"], "{\n  a = 1\n}\n").code_is(1);
    sandbox.run_with_input(["console", "extra"], "1\n").code_is(1);
}

#[test]
fn a_broken_part_of_the_configuration_leaves_the_rest_usable() {
    let sandbox = sandbox();
    sandbox.write("bad.tf", "locals {\n  bad = tonumber(\"x\")\n}\n");
    let run = sandbox.run_with_input(["console"], "[local.bad, 1 + 1]\n");
    run.code_is(0)
        .says("Invalid function argument")
        .says("some expressions may produce unexpected results");
    assert_eq!(run.stdout, "[\n  (known after apply),\n  2,\n]\n");
    sandbox.write("bad.tf", "locals {\n  a = local.b\n  b = local.a\n}\n");
    sandbox
        .run_with_input(["console"], "1\n")
        .code_is(1)
        .says("Cycle");
}

#[test]
fn secrets_are_not_shown() {
    let sandbox = sandbox();
    for line in [
        "var.token",
        "[for c in [var.token] : c]",
        "tonumber(var.token)",
        "{ (var.token) = 1 }",
    ] {
        sandbox
            .run_with_input(["console"], &format!("{line}\n"))
            .is_silent_about("s3cr3t");
    }
}
