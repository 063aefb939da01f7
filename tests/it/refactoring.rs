//! `moved` and `removed` blocks, as their users see them.

use crate::sandbox::Sandbox;

const TWO: &str = r#"
module "m" {
  source = "./m"
  count  = 2
}
resource "terraform_data" "a" {
  input = module.m[0].id
}
output "id" {
  value = terraform_data.a.id
}
"#;

const CHILD: &str = r#"
resource "terraform_data" "r" {
  input = 1
}
output "id" {
  value = terraform_data.r.id
}
"#;

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

fn applied(main: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", main);
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox
}

/// Ids are new in every run.
fn stable(text: &str) -> String {
    let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    text.split('"')
        .map(|part| {
            if part.len() == 36 && part.chars().all(hex) {
                "ID"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("\"")
}

#[test]
fn moves_are_shown_saved_and_made() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", TWO);
    sandbox.write("m/main.tf", CHILD);
    sandbox.ok(["apply", "-auto-approve"]);
    let before = sandbox.ok(["output", "-json"]).json();
    sandbox.write(
        "main.tf",
        TWO.replace("\"a\"", "\"b\"")
            .replace("data.a", "data.b")
            .replace("count  = 2", "for_each = toset([\"x\", \"y\"])")
            .replace("m[0]", "m[\"x\"]")
            + &moved("terraform_data.a", "terraform_data.b")
            + &moved("module.m[0]", "module.m[\"x\"]")
            + &moved("module.m[1]", "module.m[\"y\"]"),
    );
    let plan = sandbox.run(["plan", "-detailed-exitcode", "-out=p"]);
    plan.code_is(2);
    insta::assert_snapshot!("moves_terminal", stable(&plan.stdout));
    insta::assert_snapshot!(
        "moves_markdown",
        stable(&sandbox.ok(["show", "-markdown", "p"]).stdout)
    );
    let json = sandbox.ok(["show", "-json", "p"]).json();
    let changes: Vec<String> = json["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            format!(
                "{} < {} {}",
                c["address"], c["previous_address"], c["change"]["actions"]
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            r#""terraform_data.b" < "terraform_data.a" ["no-op"]"#,
            r#""module.m[\"x\"].terraform_data.r" < "module.m[0].terraform_data.r" ["no-op"]"#,
            r#""module.m[\"y\"].terraform_data.r" < "module.m[1].terraform_data.r" ["no-op"]"#,
        ]
    );
    sandbox
        .ok(["plan", "-json"])
        .says(r#""@message":"terraform_data.b: Plan to move""#)
        .says(r#""action":"move""#);
    sandbox
        .ok(["apply", "p"])
        .says("Apply complete! Resources: 0 added, 0 changed, 0 destroyed.");
    assert_eq!(sandbox.ok(["output", "-json"]).json(), before);
    assert_eq!(
        sandbox.ok(["state", "list"]).stdout,
        "terraform_data.b\nmodule.m[\"x\"].terraform_data.r\nmodule.m[\"y\"].terraform_data.r\n"
    );
    sandbox
        .run(["plan", "-detailed-exitcode"])
        .code_is(0)
        .says("No changes.");
}

#[test]
fn a_move_says_so_beside_other_changes() {
    let sandbox = applied("resource \"terraform_data\" \"a\" {\n  input = 1\n  triggers_replace = 1\n}\n");
    sandbox.write(
        "main.tf",
        format!(
            "resource \"terraform_data\" \"b\" {{\n  input = 1\n  triggers_replace = 2\n}}\n{}",
            moved("terraform_data.a", "terraform_data.b")
        ),
    );
    insta::assert_snapshot!(stable(&sandbox.ok(["plan"]).stdout));
    let refreshed = sandbox.run(["plan", "-refresh-only", "-detailed-exitcode"]);
    refreshed
        .code_is(0)
        .says("# terraform_data.a has moved to terraform_data.b");
    sandbox.ok(["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "terraform_data.b\n");
}

#[test]
fn what_cannot_move_stays_and_is_told() {
    let sandbox = applied("resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n");
    sandbox.write(
        "main.tf",
        format!(
            "resource \"terraform_data\" \"b\" {{}}\n{}",
            moved("terraform_data.a", "terraform_data.b")
        ),
    );
    let plan = sandbox.ok(["plan"]);
    plan.says("# terraform_data.a will be destroyed");
    insta::assert_snapshot!(plan.stderr.split("Warning").nth(1).unwrap());
}

#[test]
fn objects_whose_move_has_no_end_are_deleted_with_the_reason() {
    let sandbox = applied("resource \"terraform_data\" \"a\" {}\n");
    sandbox.write(
        "main.tf",
        moved("terraform_data.a", "terraform_data.b") + "locals {}\n",
    );
    sandbox
        .ok(["plan", "-out=p"])
        .says("(because terraform_data.a was moved to terraform_data.b, which is not in configuration)");
    let json = sandbox.ok(["show", "-json", "p"]).json();
    assert_eq!(
        json["resource_changes"][0]["action_reason"],
        "delete_because_no_move_target"
    );
}

#[test]
fn mistakes_in_moved_blocks_are_told_together() {
    let sandbox = applied("resource \"terraform_data\" \"a\" {}\n");
    let blocks = [
        ("terraform_data.a", "terraform_data.z"),
        ("terraform_data.same", "terraform_data.same"),
        ("terraform_data.b", "terraform_data.c"),
        ("terraform_data.b", "terraform_data.d"),
        ("module.e[0]", "module.g"),
        ("module.f", "module.g[1]"),
        ("module.h", "module.i"),
        ("module.j", "module.i"),
    ];
    let text: String = blocks.iter().map(|(from, to)| moved(from, to)).collect();
    sandbox.write(
        "main.tf",
        format!("resource \"terraform_data\" \"a\" {{}}\n{text}"),
    );
    sandbox.ok(["validate"]);
    let plan = sandbox.fail(["plan"]);
    insta::assert_snapshot!(
        plan.stderr
            .lines()
            .skip_while(|l| !l.contains("Error"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    sandbox.write(
        "main.tf",
        moved("terraform_data.p", "terraform_data.q") + &moved("terraform_data.q", "terraform_data.p"),
    );
    sandbox
        .fail(["plan"])
        .says("Cyclic dependency in move statements")
        .says("- main.tf:1,1: terraform_data.p[*] → terraform_data.q[*]");
}

#[test]
fn removed_blocks_forget_or_delete() {
    let sandbox = applied(
        "resource \"terraform_data\" \"kept\" {\n  count = 2\n}\nresource \"terraform_data\" \"gone\" {}\n",
    );
    sandbox.write(
        "main.tf",
        "removed {\n  from = terraform_data.kept\n  lifecycle {\n    destroy = false\n  }\n}\nremoved {\n  from = terraform_data.gone\n  lifecycle {\n    destroy = true\n  }\n}\n",
    );
    let plan = sandbox.run(["plan", "-detailed-exitcode"]);
    plan.code_is(2);
    insta::assert_snapshot!("removed_terminal", stable(&plan.stdout));
    insta::assert_snapshot!("removed_warning", plan.stderr.split("Warning").nth(1).unwrap());
    sandbox
        .ok(["apply", "-auto-approve"])
        .says("Apply complete! Resources: 0 added, 0 changed, 1 destroyed, 2 forgotten.");
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "");
    sandbox.write(
        "main.tf",
        "resource \"terraform_data\" \"a\" {}\nremoved {\n  from = terraform_data.a\n}\n",
    );
    sandbox
        .fail(["plan"])
        .says("Removed resource still exists")
        .says("main.tf line 1");
}

#[test]
fn a_data_source_is_nothing_to_remove() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", "removed {\n  from = data.x.y\n}\n");
    sandbox.fail(["validate"]).says("Data source address not allowed");
}

#[test]
fn a_null_resource_becomes_terraform_data() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        format!(
            "resource \"terraform_data\" \"a\" {{\n  triggers_replace = {{ k = \"v\" }}\n}}\n{}",
            moved("null_resource.a", "terraform_data.a")
        ),
    );
    let state = |kind: &str| {
        serde_json::json!({
            "version": 4, "serial": 3, "lineage": "l", "terraform_version": "1.11.4", "outputs": {},
            "resources": [{
                "mode": "managed", "type": kind, "name": "a",
                "provider": "provider[\"registry.terraform.io/hashicorp/null\"]",
                "instances": [{ "schema_version": 0, "attributes": { "id": "123", "triggers": { "k": "v" } } }],
            }],
        })
        .to_string()
    };
    sandbox
        .run_with_input(["state", "push", "-"], &state("null_resource"))
        .code_is(0);
    sandbox
        .run(["plan", "-detailed-exitcode"])
        .code_is(2)
        .says("# null_resource.a has moved to terraform_data.a");
    sandbox.ok(["apply", "-auto-approve"]);
    let pulled = sandbox.ok(["state", "pull"]).json();
    let resource = &pulled["resources"][0];
    assert_eq!(resource["type"], "terraform_data");
    assert_eq!(
        resource["provider"],
        "provider[\"terraform.io/builtin/terraform\"]"
    );
    assert_eq!(resource["instances"][0]["attributes"]["id"], "123");
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    // A refresh writes it too, and a type that the provider does not know is refused.
    sandbox
        .run_with_input(["state", "push", "-force", "-"], &state("null_resource"))
        .code_is(0);
    sandbox.ok(["apply", "-refresh-only", "-auto-approve"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox
        .run_with_input(["state", "push", "-force", "-"], &state("null_thing"))
        .code_is(0);
    sandbox.edit("main.tf", "null_resource.a", "null_thing.a");
    sandbox
        .fail(["plan"])
        .says("Unsupported `moved` across resource types")
        .says("on main.tf line 4");
}
