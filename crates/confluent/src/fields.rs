//! Fields that many types have.

use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Presence;

use crate::checks;

/// A string that must be given.
pub(crate) fn required(name: &'static str) -> Field {
    Field::required(name, FieldKind::String)
}

/// A string that may be given.
pub(crate) fn optional(name: &'static str) -> Field {
    Field::optional(name, FieldKind::String)
}

/// A string that the provider sets.
pub(crate) fn computed(name: &'static str) -> Field {
    Field::computed(name, FieldKind::String)
}

/// A string that may be given and is set by the provider otherwise.
pub(crate) fn optional_computed(name: &'static str) -> Field {
    Field::optional_computed(name, FieldKind::String)
}

/// A truth value that may be given; false if it is not.
pub(crate) fn switch(name: &'static str) -> Field {
    Field::optional(name, FieldKind::Bool).default(streamform_lang::value::Value::bool(false))
}

/// `map(string)`
pub(crate) fn string_map() -> FieldKind {
    FieldKind::Map(Box::new(FieldKind::String))
}

/// `set(string)`
pub(crate) fn string_set() -> FieldKind {
    FieldKind::Set(Box::new(FieldKind::String))
}

/// `list(string)`
pub(crate) fn string_list() -> FieldKind {
    FieldKind::List(Box::new(FieldKind::String))
}

/// Blocks of any number.
pub(crate) fn blocks(name: &'static str, presence: Presence, set: bool, fields: Vec<Field>) -> Field {
    Field {
        kind: FieldKind::Block {
            set,
            fields,
            min: 0,
            max: None,
        },
        ..Field::one(name, presence, Vec::new())
    }
}

/// `environment { id }` that must be given and cannot change.
pub(crate) fn environment() -> Field {
    Field::one(
        "environment",
        Presence::Required,
        vec![required("id").force_new()],
    )
    .force_new()
}

/// `kafka_cluster { id }` of types that stand on a cluster's REST endpoint.
pub(crate) fn kafka_cluster() -> Field {
    Field::one(
        "kafka_cluster",
        Presence::Optional,
        vec![required("id").force_new().check(checks::kafka_cluster_id)],
    )
    .force_new()
}

/// `credentials { key secret }` of types that stand on a data plane.
pub(crate) fn credentials() -> Field {
    Field::one(
        "credentials",
        Presence::Optional,
        vec![
            required("key").sensitive().check(checks::not_empty),
            required("secret").sensitive().check(checks::not_empty),
        ],
    )
    .sensitive()
}

/// `rest_endpoint` of types that stand on a data plane.
pub(crate) fn rest_endpoint() -> Field {
    optional("rest_endpoint").check(checks::rest_endpoint)
}
