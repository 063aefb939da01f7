//! The state and the service, object for object.

use std::collections::BTreeSet;

use serde_json::Value;
use streamform_state::ObjectStatus;
use streamform_state::SealKey;
use streamform_state::StateView;

use crate::sandbox::EmulatorProcess;
use crate::sandbox::Sandbox;

/// Resource types, what the emulator calls their objects, and the attribute that holds the name.
const KINDS: &[(&str, &str, &str)] = &[
    ("confluent_environment", "environments", "display_name"),
    ("confluent_kafka_cluster", "kafka_clusters", "display_name"),
    ("confluent_service_account", "service_accounts", "display_name"),
    ("confluent_role_binding", "role_bindings", "role_name"),
    ("confluent_api_key", "api_keys", "display_name"),
    ("confluent_flink_compute_pool", "compute_pools", "display_name"),
    ("confluent_kafka_topic", "topics", "topic_name"),
    ("confluent_schema", "schemas", "subject_name"),
    ("confluent_flink_statement", "statements", "statement_name"),
];

/// The state of the default workspace.
pub(crate) fn state(sandbox: &Sandbox) -> StateView {
    let key = SealKey::at(sandbox.path("../home/.config/streamform/state.key"));
    let dir = streamform_state::workspace_dir(&sandbox.path("streamform.state"), "default");
    streamform_state::read_view_sealed(&dir, &key).unwrap()
}

/// Kind, id, name and, of topics, partitions of all objects of the state. Each must be whole and there once.
pub(crate) fn recorded(sandbox: &Sandbox) -> BTreeSet<String> {
    recorded_in(&state(sandbox))
}

fn recorded_in(state: &StateView) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for record in state.records() {
        let Some((_, kind, name)) = KINDS.iter().find(|(ty, _, _)| *ty == record.type_name) else {
            continue;
        };
        assert!(
            record.deposed.is_empty(),
            "{} has a deposed object",
            record.address
        );
        let object = record.current.as_ref().unwrap();
        assert_eq!(
            object.status,
            ObjectStatus::Ready,
            "{} is tainted",
            record.address
        );
        let attributes: Value = object.attributes.parse().unwrap();
        let text = |name: &str| attributes[name].as_str().unwrap_or_default();
        let id = match *kind {
            "schemas" => text("subject_name").to_owned(),
            "statements" => {
                let (environment, rest) = text("id").split_once('/').unwrap();
                format!("{environment}/{}", rest.split_once('/').unwrap().1)
            }
            _ => text("id").to_owned(),
        };
        let line = line(kind, &id, text(name), &attributes["partitions_count"]);
        assert!(all.insert(line), "{} is in the state twice", record.address);
    }
    all
}

fn line(kind: &str, id: &str, name: &str, partitions: &Value) -> String {
    match partitions.as_u64() {
        Some(partitions) => format!("{kind} {id} {name} ({partitions} partitions)"),
        None => format!("{kind} {id} {name}"),
    }
}

/// The same of all objects that the service has, without those that it had from its birth.
pub(crate) fn living(emulator: &EmulatorProcess) -> BTreeSet<String> {
    let objects = emulator.objects();
    let mut all = BTreeSet::new();
    for (_, kind, _) in KINDS {
        for object in objects[*kind].as_array().unwrap() {
            let name = object["name"].as_str().unwrap_or_default();
            if object["phase"] == "DELETING" || name == "default" || name == "First Cloud API key" {
                continue;
            }
            let id = if *kind == "schemas" {
                name
            } else {
                object["id"].as_str().unwrap()
            };
            let line = line(kind, id, name, &object["partitions"]);
            assert!(all.insert(line), "the service has {kind} {id} twice");
        }
    }
    all
}

/// Fails unless state and service have the same objects, and so many of them.
#[track_caller]
pub(crate) fn agree(sandbox: &Sandbox, emulator: &EmulatorProcess, count: usize, context: &str) {
    agree_on(&state(sandbox), emulator, count, context);
}

/// The same of a state that is kept elsewhere.
#[track_caller]
pub(crate) fn agree_on(state: &StateView, emulator: &EmulatorProcess, count: usize, context: &str) {
    let half: Vec<String> = state
        .records()
        .filter(|r| {
            let tainted = |status| status == ObjectStatus::Tainted;
            !r.deposed.is_empty() || r.current.as_ref().is_some_and(|o| tainted(o.status))
        })
        .map(|r| r.address.clone())
        .collect();
    assert!(
        half.is_empty(),
        "half replaced or half made in the state: {half:?}; {context}"
    );
    let (known, there) = (recorded_in(state), living(emulator));
    let lost: Vec<&String> = known.difference(&there).collect();
    let orphans: Vec<&String> = there.difference(&known).collect();
    assert!(
        lost.is_empty() && orphans.is_empty(),
        "only in the state: {lost:?}; only in the service: {orphans:?}; {context}"
    );
    assert_eq!(there.len(), count, "{there:?}; {context}");
    // The platform's schemas are deleted for good: one of which only half is gone is a delete that nobody finished.
    let half_deleted = &emulator.objects()["soft_deleted_schemas"];
    assert_eq!(half_deleted, &serde_json::json!([]), "{context}");
}
