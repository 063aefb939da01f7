//! Actions and their reasons, lifecycle settings, targets, conditions, outputs.

use serde_json::json;
use streamform_lang::addrs::Target;

use super::desk::Desk;
use super::desk::actions;
use super::desk::change;
use super::desk::destroy;
use super::desk::errors;
use super::desk::normal;
use super::desk::replace;
use super::desk::target;
use crate::engine::PlanRequest;
use crate::plan::Action;
use crate::plan::CheckStatus;

#[test]
fn each_action_with_its_reason() {
    let mut desk = Desk::new(
        r#"
        resource "test_thing" "same" { name = "same" }
        resource "test_thing" "moves" {
          name = "moves"
          zone = "x"
        }
        resource "test_thing" "grows" {
          name = "grows"
          size = 1
        }
        resource "test_thing" "counted" {
          count = 2
          name  = "counted${count.index}"
        }
        resource "test_thing" "keyed" {
          for_each = toset(["a", "b"])
          name     = each.key
        }
        resource "test_thing" "single" { name = "single" }
        resource "test_thing" "leaves" { name = "leaves" }
        module "m" { source = "./m" }
        "#,
    );
    desk.add("m/main.tf", r#"resource "test_thing" "in" { name = "in" }"#);
    desk.apply();
    desk.write(
        r#"
        resource "test_thing" "same" { name = "same" }
        resource "test_thing" "moves" {
          name = "moves"
          zone = "y"
        }
        resource "test_thing" "grows" {
          name = "grows"
          size = 2
        }
        resource "test_thing" "counted" {
          count = 1
          name  = "counted${count.index}"
        }
        resource "test_thing" "keyed" {
          for_each = toset(["a", "c"])
          name     = each.key
        }
        resource "test_thing" "single" {
          for_each = toset(["k"])
          name     = "single"
        }
        resource "test_thing" "new" { name = "new" }
        "#,
    );
    let plan = desk.plan(normal());
    assert_eq!(
        actions(&plan),
        [
            "test_thing.counted[1] delete delete_because_count_index",
            "test_thing.grows update",
            "test_thing.keyed[\"b\"] delete delete_because_each_key",
            "test_thing.keyed[\"c\"] create",
            "test_thing.leaves delete delete_because_no_resource_config",
            "test_thing.moves delete/create replace_because_cannot_update",
            "test_thing.new create",
            "test_thing.single delete delete_because_wrong_repetition",
            "test_thing.single[\"k\"] create",
            "module.m.test_thing.in delete delete_because_no_resource_config",
        ]
    );
    assert_eq!(plan.summary().to_string(), "4 to add, 1 to change, 6 to destroy");
    assert_eq!(change(&plan, "test_thing.moves").replace_paths.len(), 1);
    desk.apply();
    assert!(actions(&desk.plan(normal())).is_empty());
}

#[test]
fn ignored_changes_stay_until_the_object_is_replaced() {
    let text = |size: u32, zone: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              size = {size}
              zone = "{zone}"
              lifecycle {{ ignore_changes = [size] }}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1, "x"));
    desk.apply();
    desk.write(&text(2, "x"));
    assert!(actions(&desk.plan(normal())).is_empty());
    desk.write(&text(2, "y"));
    desk.apply();
    assert_eq!(desk.attribute("test_thing.a", "size"), json!(2));
}

#[test]
fn what_must_not_be_destroyed_is_not() {
    let text = |zone: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              zone = "{zone}"
              lifecycle {{ prevent_destroy = true }}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text("x"));
    desk.apply();
    assert!(desk.plan_errors(destroy())[0].starts_with("Instance cannot be destroyed"));
    desk.write(&text("y"));
    assert!(desk.plan_errors(normal())[0].starts_with("Instance cannot be destroyed"));
    // The block is gone, and the record remembers what it said.
    desk.write("");
    assert!(desk.plan_errors(normal())[0].starts_with("Instance cannot be destroyed"));
    let allowed = PlanRequest {
        allow_destroy: vec![Target::parse("test_thing.a").unwrap()],
        ..normal()
    };
    assert_eq!(
        actions(&desk.plan(allowed)),
        ["test_thing.a delete delete_because_no_resource_config"]
    );
}

#[test]
fn replacement_on_request_and_by_triggers() {
    let text = |size: u32, zone: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              size = {size}
              zone = "{zone}"
            }}
            resource "test_thing" "whole" {{
              name = "whole"
              lifecycle {{ replace_triggered_by = [test_thing.a] }}
            }}
            resource "test_thing" "size" {{
              name = "size"
              lifecycle {{ replace_triggered_by = [test_thing.a.size] }}
            }}
            resource "test_thing" "zone" {{
              name = "zone"
              lifecycle {{ replace_triggered_by = [test_thing.a.zone] }}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1, "x"));
    desk.apply();
    assert_eq!(
        actions(&desk.plan(replace("test_thing.size"))),
        ["test_thing.size delete/create replace_by_request"]
    );
    desk.write(&text(2, "x"));
    assert_eq!(
        actions(&desk.plan(normal())),
        [
            "test_thing.a update",
            "test_thing.size delete/create replace_by_triggers",
            "test_thing.whole delete/create replace_by_triggers",
        ]
    );
    // An attribute that stays does not trigger, even if the object around it is replaced.
    desk.write(&text(1, "y"));
    assert_eq!(
        actions(&desk.plan(normal())),
        [
            "test_thing.a delete/create replace_because_cannot_update",
            "test_thing.whole delete/create replace_by_triggers",
            "test_thing.zone delete/create replace_by_triggers",
        ]
    );
}

#[test]
fn triggers_by_key() {
    let text = |b: u32| {
        format!(
            r#"
            locals {{ sizes = {{ a = 1, b = {b} }} }}
            resource "test_thing" "t" {{
              for_each = local.sizes
              name     = each.key
              size     = each.value
            }}
            resource "test_thing" "after" {{
              for_each = local.sizes
              name     = "after-${{each.key}}"
              lifecycle {{ replace_triggered_by = [test_thing.t[each.key]] }}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1));
    desk.apply();
    desk.write(&text(2));
    assert_eq!(
        actions(&desk.plan(normal())),
        [
            "test_thing.after[\"b\"] delete/create replace_by_triggers",
            "test_thing.t[\"b\"] update",
        ]
    );
}

#[test]
fn targets_take_in_what_they_need_and_what_stands_on_them() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" {
          name  = "b"
          after = test_thing.a.id
        }
        resource "test_thing" "c" {
          name  = "c"
          after = test_thing.b.id
        }
        resource "test_thing" "other" { name = "other" }
        output "c" { value = test_thing.c.id }
        "#,
    );
    let plan = desk.plan(target(normal(), &["test_thing.b"]));
    assert_eq!(actions(&plan), ["test_thing.a create", "test_thing.b create"]);
    assert!(plan.outputs.is_empty());
    desk.apply();
    let plan = desk.plan(target(destroy(), &["test_thing.b"]));
    assert_eq!(actions(&plan), ["test_thing.b delete", "test_thing.c delete"]);
    desk.apply_well(target(destroy(), &["test_thing.b"]));
    assert_eq!(desk.records(), ["test_thing.a", "test_thing.other"]);
}

#[test]
fn conditions_before_and_after() {
    let mut desk = Desk::new(
        r#"
        variable "ok" { default = true }
        module "m" {
          source   = "./m"
          for_each = toset(["x"])
          ok       = var.ok
        }
        check "c" {
          assert {
            condition     = module.m["x"].size == 8
            error_message = "not eight"
          }
        }
        output "size" {
          value = module.m["x"].size
          precondition {
            condition     = module.m["x"].size < 10
            error_message = "too large"
          }
        }
        "#,
    );
    let module = |ok: &str, most: u32| {
        format!(
            r#"
            variable "ok" {{ type = bool }}
            resource "test_thing" "t" {{
              name = "t"
              lifecycle {{
                precondition {{
                  condition     = {ok}
                  error_message = "not ok"
                }}
                postcondition {{
                  condition     = self.size <= {most}
                  error_message = "too big"
                }}
              }}
            }}
            output "size" {{ value = test_thing.t.size }}
            "#
        )
    };
    desk.add("m/main.tf", &module("!var.ok", 9));
    let failed = desk.plan_with(normal());
    let found: Vec<_> = failed.diagnostics.iter().collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].summary, "Resource precondition failed");
    assert_eq!(found[0].address.as_deref(), Some("module.m[\"x\"].test_thing.t"));
    drop(failed);
    desk.add("m/main.tf", &module("var.ok", 5));
    let plan = desk.plan(normal());
    assert!(plan.checks.iter().any(|c| c.status == CheckStatus::Unknown));
    let outcome = desk.apply_with(normal());
    assert!(errors(&outcome.diagnostics)[0].starts_with("Resource postcondition failed: too big"));
    // The object is there, and it is whole.
    assert_eq!(desk.records(), ["module.m[\"x\"].test_thing.t"]);
    desk.add("m/main.tf", &module("var.ok", 9));
    let outcome = desk.apply_with(normal());
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert_eq!(desk.output("size"), Some(json!(7)));
}

#[test]
fn what_apply_learns_is_checked_at_apply() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "t" { name = "t" }
        check "c" {
          assert {
            condition     = test_thing.t.size == 8
            error_message = "not eight"
          }
        }
        output "size" {
          value = test_thing.t.size
          precondition {
            condition     = test_thing.t.size < 5
            error_message = "too large"
          }
        }
        "#,
    );
    let outcome = desk.apply_with(normal());
    assert_eq!(
        errors(&outcome.diagnostics),
        ["Module output value precondition failed: too large"]
    );
    assert!(
        outcome
            .diagnostics
            .iter()
            .any(|d| d.summary == "Check block assertion failed" && d.detail == "not eight")
    );
    assert_eq!(desk.output("size"), None);
}

#[test]
fn outputs_come_change_and_go() {
    let text = |value: &str| {
        format!(
            r#"
            output "o" {{ value = {value} }}
            output "stays" {{ value = 1 }}
            "#
        )
    };
    let mut desk = Desk::new(&text("\"a\""));
    desk.apply();
    assert_eq!(desk.output("o"), Some(json!("a")));
    desk.write(&text("[1]"));
    let plan = desk.plan(normal());
    let seen: Vec<_> = plan.outputs.iter().map(|o| (o.name.as_str(), o.action)).collect();
    assert_eq!(seen, [("o", Action::Update), ("stays", Action::NoOp)]);
    desk.apply();
    desk.write(&text("null"));
    let plan = desk.plan(normal());
    assert_eq!(plan.outputs[0].action, Action::Update);
    desk.apply();
    assert_eq!(desk.output("o"), None);
    assert!(!desk.plan(normal()).has_changes());
    desk.apply_well(destroy());
    assert_eq!(desk.output("stays"), None);
}

#[test]
fn instances_that_cannot_be_known_are_refused() {
    for (repetition, summary) in [
        ("count = test_thing.a.size", "Invalid count argument"),
        ("for_each = toset([test_thing.a.id])", "Invalid for_each argument"),
    ] {
        let desk = Desk::new(&format!(
            r#"
            resource "test_thing" "a" {{ name = "a" }}
            resource "test_thing" "b" {{
              {repetition}
              name = "b"
            }}
            "#
        ));
        let found = desk.plan_errors(normal());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(summary), "{found:?}");
    }
}

#[test]
fn secrets_stay_secret_in_the_state() {
    let mut desk = Desk::new(
        r#"
        variable "v" {
          default   = "hidden"
          sensitive = true
        }
        resource "test_thing" "a" {
          name   = "a"
          secret = "by schema"
          zone   = var.v
        }
        output "zone" {
          value     = test_thing.a.zone
          sensitive = true
        }
        "#,
    );
    let paths = |desk: &Desk| -> Vec<String> {
        let state = desk.state();
        let object = state.get("test_thing.a").and_then(|r| r.current.clone()).unwrap();
        object
            .sensitive_paths
            .iter()
            .filter_map(|p| p.root().map(str::to_owned))
            .collect()
    };
    desk.apply();
    assert_eq!(paths(&desk), ["secret", "token", "zone"]);
    assert!(desk.state().outputs()["zone"].sensitive);
    assert!(actions(&desk.plan(normal())).is_empty());
    desk.write(
        r#"
        resource "test_thing" "a" {
          name   = "a"
          secret = "by schema"
          zone   = "hidden"
        }
        "#,
    );
    desk.cloud.take();
    assert_eq!(actions(&desk.plan(normal())), ["test_thing.a update"]);
    desk.apply();
    assert_eq!(paths(&desk), ["secret", "token"]);
    assert!(desk.cloud.changes().is_empty());
}

#[test]
fn everything_that_is_wrong_is_told_once() {
    let desk = Desk::new(
        r#"
        provider "test" {
          alias    = "bad"
          endpoint = "e"
        }
        variable "n" { default = "invalid" }
        resource "test_thing" "a" { name = var.n }
        resource "test_thing" "b" {
          name  = "b"
          after = test_thing.a.id
        }
        resource "test_thing" "c" {
          count    = 3
          provider = test.bad
          name     = "c"
        }
        resource "test_thing" "d" {
          provider = test.bad
          name     = "d${length(test_thing.c)}"
        }
        "#,
    );
    desk.cloud.fail("configure e", super::cloud::Failure::Refused);
    let found = desk.plan_errors(normal());
    assert_eq!(found.len(), 2, "{found:?}");
}
