//! Objects that get other addresses, by configuration and by hand.

use proptest::prelude::*;
use streamform_lang::addrs::Target;
use streamform_state::ObjectStatus;
use streamform_state::Record;

use super::super::state;
use super::cloud::Failure;
use super::desk::Desk;
use super::desk::actions;
use super::desk::change;
use super::desk::destroy;
use super::desk::errors;
use super::desk::normal;
use super::desk::refresh_only;
use super::desk::target;
use crate::plan::Action;

fn thing(name: &str) -> String {
    format!("resource \"test_thing\" \"{name}\" {{\n  name   = \"thing\"\n  secret = \"geheim\"\n}}\n")
}

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n")
}

/// A record without what may differ between two of the same object.
fn content(desk: &Desk, address: &str) -> Record {
    let mut record = Record::clone(desk.state().get(address).unwrap());
    record.version = 0;
    record.address = String::new();
    record
}

#[test]
fn a_moved_object_stays_what_it_is() {
    let mut desk = Desk::new(&format!(
        "{}resource \"test_thing\" \"user\" {{\n  name  = \"user\"\n  after = test_thing.a.id\n}}\n",
        thing("a")
    ));
    desk.apply();
    let before = content(&desk, "test_thing.a");
    assert!(before.current.as_ref().unwrap().private.is_some());
    assert!(!before.current.as_ref().unwrap().sensitive_paths.is_empty());
    desk.cloud.take();
    desk.write(&format!(
        "{}resource \"test_thing\" \"user\" {{\n  name  = \"user\"\n  after = test_thing.b.id\n}}\n{}",
        thing("b"),
        moved("test_thing.a", "test_thing.b")
    ));
    let plan = desk.plan(normal());
    assert!(actions(&plan).is_empty() && plan.has_changes());
    let it = change(&plan, "test_thing.b");
    assert_eq!(it.previous_address.as_ref().unwrap().to_string(), "test_thing.a");
    // The plan file carries the moves.
    let path = desk.save(normal());
    let outcome = desk.apply_planned(desk.restore(&path));
    assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
    assert!(desk.cloud.changes().is_empty());
    assert_eq!(desk.records(), ["test_thing.b", "test_thing.user"]);
    assert_eq!(content(&desk, "test_thing.b"), before);
    assert_eq!(
        content(&desk, "test_thing.user").current.unwrap().dependencies,
        ["test_thing.b"]
    );
    assert!(!desk.plan(normal()).has_changes());
}

#[test]
fn a_move_and_a_change_go_together() {
    let mut desk = Desk::new("resource \"test_thing\" \"a\" {\n  name = \"x\"\n  zone = \"1\"\n}\n");
    desk.apply();
    desk.write(&format!(
        "resource \"test_thing\" \"b\" {{\n  name = \"x\"\n  zone = \"2\"\n}}\n{}",
        moved("test_thing.a", "test_thing.b")
    ));
    let plan = desk.plan(normal());
    assert_eq!(
        actions(&plan),
        ["test_thing.b delete/create replace_because_cannot_update"]
    );
    desk.apply();
    assert_eq!(desk.records(), ["test_thing.b"]);
    assert!(!desk.plan(normal()).has_changes());
}

#[test]
fn deposed_and_tainted_objects_move_along() {
    let mut desk = Desk::new(
        "resource \"test_thing\" \"a\" {\n  name = \"x\"\n  zone = \"1\"\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n",
    );
    desk.apply();
    desk.write(
        "resource \"test_thing\" \"a\" {\n  name = \"x\"\n  zone = \"2\"\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n",
    );
    desk.cloud.fail("delete x", Failure::Refused);
    assert!(!errors(&desk.apply_with(normal()).diagnostics).is_empty());
    assert_eq!(desk.records(), ["test_thing.a", "test_thing.a (deposed)"]);
    let before = content(&desk, "test_thing.a");
    let (from, to) = (
        Target::parse("test_thing.a").unwrap(),
        Target::parse("module.m.test_thing.b[\"k\"]").unwrap(),
    );
    state::move_objects(&desk.session, &from, &to, false).unwrap();
    assert_eq!(content(&desk, "module.m.test_thing.b[\"k\"]"), before);
    state::move_objects(&desk.session, &to, &from, false).unwrap();
    assert_eq!(content(&desk, "test_thing.a"), before);
    desk.cloud.heal();
    // And by configuration: the old object is deleted under its new address.
    desk.write(&format!(
        "resource \"test_thing\" \"b\" {{\n  name = \"x\"\n  zone = \"2\"\n  lifecycle {{\n    create_before_destroy = true\n  }}\n}}\n{}",
        moved("test_thing.a", "test_thing.b")
    ));
    assert_eq!(actions(&desk.plan(normal())), ["test_thing.b (deposed) delete"]);
    desk.apply();
    assert_eq!(desk.records(), ["test_thing.b"]);
}

#[test]
fn a_refresh_records_moves_and_a_destroy_finds_what_moved() {
    let mut desk = Desk::new(&thing("a"));
    desk.apply();
    desk.write(&format!(
        "{}{}",
        thing("b"),
        moved("test_thing.a", "test_thing.b")
    ));
    let plan = desk.plan(refresh_only());
    assert_eq!(plan.drift.len(), 1);
    assert_eq!(plan.drift[0].action, Action::NoOp);
    desk.apply_well(refresh_only());
    assert_eq!(desk.records(), ["test_thing.b"]);
    desk.write(&format!(
        "{}{}{}",
        thing("c"),
        moved("test_thing.b", "test_thing.c"),
        moved("test_thing.a", "test_thing.b")
    ));
    assert_eq!(actions(&desk.plan(destroy())), ["test_thing.c delete"]);
    desk.apply_well(destroy());
    assert!(desk.records().is_empty() && desk.cloud.names().is_empty());
}

#[test]
fn an_interrupted_change_is_looked_up_before_its_object_moves() {
    let mut desk = Desk::new(&thing("a"));
    desk.cloud.fail("create thing", Failure::Lost);
    desk.cloud.with(|s| s.silent = true);
    assert!(!errors(&desk.apply_with(normal()).diagnostics).is_empty());
    desk.cloud.heal();
    desk.write(&format!(
        "{}{}",
        thing("b"),
        moved("test_thing.a", "test_thing.b")
    ));
    // Nothing is recorded at the old address yet: what was made is looked up there, and moves the next time.
    let found = desk.plan_errors(normal());
    let plan_again = desk.plan(normal());
    assert!(
        found[0].starts_with("Interrupted change of a moved object"),
        "{found:?}"
    );
    assert!(actions(&plan_again).is_empty(), "{:?}", actions(&plan_again));
    desk.apply();
    assert_eq!(desk.records(), ["test_thing.b"]);
    assert_eq!(desk.cloud.names(), ["thing"]);
}

#[test]
fn what_targets_leave_out_must_not_move() {
    let mut desk = Desk::new(&format!(
        "{}resource \"test_thing\" \"x\" {{\n  name = \"x\"\n}}\n",
        thing("a")
    ));
    desk.apply();
    desk.write(&format!(
        "{}resource \"test_thing\" \"x\" {{\n  name = \"x\"\n}}\n{}",
        thing("b"),
        moved("test_thing.a", "test_thing.b")
    ));
    for (targets, missing) in [
        (
            &["test_thing.x"][..],
            &["\"test_thing.a\"", "\"test_thing.b\""][..],
        ),
        (&["test_thing.b"], &["\"test_thing.a\""]),
        (&["test_thing.a", "test_thing.x"], &["\"test_thing.b\""]),
    ] {
        let found = desk.plan_errors(target(normal(), targets));
        assert!(found[0].starts_with("Moved resource instances excluded by targeting"));
        assert_eq!(found[0].matches("\n  -target=").count(), missing.len());
        for name in missing {
            assert!(found[0].contains(name), "{found:?}");
        }
    }
    let both = desk.plan(target(normal(), &["test_thing.a", "test_thing.b"]));
    assert!(actions(&both).is_empty() && both.has_changes());
}

#[test]
fn forgotten_objects_stay_where_they_are() {
    let mut desk = Desk::new(
        "module \"m\" {\n  source = \"./m\"\n  count  = 2\n}\nresource \"test_thing\" \"x\" {\n  name = \"x\"\n}\n",
    );
    desk.add(
        "m/main.tf",
        "resource \"test_thing\" \"a\" {\n  name = \"a\"\n}\nresource \"test_thing\" \"b\" {\n  name = \"b\"\n}\n",
    );
    desk.apply();
    let all = desk.cloud.names();
    desk.cloud.take();
    desk.write(
        "removed {\n  from = module.m\n  lifecycle {\n    destroy = false\n  }\n}\nremoved {\n  from = test_thing.x\n}\n",
    );
    let planned = desk.plan_with(normal());
    let told = planned.diagnostics.iter().any(|d| {
        d.summary == "Some objects will no longer be managed by Streamform"
            && d.detail.contains("module.m[1].test_thing.b")
    });
    assert!(told);
    drop(planned);
    assert_eq!(
        actions(&desk.plan(normal())),
        [
            "test_thing.x delete delete_because_no_resource_config",
            "module.m[0].test_thing.a forget delete_because_no_resource_config",
            "module.m[0].test_thing.b forget delete_because_no_resource_config",
            "module.m[1].test_thing.a forget delete_because_no_resource_config",
            "module.m[1].test_thing.b forget delete_because_no_resource_config",
        ]
    );
    let outcome = desk.apply_with(normal());
    assert_eq!((outcome.done.forget, outcome.done.destroy), (4, 1));
    assert!(desk.records().is_empty());
    assert_eq!(desk.cloud.changes(), ["delete x"]);
    assert_eq!(desk.cloud.names().len(), all.len() - 1);
    desk.write("");
    assert!(!desk.plan(normal()).has_changes());
}

#[test]
fn a_destroy_deletes_also_what_a_removed_block_would_forget() {
    let mut desk = Desk::new(&thing("a"));
    desk.apply();
    desk.write("removed {\n  from = test_thing.a\n  lifecycle {\n    destroy = false\n  }\n}\n");
    assert_eq!(actions(&desk.plan(destroy())), ["test_thing.a delete"]);
    desk.write(&format!("{}removed {{\n  from = test_thing.a\n}}\n", thing("a")));
    assert!(desk.plan_errors(normal())[0].starts_with("Removed resource still exists"));
    assert!(desk.plan(refresh_only()).changes.is_empty());
}

#[test]
fn a_mark_replaces_an_object_until_it_is_taken_off() {
    let desk = Desk::new(&thing("a"));
    desk.apply();
    let address = streamform_lang::addrs::AbsInstance::parse("test_thing.a").unwrap();
    let mark = |status| state::mark_object(&desk.session, &address, status);
    assert_eq!(mark(ObjectStatus::Tainted).unwrap(), state::Marked::Done);
    assert_eq!(
        actions(&desk.plan(normal())),
        ["test_thing.a delete/create replace_because_tainted"]
    );
    assert_eq!(mark(ObjectStatus::Ready).unwrap(), state::Marked::Done);
    assert!(!desk.plan(normal()).has_changes());
    assert_eq!(
        mark(ObjectStatus::Ready).unwrap_err().summary,
        "Resource instance is not tainted"
    );
}

/// Addresses of all kinds for one and the same object.
fn place() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["", "[0]", "[7]", "[\"k\"]", "[\"a.b\\\"c\"]"]);
    let module = prop::sample::select(vec!["", "module.m.", "module.m[1].", "module.n[\"x\"].module.o."]);
    (module, prop::sample::select(vec!["b", "c"]), key)
        .prop_map(|(module, name, key)| format!("{module}test_thing.{name}{key}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// There and back leaves everything as it was, in the object and in what depends on it.
    #[test]
    fn there_and_back_changes_nothing(through in prop::collection::vec(place(), 1..4)) {
        let desk = Desk::new(&format!(
            "{}resource \"test_thing\" \"user\" {{\n  name  = \"user\"\n  after = test_thing.a.id\n}}\n",
            thing("a")
        ));
        desk.apply();
        let before = (content(&desk, "test_thing.a"), content(&desk, "test_thing.user"));
        let mut at = "test_thing.a".to_owned();
        for next in through.iter().chain([&"test_thing.a".to_owned()]) {
            if *next == at {
                continue;
            }
            let (from, to) = (Target::parse(&at).unwrap(), Target::parse(next).unwrap());
            state::move_objects(&desk.session, &from, &to, false).unwrap();
            at.clone_from(next);
        }
        prop_assert_eq!((content(&desk, "test_thing.a"), content(&desk, "test_thing.user")), before);
        prop_assert!(!desk.plan(normal()).has_changes());
    }

    /// What a chain of blocks has moved needs nothing more, whatever the order in which they are written.
    #[test]
    fn a_plan_after_a_move_is_empty(
        steps in prop::collection::vec(prop::sample::select(vec!["", "[0]", "[\"k\"]"]), 1..4),
        reversed in any::<bool>(),
    ) {
        let mut desk = Desk::new(&thing("a"));
        desk.apply();
        let before = content(&desk, "test_thing.a");
        let mut at = "test_thing.a".to_owned();
        let mut blocks = Vec::new();
        for (i, key) in steps.iter().enumerate() {
            let next = format!("test_thing.s{i}{key}");
            blocks.push(moved(&at, &next));
            at = next;
        }
        if reversed {
            blocks.reverse();
        }
        let (last, key) = (steps.len() - 1, steps[steps.len() - 1]);
        let repetition = match key {
            "" => "",
            "[0]" => "count = 1",
            _ => "for_each = toset([\"k\"])",
        };
        desk.write(&format!(
            "resource \"test_thing\" \"s{last}\" {{\n  {repetition}\n  name   = \"thing\"\n  secret = \"geheim\"\n}}\n{}",
            blocks.concat()
        ));
        let plan = desk.plan(normal());
        prop_assert!(actions(&plan).is_empty());
        prop_assert_eq!(change(&plan, &at).previous_address.as_ref().unwrap().to_string(), "test_thing.a");
        desk.apply();
        prop_assert_eq!(content(&desk, &at), before);
        prop_assert!(!desk.plan(normal()).has_changes());
    }
}

/// With secrets sealed on disk, also after a move.
#[test]
fn secrets_stay_sealed() {
    let mut desk = Desk::new(&thing("a"));
    desk.session.key = Some(streamform_state::SealKey::at(desk.folder.path().join("key")));
    desk.apply();
    let (from, to) = (
        Target::parse("test_thing.a").unwrap(),
        Target::parse("test_thing.b").unwrap(),
    );
    let before = content(&desk, "test_thing.a");
    state::move_objects(&desk.session, &from, &to, false).unwrap();
    assert_eq!(content(&desk, "test_thing.b"), before);
    let mut files = vec![desk.session.backend.local_folder("default").unwrap()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|f| f.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|w| w == b"geheim"), "{}", path.display());
        }
    }
}
