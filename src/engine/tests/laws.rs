//! What holds for every configuration.

use std::collections::HashMap;
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;

use super::desk::Desk;
use super::desk::actions;
use super::desk::destroy;
use super::desk::normal;
use crate::plan::Action;

/// One block: its repetition, and which earlier blocks it names.
#[derive(Clone, Debug)]
struct Block {
    repetition: u8,
    uses: Vec<prop::sample::Index>,
    first: bool,
    local: bool,
}

fn block() -> impl Strategy<Value = Block> {
    (
        0..4u8,
        vec(any::<prop::sample::Index>(), 0..3),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(repetition, uses, first, local)| Block {
            repetition,
            uses,
            first,
            local,
        })
}

fn text(kind: &str, blocks: &[Block]) -> String {
    let mut text = String::new();
    for (i, b) in blocks.iter().enumerate() {
        let repetition = match b.repetition {
            0 => String::new(),
            1 => "count = 2".to_owned(),
            2 => "count = 0".to_owned(),
            _ => "for_each = toset([\"x\", \"y\"])".to_owned(),
        };
        let used: Vec<String> = b
            .uses
            .iter()
            .filter(|_| i > 0)
            .map(|u| format!("{kind}.b{}", u.index(i)))
            .collect();
        let value = if b.local {
            let _ = writeln!(text, "locals {{\n  l{i} = jsonencode([{}])\n}}", used.join(", "));
            format!("local.l{i}")
        } else {
            format!("jsonencode([{}])", used.join(", "))
        };
        let suffix = match b.repetition {
            0 => "",
            1 | 2 => "${count.index}",
            _ => "${each.key}",
        };
        let attributes = if kind == "test_thing" {
            format!("name = \"b{i}{suffix}\"\n  after = {value}")
        } else {
            format!("input = {value}")
        };
        let _ = writeln!(
            text,
            "resource \"{kind}\" \"b{i}\" {{\n  {repetition}\n  {attributes}\n  lifecycle {{\n    create_before_destroy = {}\n  }}\n}}",
            b.first
        );
    }
    text
}

/// Steps wait for each other without a circle, and an object of a block is changed after those of the blocks that it names.
fn check_graph(desk: &Desk, kind: &str, blocks: &[Block]) {
    let plan = desk.plan(normal());
    assert!(plan.graph.cycle().is_none());
    let calls = match kind {
        "test_thing" => {
            desk.cloud.take();
            desk.apply();
            desk.cloud.changes()
        }
        _ => {
            desk.apply();
            return;
        }
    };
    let at: HashMap<&str, usize> = calls.iter().enumerate().map(|(i, c)| (c.as_str(), i)).collect();
    let names = |i: usize| -> Vec<String> {
        match blocks[i].repetition {
            0 => vec![format!("create b{i}")],
            1 => vec![format!("create b{i}0"), format!("create b{i}1")],
            2 => Vec::new(),
            _ => vec![format!("create b{i}x"), format!("create b{i}y")],
        }
    };
    for (i, b) in blocks.iter().enumerate().skip(1) {
        for earlier in b.uses.iter().flat_map(|u| names(u.index(i))) {
            for later in names(i) {
                assert!(at[earlier.as_str()] < at[later.as_str()], "{calls:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applied_is_done_and_destroyed_is_gone(
        blocks in vec(block(), 1..7),
        changed in vec(block(), 1..7),
        kind in prop::sample::select(vec!["terraform_data", "test_thing"]),
    ) {
        let mut desk = Desk::new(&text(kind, &blocks));
        check_graph(&desk, kind, &blocks);
        prop_assert!(actions(&desk.plan(normal())).is_empty());
        desk.write(&text(kind, &changed));
        desk.apply();
        prop_assert!(!desk.plan(normal()).has_changes());
        desk.apply_well(destroy());
        prop_assert!(desk.records().is_empty());
        prop_assert!(desk.cloud.names().is_empty());
    }

    #[test]
    fn a_plan_file_holds_the_whole_plan(blocks in vec(block(), 1..7), kind in prop::sample::select(vec!["terraform_data", "test_thing"])) {
        let desk = Desk::new(&text(kind, &blocks));
        let plan = desk.plan(normal());
        let path = desk.save(normal());
        let restored = desk.restore(&path);
        let read = restored.plan.clone().unwrap();
        prop_assert_eq!(actions(&plan), actions(&read));
        let steps = |p: &crate::plan::Plan| p.graph.steps().map(|(i, s)| (i, s.clone())).collect::<Vec<_>>();
        prop_assert_eq!(steps(&plan), steps(&read));
        prop_assert_eq!(plan.graph.orders().count(), read.graph.orders().count());
        for (a, b) in plan.changes.iter().zip(&read.changes) {
            prop_assert_eq!(&a.after, &b.after);
            prop_assert_eq!(&a.before, &b.before);
            prop_assert_eq!(&a.dependencies, &b.dependencies);
        }
        let outcome = desk.apply_planned(restored);
        prop_assert!(!outcome.diagnostics.has_errors());
        prop_assert!(!desk.plan(normal()).has_changes());
    }
}

/// Ten thousand instances with everything that was ever looked up one by one.
#[test]
fn time_is_in_proportion_to_instances() {
    let desk = Desk::new(
        r#"
        resource "terraform_data" "a" {
          count = 10000
          input = count.index
          lifecycle {
            precondition {
              condition     = count.index >= 0
              error_message = "negative"
            }
          }
        }
        resource "terraform_data" "b" {
          count = 10000
          input = terraform_data.a[count.index].input
          lifecycle { replace_triggered_by = [terraform_data.a[count.index]] }
        }
        "#,
    );
    let plan = desk.plan(normal());
    assert_eq!(
        plan.changes.iter().filter(|c| c.action == Action::Create).count(),
        20_000
    );
    assert_eq!(plan.checks[0].instances.len(), 10_000);
}
