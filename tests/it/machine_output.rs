//! What programs read is held against the schemas in `docs/schemas`: our outputs, and Terraform's where it is installed,
//! so that the schemas say neither more nor less than the formats do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use jsonschema::Validator;
use serde_json::Value;
use serde_json::json;

use crate::sandbox::Sandbox;

/// A schema of `docs/schemas`.
fn schema(name: &str) -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/schemas")
        .join(format!("{name}.schema.json"));
    let text = fs::read_to_string(path).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// What is wrong with a document, each with its place.
fn problems(validator: &Validator, document: &Value) -> Vec<String> {
    validator
        .iter_errors(document)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

/// Everything that the formats have: modules, repetition, secrets, unknown values, checks, replacement.
const CONFIG: &str = r#"
variable "size" {
  type        = number
  default     = 1
  description = "How many."
  validation {
    condition     = var.size > 0
    error_message = "At least one."
  }
}

variable "secret" {
  type      = string
  default   = "hunter2-hunter2"
  sensitive = true
}

variable "nested" {
  type    = object({ list = list(string), extra = optional(number, 3) })
  default = { list = ["a", "b"] }
}

locals {
  names = [for x in var.nested.list : upper(x)]
}

resource "terraform_data" "many" {
  for_each = toset(var.nested.list)
  input    = { key = each.key, size = var.size, secret = [var.secret] }
  lifecycle {
    precondition {
      condition     = var.size < 100
      error_message = "Too many."
    }
  }
}

resource "terraform_data" "replaced" {
  count            = 2
  triggers_replace = [var.size, terraform_data.many["a"].id]
  lifecycle {
    create_before_destroy = true
  }
}

module "child" {
  source = "./child"
  count  = 2
  value  = terraform_data.many["a"].output.size
}

check "small" {
  assert {
    condition     = var.size < 2
    error_message = "It has grown to ${var.size}."
  }
}

output "id" {
  value       = terraform_data.replaced[*].id
  description = "Ids."
}

output "secret" {
  value     = var.secret
  sensitive = true
}

output "module" {
  value = module.child[0].out
  precondition {
    condition     = var.size != 50
    error_message = "Not fifty."
  }
}

output "nothing" {
  value = null
}
"#;

const CHILD: &str = r#"
variable "value" {
  type = any
}

resource "terraform_data" "in_child" {
  input = var.value
}

output "out" {
  value = terraform_data.in_child.output
}
"#;

/// A configuration in which much is wrong.
const BROKEN: &str = r#"
variable "size" {
  default = 12
}

resource "terraform_data" "a" {
  input = var.size.name
}

resource "terraform_data" "b" {
  inptu = 1
}

output "call" {
  value = lookup([1], "a")
}

output "o" {
  value = "${[var.size]}"
}
"#;

/// A program whose outputs are looked at.
trait Subject {
    /// Runs it in the folder of `sandbox`; what it printed on standard output.
    fn run(&self, sandbox: &Sandbox, args: &[&str]) -> String;

    /// Whether it has commands that Terraform does not have.
    fn has_history(&self) -> bool {
        false
    }
}

struct Ours;

impl Subject for Ours {
    fn has_history(&self) -> bool {
        true
    }

    fn run(&self, sandbox: &Sandbox, args: &[&str]) -> String {
        sandbox.run(args).stdout
    }
}

struct Terraform(PathBuf);

impl Subject for Terraform {
    fn run(&self, sandbox: &Sandbox, args: &[&str]) -> String {
        let output = Command::new(&self.0)
            .args(args)
            .current_dir(sandbox.path(""))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("HOME", sandbox.path(""))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Terraform, if it is installed.
fn terraform() -> Option<Terraform> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("terraform"))
        .find(|file| file.is_file())
        .map(Terraform)
}

/// Runs everything that prints JSON; documents by the schema that they follow.
fn documents(subject: &dyn Subject) -> BTreeMap<&'static str, Vec<Value>> {
    let mut all: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", CONFIG);
    sandbox.write("child/main.tf", CHILD);
    let mut run = |schema: &'static str, args: &[&str]| {
        let text = subject.run(&sandbox, args);
        let read = |text: &str| -> Value {
            serde_json::from_str(text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{text}"))
        };
        let found = if schema == "ui-line" {
            text.lines().map(read).collect()
        } else if schema.is_empty() {
            Vec::new()
        } else {
            vec![read(&text)]
        };
        all.entry(schema).or_default().extend(found);
    };
    run("ui-line", &["init", "-json", "-input=false"]);
    run("validate", &["validate", "-json"]);
    run("state", &["show", "-json"]);
    run("ui-line", &["plan", "-json", "-input=false", "-out=plan"]);
    run("plan", &["show", "-json", "plan"]);
    run("ui-line", &["apply", "-json", "plan"]);
    run("state", &["show", "-json"]);
    run("ui-line", &["plan", "-json", "-out=plan", "-var=size=3"]);
    run("plan", &["show", "-json", "plan"]);
    run("ui-line", &["apply", "-json", "-auto-approve", "-var=size=3"]);
    run("state", &["show", "-json"]);
    run("ui-line", &["plan", "-json", "-out=plan", "-refresh-only"]);
    run("plan", &["show", "-json", "plan"]);
    run("ui-line", &["plan", "-json", "-out=plan", "-target=module.child"]);
    run("plan", &["show", "-json", "plan"]);
    run("ui-line", &["plan", "-json", "-out=plan", "-destroy"]);
    run("plan", &["show", "-json", "plan"]);
    run("ui-line", &["plan", "-json", "-var=size=0"]);
    run("ui-line", &["destroy", "-json", "-auto-approve"]);
    if subject.has_history() {
        run("drift", &["drift", "-json"]);
        run("state-check", &["state", "check", "-json"]);
        run("history", &["history", "-json"]);
        for version in ["1", "2", "3"] {
            run("history-version", &["history", "show", "-json", version]);
        }
        run("history-diff", &["diff", "-json", "1", "2"]);
        run("history-diff", &["diff", "-json", "3", "1"]);
    }
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", BROKEN);
    for (schema, args) in [
        ("validate", &["validate", "-json"] as &[&str]),
        ("ui-line", &["plan", "-json", "-input=false"]),
    ] {
        subject.run(&sandbox, &["init", "-input=false"]);
        let text = subject.run(&sandbox, args);
        let found = match schema {
            "ui-line" => text.lines().map(|l| serde_json::from_str(l).unwrap()).collect(),
            _ => vec![serde_json::from_str(&text).unwrap()],
        };
        all.entry(schema).or_default().extend(found);
    }
    all.remove("");
    all
}

fn all_follow_their_schemas(subject: &dyn Subject) -> BTreeMap<&'static str, Vec<Value>> {
    let documents = documents(subject);
    for (name, found) in &documents {
        let validator = schema(name);
        assert!(!found.is_empty(), "{name}");
        for document in found {
            let problems = problems(&validator, document);
            assert!(
                problems.is_empty(),
                "{name}: {problems:#?}\n{}",
                serde_json::to_string_pretty(document).unwrap()
            );
        }
    }
    documents
}

#[test]
fn our_outputs_follow_the_schemas() {
    let documents = all_follow_their_schemas(&Ours);
    // That there is something to hold against them.
    let kinds: Vec<&str> = documents["ui-line"]
        .iter()
        .filter_map(|l| l["type"].as_str())
        .collect();
    for kind in [
        "version",
        "planned_change",
        "change_summary",
        "outputs",
        "apply_start",
        "apply_complete",
        "refresh_start",
        "refresh_complete",
        "diagnostic",
    ] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    let plan = &documents["plan"][1];
    for part in [
        "variables",
        "planned_values",
        "resource_changes",
        "output_changes",
        "prior_state",
        "configuration",
        "relevant_attributes",
        "checks",
    ] {
        assert!(!plan[part].is_null(), "{part}");
    }
    assert!(documents["state"][1]["checks"].is_array());
    let version = &documents["history-version"][1];
    assert_eq!(version["variables"]["size"]["value"], 3);
    assert_eq!(version["outputs"]["secret"]["value"], json!(null));
    assert!(version["changes"].as_array().unwrap().len() > 2);
    let diff = &documents["history-diff"][0];
    assert_eq!(diff["variables"][0]["name"], "size");
    assert!(!diff["outputs"].as_array().unwrap().is_empty());
    assert!(!documents["history"][0]["versions"].as_array().unwrap().is_empty());
    assert_eq!(documents["state"][0], json!({ "format_version": "1.0" }));
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn terraforms_outputs_follow_the_schemas() {
    let Some(terraform) = terraform() else {
        eprintln!("terraform is not installed: its outputs are not looked at");
        return;
    };
    let theirs = all_follow_their_schemas(&terraform);
    let sandbox = Sandbox::new();
    let schemas = terraform.run(&sandbox, &["providers", "schema", "-json"]);
    let schemas = serde_json::from_str(&schemas).unwrap();
    assert_eq!(problems(&schema("provider-schemas"), &schemas), [""; 0]);
    let ours = documents(&Ours);
    // The same members in the same order, whatever the values.
    let members = |v: &Value| -> Vec<String> { v.as_object().unwrap().keys().cloned().collect() };
    // A plan that makes everything, and one that changes and replaces.
    for (a, b) in theirs["plan"].iter().zip(&ours["plan"]).take(2) {
        assert_eq!(members(a), members(b));
        for (x, y) in [("resource_changes", 0), ("resource_changes", 3)]
            .map(|(list, i)| (&a[list][i], &b[list][i]))
            .into_iter()
            .filter(|(x, _)| !x.is_null())
        {
            assert_eq!(members(x), members(y));
            assert_eq!(x["address"], y["address"]);
            assert_eq!(members(&x["change"]), members(&y["change"]));
        }
        assert_eq!(a["configuration"], b["configuration"]);
        let checks = |v: &Value| v["checks"].clone();
        assert_eq!(checks(a), checks(b), "{}", members(a).join(" "));
        let sorted = |v: &Value| {
            let list = v["relevant_attributes"].as_array().cloned().unwrap_or_default();
            let mut texts: Vec<String> = list.iter().map(Value::to_string).collect();
            texts.sort();
            texts
        };
        assert_eq!(sorted(a), sorted(b));
    }
    for (a, b) in theirs["state"].iter().zip(&ours["state"]) {
        assert_eq!(members(a), members(b));
    }
}

/// A schema that lets everything pass proves nothing.
#[test]
fn the_schemas_are_not_lax() {
    let documents = documents(&Ours);
    let broken = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut document = documents[name]
            .iter()
            .find(|d| name != "ui-line" || d["type"] == "planned_change")
            .unwrap()
            .clone();
        assert_eq!(problems(&schema(name), &document), [""; 0], "{name}");
        change(&mut document);
        assert!(
            !problems(&schema(name), &document).is_empty(),
            "{name} lets this pass: {document:#}"
        );
    };
    broken("plan", &|d| d["format_version"] = json!("2.0"));
    broken("plan", &|d| d["extra"] = json!(1));
    broken("plan", &|d| {
        d["resource_changes"][0]["change"]["actions"] = json!(["make"]);
    });
    broken("plan", &|d| {
        d["resource_changes"][0]["change"]
            .as_object_mut()
            .unwrap()
            .remove("after_unknown");
    });
    broken("plan", &|d| {
        d["resource_changes"][0]["action_reason"] = json!("because");
    });
    broken("plan", &|d| {
        d["planned_values"]["root_module"]["child_modules"][0] = json!({});
    });
    broken("plan", &|d| d["checks"][0]["status"] = json!("good"));
    broken("plan", &|d| {
        d["configuration"]["root_module"]["resources"][0]["mode"] = json!(1);
    });
    broken("state", &|d| d["values"] = json!({}));
    broken("validate", &|d| d["valid"] = json!("yes"));
    broken("history", &|d| d["versions"][0]["status"] = json!("fine"));
    broken("history-version", &|d| {
        d["changes"][0]["actions"] = json!(["make"]);
    });
    broken("history-version", &|d| d["configuration"]["digest"] = json!("x"));
    broken("history-diff", &|d| d["objects"][0]["action"] = json!("made"));
    broken("state-check", &|d| d["findings"][0]["verdict"] = json!("good"));
    broken("drift", &|d| d["drifted"] = json!("no"));
    broken("ui-line", &|d| d["type"] = json!("news"));
    broken("ui-line", &|d| d["change"]["resource"]["addr"] = json!(null));
    broken("ui-line", &|d| {
        d.as_object_mut().unwrap().remove("change");
    });
}
