//! Provisioners: programs that run when an object is made or deleted, what is told of them, and what their failure means.

use std::io::BufRead;
use std::io::BufReader;
#[cfg(unix)]
use std::io::Lines;
#[cfg(unix)]
use std::process::Child;
#[cfg(unix)]
use std::process::ChildStderr;
use std::process::Stdio;

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

const APPLY: [&str; 3] = ["apply", "-auto-approve", "-no-color"];
const DESTROY: [&str; 3] = ["destroy", "-auto-approve", "-no-color"];

/// Compares what was told on standard error with the snapshot of this name.
#[track_caller]
fn told(name: &str, run: &Run) {
    insta::with_settings!({
        filters => vec![
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
            (r"after \d+m?s", "after TIME"),
        ],
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!(name, run.stderr);
    });
}

#[test]
fn output_is_told_line_by_line_and_secrets_are_not() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "password" {
  default   = "correct-horse-battery"
  sensitive = true
}
resource "terraform_data" "a" {
  input = "x"
  provisioner "local-exec" {
    command     = "echo \"$GREETING ${self.input}\"; echo err >&2; printf end"
    environment = { GREETING = "hello", NOTHING = null }
  }
  provisioner "local-exec" {
    command = "echo ${var.password} > secret.txt; cat secret.txt"
  }
  provisioner "local-exec" {
    command = "cat secret.txt"
  }
  provisioner "local-exec" {
    command     = "print(1 + 1)"
    interpreter = ["python3", "-c"]
    quiet       = true
  }
  provisioner "local-exec" {
    command     = "pwd | sed 's#.*/##'"
    working_dir = "sub"
  }
  provisioner "local-exec" {
    command    = "exit 3"
    on_failure = continue
  }
}
"#,
    );
    sandbox.write("sub/keep", "");
    let run = sandbox.ok(APPLY);
    run.is_silent_about("correct-horse-battery");
    assert_eq!(sandbox.read("secret.txt"), "correct-horse-battery\n");
    told("provisioner_output", &run);
    sandbox.ok(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn a_failure_taints_what_was_made() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "code" { default = 4 }
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo trying; exit ${var.code}"
  }
  provisioner "local-exec" {
    command = "echo never"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo not for what was never whole"
  }
}
resource "terraform_data" "b" { input = terraform_data.a.id }
"#,
    );
    let run = sandbox.fail(APPLY);
    told("provisioner_failure", &run);
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "terraform_data.a\n");
    sandbox
        .ok(["plan", "-no-color"])
        .says("terraform_data.a is tainted, so must be replaced");
    sandbox
        .ok(APPLY.iter().copied().chain(["-var", "code=0"]))
        .is_silent_about("not for what was never whole");
}

#[test]
fn a_destroy_provisioner_sees_the_object_and_holds_it() {
    let sandbox = Sandbox::new();
    let config = |code: u8| {
        format!(
            r#"
variable "keys" {{
  type    = set(string)
  default = ["a", "b"]
}}
module "m" {{
  source = "./m"
  keys   = var.keys
}}
resource "terraform_data" "held" {{
  input = "{code}"
  provisioner "local-exec" {{
    when    = destroy
    command = "exit ${{self.input}}"
  }}
}}
"#
        )
    };
    sandbox.write(
        "m/main.tf",
        r#"
variable "keys" { type = set(string) }
resource "terraform_data" "x" {
  for_each = var.keys
  provisioner "local-exec" {
    when    = destroy
    command = "echo ${each.key} ${path.module} ${terraform.workspace} >> gone.txt"
  }
}
"#,
    );
    sandbox.write("main.tf", config(7));
    sandbox.ok(APPLY);
    sandbox.ok(APPLY.iter().copied().chain(["-var", "keys=[\"a\"]"]));
    assert_eq!(sandbox.read("gone.txt"), "b m default\n");
    let run = sandbox.fail(DESTROY);
    run.says("local-exec provisioner error").says("exit status 7");
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "terraform_data.held\n");
    sandbox.write("main.tf", config(0));
    sandbox.ok(APPLY);
    sandbox.ok(DESTROY);
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "");
}

#[test]
fn a_removed_block_has_the_last_word() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "resource \"terraform_data\" \"a\" {\n  count = 2\n  input = \"was\"\n}\n",
    );
    sandbox.ok(APPLY);
    sandbox.write(
        "main.tf",
        r#"
removed {
  from = terraform_data.a
  lifecycle { destroy = true }
  provisioner "local-exec" {
    when    = destroy
    command = "echo ${self.input} ${count.index} >> gone.txt"
  }
}
"#,
    );
    sandbox.ok(APPLY.iter().copied().chain(["-parallelism=1"]));
    let mut gone: Vec<String> = sandbox.read("gone.txt").lines().map(str::to_owned).collect();
    gone.sort();
    assert_eq!(gone, ["was 0", "was 1"]);
}

#[test]
fn create_before_destroy_keeps_both_where_a_provisioner_fails() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
variable "t" { default = 1 }
variable "code" { default = 0 }
resource "terraform_data" "a" {
  triggers_replace = var.t
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" { command = "exit ${var.code}" }
  provisioner "local-exec" {
    when    = destroy
    command = "echo not for deposed objects"
  }
}
"#,
    );
    sandbox.ok(APPLY);
    sandbox.fail(APPLY.iter().copied().chain(["-var", "t=2", "-var", "code=1"]));
    sandbox
        .ok(["plan", "-no-color", "-var", "t=2"])
        .says("Plan: 1 to add, 0 to change, 2 to destroy.");
    sandbox
        .ok(APPLY.iter().copied().chain(["-var", "t=2"]))
        .is_silent_about("not for deposed objects");
    sandbox
        .ok(["plan", "-detailed-exitcode", "-var", "t=2"])
        .code_is(0);
}

#[test]
fn the_stream_tells_provisioners() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "a" {
  provisioner "local-exec" { command = "echo hi" }
  provisioner "local-exec" { command = "exit 1" }
}
"#,
    );
    let run = sandbox.fail(["apply", "-auto-approve", "-json"]);
    let lines: Vec<(String, String)> = run
        .stdout
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap())
        .filter(|l| l["type"].as_str().is_some_and(|t| t.starts_with("provision_")))
        .map(|l| {
            assert_eq!(l["hook"]["provisioner"], "local-exec");
            assert_eq!(l["hook"]["resource"]["addr"], "terraform_data.a");
            (
                l["type"].as_str().unwrap().to_owned(),
                l["@message"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [
        (
            "provision_start",
            "terraform_data.a: Provisioning with 'local-exec'...",
        ),
        (
            "provision_progress",
            "terraform_data.a: (local-exec): Executing: [\"/bin/sh\" \"-c\" \"echo hi\"]",
        ),
        ("provision_progress", "terraform_data.a: (local-exec): hi"),
        (
            "provision_complete",
            "terraform_data.a: (local-exec) Provisioning complete",
        ),
        (
            "provision_start",
            "terraform_data.a: Provisioning with 'local-exec'...",
        ),
        (
            "provision_progress",
            "terraform_data.a: (local-exec): Executing: [\"/bin/sh\" \"-c\" \"exit 1\"]",
        ),
        (
            "provision_errored",
            "terraform_data.a: (local-exec) Provisioning errored",
        ),
    ]
    .map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(lines, expected);
}

#[test]
fn what_connects_to_machines_is_checked_and_refused_before_anything_is_done() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "first" {}
resource "terraform_data" "a" {
  connection {
    type = "ssh"
    host = self.id
  }
  provisioner "remote-exec" { inline = ["true"] }
}
"#,
    );
    sandbox.ok(["validate"]);
    sandbox.ok(["plan"]);
    let run = sandbox.fail(APPLY);
    run.says("Provisioner is not available");
    // Nothing was written, not even an empty state.
    sandbox.fail(["state", "list"]).says("No state file was found!");
}

#[test]
fn mistakes_in_the_blocks_are_told_together() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "a" {
  provisioner "local-exe" {}
  provisioner "local-exec" {}
  provisioner "local-exec" {
    command     = ["x"]
    environment = { A = [1] }
    nope        = 1
  }
  provisioner "remote-exec" {
    inline = ["a"]
    script = "b"
  }
  provisioner "file" { destination = "/x" }
  provisioner "file" {
    content     = "x"
    destination = "/x"
    connection {
      port = "abc"
    }
  }
}
"#,
    );
    told("provisioner_mistakes", &sandbox.fail(["validate", "-no-color"]));
}

/// The child and what it has started end with the run; the object is kept as tainted.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_program() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "sleep 300 & echo $! > sleeper; echo started; wait"
  }
}
"#,
    );
    let (mut child, mut lines) = begun(&sandbox);
    assert!(
        lines
            .by_ref()
            .any(|l| l.unwrap().ends_with("(local-exec): started"))
    );
    interrupt(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest:?}");
    assert!(rest.iter().any(|l| l.contains("interrupted")), "{rest:?}");
    ended(&sandbox);
    sandbox
        .ok(["plan", "-no-color"])
        .says("terraform_data.a is tainted, so must be replaced");
}

/// An apply that is under way, and what it tells.
#[cfg(unix)]
fn begun(sandbox: &Sandbox) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = sandbox
        .command(APPLY)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, lines)
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let done = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(done.unwrap().success());
}

/// Fails if what a program has started is alive: it has left its number in a file.
#[cfg(unix)]
#[track_caller]
fn ended(sandbox: &Sandbox) {
    let sleeper = sandbox.read("sleeper");
    let state = std::process::Command::new("ps")
        .args(["-o", "stat=", "-p", sleeper.trim()])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    assert!(
        state.is_empty() || state.starts_with('Z'),
        "what the shell has started is ended, too: {state}"
    );
}

/// Whoever does not want to wait for a program that does not want to end interrupts twice.
#[cfg(unix)]
#[test]
fn a_second_interrupt_leaves_no_program_behind() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "trap 'echo asked' TERM; sh -c 'trap : TERM; while [ -e main.tf ]; do sleep 0.1; done' & echo $! > sleeper; echo started; while [ -e main.tf ]; do sleep 0.1; done"
  }
}
"#,
    );
    let (mut child, mut lines) = begun(&sandbox);
    for said in ["started", "asked"] {
        let line = format!("(local-exec): {said}");
        assert!(lines.by_ref().any(|l| l.unwrap().ends_with(&line)), "{said}");
        interrupt(&child);
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    // (Killed, but maybe not yet taken note of.)
    std::thread::sleep(std::time::Duration::from_millis(200));
    ended(&sandbox);
}

/// What a program can see of the state is durable before it begins, whenever the command is killed.
#[cfg(debug_assertions)]
#[test]
fn a_program_begins_after_its_object_is_known() {
    for step in 1.. {
        let sandbox = Sandbox::new();
        sandbox.write(
            "main.tf",
            r#"
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "touch begun"
  }
}
"#,
        );
        let killed = sandbox
            .command(APPLY)
            .env("STREAMFORM_KILL_AT", step.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        if sandbox.path("begun").exists() {
            sandbox.ok(["state", "list"]).says("terraform_data.a");
        }
        if killed.code().is_some() {
            assert!(step > 4, "no step was met");
            break;
        }
    }
}
