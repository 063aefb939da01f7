//! Rules of Terraform's that were found by running both on random scenarios.

use serde_json::json;

use super::cloud::Failure;
use super::desk::Desk;
use super::desk::actions;
use super::desk::assert_order;
use super::desk::change;
use super::desk::errors;
use super::desk::normal;
use super::desk::target;
use crate::engine::PlanRequest;
use crate::engine::REFRESH;
use crate::plan::CheckStatus;

fn refresh() -> PlanRequest {
    PlanRequest {
        operation: REFRESH.to_owned(),
        ..normal()
    }
}

/// `b` and `c` stay as they are, but not all of what their conditions look at is known when it is planned.
fn late_conditions(v: u32, bad: u32) -> String {
    format!(
        r#"
        resource "terraform_data" "a" {{ input = {v} }}
        resource "terraform_data" "b" {{
          lifecycle {{
            precondition {{
              condition     = terraform_data.a.output != {bad}
              error_message = "before"
            }}
          }}
        }}
        resource "terraform_data" "c" {{
          lifecycle {{
            postcondition {{
              condition     = self.id != "" && terraform_data.a.output != {bad}
              error_message = "behind"
            }}
          }}
        }}
        resource "terraform_data" "user" {{
          count = {v} - 1
          input = terraform_data.b.id
        }}
        "#
    )
}

#[test]
fn conditions_of_what_stays_are_judged_by_the_apply() {
    let mut desk = Desk::new(&late_conditions(1, 2));
    desk.apply();
    desk.write(&late_conditions(2, 2));
    let outcome = desk.apply_with(normal());
    let mut told = errors(&outcome.diagnostics);
    told.sort();
    assert_eq!(
        told,
        [
            "Resource postcondition failed: behind",
            "Resource precondition failed: before"
        ]
    );
    // What needs an object whose condition does not hold is not made.
    assert_eq!(outcome.done.add, 0);
    assert_eq!(outcome.done.change, 1);
    // Where they hold, all goes on.
    let mut desk = Desk::new(&late_conditions(1, 3));
    desk.apply();
    desk.write(&late_conditions(2, 3));
    let outcome = desk.apply_with(normal());
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert_eq!(outcome.done.add, 1);
    let plan = desk.plan(normal());
    assert!(plan.checks.iter().all(|c| c.status == CheckStatus::Pass));
}

#[test]
fn a_saved_plan_carries_what_is_to_be_judged() {
    let mut desk = Desk::new(&late_conditions(1, 2));
    desk.apply();
    desk.write(&late_conditions(2, 2));
    let path = desk.save(normal());
    let planned = desk.restore(&path);
    let outcome = desk.apply_planned(planned);
    assert_eq!(errors(&outcome.diagnostics).len(), 2);
}

#[test]
fn what_changes_waits_until_what_it_needed_is_gone() {
    let mut desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" {
          name  = "b"
          after = test_thing.a.id
        }
        "#,
    );
    desk.apply();
    desk.cloud.take();
    desk.write(
        r#"
        resource "test_thing" "b" {
          name = "b"
          size = 2
        }
        "#,
    );
    desk.apply();
    assert_order(&desk.cloud.changes(), "delete a", "update b");
}

#[test]
fn what_changes_waits_until_what_needed_it_is_gone() {
    let text = |size: u32, count: u32, lifecycle: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              size = {size}
            }}
            resource "test_thing" "b" {{
              count = {count}
              name  = "b"
              after = test_thing.a.id
              {lifecycle}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1, 1, ""));
    desk.apply();
    desk.cloud.take();
    desk.write(&text(2, 0, ""));
    desk.apply();
    assert_order(&desk.cloud.changes(), "delete b", "update a");
    // What is created before it is destroyed goes last.
    let first = "lifecycle { create_before_destroy = true }";
    let mut desk = Desk::new(&text(1, 1, first));
    desk.apply();
    desk.cloud.take();
    desk.write(&text(2, 0, first));
    desk.apply();
    assert_order(&desk.cloud.changes(), "update a", "delete b");
}

#[test]
fn the_order_holds_through_what_stays() {
    let text = |size: u32, b: &str, c: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              size = {size}
            }}
            resource "test_thing" "b" {{
              name  = "b"
              after = {b}
            }}
            {c}
            "#
        )
    };
    let c = |size: u32, after: &str| {
        format!("resource \"test_thing\" \"c\" {{\n name = \"c\"\n size = {size}\n after = {after}\n}}\n")
    };
    let mut desk = Desk::new(&text(1, "test_thing.a.id", &c(1, "test_thing.b.id")));
    desk.apply();
    desk.cloud.take();
    desk.write(&text(2, "test_thing.a.id", ""));
    desk.apply();
    assert_order(&desk.cloud.changes(), "delete c", "update a");
}

/// As much is replaced as there is: what is ordered grows with the blocks and their references, not with their pairs.
#[test]
fn a_chain_that_is_replaced_is_ordered_in_proportion() {
    let text = |n: usize, zone: &str| -> String {
        let one = |i: usize| {
            let after = match i {
                0 => String::new(),
                i => format!("after = test_thing.t{}.id", i - 1),
            };
            format!(
                "resource \"test_thing\" \"t{i}\" {{\n name = \"t{i}\"\n zone = \"{zone}\"\n {after}\n}}\n"
            )
        };
        (0..n).map(one).collect()
    };
    let orders = |n: usize| {
        let mut desk = Desk::new(&text(n, "a"));
        desk.apply();
        desk.write(&text(n, "b"));
        let plan = desk.plan(normal());
        assert!(plan.changes.iter().all(|c| c.action.is_replace()));
        plan.graph.orders().count()
    };
    assert!(orders(80) <= 2 * orders(40) + 40);
}

#[test]
fn what_targets_leave_out_asks_for_nothing() {
    let text = |v: u32| {
        format!(
            r#"
            resource "terraform_data" "a" {{ triggers_replace = {v} }}
            resource "terraform_data" "b" {{
              input = terraform_data.a.id
              lifecycle {{ create_before_destroy = true }}
            }}
            output "a" {{ value = terraform_data.a.id }}
            output "b" {{ value = terraform_data.b.id }}
            output "c" {{ value = {v} }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1));
    desk.apply();
    desk.write(&text(2));
    let plan = desk.plan(target(normal(), &["terraform_data.a"]));
    assert_eq!(
        actions(&plan),
        ["terraform_data.a delete/create replace_because_cannot_update"]
    );
    let reached = plan.outputs.iter().filter(|o| o.reached);
    let outputs: Vec<&str> = reached.map(|o| o.name.as_str()).collect();
    assert_eq!(outputs, ["a"]);
    assert_eq!(
        actions(&desk.plan(normal()))[0],
        "terraform_data.a create/delete replace_because_cannot_update"
    );
    desk.apply_with(target(normal(), &["terraform_data.a"]));
    assert_eq!(desk.output("c"), Some(json!(1)));
}

#[test]
fn a_trigger_is_the_reason_before_all_others() {
    let text = |v: u32| {
        format!(
            r#"
            resource "terraform_data" "a" {{ input = {v} }}
            resource "terraform_data" "b" {{
              count = {v}
              lifecycle {{ replace_triggered_by = [terraform_data.a] }}
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
            "terraform_data.a update",
            "terraform_data.b[0] delete/create replace_by_triggers",
            "terraform_data.b[1] create replace_by_triggers"
        ]
    );
}

#[test]
fn a_refresh_tells_what_a_plan_would_and_writes_what_is_known() {
    let text = |v: u32, bad: u32| {
        format!(
            r#"
            resource "terraform_data" "a" {{
              input = {v}
              lifecycle {{
                precondition {{
                  condition     = local.v != {bad}
                  error_message = "no"
                }}
              }}
            }}
            locals {{ v = {v} }}
            output "known" {{ value = {v} }}
            output "late" {{ value = terraform_data.a.output }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1, 9));
    desk.apply();
    desk.write(&text(2, 2));
    assert_eq!(
        errors(&desk.plan_with(refresh()).diagnostics),
        ["Resource precondition failed: no"]
    );
    assert_eq!(desk.output("known"), Some(json!(1)));
    desk.write(&text(2, 9));
    let outcome = desk.apply_planned(desk.plan_with(refresh()));
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert_eq!(outcome.done, crate::plan::Summary::default());
    assert_eq!(desk.output("known"), Some(json!(2)));
    assert_eq!(desk.output("late"), Some(json!(1)));
    assert_eq!(desk.attribute("terraform_data.a", "input")["value"], json!(1));
    assert_eq!(actions(&desk.plan(normal())), ["terraform_data.a update"]);
}

#[test]
fn a_saved_plan_fits_a_state_that_a_failed_run_has_only_opened() {
    let text = |bad: u32| {
        format!(
            r#"
            locals {{ v = 1 }}
            resource "terraform_data" "a" {{
              lifecycle {{
                precondition {{
                  condition     = local.v != {bad}
                  error_message = "no"
                }}
              }}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1));
    assert_eq!(
        errors(
            &desk
                .plan_with(PlanRequest {
                    operation: "OperationTypeApply".to_owned(),
                    ..normal()
                })
                .diagnostics
        )
        .len(),
        1
    );
    desk.write(&text(2));
    let path = desk.save(normal());
    let planned = desk.restore(&path);
    let outcome = desk.apply_planned(planned);
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert_eq!(desk.records(), ["terraform_data.a"]);
}

#[test]
fn needs_go_through_blocks_without_instances_and_into_what_a_module_is_given() {
    let mut desk = Desk::new(
        r#"
        resource "terraform_data" "a" {}
        resource "terraform_data" "none" {
          count = 0
          input = terraform_data.a.id
        }
        resource "terraform_data" "b" { input = terraform_data.none[*].id }
        module "m" {
          source = "./m"
          given  = terraform_data.a.id
        }
        resource "terraform_data" "c" { depends_on = [module.m] }
        "#,
    );
    desk.add(
        "m/main.tf",
        "variable \"given\" {}\nresource \"terraform_data\" \"in\" {}\n",
    );
    let plan = desk.plan(normal());
    assert_eq!(
        change(&plan, "terraform_data.b").dependencies,
        ["terraform_data.a", "terraform_data.none"]
    );
    assert_eq!(
        change(&plan, "terraform_data.c").dependencies,
        ["module.m.terraform_data.in", "terraform_data.a"]
    );
}

#[test]
fn a_null_input_that_replaces_another_is_known_afterwards() {
    let mut desk = Desk::new("resource \"terraform_data\" \"a\" { input = 1 }");
    desk.apply();
    desk.write("resource \"terraform_data\" \"a\" {}");
    let plan = desk.plan(normal());
    let after = &change(&plan, "terraform_data.a").after;
    assert!(!after.get("output").unwrap().is_known());
    desk.apply();
    assert!(actions(&desk.plan(normal())).is_empty());
}

#[test]
fn what_was_set_aside_stays_as_long_as_its_successor_fails() {
    let text = |zone: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a-{zone}"
              zone = "{zone}"
              lifecycle {{ create_before_destroy = true }}
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text("x"));
    desk.apply();
    desk.write(&text("y"));
    desk.cloud.fail("delete a-x", Failure::Refused);
    desk.apply_with(normal());
    desk.cloud.heal();
    desk.cloud.take();
    desk.write(&text("z"));
    desk.cloud.fail("create a-z", Failure::Refused);
    desk.apply_with(normal());
    assert!(desk.cloud.changes().iter().all(|c| !c.starts_with("delete")));
    desk.cloud.heal();
    desk.apply();
    assert_eq!(desk.cloud.names(), ["a-z"]);
    assert_eq!(desk.records(), ["test_thing.a"]);
}
