use std::collections::BTreeMap;
use std::path::Path;

use streamform_state::Mode;
use streamform_state::RawJson;
use streamform_state::Record;

use super::*;
use crate::config::Snapshot;
use crate::config::load;

fn record(address: &str) -> Record {
    let parsed = AbsInstance::parse(address).unwrap();
    Record {
        address: address.into(),
        mode: Mode::Managed,
        type_name: parsed.resource.ty.to_string(),
        provider: "provider[\"terraform.io/builtin/terraform\"]".into(),
        current: Some(streamform_state::Object {
            attributes: RawJson::from_text("{}".to_owned()).unwrap(),
            ..Default::default()
        }),
        deposed: BTreeMap::new(),
        version: 0,
    }
}

fn state(addresses: &[&str]) -> StateView {
    let records = addresses.iter().map(|a| record(a));
    StateView::from_parts("l", 1, records, BTreeMap::new(), serde_json::Value::Null)
}

/// A root module and, where it is called, the module `./m`.
fn config(root: &str, child: &str) -> Configuration {
    let mut files = Snapshot::default();
    files.add(Path::new("main.tf"), root);
    files.add(Path::new("m/main.tf"), child);
    let (config, found) = load(&files, Path::new("."));
    assert!(!found.has_errors(), "{found:?}");
    config
}

/// What moves, as `old > new`, and what could not, as `old ! new`.
fn told(root: &str, child: &str, addresses: &[&str]) -> Vec<String> {
    let (moves, view) = Moves::work_out(&config(root, child), &state(addresses), &[], &[]);
    assert_eq!(view.len(), addresses.len());
    let done = moves.all().iter().map(|(a, b)| format!("{a} > {b}"));
    let blocked = moves.blocked.iter().map(|(a, b)| format!("{a} ! {b}"));
    let mut told: Vec<String> = done.chain(blocked).collect();
    told.sort();
    for (a, b) in moves.all() {
        assert!(view.get(&b.to_string()).is_some());
        assert_eq!(moves.origin(b), Some(a));
    }
    told
}

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to = {to}\n}}\n")
}

const CALL: &str = "module \"m\" {\n  source = \"./m\"\n  count = 2\n}\n";

/// Old and new address of each block; what is in the state; what comes of it.
type Case = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    &'static [&'static str],
);

#[test]
fn statements_move_what_they_name() {
    let cases: &[Case] = &[
        (&[("t.a", "t.b")], &["t.a"], &["t.a > t.b"]),
        (
            &[("t.a", "t.b")],
            &["t.a[0]", "t.a[1]"],
            &["t.a[0] > t.b[0]", "t.a[1] > t.b[1]"],
        ),
        // Where one side names an instance, the other does too.
        (
            &[("t.a", "t.b[\"x\"]")],
            &["t.a", "t.a[1]"],
            &["t.a > t.b[\"x\"]"],
        ),
        (&[("t.a[1]", "t.b")], &["t.a", "t.a[1]"], &["t.a[1] > t.b"]),
        (
            &[("t.a", "module.q[\"k\"].t.a")],
            &["t.a"],
            &["t.a > module.q[\"k\"].t.a"],
        ),
        // A module step without a key is the module without a key.
        (
            &[("module.q.t.a", "t.a")],
            &["module.q[0].t.a", "module.q.t.a"],
            &["module.q.t.a > t.a"],
        ),
        (
            &[("module.p", "module.q")],
            &["module.p[0].t.a", "module.p[0].module.z.t.a", "module.pp.t.a"],
            &[
                "module.p[0].module.z.t.a > module.q[0].module.z.t.a",
                "module.p[0].t.a > module.q[0].t.a",
            ],
        ),
        (
            &[("module.p", "module.q[1]")],
            &["module.p.t.a", "module.p[0].t.a"],
            &["module.p.t.a > module.q[1].t.a"],
        ),
        (
            &[("module.p", "module.q.module.p")],
            &["module.p[3].t.a"],
            &["module.p[3].t.a > module.q.module.p[3].t.a"],
        ),
        (
            &[("module.p.module.q", "module.q")],
            &["module.p.module.q[\"x\"].t.a"],
            &["module.p.module.q[\"x\"].t.a > module.q[\"x\"].t.a"],
        ),
        // Whatever the order of the blocks.
        (
            &[("t.c[\"z\"]", "t.d"), ("t.b", "t.c[\"z\"]"), ("t.a", "t.b")],
            &["t.a"],
            &["t.a > t.d"],
        ),
        (
            &[("t.b[0]", "t.c[1]"), ("t.b[1]", "t.c[0]"), ("t.a", "t.b")],
            &["t.a[0]", "t.a[1]"],
            &["t.a[0] > t.c[1]", "t.a[1] > t.c[0]"],
        ),
        // Into the old name of a module before it moves, into the new one after.
        (
            &[("module.p", "module.q"), ("t.b", "module.p.t.b")],
            &["module.p.t.a", "t.b"],
            &["module.p.t.a > module.q.t.a", "t.b > module.q.t.b"],
        ),
        (
            &[("t.b", "module.q.t.b"), ("module.p", "module.q")],
            &["module.p.t.a", "t.b"],
            &["module.p.t.a > module.q.t.a", "t.b > module.q.t.b"],
        ),
        (
            &[("module.p", "module.q"), ("module.p.t.b", "t.b")],
            &["module.p.t.a", "module.p.t.b"],
            &["module.p.t.a > module.q.t.a", "module.p.t.b > t.b"],
        ),
        // What is taken blocks the whole piece.
        (&[("t.a", "t.b")], &["t.a[0]", "t.a[1]", "t.b[1]"], &["t.a ! t.b"]),
        (
            &[("t.a[1]", "t.b[0]")],
            &["t.a[1]", "t.b[0]", "t.b[1]"],
            &["t.a[1] ! t.b[0]"],
        ),
        (
            &[("module.p", "module.q")],
            &["module.p[0].t.a", "module.p[1].t.a", "module.q[0].t.z"],
            &["module.p[0] ! module.q[0]", "module.p[1].t.a > module.q[1].t.a"],
        ),
        (
            &[("t.a", "t.b"), ("t.b", "t.c")],
            &["t.a", "t.c"],
            &["t.a > t.b", "t.b ! t.c"],
        ),
        // A chain is followed from its start: what is in the way has not left yet.
        (
            &[("t.a", "t.b"), ("t.b", "t.c")],
            &["t.a", "t.b"],
            &["t.a ! t.b", "t.b > t.c"],
        ),
    ];
    for (blocks, addresses, wanted) in cases {
        let root: String = blocks.iter().map(|(a, b)| moved(a, b)).collect();
        assert_eq!(
            told(&root, "", addresses),
            *wanted,
            "{blocks:?} with {addresses:?}"
        );
    }
}

#[test]
fn addresses_are_relative_to_the_module_and_mean_every_instance_of_it() {
    assert_eq!(
        told(
            CALL,
            &moved("t.a", "t.b"),
            &["module.m[0].t.a", "module.m[1].t.a", "t.a"]
        ),
        [
            "module.m[0].t.a > module.m[0].t.b",
            "module.m[1].t.a > module.m[1].t.b"
        ]
    );
    assert_eq!(
        told(
            CALL,
            &moved("module.x", "module.y"),
            &["module.m[1].module.x[\"k\"].t.a"]
        ),
        ["module.m[1].module.x[\"k\"].t.a > module.m[1].module.y[\"k\"].t.a"]
    );
    // A module under its old name does not know what its blocks say under the new one, but they come after.
    assert_eq!(
        told(
            &format!("{CALL}{}", moved("module.old", "module.m[0]")),
            &moved("t.a", "t.b"),
            &["module.old.t.a"]
        ),
        ["module.old.t.a > module.m[0].t.b"]
    );
}

#[test]
fn count_comes_and_goes_without_a_word() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("count = 2", &["t.a"], &["t.a > t.a[0]"]),
        ("", &["t.a[0]", "t.a[1]"], &["t.a[0] > t.a"]),
        ("count = 2", &["t.a", "t.a[0]"], &["t.a ! t.a[0]"]),
        ("", &["t.a", "t.a[0]"], &["t.a[0] ! t.a"]),
        ("for_each = toset([\"x\"])", &["t.a"], &[]),
        ("for_each = toset([\"x\"])", &["t.a[0]"], &[]),
        ("", &["t.a[\"x\"]"], &[]),
    ];
    for (argument, addresses, wanted) in cases {
        let root = format!("resource \"t\" \"a\" {{\n{argument}\n}}\n");
        assert_eq!(
            told(&root, "", addresses),
            *wanted,
            "{argument} with {addresses:?}"
        );
    }
    // A block that is spoken of is left to what is said.
    let spoken = format!(
        "resource \"t\" \"a\" {{\n count = 2\n}}\n{}",
        moved("t.q", "t.a[1]")
    );
    assert!(told(&spoken, "", &["t.a"]).is_empty());
    assert_eq!(
        told(
            CALL,
            "resource \"t\" \"a\" {\n count = 1\n}",
            &["module.m[1].t.a"]
        ),
        ["module.m[1].t.a > module.m[1].t.a[0]"]
    );
}

#[test]
fn circles_move_nothing() {
    for blocks in [
        vec![("t.a", "t.b"), ("t.b", "t.a")],
        vec![("module.p", "module.q"), ("module.p.t.a", "module.q.t.b")],
        vec![("module.p", "module.q"), ("module.q", "module.p")],
    ] {
        let root: String = blocks.iter().map(|(a, b)| moved(a, b)).collect();
        let (moves, _) = Moves::work_out(&config(&root, ""), &state(&["t.a", "module.p.t.a"]), &[], &[]);
        assert!(moves.all().is_empty());
        assert_eq!(moves.cycles, [[0, 1]]);
    }
}

#[test]
fn what_was_interrupted_waits() {
    let intent: Intent = serde_json::from_value(serde_json::json!({
        "id": 1, "run": "r", "address": "t.a", "action": "create", "type_name": "t", "provider": "p",
        "planned": {}, "token": "", "started_at": ""
    }))
    .unwrap();
    let (moves, view) = Moves::work_out(
        &config(&moved("t.a", "t.b"), ""),
        &state(&["t.a"]),
        &[intent],
        &[],
    );
    assert!(moves.all().is_empty() && view.get("t.a").is_some());
    assert!(moves.told_held().has_errors());
}

#[test]
fn a_managed_object_stays_one() {
    let blocks = config(&moved("t.a", "data.t.a"), "");
    let (moves, view) = Moves::work_out(&blocks, &state(&["t.a"]), &[], &[]);
    assert!(moves.told_first(&[], &[]).has_errors() && view.get("t.a").is_some());
    let (moves, _) = Moves::work_out(&blocks, &state(&["t.b"]), &[], &[]);
    assert!(moves.told_first(&[], &[]).is_empty());
}

#[test]
fn what_is_excluded_must_not_move() {
    let (moves, _) = Moves::work_out(
        &config(&moved("t.a", "t.b"), ""),
        &state(&["t.a", "t.c"]),
        &[],
        &[],
    );
    for (address, wrong) in [("t.a", true), ("t.b", true), ("t.c", false)] {
        let found = moves.told_first(&[], &[Target::parse(address).unwrap()]);
        assert_eq!(found.has_errors(), wrong, "{address}");
    }
}

/// Each object moves once, also along a chain, and before anything that a block says.
#[test]
fn moves_back_come_first() {
    let moved_back = |root: &str, back: &[(&str, &str)], addresses: &[&str]| {
        let parse = |text: &str| AbsInstance::parse(text).unwrap();
        let back: Vec<_> = back.iter().map(|(a, b)| (parse(a), parse(b))).collect();
        let (moves, _) = Moves::work_out(&config(root, ""), &state(addresses), &[], &back);
        assert!(moves.cycles.is_empty() && moves.blocked.is_empty());
        let mut told: Vec<String> = moves.all().iter().map(|(a, b)| format!("{a} > {b}")).collect();
        told.sort();
        told
    };
    assert_eq!(
        moved_back("", &[("t.a", "t.b"), ("t.b", "t.c")], &["t.a", "t.b"]),
        ["t.a > t.b", "t.b > t.c"]
    );
    // The block says what had been done by then; it finds nothing to do.
    let block = moved("t.a", "t.b");
    assert_eq!(moved_back(&block, &[("t.c", "t.b")], &["t.c"]), ["t.c > t.b"]);
    assert_eq!(
        moved_back(&block, &[("t.b", "t.a")], &["t.b"]),
        Vec::<String>::new()
    );
    // Something has taken the place; two have changed places.
    assert!(moved_back("", &[("t.a", "t.b")], &["t.a", "t.b"]).is_empty());
    assert!(moved_back("", &[("t.a", "t.b"), ("t.b", "t.a")], &["t.a", "t.b"]).is_empty());
}
