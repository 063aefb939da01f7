//! What is read: objects before they are planned, data sources.

use serde_json::json;

use super::cloud::Failure;
use super::desk::Desk;
use super::desk::actions;
use super::desk::destroy;
use super::desk::normal;
use super::desk::refresh_only;
use crate::plan::Action;
use crate::plan::PlanMode;

#[test]
fn drift_is_told_and_taken_in() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "fixed" {
          name = "fixed"
          size = 1
        }
        resource "test_thing" "free" { name = "free" }
        output "size" { value = test_thing.free.size }
        "#,
    );
    desk.apply();
    desk.cloud.with(|s| {
        s.drifted.insert("fixed".into(), 5);
        s.drifted.insert("free".into(), 6);
    });
    let plan = desk.plan(normal());
    assert_eq!(plan.drift.len(), 2);
    assert_eq!(actions(&plan), ["test_thing.fixed update"]);
    assert_eq!(desk.attribute("test_thing.free", "size"), json!(7));
    let plan = desk.plan(refresh_only());
    assert_eq!(plan.mode, PlanMode::RefreshOnly);
    assert!(actions(&plan).is_empty());
    desk.cloud.take();
    desk.apply_well(refresh_only());
    assert!(desk.cloud.changes().is_empty());
    assert_eq!(desk.attribute("test_thing.fixed", "size"), json!(5));
    assert_eq!(desk.attribute("test_thing.free", "size"), json!(6));
    assert_eq!(desk.output("size"), Some(json!(6)));
}

#[test]
fn what_is_gone_is_made_again_and_never_comes_back_by_itself() {
    let mut desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" { name = "b" }
        locals { b = test_thing.b.id }
        "#,
    );
    desk.apply();
    desk.cloud.with(|s| s.gone.insert("a".into()));
    let plan = desk.plan(normal());
    assert_eq!(plan.drift[0].action, Action::Delete);
    assert_eq!(actions(&plan), ["test_thing.a create"]);
    desk.cloud.take();
    desk.apply_well(refresh_only());
    assert_eq!(desk.records(), ["test_thing.b"]);
    desk.cloud.with(|s| s.gone.insert("b".into()));
    desk.write(r#"locals { none = 1 }"#);
    desk.apply();
    assert!(desk.records().is_empty());
    assert!(desk.cloud.changes().is_empty());
}

#[test]
fn destroying_what_is_gone() {
    let desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" {
          name  = "b"
          after = local.first
        }
        locals { first = substr(test_thing.a.id, 0, 1) }
        output "a" { value = local.first }
        "#,
    );
    desk.apply();
    desk.cloud.take();
    desk.cloud.with(|s| s.gone.insert("a".into()));
    desk.apply_well(destroy());
    assert_eq!(desk.cloud.changes(), ["delete b"]);
    assert!(desk.records().is_empty());
}

#[test]
fn data_sources_are_read_when_they_can_be() {
    let text = |size: u32| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              size = {size}
            }}
            data "test_lookup" "now" {{ name = "n" }}
            data "test_lookup" "later" {{ name = test_thing.a.id }}
            data "test_lookup" "behind" {{
              name       = "b"
              depends_on = [test_thing.a]
            }}
            output "now" {{ value = data.test_lookup.now.result }}
            "#
        )
    };
    let mut desk = Desk::new(&text(1));
    let plan = desk.plan(normal());
    assert_eq!(
        actions(&plan),
        [
            "data.test_lookup.behind read read_because_dependency_pending",
            "data.test_lookup.later read read_because_config_unknown",
            "test_thing.a create",
        ]
    );
    desk.cloud.take();
    let first = desk.apply();
    let calls = desk.cloud.take();
    super::desk::assert_order(&calls, "create a", "lookup id-1");
    super::desk::assert_order(&calls, "create a", "lookup b");
    assert_eq!(
        desk.attribute("data.test_lookup.later", "result"),
        json!("found id-1")
    );
    // Reading the same again writes nothing.
    assert_eq!(desk.apply().serial(), first.serial());
    desk.write(&text(2));
    assert_eq!(
        actions(&desk.plan(normal())),
        [
            "data.test_lookup.behind read read_because_dependency_pending",
            "test_thing.a update",
        ]
    );
    desk.cloud.fail("lookup n", Failure::Refused);
    assert_eq!(desk.plan_errors(normal()).len(), 1);
    desk.cloud.heal();
    desk.apply_well(destroy());
    assert!(desk.records().is_empty());
}
