//! The order of steps.

use super::desk::Desk;
use super::desk::assert_order;
use super::desk::destroy;
use super::desk::errors;
use super::desk::normal;

const CHAIN: &str = r#"
resource "test_thing" "a" { name = "a" }
resource "test_thing" "b" {
  name  = "b"
  after = test_thing.a.id
}
resource "test_thing" "c" {
  name  = "c"
  after = local.b
}
locals { b = test_thing.b.id }
"#;

#[test]
fn creates_follow_dependencies_and_deletes_go_back() {
    let desk = Desk::new(CHAIN);
    desk.apply();
    assert_eq!(desk.cloud.changes(), ["create a", "create b", "create c"]);
    desk.apply_well(destroy());
    assert_eq!(desk.cloud.changes(), ["delete c", "delete b", "delete a"]);
    assert!(desk.records().is_empty());
}

#[test]
fn orphans_go_in_the_order_that_the_state_remembers() {
    let mut desk = Desk::new(CHAIN);
    desk.apply();
    desk.cloud.take();
    desk.write("");
    desk.apply();
    assert_eq!(desk.cloud.changes(), ["delete c", "delete b", "delete a"]);
}

#[test]
fn deletes_wait_through_objects_that_stay() {
    let mut desk = Desk::new(
        r#"
        resource "test_thing" "a" { name = "a" }
        resource "test_thing" "b" {
          name = "b"
          depends_on = [test_thing.a]
        }
        resource "test_thing" "c" {
          name = "c"
          depends_on = [test_thing.b]
        }
        "#,
    );
    desk.apply();
    desk.cloud.take();
    desk.write(r#"resource "test_thing" "b" { name = "b" }"#);
    desk.apply();
    assert_eq!(desk.cloud.changes(), ["delete c", "delete a"]);
}

#[test]
fn a_replacement_with_its_dependents() {
    let text = |zone: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              zone = "{zone}"
            }}
            resource "test_thing" "b" {{
              name = "b"
              zone = test_thing.a.id
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text("x"));
    desk.apply();
    desk.cloud.take();
    desk.write(&text("y"));
    desk.apply();
    assert_eq!(
        desk.cloud.changes(),
        ["delete b", "delete a", "create a", "create b"]
    );
}

#[test]
fn a_replacement_that_creates_first() {
    let text = |zone: &str| {
        format!(
            r#"
            resource "test_thing" "a" {{
              name = "a"
              zone = "{zone}"
            }}
            resource "test_thing" "b" {{
              name = "b"
              zone = test_thing.a.id
              lifecycle {{ create_before_destroy = true }}
            }}
            resource "test_thing" "c" {{
              name  = "c"
              after = test_thing.b.id
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text("x"));
    desk.apply();
    desk.cloud.take();
    desk.write(&text("y"));
    desk.apply();
    // What the block depends on is created first too; an update moves over before anything is deleted.
    assert_eq!(
        desk.cloud.changes(),
        ["create a", "create b", "update c", "delete b", "delete a"]
    );
    assert_eq!(desk.cloud.names(), ["a", "b", "c"]);
}

#[test]
fn a_provider_configured_by_a_resource() {
    let desk = Desk::new(
        r#"
        provider "test" {}
        provider "test" {
          alias    = "inner"
          endpoint = test_thing.host.id
        }
        resource "test_thing" "host" { name = "host" }
        resource "test_thing" "guest" {
          provider = test.inner
          name     = "guest"
        }
        "#,
    );
    desk.apply();
    let calls = desk.cloud.take();
    assert_order(&calls, "create host", "configure id-1");
    assert_order(&calls, "configure id-1", "create guest");
    assert_order(&calls, "create guest", "close id-1");
    desk.apply_well(destroy());
    let calls = desk.cloud.take();
    assert_order(&calls, "delete guest", "close id-1");
    assert_order(&calls, "close id-1", "delete host");
}

#[test]
fn a_host_that_is_created_before_destroy_outlives_its_provider() {
    let desk = Desk::new(
        r#"
        provider "test" {}
        provider "test" {
          alias    = "inner"
          endpoint = test_thing.host.id
        }
        resource "test_thing" "host" {
          name = "host"
          lifecycle { create_before_destroy = true }
        }
        resource "test_thing" "guest" {
          provider = test.inner
          name     = "guest"
        }
        "#,
    );
    desk.apply();
    desk.cloud.take();
    desk.apply_well(destroy());
    let calls = desk.cloud.take();
    assert_order(&calls, "delete guest", "delete host");
    assert_order(&calls, "close id-1", "delete host");
}

#[test]
fn a_host_stays_while_guests_could_not_be_deleted() {
    let desk = Desk::new(
        r#"
        provider "test" {}
        provider "test" {
          alias    = "inner"
          endpoint = test_thing.host.id
        }
        resource "test_thing" "host" { name = "host" }
        resource "test_thing" "guest" {
          provider = test.inner
          name     = "guest"
        }
        "#,
    );
    desk.apply();
    desk.cloud.take();
    desk.cloud.fail("delete guest", super::cloud::Failure::Refused);
    let outcome = desk.apply_with(destroy());
    assert_eq!(errors(&outcome.diagnostics).len(), 1);
    assert_eq!(desk.cloud.changes(), ["delete guest"]);
    assert_eq!(desk.records(), ["test_thing.guest", "test_thing.host"]);
}

#[test]
fn fewer_hosts_behind_a_provider_that_goes_on() {
    let text = |hosts: u32, guests: u32| {
        format!(
            r#"
            provider "test" {{}}
            provider "test" {{
              alias    = "inner"
              endpoint = join(",", test_thing.host[*].name)
            }}
            resource "test_thing" "host" {{
              count = {hosts}
              name  = "host${{count.index}}"
            }}
            resource "test_thing" "guest" {{
              count    = {guests}
              provider = test.inner
              name     = "guest${{count.index}}"
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(2, 1));
    desk.apply();
    desk.cloud.take();
    desk.write(&text(1, 2));
    desk.apply();
    assert_eq!(desk.cloud.names(), ["guest0", "guest1", "host0"]);
}

#[test]
fn a_replaced_host_whose_guests_name_it_too() {
    let text = |zone: &str| {
        format!(
            r#"
            provider "test" {{}}
            provider "test" {{
              alias    = "inner"
              endpoint = test_thing.host.id
            }}
            resource "test_thing" "host" {{
              name = "host"
              zone = "{zone}"
            }}
            resource "test_thing" "guest" {{
              provider = test.inner
              name     = "guest"
              zone     = test_thing.host.id
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text("x"));
    desk.apply();
    desk.cloud.take();
    desk.write(&text("y"));
    desk.apply();
    assert_eq!(desk.cloud.names(), ["guest", "host"]);
}

#[test]
fn count_shrinks_before_dependents_are_changed() {
    let text = |n: u32| {
        format!(
            r#"
            resource "test_thing" "a" {{
              count = {n}
              name  = "a${{count.index}}"
            }}
            resource "test_thing" "b" {{
              name = "b"
              after = test_thing.a[*].name
            }}
            "#
        )
    };
    let mut desk = Desk::new(&text(3));
    desk.apply();
    desk.cloud.take();
    desk.write(&text(1));
    let plan = desk.plan(normal());
    assert_eq!(
        super::desk::actions(&plan),
        [
            "test_thing.a[1] delete delete_because_count_index",
            "test_thing.a[2] delete delete_because_count_index",
            "test_thing.b update",
        ]
    );
    desk.cloud.take();
    desk.apply();
    let calls = desk.cloud.changes();
    assert_eq!(calls.len(), 3);
    assert_order(&calls, "delete a1", "update b");
    assert_order(&calls, "delete a2", "update b");
}

#[test]
fn modules_wait_as_their_arguments_say() {
    let mut desk = Desk::new(
        r#"
        module "first" {
          source   = "./m"
          for_each = toset(["x", "y"])
          name     = each.key
        }
        module "second" {
          source = "./m"
          name   = join("-", [for k, m in module.first : m.id])
        }
        output "all" { value = module.second.id }
        "#,
    );
    desk.add(
        "m/main.tf",
        r#"
        variable "name" { type = string }
        resource "test_thing" "t" { name = var.name }
        output "id" { value = test_thing.t.id }
        "#,
    );
    desk.apply();
    let calls = desk.cloud.changes();
    assert_eq!(calls.len(), 3);
    assert!(calls[2].starts_with("create id-"), "{calls:?}");
    assert_eq!(
        desk.records(),
        [
            "module.first[\"x\"].test_thing.t",
            "module.first[\"y\"].test_thing.t",
            "module.second.test_thing.t"
        ]
    );
    assert_eq!(desk.output("all"), Some(serde_json::json!("id-3")));
    desk.write("");
    desk.apply();
    let calls = desk.cloud.changes();
    assert!(calls[0].starts_with("delete id-"), "{calls:?}");
    assert!(desk.records().is_empty());
}
