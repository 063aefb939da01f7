//! Objects that exist already come under management: `import` blocks, `import`, configuration written for them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::survival::platform;

/// A sandbox with one configuration file.
fn with(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", config);
    sandbox
}

/// Address → actions, import id, configuration, of a saved plan.
fn changes(sandbox: &Sandbox, file: &str) -> BTreeMap<String, Value> {
    let plan = sandbox.ok(["show", "-json", file]).json();
    plan["resource_changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| {
            (
                c["address"].as_str().unwrap().to_owned(),
                serde_json::json!([c["change"]["actions"], c["change"]["importing"]["id"]]),
            )
        })
        .collect()
}

const SEVERAL: &str = r#"
locals { ids = { x = "id-x", y = "id-y" } }
import {
  for_each = local.ids
  to       = terraform_data.same[each.key]
  id       = each.value
}
resource "terraform_data" "same" { for_each = local.ids }
import {
  to = terraform_data.changed
  id = "id-${terraform_data.new.input}"
}
resource "terraform_data" "changed" { input = terraform_data.same["x"].id }
import {
  to = terraform_data.replaced
  id = "id-r"
}
resource "terraform_data" "replaced" { triggers_replace = 1 }
resource "terraform_data" "new" { input = "n" }
output "ids" { value = [for d in terraform_data.same : d.id] }
"#;

#[test]
fn a_plan_imports_changes_and_replaces() {
    let sandbox = with(SEVERAL);
    let plan = sandbox.ok(["plan", "-out=p"]);
    plan.says("Plan: 4 to import, 2 to add, 1 to change, 1 to destroy.");
    plan.says("terraform_data.changed: Preparing import... [id=id-n]");
    insta::assert_snapshot!(plan.stdout.split("Saved the plan").next().unwrap());
    insta::assert_json_snapshot!(changes(&sandbox, "p"));
    insta::assert_snapshot!("markdown", sandbox.ok(["show", "-markdown", "p"]).stdout);
    sandbox
        .ok(["apply", "p"])
        .says("terraform_data.same[\"x\"]: Import complete [id=id-x]")
        .says("Apply complete! Resources: 4 imported, 2 added, 1 changed, 1 destroyed.");
    let state = sandbox.ok(["show", "-json"]).json();
    assert_eq!(
        state["values"]["outputs"]["ids"]["value"],
        serde_json::json!(["id-x", "id-y"])
    );
    // The blocks may stay: what is managed is not imported again.
    sandbox.ok(["plan", "-detailed-exitcode"]).says("No changes.");
}

#[test]
fn the_stream_tells_what_is_imported() {
    let sandbox = with(SEVERAL);
    let run = sandbox.ok(["apply", "-auto-approve", "-json"]);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let planned: Vec<String> = lines
        .iter()
        .filter(|l| l["type"] == "planned_change")
        .map(|l| {
            let c = &l["change"];
            format!(
                "{} {} {}",
                c["resource"]["addr"], c["action"], c["importing"]["id"]
            )
        })
        .collect();
    insta::assert_debug_snapshot!(planned);
    let counts: Vec<&Value> = lines
        .iter()
        .filter(|l| l["type"] == "change_summary")
        .map(|l| &l["changes"]["import"])
        .collect();
    assert_eq!(counts, [&Value::from(4), &Value::from(4)]);
}

#[test]
fn a_failing_change_leaves_the_imported_object_in_the_state() {
    let sandbox = with(
        r#"
import {
  to = terraform_data.a
  id = "kept"
}
resource "terraform_data" "a" {
  input = terraform_data.before.id
  lifecycle {
    precondition {
      condition     = terraform_data.before.output == "never"
      error_message = "Not yet."
    }
  }
}
resource "terraform_data" "before" { input = "x" }
"#,
    );
    sandbox.fail(["apply", "-auto-approve"]).says("Not yet.");
    sandbox.ok(["state", "list"]).says("terraform_data.a");
    sandbox.ok(["state", "show", "terraform_data.a"]).says("\"kept\"");
}

#[test]
fn configuration_is_written_for_what_has_none() {
    let sandbox = with(
        r#"
import {
  to = terraform_data.gen
  id = "gen-id"
}
"#,
    );
    sandbox
        .fail(["plan"])
        .says("Configuration for import target does not exist")
        .says("-generate-config-out=generated.tf");
    sandbox
        .fail(["plan", "-generate-config-out=gen.tf", "-destroy"])
        .says("Invalid generate-config-out flag");
    sandbox
        .ok(["plan", "-generate-config-out=gen.tf", "-out=p"])
        .says("(config will be generated)")
        .says("Config generation is experimental")
        .says("written it to gen.tf");
    insta::assert_snapshot!("generated", sandbox.read("gen.tf"));
    sandbox.ok(["fmt", "-check", "gen.tf"]);
    sandbox
        .fail(["plan", "-generate-config-out=gen.tf"])
        .says("Target generated file already exists");
    // The saved plan knows nothing of the file, and needs nothing of it.
    sandbox
        .ok(["apply", "p"])
        .says("Resources: 1 imported, 0 added, 0 changed, 0 destroyed.");
    sandbox.ok(["plan", "-detailed-exitcode"]).says("No changes.");
}

#[test]
fn a_secret_id_is_not_shown() {
    let sandbox = with(
        r#"
variable "id" {
  sensitive = true
  default   = "tell-nobody"
}
import {
  to = terraform_data.a
  id = var.id
}
resource "terraform_data" "a" { input = 1 }
"#,
    );
    sandbox
        .ok(["apply", "-auto-approve"])
        .says("(imported from \"(sensitive value)\")")
        .is_silent_about("Import complete [id=tell-nobody]")
        .is_silent_about("Importing... [id=tell-nobody]");
}

#[test]
fn what_cannot_be_imported_is_told_before_anything_is_done() {
    for (config, summary) in [
        ("id = \"\"", "Invalid import id argument"),
        ("id = null", "Invalid import id argument"),
        ("id = []", "Incorrect value type"),
        ("id = terraform_data.o.id", "Invalid import id argument"),
        (
            "id = terraform_data.a.id",
            "The import ID cannot reference the resource being imported.",
        ),
        (
            "id = \"x\"\n for_each = \"abc\"",
            "The \"for_each\" expression must be a collection.",
        ),
        (
            "id = \"x\"\n for_each = toset([terraform_data.o.id])",
            "Invalid for_each argument",
        ),
    ] {
        let sandbox = with(&format!(
            "import {{\n to = terraform_data.a\n {config}\n}}\nresource \"terraform_data\" \"a\" {{}}\nresource \"terraform_data\" \"o\" {{}}\n"
        ));
        sandbox.fail(["apply", "-auto-approve"]).says(summary);
    }
    for (to, summary) in [
        ("terraform_data.c", "The target resource is using count."),
        (
            "terraform_data.c[\"x\"]",
            "The target resource does not use for_each.",
        ),
        (
            "terraform_data.c[7]",
            "Configuration for import target does not exist",
        ),
        ("terraform_data.nope[0]", "not compatible with config generation"),
        (
            "module.m.terraform_data.a",
            "Configuration for import target does not exist",
        ),
        (
            "terraform_data.c[local.k]",
            "A single static variable reference is required",
        ),
        (
            "terraform_data.c[null]",
            "either a string or an integer is required",
        ),
        (
            "data.terraform_remote_state.x",
            "Only managed resources can be imported.",
        ),
        ("var.x", "The keyword \"var\" is reserved"),
    ] {
        let sandbox = with(&format!(
            "import {{\n to = {to}\n id = \"x\"\n}}\nlocals {{ k = 0 }}\nresource \"terraform_data\" \"c\" {{ count = 2 }}\n"
        ));
        sandbox.fail(["apply", "-auto-approve"]).says(summary);
    }
}

#[test]
fn the_command_imports_into_modules_and_instances() {
    let sandbox = with(
        r#"
variable "n" { default = 2 }
resource "terraform_data" "a" { count = var.n }
module "m" {
  source   = "./m"
  for_each = toset(["k"])
}
output "first" { value = terraform_data.a[0].id }
"#,
    );
    sandbox.write("m/main.tf", "resource \"terraform_data\" \"x\" {}\n");
    let run = sandbox.ok(["import", "-var=n=1", "terraform_data.a[0]", "one"]);
    insta::assert_snapshot!("import_successful", run.stdout);
    sandbox.ok(["import", "module.m[\"k\"].terraform_data.x", "two"]);
    assert_eq!(
        sandbox.ok(["state", "list"]).stdout,
        "terraform_data.a[0]\nmodule.m[\"k\"].terraform_data.x\n"
    );
    assert_eq!(sandbox.ok(["output", "-raw", "first"]).stdout, "one");
    for (args, told) in [
        (
            ["terraform_data.a[0]", "x"],
            "Resource already managed by Streamform",
        ),
        (
            ["terraform_data.a[5]", "x"],
            "Configuration for import target does not exist",
        ),
        (["terraform_data.b", "x"], "does not exist in the configuration."),
        (
            ["module.n.terraform_data.b", "x"],
            "Import to non-existent module",
        ),
        (["module.m", "x"], "Invalid address"),
        (["data.a.b", "x"], "A managed resource address is required"),
    ] {
        sandbox.fail(["import"].iter().chain(&args)).says(told);
    }
    sandbox.write("conf/main.tf", "resource \"terraform_data\" \"b\" {}\n");
    sandbox.ok(["import", "-config=conf", "terraform_data.b", "x"]);
    sandbox
        .fail(["import", "-config=m/none", "terraform_data.b", "x"])
        .says("configuration files");
}

/// The first instance of a type and name in a state file of Terraform.
fn attributes<'s>(state: &'s Value, ty: &str, name: &str, index: usize) -> &'s Value {
    state["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["mode"] == "managed" && r["type"] == ty && r["name"] == name)
        .map(|r| &r["instances"][index]["attributes"])
        .unwrap_or_else(|| panic!("no {ty}.{name} in the state"))
}

#[test]
fn a_whole_platform_is_lost_and_imported_again() {
    let mut sandbox = with(&platform());
    // The service does not tell secret properties of a statement.
    sandbox.edit(
        "main.tf",
        "properties_sensitive = { \"sql.secrets.token\" = var.token }",
        "",
    );
    let emulator = sandbox.start_emulator();
    sandbox.ok(["apply", "-auto-approve"]);
    let state = sandbox.ok(["state", "pull"]).json();
    let id = |ty: &str, name: &str, index: usize| -> String {
        attributes(&state, ty, name, index)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = emulator.objects();
    std::fs::remove_dir_all(sandbox.path("streamform.state")).unwrap();

    let environment = id("confluent_environment", "this", 0);
    let cluster = id("confluent_kafka_cluster", "this", 0);
    // Secrets of keys cannot be read from the service: each comes from the environment.
    let mut keys = vec![
        ("cloud", 0, "cloud[0]".to_owned()),
        ("cloud", 1, "cloud[1]".to_owned()),
    ];
    keys.extend(["kafka", "registry", "flink"].map(|n| (n, 0, n.to_owned())));
    for (name, index, address) in keys {
        let key = attributes(&state, "confluent_api_key", name, index);
        sandbox.set_env("API_KEY_SECRET", key["secret"].as_str().unwrap());
        let plain = key["id"].as_str().unwrap();
        let id = if name == "cloud" {
            plain.to_owned()
        } else {
            format!("{environment}/{plain}")
        };
        sandbox
            .ok(["import", &format!("confluent_api_key.{address}"), &id])
            .says("Import successful!")
            .is_silent_about(key["secret"].as_str().unwrap());
    }
    let variable = |sandbox: &mut Sandbox, name: &str, value: &Value| {
        sandbox.set_env(
            name,
            value.as_str().unwrap_or_else(|| panic!("{name} should be known")),
        );
    };
    let topic = attributes(&state, "confluent_kafka_topic", "table", 0);
    variable(
        &mut sandbox,
        "IMPORT_KAFKA_REST_ENDPOINT",
        &topic["rest_endpoint"],
    );
    variable(
        &mut sandbox,
        "IMPORT_KAFKA_API_KEY",
        &topic["credentials"][0]["key"],
    );
    variable(
        &mut sandbox,
        "IMPORT_KAFKA_API_SECRET",
        &topic["credentials"][0]["secret"],
    );
    let schema = attributes(&state, "confluent_schema", "table", 0);
    variable(
        &mut sandbox,
        "IMPORT_SCHEMA_REGISTRY_REST_ENDPOINT",
        &schema["rest_endpoint"],
    );
    variable(
        &mut sandbox,
        "IMPORT_SCHEMA_REGISTRY_API_KEY",
        &schema["credentials"][0]["key"],
    );
    variable(
        &mut sandbox,
        "IMPORT_SCHEMA_REGISTRY_API_SECRET",
        &schema["credentials"][0]["secret"],
    );
    let statement = attributes(&state, "confluent_flink_statement", "copy", 0);
    for (name, at) in [
        ("IMPORT_CONFLUENT_ORGANIZATION_ID", "/organization/0/id"),
        ("IMPORT_CONFLUENT_ENVIRONMENT_ID", "/environment/0/id"),
        ("IMPORT_FLINK_COMPUTE_POOL_ID", "/compute_pool/0/id"),
        ("IMPORT_FLINK_PRINCIPAL_ID", "/principal/0/id"),
        ("IMPORT_FLINK_REST_ENDPOINT", "/rest_endpoint"),
        ("IMPORT_FLINK_API_KEY", "/credentials/0/key"),
        ("IMPORT_FLINK_API_SECRET", "/credentials/0/secret"),
    ] {
        variable(&mut sandbox, name, statement.pointer(at).unwrap());
    }

    let registry = schema["schema_registry_cluster"][0]["id"].as_str().unwrap();
    let mut blocks = String::new();
    let mut import = |to: String, id: String| {
        blocks.push_str(&format!("import {{\n  to = {to}\n  id = {id:?}\n}}\n"));
    };
    import("confluent_environment.this".into(), environment.clone());
    import(
        "confluent_kafka_cluster.this".into(),
        format!("{environment}/{cluster}"),
    );
    import(
        "confluent_service_account.app".into(),
        id("confluent_service_account", "app", 0),
    );
    import(
        "confluent_role_binding.app".into(),
        id("confluent_role_binding", "app", 0),
    );
    for i in 0..2 {
        import(
            format!("confluent_service_account.reader[{i}]"),
            id("confluent_service_account", "reader", i),
        );
        import(
            format!("confluent_role_binding.reader[{i}]"),
            id("confluent_role_binding", "reader", i),
        );
    }
    for name in ["copies", "orders"] {
        import(
            format!("confluent_kafka_topic.table[{name:?}]"),
            format!("{cluster}/{name}"),
        );
        import(
            format!("confluent_schema.table[{name:?}]"),
            format!("{registry}/{name}-value/latest"),
        );
    }
    let pool = id("confluent_flink_compute_pool", "this", 0);
    import(
        "confluent_flink_compute_pool.this".into(),
        format!("{environment}/{pool}"),
    );
    let name = statement["statement_name"].as_str().unwrap().to_owned();
    import("confluent_flink_statement.copy".into(), name);
    sandbox.write("imports.tf", blocks);

    let plan = sandbox.ok(["plan", "-out=p"]);
    // Two switches of a schema are not kept by the service.
    plan.says("Plan: 14 to import, 0 to add, 2 to change, 0 to destroy.");
    plan.says("+ hard_delete                 = true");
    sandbox
        .ok(["apply", "p"])
        .says("Resources: 14 imported, 0 added, 2 changed, 0 destroyed.");
    sandbox.ok(["plan", "-detailed-exitcode"]).code_is(0);
    assert_eq!(
        emulator.objects(),
        before,
        "an import changes nothing in the service"
    );
    assert_eq!(
        sandbox
            .ok(["state", "list"])
            .stdout
            .lines()
            .filter(|l| !l.starts_with("data."))
            .count(),
        19
    );
}

#[test]
fn configuration_written_for_an_environment_is_what_it_is() {
    let mut sandbox = with(
        r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}
resource "confluent_environment" "this" {
  display_name = "mine"
  stream_governance { package = "ESSENTIALS" }
}
"#,
    );
    let emulator = sandbox.start_emulator();
    sandbox.ok(["apply", "-auto-approve"]);
    let id = emulator.objects()["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["name"] == "mine")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::remove_dir_all(sandbox.path("streamform.state")).unwrap();
    sandbox.write(
        "main.tf",
        format!(
            "terraform {{\n  required_providers {{\n    confluent = {{ source = \"confluentinc/confluent\" }}\n  }}\n}}\nimport {{\n  to = confluent_environment.this\n  id = \"{id}\"\n}}\n"
        ),
    );
    sandbox.ok(["plan", "-generate-config-out=generated.tf"]);
    insta::assert_snapshot!(
        "generated_environment",
        sandbox.read("generated.tf").replace(&id, "ENV-ID")
    );
    sandbox
        .ok(["plan"])
        .says("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.");
    sandbox
        .fail(["import", "confluent_environment.this", "env-nope"])
        .says("error importing Environment \"env-nope\"");
}
