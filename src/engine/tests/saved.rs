//! Saved plans.

use super::desk::Desk;
use super::desk::actions;
use super::desk::destroy;
use super::desk::errors;
use super::desk::normal;

const TEXT: &str = r#"
variable "v" {
  default   = "s"
  sensitive = true
}
resource "test_thing" "a" {
  count = 2
  name  = "a${count.index}"
  zone  = var.v
}
resource "test_thing" "b" {
  name  = "b"
  after = test_thing.a[*].id
}
data "test_lookup" "l" { name = test_thing.b.id }
output "found" { value = data.test_lookup.l.result }
"#;

#[test]
fn a_saved_plan_does_what_it_said() {
    let direct = Desk::new(TEXT);
    direct.apply();
    let saved = Desk::new(TEXT);
    let path = saved.save(normal());
    let planned = saved.restore(&path);
    assert_eq!(errors(&planned.diagnostics), Vec::<String>::new());
    let plan = planned.plan.clone().unwrap();
    assert_eq!(actions(&plan), actions(&Desk::new(TEXT).plan(normal())));
    let outcome = saved.apply_planned(planned);
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert_eq!(saved.records(), direct.records());
    assert_eq!(saved.output("found"), direct.output("found"));
    assert_eq!(saved.cloud.names(), direct.cloud.names());
    assert!(actions(&saved.plan(normal())).is_empty());
    // A second time the state is no longer the one that it was made for.
    let again = saved.restore(&path);
    assert!(again.plan.is_none());
    assert!(errors(&again.diagnostics)[0].starts_with("Saved plan"));
    drop(again);
    let path = saved.save(destroy());
    let planned = saved.restore(&path);
    let outcome = saved.apply_planned(planned);
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert!(saved.records().is_empty());
}

#[test]
fn a_stale_plan_is_refused() {
    let mut desk = Desk::new(r#"resource "test_thing" "a" { name = "a" }"#);
    desk.apply();
    desk.write(
        r#"
        resource "test_thing" "a" {
          name = "a"
          size = 9
        }
        "#,
    );
    let path = desk.save(normal());
    desk.apply();
    let planned = desk.restore(&path);
    assert!(planned.plan.is_none());
    assert!(errors(&planned.diagnostics)[0].starts_with("Saved plan is stale"));
}

#[test]
fn the_configuration_of_a_saved_plan_is_its_own() {
    let mut desk = Desk::new(TEXT);
    let path = desk.save(normal());
    desk.write("");
    let planned = desk.restore(&path);
    let outcome = desk.apply_planned(planned);
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert_eq!(desk.records().len(), 4);
}
