//! What the tests of the skins show: schemas, changes, plans.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ModulePath;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::NestedBlock;
use streamform_provider::schema::Nesting;
use streamform_provider::schema::Schema;

use crate::plan::Action;
use crate::plan::ExecutionGraph;
use crate::plan::InstanceChange;
use crate::plan::OutputChange;
use crate::plan::Plan;
use crate::plan::PlanMode;

/// `terraform_data`, and whatever else a test needs.
pub(super) fn data_schema() -> Arc<Schema> {
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes: vec![
                ("id".into(), Attribute::computed(Type::String)),
                ("input".into(), Attribute::optional(Type::Any)),
                ("output".into(), Attribute::computed(Type::Any)),
                ("triggers_replace".into(), Attribute::optional(Type::Any)),
            ],
            ..Block::default()
        },
    })
}

/// Something with blocks and a secret.
pub(super) fn topic_schema() -> Arc<Schema> {
    let mut secret = Attribute::required(Type::String);
    secret.sensitive = true;
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes: vec![
                ("config".into(), Attribute::optional(Type::map(Type::String))),
                ("id".into(), Attribute::computed(Type::String)),
                ("partitions_count".into(), Attribute::optional(Type::Number)),
                ("topic_name".into(), Attribute::required(Type::String)),
            ],
            blocks: vec![
                (
                    "credentials".into(),
                    NestedBlock {
                        nesting: Nesting::List,
                        block: Block {
                            attributes: vec![
                                ("key".into(), Attribute::required(Type::String)),
                                ("secret".into(), secret),
                            ],
                            ..Block::default()
                        },
                        min_items: 0,
                        max_items: Some(1),
                    },
                ),
                (
                    "kafka_cluster".into(),
                    NestedBlock {
                        nesting: Nesting::List,
                        block: Block {
                            attributes: vec![("id".into(), Attribute::required(Type::String))],
                            ..Block::default()
                        },
                        min_items: 0,
                        max_items: Some(1),
                    },
                ),
            ],
            ..Block::default()
        },
    })
}

/// An object.
pub(super) fn object(items: &[(&str, Value)]) -> Value {
    Value::object(items.iter().map(|(n, v)| (Name::from(*n), v.clone())))
}

/// Null.
pub(super) fn nothing() -> Value {
    Value::null(Type::Any)
}

/// A `terraform_data`.
pub(super) fn data(id: Value, input: Value, output: Value, triggers: Value) -> Value {
    object(&[
        ("id", id),
        ("input", input),
        ("output", output),
        ("triggers_replace", triggers),
    ])
}

/// A change without a reason.
pub(super) fn change(
    address: &str,
    schema: &Arc<Schema>,
    action: Action,
    before: Value,
    after: Value,
) -> InstanceChange {
    InstanceChange {
        address: AbsInstance::parse(address).unwrap(),
        previous_address: None,
        deposed: None,
        provider: AbsProviderConfig::new(ModulePath::root(), ProviderAddr::builtin(), None),
        schema: Arc::clone(schema),
        action,
        reason: None,
        explanation: None,
        before,
        after,
        replace_paths: Vec::new(),
        before_private: Default::default(),
        after_private: Default::default(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        skip_destroy: false,
        importing: None,
    }
}

/// A plan of changes and outputs.
pub(super) fn plan(changes: Vec<InstanceChange>, outputs: Vec<OutputChange>) -> Plan {
    Plan {
        moves: Vec::new(),
        mode: PlanMode::Normal,
        timestamp: "2026-01-01T00:00:00Z".into(),
        changes,
        drift: Vec::new(),
        relevant: Vec::new(),
        outputs,
        checks: Vec::new(),
        untouched: Vec::new(),
        deferred: Vec::new(),
        graph: ExecutionGraph::default(),
        targets: Vec::new(),
        excludes: Vec::new(),
        variables: Vec::new(),
        lineage: String::new(),
        serial: 0,
        records_read: Vec::new(),
        errored: false,
        diagnostics: Diagnostics::new(),
    }
}

/// A change of an output that is not sensitive.
pub(super) fn output(name: &str, action: Action, before: Value, after: Value) -> OutputChange {
    OutputChange {
        name: name.into(),
        action,
        before,
        after,
        sensitive: false,
        reached: true,
    }
}

/// A string.
pub(super) fn s(text: &str) -> Value {
    Value::string(text)
}

/// A number.
pub(super) fn n(n: usize) -> Value {
    Value::number(n)
}

/// What is known after apply.
pub(super) fn unknown() -> Value {
    Value::unknown(Type::Any)
}

/// A value of JSON.
pub(super) fn json(text: &str) -> Value {
    streamform_lang::value::from_json_implied(text).unwrap()
}
