//! States in a PostgreSQL database: a real server, and several runs at the same time.

use std::path::Path;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

#[allow(dead_code, reason = "the tests of the state's crate use the rest")]
#[path = "../../state/src/postgres/tests/server.rs"]
pub(crate) mod server;

use server::Server;

/// Both make a file when they have begun, and go on when there is another.
const TWO: &str = r#"
terraform {
  backend "pg" {}
}

variable "rounds" {
  type    = object({ a = number, b = number })
  default = { a = 1, b = 1 }
}

resource "terraform_data" "a" {
  triggers_replace = var.rounds.a
  provisioner "local-exec" {
    command = "touch begun-a; while [ -e wait-a ]; do sleep 0.05; done"
  }
}

resource "terraform_data" "b" {
  triggers_replace = var.rounds.b
  provisioner "local-exec" {
    command = "touch begun-b; while [ -e wait-b ]; do sleep 0.05; done"
  }
}

output "rounds_of_a" {
  value = terraform_data.a.triggers_replace
}

output "rounds_of_b" {
  value = terraform_data.b.triggers_replace
}
"#;

struct Place {
    sandbox: Sandbox,
    server: std::sync::Arc<Server>,
    conn_str: String,
    database: String,
}

/// A sandbox with a key that others could have, and an empty database. `None` where no server is installed.
fn place() -> Option<Place> {
    let server = Server::shared()?;
    let conn_str = server.database();
    let database = conn_str.rsplit('/').next()?.split('?').next()?.to_owned();
    let mut sandbox = Sandbox::new();
    sandbox.set_env(
        "STREAMFORM_STATE_PASSPHRASE",
        "a passphrase that all of them know",
    );
    sandbox.set_env("TF_IN_AUTOMATION", "1");
    Some(Place {
        sandbox,
        server,
        conn_str,
        database,
    })
}

impl Place {
    fn init(&self, more: &[&str]) -> Run {
        let setting = format!("-backend-config=conn_str={}", self.conn_str);
        let args = [&["init", "-input=false", setting.as_str()], more].concat();
        self.sandbox.ok(args)
    }

    fn sql(&self, statement: &str) -> String {
        self.server.sql(&self.database, statement).unwrap()
    }

    fn exists(&self, name: &str) -> bool {
        self.sandbox.path(name).exists()
    }

    /// Begins an apply that stands still in the provisioner of `name`.
    fn begin(&self, name: &str, args: &[&str]) -> Child {
        self.sandbox.write(format!("wait-{name}"), "");
        let child = self
            .sandbox
            .command([&["apply", "-auto-approve", "-no-color"], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(&self.sandbox.path(format!("begun-{name}")));
        child
    }

    /// Lets it go on to its end.
    fn end(&self, name: &str, child: Child) -> (bool, String) {
        std::fs::remove_file(self.sandbox.path(format!("wait-{name}"))).unwrap();
        let output = child.wait_with_output().unwrap();
        let _ = std::fs::remove_file(self.sandbox.path(format!("begun-{name}")));
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{} should come",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

#[test]
fn a_database_keeps_the_states_of_all_workspaces() {
    let Some(place) = place() else { return };
    let sandbox = &place.sandbox;
    sandbox.write("main.tf", TWO);
    sandbox.fail(["plan"]).says("Backend initialization required");
    place.init(&[]).is_silent_about("not-shown");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
    sandbox.ok(APPLY);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    assert_eq!(
        sandbox.ok(["state", "list"]).stdout,
        "terraform_data.a\nterraform_data.b\n"
    );
    assert_eq!(sandbox.ok(["output", "-raw", "rounds_of_a"]).stdout, "1");
    assert!(!place.exists("streamform.state"), "nothing is kept here");
    let rows = "SELECT count(*) FROM terraform_remote_state.streamform_items WHERE kind = 'resource'";
    assert_eq!(place.sql(rows), "2");
    sandbox.ok(["workspace", "new", "prod"]);
    assert_eq!(sandbox.ok(["workspace", "list"]).stdout, "  default\n* prod\n\n");
    sandbox.ok(APPLY);
    sandbox.ok(["workspace", "select", "default"]);
    sandbox
        .fail(["workspace", "delete", "prod"])
        .says("Workspace is not empty");
    sandbox.ok(["workspace", "delete", "-force", "prod"]);
    assert_eq!(place.sql(rows), "2");
    sandbox
        .fail(["force-unlock", "-force", "some-id"])
        .says("not locked");
    sandbox.ok(["destroy", "-auto-approve"]);
    assert_eq!(place.sql(rows), "0");
    assert_eq!(
        place.sql("SELECT count(*) FROM terraform_remote_state.streamform_locks"),
        "0"
    );
}

#[test]
fn states_move_there_and_back() {
    let Some(place) = place() else { return };
    let sandbox = &place.sandbox;
    sandbox.write("main.tf", TWO.replace("backend \"pg\" {}", ""));
    sandbox.ok(APPLY);
    let before = sandbox.ok(["state", "pull"]).stdout;
    sandbox.write("main.tf", TWO);
    place.init(&["-migrate-state", "-force-copy"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, before);
    sandbox.ok(["apply", "-auto-approve", "-replace=terraform_data.a"]);
    let before = sandbox.ok(["state", "pull"]).stdout;
    sandbox.write("main.tf", TWO.replace("backend \"pg\" {}", ""));
    sandbox.ok(["init", "-migrate-state", "-force-copy"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, before);
}

#[test]
fn two_apply_disjoint_parts_at_the_same_time_and_on_overlapping_ones_the_second_waits() {
    let Some(place) = place() else { return };
    let sandbox = &place.sandbox;
    sandbox.write("main.tf", TWO);
    place.init(&[]);
    let first = place.begin("a", &["-target=terraform_data.a"]);
    // Nobody who only reads or plans waits, nor who writes something else.
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
    sandbox.ok(["apply", "-auto-approve", "-target=terraform_data.b"]);
    assert_eq!(sandbox.ok(["state", "list"]).stdout.lines().count(), 2);
    let overlapping = ["apply", "-auto-approve", "-target=terraform_data.a"];
    sandbox
        .fail(overlapping)
        .says("Error acquiring the state lock")
        .says("OperationTypeApply")
        .says(&format!("(process {})", first.id()));
    let said = |name: &str| std::fs::File::create(sandbox.path(name)).unwrap();
    let mut waiting = sandbox
        .command([
            "apply",
            "-auto-approve",
            "-no-color",
            "-lock-timeout=60s",
            "-replace=terraform_data.a",
        ])
        .stdout(said("out"))
        .stderr(said("err"))
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !sandbox.read("err").contains("Waiting for the state lock") {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it should say that it waits:\n{}",
            sandbox.read("err")
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let (done, text) = place.end("a", first);
    assert!(done, "{text}");
    let done = waiting.wait().unwrap();
    let text = sandbox.read("err");
    assert!(done.success(), "{text}");
    assert!(text.contains("State changed by another run"), "{text}");
    assert_eq!(
        sandbox.ok(["state", "list"]).stdout,
        "terraform_data.a\nterraform_data.b\n"
    );
    sandbox.ok(APPLY);
    assert_eq!(sandbox.ok(["output", "-raw", "rounds_of_b"]).stdout, "1");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn a_saved_plan_is_stale_only_when_something_that_it_read_has_changed() {
    let Some(place) = place() else { return };
    let sandbox = &place.sandbox;
    sandbox.write("main.tf", TWO);
    place.init(&[]);
    sandbox.ok(APPLY);
    let next = "-var=rounds={a=2,b=2}";
    sandbox.ok(["plan", next, "-target=terraform_data.a", "-out=a.plan"]);
    sandbox.ok(["plan", next, "-target=terraform_data.b", "-out=b.plan"]);
    sandbox.ok(["plan", next, "-out=both.plan"]);
    sandbox.ok(["apply", "b.plan"]);
    sandbox
        .fail(["apply", "both.plan"])
        .says("Saved plan is stale")
        .says("- terraform_data.b")
        .is_silent_about("- terraform_data.a");
    sandbox.ok(["apply", "a.plan"]);
    for name in ["rounds_of_a", "rounds_of_b"] {
        assert_eq!(sandbox.ok(["output", "-raw", name]).stdout, "2");
    }
    sandbox.fail(["apply", "a.plan"]).says("Saved plan is stale");
    sandbox.run(["plan", next, "-detailed-exitcode"]).code_is(0);
}

#[test]
fn a_connection_that_breaks_is_made_anew() {
    let Some(place) = place() else { return };
    let sandbox = &place.sandbox;
    sandbox.write("main.tf", TWO);
    place.init(&[]);
    let run = place.begin("a", &["-parallelism=1"]);
    place.server.cut(&place.database);
    let (done, text) = place.end("a", run);
    assert!(done, "{text}");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn whose_lock_was_taken_away_keeps_what_it_did_in_a_file() {
    let Some(place) = place() else { return };
    let sandbox = &place.sandbox;
    sandbox.write("main.tf", TWO);
    place.init(&[]);
    let run = place.begin("a", &["-target=terraform_data.a"]);
    let id = place.sql("SELECT id FROM terraform_remote_state.streamform_locks");
    sandbox.fail(["force-unlock", "-force", "another"]).says(&id);
    sandbox.ok(["force-unlock", "-force", &id]);
    let (done, text) = place.end("a", run);
    assert!(!done, "{text}");
    let text = text.replace("\n│ ", " ");
    assert!(text.contains("is not ours any more"), "{text}");
    assert!(place.exists("errored.streamform-state"));
    sandbox.ok(APPLY).says("Results of an interrupted run taken in");
    assert!(!place.exists("errored.streamform-state"));
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn a_killed_apply_is_taken_over_and_nothing_is_made_twice() {
    let Some(mut place) = place() else { return };
    let emulator = place.sandbox.start_emulator();
    place.sandbox.write(
        "main.tf",
        "terraform {\n  required_providers {\n    confluent = {\n      source = \"confluentinc/confluent\"\n    }\n  }\n  backend \"pg\" {}\n}\nresource \"confluent_environment\" \"e\" {\n  display_name = \"prod\"\n}\n",
    );
    place.init(&[]);
    emulator.request(
        "POST",
        "/_emulator/faults",
        r#"{"faults":[{"fault":"latency","ms":1500,"calls":300}]}"#,
    );
    let mut run = place
        .sandbox
        .command(["apply", "-auto-approve"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let intents = "SELECT count(*) FROM terraform_remote_state.streamform_items WHERE kind = 'intent'";
    while place.server.sql(&place.database, intents).as_deref() != Ok("1") {
        assert!(began.elapsed() < Duration::from_secs(60), "an intent should come");
        std::thread::sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    emulator.request("POST", "/_emulator/faults", r#"{"clear":true}"#);
    let sandbox = &place.sandbox;
    sandbox
        .ok(["apply", "-auto-approve", "-lock-timeout=20s"])
        .says("Lock of an interrupted run taken over");
    assert_eq!(emulator.names("environments"), ["default", "prod"]);
    assert_eq!(place.sql(intents), "0");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    let history = sandbox.ok(["history"]);
    history.says("interrupted").is_silent_about("under way");
}

#[test]
fn a_key_of_this_machine_alone_is_refused() {
    let Some(mut place) = place() else { return };
    place.sandbox.remove_env("STREAMFORM_STATE_PASSPHRASE");
    place.sandbox.write("main.tf", TWO);
    place.init(&[]);
    place
        .sandbox
        .fail(APPLY)
        .says("STREAMFORM_STATE_PASSPHRASE")
        .is_silent_about("not-shown");
}
