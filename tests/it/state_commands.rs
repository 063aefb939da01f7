//! The commands that change the state by hand.

use serde_json::Value;
use serde_json::json;

use crate::sandbox::Sandbox;

const MAIN: &str = r#"
resource "terraform_data" "a" {
  input = 1
}
resource "terraform_data" "b" {
  input = terraform_data.a.id
}
resource "terraform_data" "c" {
  count = 3
}
module "m" {
  source   = "./m"
  for_each = toset(["x", "y"])
}
"#;

fn applied() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.write(
        "m/main.tf",
        "resource \"terraform_data\" \"r\" {}\nmodule \"n\" {\n  source = \"./n\"\n}\n",
    );
    sandbox.write("m/n/main.tf", "resource \"terraform_data\" \"deep\" {}\n");
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox
}

fn list(sandbox: &Sandbox) -> Vec<String> {
    let run = sandbox.ok(["state", "list"]);
    run.stdout.lines().map(str::to_owned).collect()
}

fn pull(sandbox: &Sandbox) -> Value {
    sandbox.ok(["state", "pull"]).json()
}

#[test]
fn list_takes_addresses_and_ids() {
    let sandbox = applied();
    assert_eq!(
        list(&sandbox),
        [
            "terraform_data.a",
            "terraform_data.b",
            "terraform_data.c[0]",
            "terraform_data.c[1]",
            "terraform_data.c[2]",
            "module.m[\"x\"].terraform_data.r",
            "module.m[\"y\"].terraform_data.r",
            "module.m[\"x\"].module.n.terraform_data.deep",
            "module.m[\"y\"].module.n.terraform_data.deep",
        ]
    );
    assert_eq!(
        sandbox
            .ok(["state", "list", "terraform_data.c[1]", "module.m[\"x\"]"])
            .stdout,
        "terraform_data.c[1]\nmodule.m[\"x\"].terraform_data.r\nmodule.m[\"x\"].module.n.terraform_data.deep\n"
    );
    let state = pull(&sandbox);
    let id = state["resources"][0]["instances"][0]["attributes"]["id"]
        .as_str()
        .unwrap();
    assert_eq!(
        sandbox.ok(["state", "list", &format!("-id={id}")]).stdout,
        "terraform_data.a\n"
    );
    assert_eq!(sandbox.ok(["state", "list", "-id=none"]).stdout, "");
    for (address, title) in [
        ("terraform_data.no", "Unknown resource"),
        ("terraform_data.c[9]", "Unknown resource instance"),
        ("module.no", "Unknown module"),
        ("nothing", "Invalid address"),
    ] {
        sandbox.fail(["state", "list", address]).says(title);
    }
    sandbox
        .ok(["state", "show", "terraform_data.c[1]"])
        .says("# terraform_data.c[1]:");
    for address in ["terraform_data.c", "module.m", "terraform_data.no"] {
        sandbox.fail(["state", "show", address]).says("state list");
    }
}

#[test]
fn mv_moves_instances_resources_and_modules() {
    let sandbox = applied();
    let ids = |state: &Value| -> Vec<String> {
        let mut ids: Vec<String> = state["resources"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|r| r["instances"].as_array().unwrap())
            .map(|i| i["attributes"]["id"].to_string())
            .collect();
        ids.sort();
        ids
    };
    let before = ids(&pull(&sandbox));
    let dry = sandbox.ok(["state", "mv", "-dry-run", "terraform_data.a", "terraform_data.z"]);
    assert_eq!(
        dry.stdout,
        "Would move \"terraform_data.a\" to \"terraform_data.z\"\n"
    );
    assert_eq!(list(&sandbox)[0], "terraform_data.a");
    for (from, to, told) in [
        ("terraform_data.a", "terraform_data.z", 1),
        ("terraform_data.c[0]", "terraform_data.e[\"k\"]", 1),
        ("terraform_data.c", "module.new.terraform_data.d", 1),
        ("module.m[\"x\"]", "module.o[0]", 2),
        ("terraform_data.b", "terraform_data.b[0]", 1),
    ] {
        sandbox
            .ok(["state", "mv", from, to])
            .says(&format!("Successfully moved {told} object(s)."));
    }
    assert_eq!(
        list(&sandbox),
        [
            "terraform_data.b[0]",
            "terraform_data.e[\"k\"]",
            "terraform_data.z",
            "module.m[\"y\"].terraform_data.r",
            "module.new.terraform_data.d[1]",
            "module.new.terraform_data.d[2]",
            "module.o[0].terraform_data.r",
            "module.m[\"y\"].module.n.terraform_data.deep",
            "module.o[0].module.n.terraform_data.deep",
        ]
    );
    let state = pull(&sandbox);
    assert_eq!(ids(&state), before);
    // What depended on the old name depends on the new one.
    assert_eq!(
        state["resources"][0]["instances"][0]["dependencies"],
        json!(["terraform_data.z"])
    );
    for (from, to, title) in [
        (
            "terraform_data.no",
            "terraform_data.q",
            "does not match anything in the current state",
        ),
        (
            "terraform_data.z[3]",
            "terraform_data.q",
            "The current state does not contain terraform_data.z[3]",
        ),
        (
            "terraform_data.z",
            "terraform_data.b[0]",
            "already a resource instance at that address",
        ),
        (
            "module.new.terraform_data.d",
            "terraform_data.e",
            "already a resource at that address",
        ),
        ("module.new", "module.o[0]", "already a module at that address"),
        ("terraform_data.z", "other.z", "resource types don't match"),
        (
            "terraform_data.z",
            "data.terraform_data.z",
            "only to another managed resource address",
        ),
        (
            "terraform_data.z",
            "module.q",
            "the target must also be a resource instance",
        ),
        (
            "module.new",
            "terraform_data.q",
            "the target must also be a module",
        ),
        (
            "module.new.terraform_data.d",
            "terraform_data.q[0]",
            "the target must also be a whole resource",
        ),
    ] {
        let run = sandbox.fail(["state", "mv", from, to]);
        assert!(
            run.stderr.replace("\n│ ", " ").contains(title),
            "{from} {to}: {run}"
        );
    }
}

#[test]
fn what_was_moved_by_hand_needs_no_plan() {
    let sandbox = applied();
    sandbox.ok(["state", "mv", "terraform_data.a", "terraform_data.z"]);
    sandbox.write(
        "main.tf",
        MAIN.replace("\"a\"", "\"z\"").replace("data.a", "data.z"),
    );
    sandbox
        .run(["plan", "-detailed-exitcode"])
        .code_is(0)
        .says("No changes.");
}

#[test]
fn rm_forgets_what_it_finds() {
    let sandbox = applied();
    sandbox
        .ok(["state", "rm", "-dry-run", "terraform_data.no", "terraform_data.a"])
        .says("Would remove terraform_data.a");
    let run = sandbox.ok(["state", "rm", "module.m", "terraform_data.c[1]"]);
    run.says("Removed module.m[\"x\"].module.n.terraform_data.deep")
        .says("Successfully removed 5 resource instance(s).");
    assert_eq!(
        list(&sandbox),
        [
            "terraform_data.a",
            "terraform_data.b",
            "terraform_data.c[0]",
            "terraform_data.c[2]"
        ]
    );
    sandbox
        .fail(["state", "rm", "terraform_data.no"])
        .says("No matching objects found.");
    sandbox.fail(["state", "rm"]).says("<ADDRESS>");
}

#[test]
fn push_takes_a_state_file_that_fits() {
    let sandbox = applied();
    let text = sandbox.ok(["state", "pull"]).stdout;
    let file = pull(&sandbox);
    let serial = file["serial"].as_u64().unwrap();
    let lineage = file["lineage"].as_str().unwrap().to_owned();
    let with = |serial: u64, lineage: &str| {
        let mut file = file.clone();
        file["serial"] = json!(serial);
        file["lineage"] = json!(lineage);
        file.to_string()
    };
    // As it was pulled: nothing happens.
    sandbox.write("same.tfstate", &text);
    sandbox.ok(["state", "push", "same.tfstate"]);
    assert_eq!(pull(&sandbox), file);
    sandbox.write("older.tfstate", with(serial - 1, &lineage));
    sandbox
        .fail(["state", "push", "older.tfstate"])
        .says("Failed to write state")
        .says("over newer");
    let mut other = file.clone();
    other["resources"].as_array_mut().unwrap().pop();
    sandbox.write("other.tfstate", other.to_string());
    sandbox.fail(["state", "push", "other.tfstate"]).says("same");
    let foreign = sandbox.run_with_input(["state", "push", "-"], &with(serial, "x"));
    foreign.code_is(1).says("unrelated state with lineage");
    sandbox.ok(["state", "push", "-force", "older.tfstate"]);
    assert_eq!(pull(&sandbox)["serial"], json!(serial - 1));
    sandbox
        .run_with_input(["state", "push", "-"], &with(serial + 40, &lineage))
        .code_is(0);
    assert_eq!(pull(&sandbox)["serial"], json!(serial + 40));
    // Everything is as it was, so nothing is to be done.
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox.write("bad.tfstate", "{");
    sandbox
        .fail(["state", "push", "bad.tfstate"])
        .says("Error reading source state \"bad.tfstate\"");
    sandbox
        .fail(["state", "push", "none.tfstate"])
        .says("cannot be read");
    sandbox
        .run_with_input(["state", "push", "-"], "")
        .code_is(1)
        .says("it is empty");
}

#[test]
fn a_state_file_of_terraform_becomes_the_state_of_a_new_folder() {
    let sandbox = applied();
    let text = sandbox.ok(["state", "pull"]).stdout;
    sandbox.write("new/main.tf", "");
    sandbox.write("new/terraform.tfstate", &text);
    sandbox.ok(["-chdir=new", "state", "push", "terraform.tfstate"]);
    let there = sandbox.ok(["-chdir=new", "state", "pull"]).json();
    assert_eq!(there, serde_json::from_str::<Value>(&text).unwrap());
}

#[test]
fn replace_provider_asks_first() {
    let sandbox = applied();
    let provider = |sandbox: &Sandbox| {
        pull(sandbox)["resources"][0]["provider"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let args = [
        "state",
        "replace-provider",
        "terraform.io/builtin/terraform",
        "acme/other",
    ];
    let run = sandbox.run_with_input(args, "no\n");
    run.code_is(0).says("Cancelled replacing providers.");
    insta::assert_snapshot!(run.stdout);
    assert_eq!(provider(&sandbox), "provider[\"terraform.io/builtin/terraform\"]");
    sandbox
        .run_with_input(args, "yes\n")
        .code_is(0)
        .says("Successfully replaced provider for 7 resources.");
    assert_eq!(
        provider(&sandbox),
        "provider[\"registry.terraform.io/acme/other\"]"
    );
    sandbox
        .ok([
            "state",
            "replace-provider",
            "-auto-approve",
            "acme/other",
            "terraform.io/builtin/terraform",
        ])
        .says("Successfully replaced provider for 7 resources.");
    sandbox
        .ok([
            "state",
            "replace-provider",
            "-auto-approve",
            "acme/other",
            "acme/another",
        ])
        .says("No matching resources found.");
    sandbox
        .fail(["state", "replace-provider", "a/b/c/d", "acme/other"])
        .says("Invalid \"from\" provider \"a/b/c/d\"");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn taint_replaces_and_untaint_does_not() {
    let sandbox = applied();
    sandbox
        .ok(["taint", "terraform_data.c[1]"])
        .says("Resource instance terraform_data.c[1] has been marked as tainted.");
    sandbox
        .run(["plan", "-detailed-exitcode"])
        .code_is(2)
        .says("# terraform_data.c[1] is tainted, so must be replaced");
    sandbox
        .ok(["untaint", "terraform_data.c[1]"])
        .says("Resource instance terraform_data.c[1] has been successfully untainted.");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox
        .fail(["untaint", "terraform_data.c[1]"])
        .says("Resource instance is not tainted");
    for command in ["taint", "untaint"] {
        sandbox
            .fail([command, "terraform_data.c"])
            .says("No such resource instance");
        sandbox
            .ok([command, "-allow-missing", "terraform_data.c"])
            .says("Warning: No such resource instance");
        sandbox.fail([command, "module.m"]).says("Invalid address");
        sandbox
            .fail([command, "data.terraform_remote_state.x"])
            .says("cannot be tainted");
    }
}

#[test]
fn without_a_state_there_is_nothing_to_work_on() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", "");
    for args in [
        &["state", "list"][..],
        &["state", "show", "a.b"],
        &["state", "mv", "a.b", "a.c"],
        &["state", "rm", "a.b"],
        &["state", "replace-provider", "-auto-approve", "a/b", "c/d"],
    ] {
        sandbox.fail(args).says("No state file was found!");
    }
    sandbox
        .fail(["taint", "a.b"])
        .says("no resource instances whatsoever");
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, "");
    assert!(!sandbox.path("streamform.state").exists());
}
