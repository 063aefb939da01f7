//! The history of a state: what is kept of a run, how two versions compare, and going back.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

const MAIN: &str = r#"
variable "name" {
  default = "a"
}
variable "token" {
  sensitive = true
  default   = "none"
}
resource "terraform_data" "a" {
  input = var.name
}
resource "terraform_data" "text" {
  input = templatefile("${path.module}/greeting.tftpl", { name = var.name })
}
output "a" {
  value = terraform_data.a.output
}
output "token" {
  value     = var.token
  sensitive = true
}
"#;

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set_env("USER", "ada");
    sandbox.set_env("HOSTNAME", "engine");
    sandbox.write("main.tf", MAIN);
    sandbox.write("greeting.tftpl", "Hello, ${name}!\n");
    sandbox
}

/// Compares a text with a snapshot; times, ids and digests are made equal.
#[track_caller]
fn shown(name: &str, text: &str) {
    insta::with_settings!({
        filters => vec![
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-01-02T03:04:05Z"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
            (r"digest    [0-9a-f]{12}", "digest    DIGEST"),
            (r"Streamform \d+\.\d+\.\d+", "Streamform VERSION"),
        ],
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

fn versions(sandbox: &Sandbox) -> Vec<Value> {
    let all = sandbox.ok(["history", "-json", "-limit=0"]).json();
    all["versions"].as_array().unwrap().clone()
}

/// Kinds of all versions, oldest first, with how they ended.
fn kinds(sandbox: &Sandbox) -> Vec<String> {
    let mut kinds: Vec<String> = versions(sandbox)
        .iter()
        .map(|v| {
            format!(
                "{} {}",
                v["kind"].as_str().unwrap(),
                v["status"].as_str().unwrap()
            )
        })
        .collect();
    kinds.reverse();
    kinds
}

#[test]
fn every_run_that_changes_the_state_is_a_version() {
    let sandbox = sandbox();
    assert_eq!(
        sandbox.ok(["history"]).stdout,
        "There is no history here yet: the first apply begins it.\n"
    );
    sandbox.ok(APPLY);
    sandbox.ok(APPLY); // Nothing to do: no version.
    sandbox.ok(["plan"]);
    sandbox.ok([
        "apply",
        "-auto-approve",
        "-var=name=b",
        "-var=token=the-secret-token",
    ]);
    sandbox.ok(["taint", "terraform_data.text"]);
    sandbox.ok(["state", "mv", "terraform_data.text", "terraform_data.old"]);
    sandbox.ok(["state", "rm", "terraform_data.old"]);
    sandbox.edit("greeting.tftpl", "Hello", "Good morning");
    sandbox.edit("main.tf", "input = var.name\n", "input = upper(var.name)\n");
    sandbox.ok(["plan", "-out=p", "-var=name=c"]);
    sandbox.ok(["apply", "p"]);
    sandbox.write("pulled", sandbox.ok(["state", "pull"]).stdout);
    sandbox.edit("pulled", "\"check_results\": null", "\"check_results\": []");
    sandbox.ok(["state", "push", "-force", "pulled"]);
    sandbox.ok(["destroy", "-auto-approve"]);
    shown("history_list", &sandbox.ok(["history"]).stdout);
    let limited = sandbox.ok(["history", "-limit=1"]).stdout;
    assert_eq!(limited.lines().count(), 4, "{limited}");
    shown("history_show", &sandbox.ok(["history", "show", "2"]).stdout);
    shown("history_diff", &sandbox.ok(["diff", "1", "6"]).stdout);
    shown("history_diff_back", &sandbox.ok(["diff", "6", "2"]).stdout);
    assert_eq!(
        sandbox.ok(["diff", "2", "2"]).stdout,
        "From version 2 to version 2\n\nNothing is different.\n"
    );
    let version = sandbox.ok(["history", "show", "-json", "2"]).json();
    assert_eq!(version["serial_before"], json!(1));
    assert_eq!(version["serial_after"], json!(2));
    assert_eq!(version["by"], "ada@engine");
    assert_eq!(version["variables"]["name"], json!({ "value": "b" }));
    assert_eq!(version["variables"]["token"], json!({ "sensitive": true }));
    assert_eq!(
        version["outputs"]["token"],
        json!({ "type": "string", "sensitive": true })
    );
    assert_eq!(version["outputs"]["a"]["value"], "b");
    let difference = sandbox.ok(["diff", "-json", "1", "2"]).json();
    assert_eq!(
        difference["objects"],
        json!([{ "address": "terraform_data.a", "action": "update" }, { "address": "terraform_data.text", "action": "update" }])
    );
    for run in [
        sandbox.ok(["history", "show", "-json", "2"]),
        sandbox.ok(["diff", "-json", "1", "2"]),
        sandbox.ok(["diff", "1", "2"]),
    ] {
        run.is_silent_about("the-secret-token");
    }
    sandbox
        .fail(["history", "show", "77"])
        .says("The history has no version 77. There are versions 1 to 8.");
    sandbox.fail(["diff", "1", "77"]).says("no version 77");
    // What is kept is sealed.
    for entry in std::fs::read_dir(sandbox.path("streamform.state/default/documents/history")).unwrap() {
        let stored = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(
            !stored.contains("the-secret-token") && !stored.contains("terraform_data"),
            "{stored}"
        );
    }
}

#[test]
fn rollback_plans_an_earlier_version_again() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve", "-var=token=the-secret-token"]);
    sandbox.ok(["apply", "-auto-approve", "-var=name=b"]);
    sandbox.edit("greeting.tftpl", "Hello", "Good morning");
    sandbox.edit("main.tf", "input = var.name\n", "input = upper(var.name)\n");
    sandbox.write("terraform.tfvars", "name = \"c\"\n");
    sandbox.ok(APPLY);
    sandbox.ok(["taint", "terraform_data.a"]);
    let files = [sandbox.read("main.tf"), sandbox.read("greeting.tftpl")];
    let asked = sandbox.run_with_input(["rollback", "2"], "no\n");
    asked.code_is(1);
    shown("rollback", &asked.stdout);
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "C");
    sandbox
        .run_with_input(["rollback", "1"], "yes\n")
        .code_is(0)
        .is_silent_about("the-secret-token");
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "a");
    assert_eq!(sandbox.ok(["output", "-raw", "token"]).stdout, "the-secret-token");
    sandbox
        .ok(["state", "show", "terraform_data.text"])
        .says("Hello, a!");
    // The files are as they were: a plain plan goes forward again.
    assert_eq!(files, [sandbox.read("main.tf"), sandbox.read("greeting.tftpl")]);
    sandbox
        .run(["plan", "-detailed-exitcode"])
        .code_is(2)
        .says("Good morning, c!");
    // A second time there is nothing to do.
    sandbox
        .ok(["rollback", "-auto-approve", "1"])
        .says("No changes.")
        .is_silent_about("terraform_data.a will");
    assert_eq!(
        kinds(&sandbox),
        [
            "apply complete",
            "apply complete",
            "apply complete",
            "mark complete",
            "rollback complete"
        ]
    );
    // Its version can be gone back to, too; what was destroyed comes back, and goes again.
    sandbox.ok(["destroy", "-auto-approve"]);
    sandbox.ok(["rollback", "-auto-approve", "5"]);
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "a");
    sandbox.ok(["rollback", "-auto-approve", "6"]);
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "");
    sandbox
        .fail(["rollback", "4"])
        .says("was not made by applying a configuration");
    sandbox.fail(["rollback", "40"]).says("no version 40");
    sandbox
        .fail(["rollback", "-json", "1"])
        .says("Plan file or auto-approve required");
}

#[test]
fn a_rollback_can_be_saved_where_functions_read_no_files() {
    let sandbox = sandbox();
    sandbox.ok(APPLY);
    sandbox
        .fail(["rollback", "-out=p", "1"])
        .says("Plan of this version cannot be saved");
    sandbox.edit(
        "main.tf",
        "templatefile(\"${path.module}/greeting.tftpl\", { name = var.name })",
        "var.name",
    );
    sandbox.ok(["apply", "-auto-approve", "-var=name=b"]);
    sandbox.ok(APPLY);
    sandbox.ok(["rollback", "-out=p", "2"]);
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "a");
    sandbox.ok(["apply", "p"]);
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "b");
}

#[test]
fn what_was_not_kept_is_no_rollback() {
    let sandbox = sandbox();
    // Too large to be kept, and another file by the time that it is needed.
    sandbox.write("big.txt", "x".repeat(2 << 20));
    sandbox.edit(
        "main.tf",
        "input = var.name\n",
        "input = filesha256(\"big.txt\")\n",
    );
    sandbox.ok(APPLY);
    sandbox.edit(
        "main.tf",
        "filesha256(\"big.txt\")",
        "fileexists(\"big.txt\") ? length(fileset(\".\", \"*.txt\")) : 0",
    );
    sandbox.ok(APPLY);
    sandbox.ok(["rollback", "-auto-approve", "1"]);
    sandbox.ok(["rollback", "-auto-approve", "2"]);
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "1");
    sandbox.write("big.txt", "other");
    sandbox
        .fail(["rollback", "-auto-approve", "1"])
        .says("Version is not complete")
        .says("big.txt");
    sandbox.ok(["rollback", "-auto-approve", "2"]);
    // What a saved plan was made from was read elsewhere.
    sandbox.edit(
        "main.tf",
        "fileexists(\"big.txt\") ? length(fileset(\".\", \"*.txt\")) : 0",
        "file(\"big.txt\")",
    );
    sandbox.ok(["plan", "-out=p"]);
    sandbox.ok(["apply", "p"]);
    let last = versions(&sandbox).len().to_string();
    sandbox.ok(["rollback", "-auto-approve", "2"]);
    let run = sandbox.run(["rollback", "-auto-approve", &last]);
    assert!(
        run.code == Some(0) || run.stderr.contains("Version is not complete"),
        "{run}"
    );
}

/// A version refers to texts that earlier ones have kept already; a run that was killed may not have come to keep its own.
#[cfg(debug_assertions)]
#[test]
fn a_version_after_a_killed_run_has_all_its_files() {
    let mut killed = 0;
    for step in 1.. {
        let sandbox = sandbox();
        let mut first = sandbox.command(APPLY);
        let first = first.env("STREAMFORM_KILL_AT", step.to_string());
        let output = first.stdin(Stdio::null()).output().unwrap();
        if output.status.success() {
            break;
        }
        killed += 1;
        sandbox.ok(APPLY);
        let whole = versions(&sandbox).len().to_string();
        sandbox.ok(["apply", "-auto-approve", "-var=name=b"]);
        sandbox.ok(["rollback", "-auto-approve", &whole]);
        assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "a", "step {step}");
    }
    assert!(killed > 5, "{killed} kills");
}

#[test]
fn a_killed_run_is_told_as_interrupted() {
    let sandbox = sandbox();
    sandbox.ok(APPLY);
    sandbox.write(
        "more.tf",
        "resource \"terraform_data\" \"slow\" {\n  input = terraform_data.a.id\n  provisioner \"local-exec\" {\n    command = \"touch started; sleep 60\"\n  }\n}\n",
    );
    let mut child = sandbox
        .command(["apply", "-auto-approve", "-var=name=b"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if sandbox.path("started").exists() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(kinds(&sandbox), ["apply complete", "apply under-way"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(kinds(&sandbox), ["apply complete", "apply interrupted"]);
    sandbox.edit("more.tf", "touch started; sleep 60", "true");
    sandbox.ok(APPLY);
    assert_eq!(
        kinds(&sandbox),
        ["apply complete", "apply interrupted", "apply complete"]
    );
    let version = sandbox.ok(["history", "show", "-json", "2"]).json();
    let done: Vec<(&str, bool)> = version["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["address"].as_str().unwrap(), c["done"].as_bool().unwrap()))
        .collect();
    assert!(done.contains(&("terraform_data.a", true)), "{done:?}");
    let serials = |v: &Value| {
        (
            v["serial_before"].as_u64().unwrap(),
            v["serial_after"].as_u64().unwrap(),
        )
    };
    let all = versions(&sandbox);
    assert_eq!(serials(&all[1]).1, serials(&all[0]).0);
    // It can be gone back to: what it was to do is done.
    sandbox.write("more.tf", "");
    sandbox.ok(APPLY);
    sandbox.fail(["rollback", "9"]);
    sandbox
        .run_with_input(["rollback", "2"], "no\n")
        .says("did not come to its end")
        .says("terraform_data.slow will be created");
}

#[test]
fn so_much_is_kept_as_the_setting_says() {
    let mut sandbox = sandbox();
    sandbox.set_env("STREAMFORM_HISTORY_KEEP", "2");
    for name in ["a", "b", "c", "d"] {
        sandbox.write("note.tf", format!("# {name}\n"));
        sandbox.ok(["apply", "-auto-approve", &format!("-var=name={name}")]);
    }
    let numbers: Vec<u64> = versions(&sandbox)
        .iter()
        .map(|v| v["version"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [4, 3]);
    let texts = || {
        std::fs::read_dir(sandbox.path("streamform.state/default/documents/texts"))
            .unwrap()
            .count()
    };
    assert_eq!(texts(), 4, "main.tf, the template, and two notes");
    sandbox
        .fail(["diff", "1", "4"])
        .says("There are versions 3 to 4.");
    sandbox.set_env("STREAMFORM_HISTORY_KEEP", "0");
    sandbox.ok(["apply", "-auto-approve", "-var=name=x"]);
    assert_eq!(versions(&sandbox).len(), 2);
    // What nothing was written about is told as soon as something is.
    sandbox.set_env("STREAMFORM_HISTORY_KEEP", "all");
    sandbox.ok(["apply", "-auto-approve", "-var=name=y"]);
    assert_eq!(
        kinds(&sandbox),
        [
            "apply complete",
            "apply complete",
            "unrecorded complete",
            "apply complete"
        ]
    );
    sandbox.set_env("STREAMFORM_HISTORY_KEEP", "much");
    sandbox.fail(["plan"]).says("Invalid STREAMFORM_HISTORY_KEEP");
}

#[test]
fn what_goes_wrong_with_the_history_is_a_warning() {
    let sandbox = sandbox();
    sandbox.ok(APPLY);
    let documents = sandbox.path("streamform.state/default/documents");
    std::fs::remove_dir_all(&documents).unwrap();
    std::fs::write(&documents, "no folder").unwrap();
    let said = |run: Run| {
        run.says("History not written");
    };
    said(sandbox.ok(["apply", "-auto-approve", "-var=name=b"]));
    assert_eq!(sandbox.ok(["output", "-raw", "a"]).stdout, "b");
    said(sandbox.ok(["destroy", "-auto-approve"]));
}

#[test]
fn statements_are_told_with_their_sql() {
    let mut sandbox = Sandbox::new();
    sandbox.copy_of_project("examples");
    sandbox.copy_of_project("modules");
    let emulator = sandbox.start_emulator();
    let within = "-chdir=examples/quickstart";
    let sql = "examples/quickstart/sql/fill_product_revenue.sql";
    sandbox.ok([within, "apply", "-auto-approve"]);
    let before = sandbox.read(sql);
    sandbox.edit(sql, "INTERVAL '1' MINUTE", "INTERVAL '5' MINUTES");
    sandbox.ok([within, "apply", "-auto-approve"]);
    let shown = sandbox.ok([within, "history", "show", "2"]).stdout;
    for line in [
        "-/+ confluent_flink_statement.fill_product_revenue",
        "      -    TUMBLE(TABLE orders, DESCRIPTOR($rowtime), INTERVAL '1' MINUTE)",
        "      +    TUMBLE(TABLE orders, DESCRIPTOR($rowtime), INTERVAL '5' MINUTES)",
    ] {
        assert!(shown.contains(line), "{line} in\n{shown}");
    }
    let difference = sandbox.ok([within, "diff", "-json", "1", "2"]).json();
    let statements = difference["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{difference}");
    assert_eq!(statements[0]["before"]["text"], json!(before));
    // Back: modules and files of other folders come along.
    sandbox.ok([within, "rollback", "-auto-approve", "1"]);
    let statement = sandbox.ok([
        within,
        "state",
        "show",
        "confluent_flink_statement.fill_product_revenue",
    ]);
    statement
        .says("INTERVAL '1' MINUTE")
        .is_silent_about("'5' MINUTES");
    sandbox.run([within, "plan", "-detailed-exitcode"]).code_is(2);
    sandbox.write(sql, before);
    sandbox.run([within, "plan", "-detailed-exitcode"]).code_is(0);
    drop(emulator);
}

const FIRST: &str = r#"
resource "terraform_data" "a" {
  input            = "one"
  triggers_replace = [1]
}
resource "terraform_data" "gone" {
  input = "gone"
}
resource "terraform_data" "many" {
  count = 2
  input = count.index
}
module "m" {
  source = "./m"
}
output "o" {
  value = "first"
}
"#;

const SECOND: &str = r#"
resource "terraform_data" "a" {
  input            = "two"
  triggers_replace = [2]
}
resource "terraform_data" "many" {
  count = 2
  input = count.index
}
module "n" {
  source = "./m"
}
moved {
  from = module.m
  to   = module.n
}
output "o" {
  value = "second"
}
"#;

const THIRD: &str = r#"
resource "terraform_data" "z" {
  input            = "two"
  triggers_replace = [2]
}
moved {
  from = terraform_data.a
  to   = terraform_data.z
}
resource "terraform_data" "many" {
  for_each = toset(["x", "y"])
  input    = each.key == "x" ? 0 : 1
}
moved {
  from = terraform_data.many[0]
  to   = terraform_data.many["x"]
}
moved {
  from = terraform_data.many[1]
  to   = terraform_data.many["y"]
}
module "n" {
  source = "./m"
}
output "o" {
  value = "second"
}
"#;

/// Every version can be gone back to from every other: objects that have moved are moved back, what is gone is made anew, and
/// after it the configuration of that version has nothing to do.
#[test]
fn every_version_can_be_gone_back_to() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "m/main.tf",
        "resource \"terraform_data\" \"in\" {\n  input = \"in\"\n}\n",
    );
    let outputs_only = THIRD.replace("second", "fourth");
    let configs = [FIRST, SECOND, THIRD, &outputs_only];
    for config in configs {
        sandbox.write("main.tf", config);
        sandbox.ok(["init"]);
        sandbox.ok(["apply", "-auto-approve"]);
    }
    sandbox.ok(["state", "mv", "module.n", "module.elsewhere"]);
    let id = |address: &str| {
        let shown = sandbox.ok(["state", "show", address]).stdout;
        let line = shown.lines().find(|l| l.trim_start().starts_with("id "));
        line.unwrap().split('"').nth(1).unwrap().to_owned()
    };
    let in_module = id("module.elsewhere.terraform_data.in");
    let many = [id("terraform_data.many[\"x\"]"), id("terraform_data.many[\"y\"]")];
    sandbox
        .fail(["rollback", "-auto-approve", "5"])
        .says("was not made by applying a configuration");
    for version in [4, 1, 2, 4, 3, 1, 3, 2] {
        let number = version.to_string();
        let run = sandbox.ok(["rollback", "-auto-approve", &number]);
        let config = configs[version - 1];
        sandbox.write("main.tf", config);
        sandbox.ok(["init"]);
        sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
        let (module, keys) = match version {
            1 => ("m", ["0", "1"]),
            2 => ("n", ["0", "1"]),
            _ => ("n", ["\"x\"", "\"y\""]),
        };
        assert_eq!(
            id(&format!("module.{module}.terraform_data.in")),
            in_module,
            "{run}"
        );
        for (key, object) in keys.iter().zip(&many) {
            assert_eq!(&id(&format!("terraform_data.many[{key}]")), object, "{run}");
        }
        let name = if version > 2 { "z" } else { "a" };
        let input = if version == 1 { "one" } else { "two" };
        sandbox
            .ok(["state", "show", &format!("terraform_data.{name}")])
            .says(input);
        let list = sandbox.ok(["state", "list"]);
        assert_eq!(list.stdout.contains("terraform_data.gone"), version == 1, "{run}");
    }
}
