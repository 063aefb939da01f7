//! What happens when calls fail.

use serde_json::json;

use super::cloud::Failure;
use super::desk::Desk;
use super::desk::actions;
use super::desk::destroy;
use super::desk::errors;
use super::desk::normal;

/// One after the other.
const PAIR: &str = r#"
    resource "test_thing" "a" { name = "a" }
    resource "test_thing" "b" {
      name  = "b"
      after = test_thing.a.id
    }
"#;

#[test]
fn one_branch_fails_and_the_other_goes_on() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" {
          name  = "b"
          after = test_thing.a.id
        }
        resource "test_thing" "x" { name = "x" }
        resource "test_thing" "y" {
          name  = "y"
          after = test_thing.x.id
        }
        output "b" { value = test_thing.b.id }
        output "y" { value = test_thing.y.name }
        "#,
    );
    desk.cloud.fail("create a", Failure::Refused);
    let outcome = desk.apply_with(normal());
    assert_eq!(errors(&outcome.diagnostics).len(), 1);
    assert_eq!(outcome.done.add, 2);
    assert_eq!(desk.records(), ["test_thing.x", "test_thing.y"]);
    assert_eq!(desk.output("b"), None);
    assert_eq!(desk.output("y"), Some(json!("y")));
    desk.cloud.heal();
    desk.apply();
    assert!(actions(&desk.plan(normal())).is_empty());
}

#[test]
fn an_output_of_what_fails_has_the_value_that_the_plan_knew() {
    let text = |size: u32| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              size = {size}
            }}
            locals {{ size = test_thing.a.size }}
            output "size" {{ value = local.size }}
            output "free" {{ value = {size} }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1));
    desk.apply();
    desk.write(&text(2));
    desk.cloud.fail("update a", Failure::Refused);
    let outcome = desk.apply_with(normal());
    assert_eq!(errors(&outcome.diagnostics).len(), 1);
    assert_eq!(desk.attribute("test_thing.a", "size"), json!(1));
    // As in Terraform: it was known beforehand, so it does not wait for the resource.
    assert_eq!(desk.output("size"), Some(json!(2)));
    assert_eq!(desk.output("free"), Some(json!(2)));
}

#[test]
fn a_half_made_object_is_tainted_and_replaced() {
    let desk = Desk::new(r#"resource "test_thing" "a" { name = "a" }"#);
    desk.cloud.fail("create a", Failure::Partial);
    desk.apply_with(normal());
    assert_eq!(desk.records(), ["test_thing.a (tainted)"]);
    desk.cloud.heal();
    assert_eq!(
        actions(&desk.plan(normal())),
        ["test_thing.a delete/create replace_because_tainted"]
    );
    desk.cloud.take();
    desk.apply();
    assert_eq!(desk.cloud.changes(), ["delete a", "create a"]);
    assert_eq!(desk.records(), ["test_thing.a"]);
}

fn first(zone: &str) -> String {
    format!(
        r#"
        resource "test_thing" "a" {{
          name = "a-{zone}"
          zone = "{zone}"
          lifecycle {{ create_before_destroy = true }}
        }}
        "#
    )
}

#[test]
fn nothing_made_puts_the_old_object_back() {
    let mut desk = Desk::new(&first("x"));
    desk.apply();
    desk.write(&first("y"));
    desk.cloud.fail("create a-y", Failure::Refused);
    desk.apply_with(normal());
    assert_eq!(desk.records(), ["test_thing.a"]);
    assert_eq!(desk.attribute("test_thing.a", "zone"), json!("x"));
    desk.cloud.heal();
    desk.apply();
    assert_eq!(desk.cloud.names(), ["a-y"]);
}

#[test]
fn a_half_made_successor_leaves_the_old_object_deposed() {
    let mut desk = Desk::new(&first("x"));
    desk.apply();
    desk.write(&first("y"));
    desk.cloud.fail("create a-y", Failure::Partial);
    desk.apply_with(normal());
    assert_eq!(
        desk.records(),
        ["test_thing.a (tainted)", "test_thing.a (deposed)"]
    );
    desk.cloud.heal();
    assert_eq!(
        actions(&desk.plan(normal())),
        [
            "test_thing.a create/delete replace_because_tainted",
            "test_thing.a (deposed) delete",
        ]
    );
    desk.apply();
    assert_eq!(desk.records(), ["test_thing.a"]);
    assert_eq!(desk.cloud.names(), ["a-y"]);
}

#[test]
fn an_old_object_that_cannot_be_deleted_stays_deposed() {
    let mut desk = Desk::new(&first("x"));
    desk.apply();
    desk.write(&first("y"));
    desk.cloud.fail("delete a-x", Failure::Refused);
    desk.apply_with(normal());
    assert_eq!(desk.records(), ["test_thing.a", "test_thing.a (deposed)"]);
    desk.cloud.heal();
    assert_eq!(actions(&desk.plan(normal())), ["test_thing.a (deposed) delete"]);
    desk.apply();
    assert_eq!(desk.cloud.names(), ["a-y"]);
    assert_eq!(desk.records(), ["test_thing.a"]);
}

#[test]
fn a_lost_answer_is_looked_up() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        "#,
    );
    desk.cloud.fail("create a", Failure::Lost);
    desk.cloud.with(|s| s.silent = true);
    desk.apply_with(normal());
    assert!(desk.records().is_empty());
    desk.cloud.heal();
    desk.cloud.take();
    assert!(actions(&desk.plan(normal())).is_empty());
    assert_eq!(desk.records(), ["test_thing.a"]);
    desk.cloud.fail("delete a", Failure::Lost);
    desk.apply_with(destroy());
    assert_eq!(desk.records(), ["test_thing.a"]);
    desk.cloud.heal();
    assert!(actions(&desk.plan(destroy())).is_empty());
    assert!(desk.records().is_empty());
    assert_eq!(desk.cloud.changes(), ["delete a"]);
}

#[test]
fn a_lost_answer_is_looked_up_in_the_same_run() {
    let desk = Desk::new(PAIR);
    desk.cloud.fail("create a", Failure::Lost);
    let outcome = desk.apply_with(normal());
    assert!(errors(&outcome.diagnostics).is_empty());
    assert_eq!(outcome.done.add, 2);
    assert_eq!(desk.cloud.changes(), ["create a", "create b"]);
    assert_eq!(desk.records(), ["test_thing.a", "test_thing.b"]);
}

#[test]
fn a_failed_delete_keeps_the_object_as_it_was_last_seen() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" {
          name  = "b"
          after = test_thing.a.id
        }
        output "a" { value = test_thing.a.id }
        "#,
    );
    desk.apply();
    desk.cloud.fail("delete b", Failure::Partial);
    let outcome = desk.apply_with(destroy());
    assert_eq!(errors(&outcome.diagnostics).len(), 1);
    assert_eq!(outcome.done.destroy, 0);
    assert_eq!(desk.records(), ["test_thing.a", "test_thing.b"]);
    assert_eq!(desk.attribute("test_thing.b", "size"), json!(0));
    desk.cloud.heal();
    desk.cloud.take();
    desk.apply_well(destroy());
    assert_eq!(desk.cloud.changes(), ["delete b", "delete a"]);
}

#[test]
fn providers_that_do_not_keep_their_word() {
    let text = r#"resource "test_thing" "a" { name = "a" }"#;
    for (failure, summary) in [
        (
            Failure::Different,
            "Provider produced inconsistent result after apply",
        ),
        (
            Failure::Unknown,
            "Provider returned invalid result object after apply",
        ),
    ] {
        let desk = Desk::new(text);
        desk.cloud.fail("create a", failure);
        let outcome = desk.apply_with(normal());
        let found = errors(&outcome.diagnostics);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(summary), "{found:?}");
        // Whatever was made is not lost.
        assert_eq!(desk.records(), ["test_thing.a (tainted)"]);
        assert_eq!(desk.attribute("test_thing.a", "id"), json!("id-1"));
    }
    let desk = Desk::new(text);
    desk.cloud.fail("create a", Failure::Nothing);
    let outcome = desk.apply_with(normal());
    assert_eq!(errors(&outcome.diagnostics).len(), 1);
    assert_eq!(outcome.done.add, 0);
    assert!(desk.records().is_empty());
}

#[test]
fn destroying_goes_on_after_it_was_cut_short() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "a" {
          for_each = toset(["x", "y"])
          name     = each.key
        }
        locals { y = test_thing.a["y"].id }
        output "y" { value = local.y }
        module "m" {
          source   = "./m"
          for_each = { for k, a in test_thing.a : k => a.id }
        }
        "#,
    );
    let mut desk = desk;
    desk.add("m/main.tf", r#"resource "test_thing" "in" { name = "in" }"#);
    desk.cloud.fail("delete x", Failure::Refused);
    desk.write(
        r#"
        resource "test_thing" "a" {
          for_each = toset(["x", "y"])
          name     = each.key
        }
        locals { y = test_thing.a["y"].id }
        output "y" { value = local.y }
        module "m" {
          source   = "./m"
          for_each = { for k, a in test_thing.a : k => a.name }
        }
        "#,
    );
    desk.apply();
    desk.apply_with(destroy());
    assert_eq!(desk.records(), ["test_thing.a[\"x\"]"]);
    desk.cloud.heal();
    desk.apply_well(destroy());
    assert!(desk.records().is_empty());
    desk.apply_well(destroy());
}

#[test]
fn a_stop_lets_end_what_is_under_way() {
    let desk = Desk::new(PAIR);
    let stop = desk.session.stop.clone();
    desk.cloud
        .with(|s| s.stop_at = Some(("create a".to_owned(), stop)));
    let outcome = desk.apply_with(normal());
    assert!(outcome.stopped);
    assert_eq!(errors(&outcome.diagnostics).len(), 1);
    assert_eq!(desk.records(), ["test_thing.a"]);
    let calls = desk.cloud.take();
    assert_eq!(calls.last().map(String::as_str), Some("close -"));
}
