//! What an apply evaluates anew: checks, and variables that no plan keeps. What a plan that only refreshes looks at.

use crate::sandbox::Sandbox;

#[test]
fn ephemeral_variables_are_given_again() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "token" {
  type      = string
  ephemeral = true
  default   = null
}

variable "size" {
  type    = number
  default = 1
}

resource "terraform_data" "a" {
  input = var.size

  provisioner "local-exec" {
    command = "echo ${var.token == "sesame-open" ? "right" : "wrong"} > told.txt"
  }
}
"#,
    );
    sandbox.ok(["plan", "-out=p", "-var=token=sesame-open", "-var=size=2"]);
    let kept = std::fs::read(sandbox.path("p")).unwrap();
    assert!(!kept.windows(11).any(|w| w == b"sesame-open"));
    sandbox.ok(["show", "-json", "p"]).is_silent_about("sesame-open");
    sandbox
        .fail(["apply", "p"])
        .says("The ephemeral input variable \"token\" was set when the plan was made");
    sandbox
        .fail(["apply", "-var=token=x", "-var=size=3", "p"])
        .says("Can't change variable when applying a saved plan");
    sandbox
        .fail(["apply", "-var=token=x", "-var=other=3", "p"])
        .says("Value for undeclared variable");
    sandbox.ok(["apply", "-var=token=sesame-open", "-var=size=2", "p"]);
    assert_eq!(sandbox.read("told.txt"), "right\n");

    sandbox.ok(["plan", "-out=q", "-var=size=4"]);
    sandbox
        .fail(["apply", "-var=token=x", "q"])
        .says("Ephemeral variable was not set during planning");
    sandbox.ok(["apply", "q"]);
}

const CHECKED: &str = r#"
variable "n" {
  type    = number
  default = 1
}

resource "terraform_data" "a" {
  input = var.n

  lifecycle {
    postcondition {
      condition     = var.n != 3
      error_message = "no three"
    }
  }
}

check "c" {
  assert {
    condition     = var.n == 2
    error_message = "out is ${terraform_data.a.output}"
  }
}

output "o" {
  value = var.n

  precondition {
    condition     = var.n != 4
    error_message = "no four"
  }
}
"#;

#[test]
fn checks_are_judged_when_all_is_made() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", CHECKED);
    // The message is not known before.
    sandbox
        .ok(["plan", "-out=p"])
        .says("This check failed, but has an invalid error message");
    sandbox.ok(["apply", "p"]).says("out is 1");
    let again = sandbox.ok(["apply", "-auto-approve"]);
    assert_eq!(again.stderr.matches("out is 1").count(), 1, "{again}");
    // What goes is not judged any more.
    sandbox
        .ok(["destroy", "-auto-approve", "-var=n=4"])
        .is_silent_about("no four")
        .is_silent_about("Check block");
}

#[test]
fn a_refresh_judges_without_stopping() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", CHECKED);
    sandbox.write(
        "read.tf",
        r#"
data "terraform_remote_state" "other" {
  backend = "local"
  config  = { path = "other.tfstate" }
}

output "read" {
  value = data.terraform_remote_state.other.outputs.word
}
"#,
    );
    let other = |word: &str| {
        format!(
            r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{{"word":{{"value":"{word}","type":"string"}}}},"resources":[]}}"#
        )
    };
    sandbox.write("other.tfstate", other("one"));
    sandbox.ok(["apply", "-auto-approve"]);
    for (n, told) in [
        ("3", "no three"),
        ("4", "no four"),
        ("5", "Check block assertion failed"),
    ] {
        let variable = format!("-var=n={n}");
        sandbox
            .ok(["plan", "-refresh-only", variable.as_str()])
            .says(told);
    }
    sandbox.write("other.tfstate", other("two"));
    sandbox
        .run(["plan", "-refresh-only", "-detailed-exitcode"])
        .code_is(2);
    sandbox.ok(["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!(sandbox.ok(["output", "-raw", "read"]).stdout, "two");
}

#[test]
fn messages_with_secrets_are_not_shown() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "e" {
  ephemeral = true
  default   = "hidden-word"
}

variable "v" {
  default = "x"
  validation {
    condition     = var.v != "bad"
    error_message = "got ${var.e}"
  }
}

resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = var.e == "hidden-word"
      error_message = "got ${var.e}"
    }
  }
}
"#,
    );
    // It is told also where the condition holds.
    sandbox
        .ok(["plan"])
        .says("Error message refers to ephemeral values")
        .is_silent_about("hidden-word");
    sandbox
        .fail(["plan", "-var=v=bad"])
        .says("Error message refers to ephemeral values")
        .is_silent_about("got hidden-word");
}

#[test]
fn a_key_of_what_is_no_map_stands_for_all_of_it() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "b" {
  default = 1
}

resource "terraform_data" "a" {
  input = { a = 1, b = var.b }

  lifecycle {
    ignore_changes = [input["a"]]
  }
}
"#,
    );
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.run(["plan", "-detailed-exitcode", "-var=b=2"]).code_is(0);
}

#[test]
fn a_computed_number_survives_the_plan_file_and_the_state() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "a" {
  input = [log(1.5, 2), pow(2, 1.5), 1 / 3]
}
"#,
    );
    sandbox.ok(["plan", "-out=p"]);
    sandbox.ok(["apply", "p"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn a_state_is_shown_by_the_name_of_its_file() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", "resource \"terraform_data\" \"a\" { input = 1 }\n");
    sandbox
        .ok(["apply", "-auto-approve", "-state=other.tfstate"])
        .says("Deprecated flag: -state");
    sandbox
        .ok(["show", "other.tfstate"])
        .says("resource \"terraform_data\" \"a\"");
    sandbox.ok(["import", "-state=second.tfstate", "terraform_data.a", "some-id"]);
    sandbox
        .ok(["state", "list", "-state=second.tfstate"])
        .says("terraform_data.a");
}
