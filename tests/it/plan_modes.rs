//! Plans that take in less, or other things, than the whole configuration.

use crate::drift::shown;
use crate::sandbox::Run;
use crate::sandbox::Sandbox;

const CONFIG: &str = r#"
resource "terraform_data" "base" {}

resource "terraform_data" "each" {
  for_each = toset(["a", "b"])
  input    = terraform_data.base.id
}

resource "terraform_data" "top" {
  input = terraform_data.each["a"].id
}

resource "terraform_data" "alone" {}

module "m" {
  source = "./m"
  count  = 2
}

output "each" {
  value = keys(terraform_data.each)
}

output "alone" {
  value = terraform_data.alone.id
}
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", CONFIG);
    sandbox.write("m/main.tf", "resource \"terraform_data\" \"in\" {}\n");
    sandbox
}

/// What is planned, `address action`, by the `-json` stream.
fn planned(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let run = sandbox.run(["plan", "-json"].iter().chain(args));
    let mut found: Vec<String> = lines(&run)
        .filter(|l| l["type"] == "planned_change")
        .map(|l| {
            let change = &l["change"];
            format!(
                "{} {}",
                change["resource"]["addr"].as_str().unwrap(),
                change["action"].as_str().unwrap()
            )
        })
        .collect();
    found.sort();
    found
}

fn lines(run: &Run) -> impl Iterator<Item = serde_json::Value> {
    run.stdout.lines().map(|l| serde_json::from_str(l).unwrap())
}

#[test]
fn excluding_leaves_an_object_and_what_depends_on_it() {
    let sandbox = sandbox();
    let create = |names: &[&str]| -> Vec<String> { names.iter().map(|n| format!("{n} create")).collect() };
    let rest = [
        "module.m[0].terraform_data.in",
        "module.m[1].terraform_data.in",
        "terraform_data.alone",
    ];
    let with = |more: &[&str]| {
        let mut all: Vec<&str> = rest.iter().chain(more).copied().collect();
        all.sort();
        create(&all)
    };
    assert_eq!(planned(&sandbox, &["-exclude=terraform_data.base"]), with(&[]));
    assert_eq!(
        planned(&sandbox, &["-exclude=terraform_data.each[\"a\"]"]),
        with(&["terraform_data.base", "terraform_data.each[\"b\"]"])
    );
    assert_eq!(
        planned(
            &sandbox,
            &["-exclude=module.m[0]", "-exclude=terraform_data.each"]
        ),
        create(&[
            "module.m[1].terraform_data.in",
            "terraform_data.alone",
            "terraform_data.base"
        ])
    );
    let run = sandbox.ok(["plan", "-exclude=terraform_data.base"]);
    shown("exclude_warning", &run.stderr);
    sandbox
        .ok(["apply", "-auto-approve", "-exclude=terraform_data.base"])
        .says("Applied changes may be incomplete");
    sandbox.ok(["apply", "-auto-approve"]);
    // In a destroy what it depends on stays, too.
    let delete: Vec<String> = [
        "module.m[0].terraform_data.in",
        "module.m[1].terraform_data.in",
        "terraform_data.alone",
    ]
    .iter()
    .map(|n| format!("{n} delete"))
    .collect();
    assert_eq!(
        planned(&sandbox, &["-destroy", "-exclude=terraform_data.top"]),
        delete
    );
    sandbox.ok(["destroy", "-auto-approve", "-exclude=terraform_data.top"]);
    let left = sandbox.ok(["state", "list"]);
    left.says("terraform_data.base")
        .says("terraform_data.top")
        .is_silent_about("alone");
}

#[test]
fn targets_take_instances_from_the_state() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve", "-target=terraform_data.each[\"a\"]"]);
    let listed = sandbox.ok(["state", "list"]);
    assert_eq!(
        listed.stdout, "terraform_data.base\nterraform_data.each[\"a\"]\n",
        "{listed}"
    );
    // An output sees the instances that are there, not those that will be.
    let plan = sandbox.ok(["plan", "-target=terraform_data.base"]);
    plan.is_silent_about("+ alone");
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
}

#[test]
fn replacing_on_request_wants_whole_addresses() {
    let sandbox = sandbox();
    sandbox.ok(["apply", "-auto-approve"]);
    let run = sandbox.ok([
        "plan",
        "-replace=terraform_data.each",
        "-replace=terraform_data.alone",
    ]);
    run.says("terraform_data.alone will be replaced, as requested");
    shown("replace_without_key", &run.stderr);
    let both = sandbox.ok([
        "plan",
        "-replace=terraform_data.each[\"a\"]",
        "-replace=terraform_data.each[\"b\"]",
    ]);
    both.says("Plan: 2 to add, 1 to change, 2 to destroy.");
    // What is not there cannot be replaced; Terraform does not mind either.
    sandbox
        .run([
            "plan",
            "-detailed-exitcode",
            "-replace=terraform_data.nope",
            "-replace=terraform_data.each[\"z\"]",
        ])
        .code_is(0);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let sandbox = sandbox();
    let table: &[(&[&str], &str)] = &[
        (
            &["plan", "-destroy", "-refresh-only"],
            "Incompatible plan mode options",
        ),
        (
            &["plan", "-refresh-only", "-refresh=false"],
            "Incompatible refresh options",
        ),
        (
            &["plan", "-minimal-refresh", "-refresh=false"],
            "Incompatible refresh options",
        ),
        (
            &["plan", "-destroy", "-replace=terraform_data.base"],
            "Unsupported plan mode",
        ),
        (
            &["plan", "-refresh-only", "-replace=terraform_data.base"],
            "Unsupported plan mode",
        ),
        (
            &[
                "plan",
                "-target=terraform_data.base",
                "-exclude=terraform_data.top",
            ],
            "Invalid combination of arguments",
        ),
        (&["destroy", "-destroy"], "Invalid mode option"),
        (&["destroy", "-refresh-only"], "Invalid mode option"),
        (
            &["destroy", "-replace=terraform_data.base"],
            "Unsupported plan mode",
        ),
        (&["plan", "-target=foo bar"], "Invalid target \"foo bar\""),
        (&["plan", "-exclude=foo"], "Invalid exclude \"foo\""),
        (
            &["plan", "-replace=data.x.y"],
            "Invalid force-replace address \"data.x.y\"",
        ),
        (
            &["plan", "-replace=module.m"],
            "Invalid force-replace address \"module.m\"",
        ),
        (
            &["plan", "-allow-destroy=foo"],
            "Invalid address to be destroyed \"foo\"",
        ),
        (&["plan", "-parallelism=-3"], "Invalid parallelism value"),
        (
            &["plan", "-lock-timeout=soon"],
            "Failed to parse command-line flags",
        ),
    ];
    for (args, summary) in table {
        let run = sandbox.fail(*args);
        run.says(&format!("Error: {summary}"));
        assert!(!sandbox.path("streamform.state").exists(), "{run}");
    }
    for fine in [
        ["-parallelism=0"],
        ["-lock-timeout=-1s"],
        ["-lock=false"],
        ["-input=false"],
    ] {
        sandbox.ok(["plan"].iter().chain(&fine));
    }
}

#[test]
fn what_a_trigger_names_is_settled_by_the_plan() {
    let sandbox = Sandbox::new();
    let refused = |config: &str, said: &str| {
        sandbox.write("main.tf", config);
        sandbox.ok(["validate"]);
        sandbox.fail(["plan"]).says(said);
    };
    let triggered = |by: &str| {
        format!(
            "resource \"terraform_data\" \"two\" {{\n  count = 2\n}}\nresource \"terraform_data\" \"a\" {{\n  lifecycle {{\n    replace_triggered_by = [{by}]\n  }}\n}}\n"
        )
    };
    refused(
        &triggered("terraform_data.nope"),
        "Reference to undeclared resource",
    );
    refused(
        &triggered("terraform_data.a"),
        "no change found for terraform_data.a in the root module",
    );
    refused(
        &triggered("terraform_data.two[5]"),
        "no change found for terraform_data.two[5]",
    );
    refused(
        &triggered("terraform_data.two.id"),
        "no change found for terraform_data.two in",
    );
    refused(
        &triggered("terraform_data.two[each.key]"),
        "Reference to \"each\" in context without for_each",
    );
    refused(
        "resource \"terraform_data\" \"a\" {\n  count = length(terraform_data.a)\n}\n",
        "Self-referential block",
    );
    sandbox.write("main.tf", triggered("terraform_data.two"));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox
        .ok(["plan", "-replace=terraform_data.two[1]"])
        .says("terraform_data.a will be replaced due to changes in replace_triggered_by");
}

#[test]
fn a_provider_that_nothing_uses_is_not_looked_into() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", "provider \"terraform\" {\n  foo = var.nope\n}\n");
    sandbox.ok(["validate"]);
    sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
    sandbox.write("more.tf", "resource \"terraform_data\" \"a\" {}\n");
    sandbox.fail(["validate"]);
}

#[test]
fn the_time_of_the_plan_is_known_only_to_a_plan() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "output \"year\" {\n  value = length(formatdate(\"YYYY\", timeadd(plantimestamp(), \"1h\")))\n}\n",
    );
    sandbox.ok(["validate"]);
    sandbox.ok(["apply", "-auto-approve"]);
    assert_eq!(sandbox.ok(["output", "year"]).stdout.trim(), "4");
}
