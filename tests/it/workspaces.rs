//! Workspaces, the settings of the local backend, and states by the names of their files.

use crate::sandbox::Sandbox;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];
const MAIN: &str = "resource \"terraform_data\" \"a\" { input = terraform.workspace }\noutput \"ws\" { value = terraform_data.a.output }\n";

fn backend(body: &str) -> String {
    format!("terraform {{\n  backend \"local\" {{\n    {body}\n  }}\n}}\n{MAIN}")
}

#[test]
fn each_workspace_has_a_state_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    let shows = |text: &str| assert_eq!(sandbox.ok(["workspace", "show"]).stdout, format!("{text}\n"));
    assert_eq!(sandbox.ok(["workspace", "list"]).stdout, "* default\n\n");
    sandbox.ok(APPLY);
    sandbox.ok(["workspace", "new", "prod"]);
    shows("prod");
    assert_eq!(sandbox.ok(["workspace", "list"]).stdout, "  default\n* prod\n\n");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
    sandbox.ok(APPLY);
    assert_eq!(sandbox.ok(["output", "-raw", "ws"]).stdout, "prod");
    sandbox
        .fail(["workspace", "delete", "prod"])
        .says("is your active workspace");
    sandbox.fail(["workspace", "new", "prod"]).says("already exists");
    sandbox.ok(["workspace", "select", "default"]);
    assert_eq!(sandbox.ok(["output", "-raw", "ws"]).stdout, "default");
    sandbox
        .fail(["workspace", "delete", "prod"])
        .says("Workspace is not empty")
        .says("- terraform_data.a");
    sandbox
        .fail(["workspace", "select", "nowhere"])
        .says("doesn't exist");
    sandbox.ok(["workspace", "select", "-or-create", "stage"]);
    shows("stage");
    sandbox.ok(["workspace", "select", "default"]);
    sandbox.ok(["workspace", "delete", "stage"]);
    sandbox
        .ok(["workspace", "delete", "-force", "prod"])
        .says("was non-empty");
    assert_eq!(sandbox.ok(["workspace", "list"]).stdout, "* default\n\n");
    sandbox.fail(["workspace", "delete", "default"]);
    sandbox.fail(["workspace", "new", "a/b"]).says("is not allowed");
}

#[test]
fn the_environment_overrides_the_selection() {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.set_env("TF_WORKSPACE", "ci");
    assert_eq!(sandbox.ok(["workspace", "show"]).stdout, "ci\n");
    sandbox.ok(APPLY);
    let list = sandbox.ok(["workspace", "list"]).stdout;
    assert!(
        list.starts_with("  default\n* ci\n\n\n\nThe active workspace is being overridden"),
        "{list}"
    );
    sandbox
        .fail(["workspace", "select", "default"])
        .says("TF_WORKSPACE");
    sandbox.fail(["workspace", "new", "x"]).says("TF_WORKSPACE");
    sandbox.set_env("TF_WORKSPACE", "a/b");
    sandbox
        .fail(["plan"])
        .says("Invalid workspace name set using TF_WORKSPACE");
}

#[test]
fn a_new_workspace_can_begin_with_a_state() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.ok(APPLY);
    let pulled = sandbox.ok(["state", "pull"]).stdout;
    sandbox.write("old.tfstate", &pulled);
    sandbox.ok(["workspace", "new", "-state=old.tfstate", "copy"]);
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "terraform_data.a\n");
    sandbox
        .fail(["workspace", "new", "-state=nowhere.tfstate", "other"])
        .says("Failed to read state file");
}

#[test]
fn settings_of_the_backend_are_settled_by_init() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", backend(""));
    sandbox.ok(APPLY);
    sandbox.write("main.tf", backend("path = \"states/one.tfstate\""));
    for command in [
        vec!["plan"],
        vec!["state", "list"],
        vec!["output"],
        vec!["workspace", "list"],
    ] {
        sandbox
            .fail(command)
            .says("Backend initialization required")
            .says("Initial configuration of the requested backend");
    }
    sandbox.ok(["validate"]);
    // There is a state already: it is not left behind without a word.
    sandbox.fail(["init", "-input=false"]).says("-force-copy");
    sandbox.run_with_input(["init"], "yes\n").code_is(0);
    assert!(sandbox.path("states/one.tfstate.streamform").is_dir());
    sandbox.ok(["plan", "-detailed-exitcode"]).code_is(0);

    sandbox.write("main.tf", backend("path = \"states/two.tfstate\""));
    sandbox
        .fail(["plan"])
        .says("Backend configuration block has changed");
    sandbox.fail(["init"]).says("Backend configuration changed");
    sandbox.ok(["init", "-reconfigure"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
    sandbox.write("main.tf", backend("path = \"states/one.tfstate\""));
    sandbox.ok(["init", "-reconfigure"]);
    sandbox.write(
        "main.tf",
        backend("path = \"states/three.tfstate\"\n    workspace_dir = \"spaces\""),
    );
    sandbox.ok(["init", "-migrate-state", "-force-copy"]);
    sandbox.ok(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox.ok(["workspace", "new", "w"]);
    assert!(sandbox.path("spaces/w").is_dir());
    sandbox.ok(["workspace", "select", "default"]);

    sandbox.write("main.tf", MAIN);
    sandbox
        .fail(["plan"])
        .says("Unsetting the previously set backend");
    sandbox.ok(["init", "-migrate-state", "-force-copy"]);
    sandbox.ok(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn the_command_line_fills_in_what_the_block_leaves_open() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", backend(""));
    sandbox.write("local.tfbackend", "path = \"from-file.tfstate\"\n");
    sandbox.ok(["init", "-backend-config=path=flag.state"]);
    sandbox.ok(APPLY);
    assert!(sandbox.path("flag.state.streamform").is_dir());
    sandbox.ok(["init"]);
    sandbox.ok(["init", "-backend=false"]);
    sandbox.ok(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox
        .fail(["init", "-reconfigure", "-backend-config=nope=1"])
        .says("Invalid backend configuration argument");
    sandbox
        .fail(["init", "-reconfigure", "-backend-config=nowhere"])
        .says("Failed to read file");
    sandbox.ok(["init", "-reconfigure", "-backend-config=local.tfbackend"]);
    sandbox.ok(APPLY);
    assert!(sandbox.path("from-file.tfstate.streamform").is_dir());
}

#[test]
fn wrong_backends_are_told() {
    let sandbox = Sandbox::new();
    for (text, says) in [
        ("backend \"nope\" {}", "There is no backend type named \"nope\"."),
        ("backend \"gcs\" {}", "Backend is not available"),
        ("backend \"s3\" {}", "The attribute \"bucket\" is required"),
        ("backend \"http\" {}", "TF_HTTP_ADDRESS"),
        (
            "backend \"local\" {\n path = upper(\"x\")\n}",
            "Function calls not allowed",
        ),
        ("backend \"local\" {\n path = var.x\n}", "Variables not allowed"),
        ("backend \"local\" {\n nope = 1\n}", "Unsupported argument"),
        ("backend \"local\" {\n path = \"\"\n}", "must not be empty"),
        ("cloud {}", "HCP Terraform is not supported"),
    ] {
        sandbox.write("main.tf", format!("terraform {{\n  {text}\n}}\n"));
        sandbox.fail(["init", "-no-color"]).says(says);
        sandbox.fail(["plan", "-no-color"]);
        assert!(!sandbox.path("streamform.state").exists());
    }
}

#[test]
fn states_go_by_the_names_of_files() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.ok(["apply", "-auto-approve", "-state=a.tfstate"]);
    assert!(!sandbox.path("streamform.state").exists());
    assert_eq!(
        sandbox.ok(["state", "list", "-state=a.tfstate"]).stdout,
        "terraform_data.a\n"
    );
    assert_eq!(
        sandbox.ok(["output", "-state=a.tfstate", "-raw", "ws"]).stdout,
        "default"
    );
    sandbox
        .ok(["plan", "-detailed-exitcode", "-state=a.tfstate"])
        .code_is(0);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(2);
    sandbox.ok([
        "destroy",
        "-auto-approve",
        "-state=a.tfstate",
        "-state-out=b.tfstate",
    ]);
    sandbox
        .ok(["plan", "-detailed-exitcode", "-state=a.tfstate"])
        .code_is(0);
    sandbox
        .run(["plan", "-detailed-exitcode", "-state=b.tfstate"])
        .code_is(2);
}

#[test]
fn a_lock_that_is_not_there_cannot_be_taken_away() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.ok(APPLY);
    sandbox
        .fail(["force-unlock", "-force", "123"])
        .says("Failed to unlock state");
}
