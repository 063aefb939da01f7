//! What may stand on a command line, and in the environment of one, as scripts that were written for Terraform have it.

use serde_json::Value;

use crate::sandbox::Sandbox;

const MAIN: &str = r#"
variable "bad" {
  default = false
}
resource "terraform_data" "a" {
  input = "x"
}
resource "terraform_data" "b" {
  input = terraform_data.a.output
  lifecycle {
    precondition {
      condition     = !var.bad
      error_message = "It is bad."
    }
  }
}
output "o" {
  value = terraform_data.a.output
}
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox
}

fn messages(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn who_reads_a_stream_is_told_of_wrong_flags_in_it() {
    let sandbox = sandbox();
    for line in [
        &["plan", "-json", "-bogus"] as &[_],
        &["plan", "-json", "more"],
        &["apply", "-json", "-auto-approve", "-parallelism=x"],
        &["destroy", "-bogus", "-json"],
        &["refresh", "-json", "-out=p"],
        &["init", "-json", "more"],
    ] {
        let run = sandbox.fail(line);
        let told = messages(&run.stdout);
        assert_eq!(told[0]["type"], "version", "{run}");
        assert_eq!(told[1]["diagnostic"]["severity"], "error", "{run}");
        assert_eq!(told.len(), 2, "{run}");
        assert!(run.stderr.is_empty(), "{run}");
    }
    // Where -json asks for one document, the error is for people, as in Terraform.
    let run = sandbox.fail(["validate", "-json", "-bogus"]);
    assert!(
        run.stdout.is_empty() && run.stderr.contains("There is no flag -bogus."),
        "{run}"
    );
}

#[test]
fn init_tells_programs_its_steps() {
    let sandbox = sandbox();
    sandbox.write("more.tf", "module \"m\" {\n  source = \"./m\"\n}\n");
    sandbox.write("m/main.tf", "");
    let told = messages(&sandbox.ok(["init", "-json"]).stdout);
    let codes: Vec<&str> = told.iter().filter_map(|m| m["message_code"].as_str()).collect();
    assert_eq!(
        codes,
        [
            "initializing_backend_message",
            "initializing_modules_message",
            "initializing_provider_plugin_message",
            "output_init_success_message",
            "output_init_success_cli_message"
        ]
    );
    let empty = Sandbox::new();
    let told = messages(&empty.ok(["init", "-json"]).stdout);
    assert_eq!(told[1]["message_code"], "output_init_empty_message");
    let told = messages(&empty.fail(["init", "-json", "-from-module=./none"]).stdout);
    assert_eq!(told.last().unwrap()["type"], "diagnostic");
}

#[test]
fn a_failed_call_names_its_function_to_programs() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "output \"a\" {\n  value = core::lookup([1], \"k\")\n}\noutput \"b\" {\n  value = upper()\n}\n",
    );
    let told = sandbox.fail(["validate", "-json"]).json();
    let call = |called: &str| {
        let all = told["diagnostics"].as_array().unwrap().iter();
        let mut calls = all.map(|d| &d["snippet"]["function_call"]);
        calls.find(|c| c["called_as"] == called).unwrap()["signature"].clone()
    };
    let lookup = call("core::lookup");
    assert_eq!(lookup["name"], "lookup");
    assert_eq!(lookup["params"][1]["type"], "string");
    assert_eq!(lookup["variadic_param"]["name"], "default");
    assert_eq!(call("upper")["return_type"], "string");
}

#[test]
fn an_empty_name_of_a_file_is_no_name() {
    let sandbox = sandbox();
    sandbox.ok(["plan", "-out=", "-state", "", "-generate-config-out="]);
    sandbox.ok(["apply", "-auto-approve", "-state=", "-state-out=", "-backup="]);
    assert!(
        sandbox
            .ok(["state", "list", "-state="])
            .stdout
            .contains("terraform_data.a")
    );
    sandbox.fail(["plan", "-var-file="]).says("needs a value");
}

#[test]
fn flags_of_terraform_that_mean_nothing_here_are_accepted() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    let ignored = [
        "-backup=x",
        "-backup-out=y",
        "-ignore-remote-version",
        "-lock=false",
    ];
    let with = |line: &[&str]| -> Vec<String> {
        let (command, rest) = line.split_at(if line[0] == "state" { 2 } else { 1 });
        command
            .iter()
            .chain(&ignored)
            .chain(rest)
            .map(ToString::to_string)
            .collect()
    };
    sandbox.ok(with(&["taint", "terraform_data.a"]));
    sandbox.ok(with(&["untaint", "terraform_data.a"]));
    sandbox.ok(with(&["state", "mv", "terraform_data.b", "terraform_data.c"]));
    sandbox.ok(with(&["state", "rm", "terraform_data.c"]));
    sandbox.ok(["graph", "-module-depth=1", "-verbose", "-type=plan"]);
    assert!(!sandbox.path("x").exists() && !sandbox.path("y").exists());
    let run = sandbox.ok(["taint", "-state-out=other.tfstate", "terraform_data.a"]);
    assert!(run.stdout.contains("marked as tainted"), "{run}");
    assert!(
        !sandbox
            .ok(["state", "show", "terraform_data.a"])
            .stdout
            .contains("tainted"),
        "the state that was read stays as it is"
    );
    let other = ["state", "show", "-state=other.tfstate", "terraform_data.a"];
    assert!(sandbox.ok(other).stdout.contains("(tainted)"));
}

#[test]
fn objects_go_from_state_to_state_by_import_only() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    let run = sandbox.fail([
        "state",
        "mv",
        "-state-out=other.tfstate",
        "terraform_data.a",
        "terraform_data.a",
    ]);
    run.says("one state only");
    run.says("streamform state rm 'terraform_data.a'");
}

#[test]
fn the_console_takes_another_state_by_the_name_of_its_file() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve", "-state=other.tfstate"]);
    let ask = |file: &str| {
        let run = sandbox.run_with_input(["console", file], "terraform_data.a.output\n");
        assert_eq!(run.code, Some(0), "{run}");
        run.stdout
    };
    assert_eq!(ask("-state=other.tfstate"), "\"x\"\n");
    assert_eq!(ask("-state=none.tfstate"), "(known after apply)\n");
    let pulled = sandbox.ok(["state", "pull"]);
    assert!(pulled.stdout.is_empty(), "{pulled}");
    sandbox.write("broken.tfstate", "{");
    let run = sandbox.run_with_input(["console", "-state=broken.tfstate"], "1\n");
    run.code_is(1).says("broken.tfstate");
}

#[test]
fn to_look_what_would_be_forgotten_is_no_mistake() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    let run = sandbox.ok(["state", "rm", "-dry-run", "terraform_data.none"]);
    assert_eq!(run.stdout, "Would have removed nothing.\n");
    sandbox
        .fail(["state", "rm", "terraform_data.none"])
        .says("No matching objects found");
    sandbox
        .fail(["state", "list", "-state=none.tfstate"])
        .says("none.tfstate");
}

#[test]
fn nobody_answers_for_a_question() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    let line = [
        "state",
        "replace-provider",
        "terraform.io/builtin/terraform",
        "acme/x",
    ];
    sandbox.fail(line).says("Standard input ended before an answer.");
    let run = sandbox.run_with_input(line, "no\n");
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn refresh_takes_no_plan_and_no_approval() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.ok([
        "refresh",
        "-refresh-only",
        "-target=terraform_data.a",
        "-input=false",
    ]);
    sandbox
        .fail(["refresh", "p"])
        .says("Too many command line arguments");
    sandbox
        .fail(["refresh", "-auto-approve"])
        .says("There is no flag -auto-approve.");
}

#[test]
fn a_plan_with_errors_is_saved_to_be_shown_and_never_applied() {
    let sandbox = sandbox();
    sandbox.ok(["plan", "-out=p"]);
    sandbox
        .fail(["plan", "-out=p", "-var=bad=true"])
        .says("It is bad.");
    let plan = sandbox.ok(["show", "-json", "p"]).json();
    assert_eq!(plan["errored"], true);
    assert_eq!(plan["complete"], false);
    assert_eq!(plan["applyable"], false);
    assert_eq!(plan["resource_changes"][0]["address"], "terraform_data.a");
    sandbox.fail(["apply", "p"]).says("Cannot apply incomplete plan");
    sandbox.fail(["state", "list"]).says("No state file was found!");
    let told = messages(&sandbox.fail(["plan", "-json", "-var=bad=true"]).stdout);
    let kinds: Vec<&str> = told.iter().filter_map(|m| m["type"].as_str()).collect();
    assert_eq!(
        kinds,
        ["version", "planned_change", "change_summary", "diagnostic"]
    );
}

#[test]
fn a_plan_of_a_part_tells_of_the_outputs_that_it_comes_to() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"resource "terraform_data" "a" {
  input = 1
}
resource "terraform_data" "c" {
  input = 1
}
output "of_a" {
  value = terraform_data.a.output
}
output "of_both" {
  value = [terraform_data.a.output, terraform_data.c.output]
}
output "of_c" {
  value = terraform_data.c.output
}
output "of_none" {
  value = 1
}
"#,
    );
    sandbox.ok(["apply", "-auto-approve"]);
    let names = |of: &Value| -> Vec<String> {
        let all = of.as_object().into_iter().flatten();
        all.map(|(name, _)| name.clone()).collect()
    };
    sandbox.ok(["plan", "-out=p", "-target=terraform_data.a"]);
    let plan = sandbox.ok(["show", "-json", "p"]).json();
    assert_eq!(names(&plan["output_changes"]), ["of_a"]);
    assert_eq!(names(&plan["planned_values"]["outputs"]), ["of_a"]);
    assert_eq!(names(&plan["prior_state"]["values"]["outputs"]).len(), 4);
    sandbox.ok(["apply", "p"]);
    assert_eq!(names(&sandbox.ok(["output", "-json"]).json()).len(), 4);
    let told = messages(&sandbox.ok(["plan", "-json", "-target=terraform_data.c"]).stdout);
    let outputs = told.iter().find(|m| m["type"] == "outputs").unwrap();
    assert_eq!(names(&outputs["outputs"]), ["of_c"]);
}

#[test]
fn what_data_sources_have_read_is_no_change() {
    let sandbox = sandbox();
    sandbox.write(
        "data.tf",
        "data \"terraform_remote_state\" \"other\" {\n  backend = \"local\"\n  config  = { path = \"other.tfstate\" }\n}\n",
    );
    sandbox.write(
        "other.tfstate",
        r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{},"resources":[]}"#,
    );
    sandbox.ok(["apply", "-auto-approve"]);
    let has_data = |json: &Value| json.to_string().contains("terraform_remote_state");
    sandbox.ok(["plan", "-out=p"]);
    let plan = sandbox.ok(["show", "-json", "p"]).json();
    assert!(!has_data(&plan["planned_values"]) && !has_data(&plan["resource_changes"]));
    assert!(has_data(&plan["prior_state"]));
    let run = sandbox.ok(["plan", "-destroy", "-out=p"]);
    assert!(!run.stdout.contains("terraform_remote_state"), "{run}");
    let plan = sandbox.ok(["show", "-json", "p"]).json();
    assert!(!has_data(&plan["resource_changes"]));
    let run = sandbox.ok(["destroy", "-auto-approve", "-json"]);
    let told = messages(&run.stdout);
    assert!(
        !told.iter().any(|m| m["type"] == "planned_change" && has_data(m)),
        "{run}"
    );
    assert!(
        sandbox.ok(["state", "pull"]).json()["resources"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_log_tells_what_is_done() {
    let mut sandbox = sandbox();
    sandbox.set_env("TF_LOG", "INFO");
    let run = sandbox.ok(["plan", "-var=bad=false"]);
    assert!(run.stderr.contains("command=\"streamform plan\""), "{run}");
    assert!(run.stderr.contains("plan is made changes=2 to add"), "{run}");
    assert!(
        !run.stderr.contains("bad=false") && !run.stderr.contains("DEBUG"),
        "{run}"
    );
    sandbox.remove_env("TF_LOG");
    sandbox.set_env("TF_LOG_CORE", "DEBUG");
    sandbox.set_env("TF_LOG_PATH", "run.log");
    let run = sandbox.ok(["apply", "-auto-approve"]);
    assert!(!run.stderr.contains("DEBUG"), "{run}");
    let log = sandbox.read("run.log");
    assert!(
        log.contains("is done address=terraform_data.a operation=Create"),
        "{log}"
    );
    sandbox.remove_env("TF_LOG_CORE");
    sandbox.remove_env("TF_LOG_PATH");
    sandbox.set_env("TF_LOG_PROVIDER", "TRACE");
    assert_eq!(sandbox.ok(["plan"]).stderr, "");
}
