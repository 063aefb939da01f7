//! Commands that write the state without calling a service, killed at their journal steps: what is there afterwards is the state
//! before or the state after, and the same command once more does the rest.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::Sandbox;

const CONFIG: &str = r#"
variable "round" {
  type    = number
  default = 2
}
variable "password" {
  type      = string
  sensitive = true
  default   = "correct-horse"
}
resource "terraform_data" "a" {
  input = { password = var.password, round = var.round }
}
resource "terraform_data" "b" {
  count = var.round
  input = count.index
}
resource "terraform_data" "c" {
  count = var.round - 1
}
output "a" {
  value     = terraform_data.a.output
  sensitive = true
}
"#;

/// What a kill may leave.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    /// The state before, or the one after.
    Either,
    /// Something between, too: several objects are changed, one after the other.
    Between,
}

/// A state of two versions.
fn begin() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", CONFIG);
    sandbox.ok(["apply", "-auto-approve", "-var=round=1"]);
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.ok(["state", "rm", "terraform_data.c"]);
    let mut pulled = sandbox.ok(["state", "pull"]).json();
    pulled["serial"] = Value::from(pulled["serial"].as_u64().unwrap() + 5);
    pulled["outputs"] = serde_json::json!({});
    sandbox.write("pushed.json", pulled.to_string());
    sandbox.write("new.key", format!("{}\n", "ab".repeat(32)));
    sandbox
}

/// What the state says.
fn standing(sandbox: &Sandbox) -> Value {
    let mut state = sandbox.ok(["state", "pull"]).json();
    state.as_object_mut().unwrap().remove("serial");
    state
}

const STATE: &str = "streamform.state";

fn killed_at_its_steps(args: &[&str], leaves: Leaves) {
    let mut sandbox = begin();
    if args.contains(&"rekey") {
        // Who is interrupted opens what has the new key already.
        sandbox.set_env("STREAMFORM_STATE_KEY_FILE_OLD", sandbox.path("new.key"));
    }
    sandbox.copy_folder(&sandbox.path(STATE), "before");
    let before = standing(&sandbox);
    sandbox.ok(args);
    let after = standing(&sandbox);
    let stride = if std::env::var_os("STREAMFORM_KILLS").is_some() {
        1
    } else {
        5
    };
    let mut kills = 0;
    for step in (1..).step_by(stride) {
        fs::remove_dir_all(sandbox.path(STATE)).unwrap();
        sandbox.copy_folder(&sandbox.path("before"), STATE);
        let status = sandbox
            .command(args)
            .env("STREAMFORM_KILL_AT", step.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        if status.code().is_some() {
            break;
        }
        kills += 1;
        let context = format!("{args:?} killed at step {step}");
        let left = standing(&sandbox);
        assert!(
            left == before || left == after || leaves == Leaves::Between,
            "{context}: {left:#?}"
        );
        sandbox.run(["state", "check"]).is_silent_about("WRONG");
        let again = sandbox.run(args);
        assert!(again.code == Some(0) || left == after, "{context}\n{again}");
        assert_eq!(standing(&sandbox), after, "{context}\n{again}");
        sandbox.ok(["state", "check"]);
    }
    assert!(kills > 0, "{args:?} has no journal steps");
}

#[test]
fn commands_on_records_are_done_or_not() {
    killed_at_its_steps(
        &["state", "mv", "terraform_data.a", "terraform_data.z"],
        Leaves::Either,
    );
    killed_at_its_steps(&["state", "rm", "terraform_data.b"], Leaves::Either);
    killed_at_its_steps(&["taint", "terraform_data.a"], Leaves::Either);
    killed_at_its_steps(&["import", "terraform_data.c[0]", "found"], Leaves::Either);
}

#[test]
fn commands_on_the_whole_state_are_done_or_not() {
    killed_at_its_steps(&["state", "push", "pushed.json"], Leaves::Either);
    killed_at_its_steps(&["state", "restore", "-auto-approve", "1"], Leaves::Either);
    killed_at_its_steps(&["state", "rekey", "-new-key-file=new.key"], Leaves::Either);
    killed_at_its_steps(&["rollback", "1", "-auto-approve"], Leaves::Between);
}
