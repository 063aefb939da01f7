//! Commands that tell about the configuration and about the program: `providers`, `modules`, `get`, `metadata`, `version`.

use crate::sandbox::Sandbox;

const MAIN: &str = r#"
terraform {
  required_providers {
    confluent = {
      source  = "confluentinc/confluent"
      version = "~> 2.0"
    }
    terraform = {
      source = "terraform.io/builtin/terraform"
    }
  }
}
module "a" {
  source = "./inner"
}
module "b" {
  source = "./inner"
  count  = 2
}
resource "terraform_data" "one" {
  input = provider::terraform::encode_tfvars({ region = "eu", size = [1] })
}
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.write("inner/main.tf", "module \"deep\" {\n  source = \"./deep\"\n}\n");
    sandbox.write("inner/deep/main.tf", "resource \"terraform_data\" \"x\" {}\n");
    sandbox
}

#[test]
fn providers_and_modules_are_trees() {
    let sandbox = sandbox();
    let before = sandbox.ok(["providers"]).stdout;
    sandbox.ok(["apply", "-auto-approve"]);
    let after = sandbox.ok(["providers"]).stdout;
    let modules = sandbox.ok(["modules"]).stdout;
    let json = sandbox.ok(["modules", "-json"]).stdout;
    let get = sandbox.ok(["get"]).stdout;
    insta::assert_snapshot!(format!(
        "{before}--- after apply\n{after}--- modules\n{modules}{json}--- get\n{get}"
    ));
    sandbox.write("main.tf", "");
    insta::assert_snapshot!(sandbox.ok(["modules"]).stdout, @"No modules found in configuration.");
    sandbox.write("main.tf", "module \"a\" {\n  source = \"./gone\"\n}\n");
    sandbox.fail(["get"]).says("Unreadable module directory");
}

#[test]
fn schemas_of_used_providers_are_whole() {
    let sandbox = sandbox();
    let told = sandbox.ok(["providers", "schema", "-json"]).json();
    assert_eq!(told["format_version"], "1.0");
    let schemas = &told["provider_schemas"];
    let data = &schemas["terraform.io/builtin/terraform"];
    assert_eq!(data["provider"], serde_json::json!({ "version": 0 }));
    assert_eq!(
        data["resource_schemas"]["terraform_data"]["block"]["attributes"]["input"],
        serde_json::json!({ "type": "dynamic", "description_kind": "plain", "optional": true })
    );
    assert_eq!(
        data["functions"]["encode_tfvars"]["parameters"],
        serde_json::json!([{ "name": "value", "type": "dynamic" }])
    );
    let topic =
        &schemas["registry.terraform.io/confluentinc/confluent"]["resource_schemas"]["confluent_kafka_topic"];
    assert_eq!(topic["block"]["block_types"]["credentials"]["max_items"], 1);
    assert_eq!(
        topic["block"]["block_types"]["credentials"]["block"]["attributes"]["secret"]["sensitive"],
        true
    );
    sandbox.fail(["providers", "schema"]).says("-json");
    // Only what is used is told.
    sandbox.write("main.tf", "");
    assert_eq!(
        sandbox.ok(["providers", "schema", "-json"]).json(),
        serde_json::json!({ "format_version": "1.0" })
    );
}

#[test]
fn functions_are_told_with_their_signatures() {
    let sandbox = Sandbox::new();
    let told = sandbox.ok(["metadata", "functions", "-json"]).json();
    assert_eq!(told["format_version"], "1.0");
    let all = told["function_signatures"].as_object().unwrap();
    assert_eq!(all.len(), 236);
    assert!(
        all.values()
            .all(|f| !f["description"].as_str().unwrap().is_empty())
    );
    let mut shown = String::new();
    for name in [
        "abs",
        "can",
        "core::range",
        "format",
        "jsonencode",
        "lookup",
        "timestamp",
        "try",
    ] {
        let mut one = all[name].clone();
        one.as_object_mut().unwrap().remove("description");
        shown.push_str(&format!("{name}: {one}\n"));
    }
    insta::assert_snapshot!(shown);
    sandbox.fail(["metadata", "functions"]).says("-json");
    let version = sandbox.ok(["version", "-json"]).json();
    assert_eq!(version["terraform_outdated"], false);
    assert_eq!(version["provider_selections"], serde_json::json!({}));
}

#[test]
fn functions_of_providers_must_be_declared_and_exist() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    let state = sandbox.ok(["show", "-json"]).json();
    let input = &state["values"]["root_module"]["resources"][0]["values"]["input"];
    assert_eq!(input, "region = \"eu\"\nsize   = [1]\n");
    for (call, said) in [
        ("provider::terraform::encode_tfvars({ \"1a\" = 1 })", "\"1a\""),
        ("provider::terraform::nope()", "Unknown provider function"),
        ("provider::nope::x()", "required_providers"),
        ("provider::terraform::encode_expr(null)", "must not be null"),
        (
            "provider::terraform::encode_expr(1, 2)",
            "Too many function arguments",
        ),
    ] {
        sandbox
            .run_with_input(["console"], &format!("{call}\n"))
            .code_is(1)
            .says(said);
    }
}

#[test]
fn numbers_keep_every_digit_and_infinite_ones_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "resource \"terraform_data\" \"n\" {\n  input = [123456789012345678901234567890, 1 / 4]\n}\noutput \"third\" {\n  value = 1 / 3\n}\n",
    );
    sandbox.ok(["plan", "-out=p"]);
    let told = sandbox.ok(["show", "-json", "p"]).stdout;
    assert!(told.contains("[123456789012345678901234567890,0.25]"), "{told}");
    sandbox.ok(["apply", "p"]);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    let told = sandbox.ok(["show", "-json"]).stdout;
    assert!(told.contains("123456789012345678901234567890"), "{told}");
    assert!(told.contains(&format!("0.{}", "3".repeat(150))), "{told}");
    sandbox.write(
        "main.tf",
        "resource \"terraform_data\" \"n\" {\n  input = { a = [1 / 0] }\n}\noutput \"o\" {\n  value = -1 / 0\n}\n",
    );
    let run = sandbox.fail(["plan"]);
    assert_eq!(
        run.stderr.matches("Infinite number cannot be stored").count(),
        2,
        "{run}"
    );
}

#[test]
fn the_environment_of_terraform_is_heard_and_ours_wins() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "variable \"v\" {\n  type = list(string)\n}\nvariable \"w\" {\n  default = \"d\"\n}\noutput \"o\" {\n  value = [var.v, var.w, terraform.workspace]\n}\n",
    );
    sandbox.set_env("TF_VAR_v", "[\"env\"]");
    sandbox.set_env("TF_VAR_w", "tf");
    sandbox.set_env("STREAMFORM_VAR_w", "ours");
    sandbox.set_env("TF_IN_AUTOMATION", "1");
    sandbox.set_env("TF_INPUT", "0");
    sandbox.set_env("TF_WORKSPACE", "stage");
    sandbox.set_env("TF_CLI_ARGS_apply", "-auto-approve -no-color");
    sandbox.ok(["apply"]);
    insta::assert_snapshot!(sandbox.ok(["output", "-json", "o"]).stdout, @r#"[["env"],"ours","stage"]"#);
    let run = sandbox.ok(["plan", "-var=w=flag"]);
    assert!(
        !run.stdout.contains("-out"),
        "hints on what to type next are for people: {run}"
    );
    sandbox.set_env("TF_CLI_ARGS", "-nope");
    sandbox.fail(["plan"]).says("-nope");
}

#[test]
fn a_configuration_can_begin_as_a_copy_of_a_module() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "module/main.tf",
        "output \"a\" {\n  value = file(\"${path.module}/sql/a.sql\")\n}\n",
    );
    sandbox.write("module/sql/a.sql", "SELECT 1");
    sandbox.write("module/.streamform/workspace", "mine");
    sandbox.write("new/keep/.gitkeep", "");
    sandbox
        .fail(["-chdir=new", "init", "-from-module=../module"])
        .says("already contains files");
    std::fs::remove_dir_all(sandbox.path("new/keep")).unwrap();
    sandbox
        .fail(["-chdir=new", "init", "-from-module=../missing"])
        .says("cannot be copied");
    sandbox
        .fail([
            "-chdir=new",
            "init",
            "-from-module=git::https://example.com/m.git",
        ])
        .says("Fetch it first");
    sandbox
        .fail(["-chdir=new", "init", "-from-module=.."])
        .says("Work in another folder");
    sandbox.ok(["-chdir=new", "init", "-from-module=../module"]);
    assert!(!sandbox.path("new/.streamform/workspace").exists());
    sandbox
        .ok(["-chdir=new", "apply", "-auto-approve"])
        .says("SELECT 1");
}
