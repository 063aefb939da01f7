//! Values of objects as records of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::Private;
use streamform_provider::schema;
use streamform_state::AttributePath;
use streamform_state::Object;
use streamform_state::ObjectStatus;
use streamform_state::RawJson;
use streamform_state::Record;

use crate::plan::InstanceChange;
use crate::plan::build::path_to_state;

/// A record for an instance that has none yet.
pub(super) fn new_record(change: &InstanceChange) -> Record {
    Record {
        address: change.address.to_string(),
        mode: match change.address.resource.mode {
            Mode::Data => streamform_state::Mode::Data,
            Mode::Managed | Mode::Ephemeral => streamform_state::Mode::Managed,
        },
        type_name: change.address.resource.ty.to_string(),
        provider: change.provider.to_string(),
        current: None,
        deposed: BTreeMap::new(),
        version: 0,
    }
}

/// The object of a change with a new value, as the state keeps it. Marks of `value` say what is sensitive.
pub(super) fn object(
    change: &InstanceChange,
    value: &Value,
    private: &Private,
    status: ObjectStatus,
) -> Result<Object, String> {
    let (plain, marks) = value.clone().unmark_with_paths();
    let mut sensitive_paths: Vec<AttributePath> = marks
        .into_iter()
        .filter(|(_, m)| m.contains(Marks::SENSITIVE))
        .map(|(p, _)| path_to_state(&p))
        .collect();
    sensitive_paths.sort();
    sensitive_paths.dedup();
    let attributes =
        RawJson::from_text(schema::to_state_json(&plain, &change.schema.block)).map_err(|e| e.to_string())?;
    Ok(Object {
        attributes,
        sensitive_paths,
        private: private.as_ref().map(|p| p.to_vec()),
        schema_version: change.schema.version,
        status,
        dependencies: change.dependencies.clone(),
        create_before_destroy: change.create_before_destroy,
        prevent_destroy: change.prevent_destroy,
        skip_destroy: change.skip_destroy,
        identity: None,
        identity_schema_version: None,
    })
}

/// A value of a provider with the marks that its place in the configuration and its schema give.
pub(super) fn marked(change: &InstanceChange, value: Value, marks: &[(Path, Marks)]) -> Value {
    let wanted: Vec<(Path, Marks)> = marks
        .iter()
        .filter(|(_, m)| m.contains(Marks::SENSITIVE))
        .map(|(p, _)| (p.clone(), Marks::SENSITIVE))
        .collect();
    schema::mark_sensitive(&change.schema.block, value.mark_with_paths(&wanted))
}

/// A copy of the record of a change, or a new one.
pub(super) fn record_of(stored: Option<&Arc<Record>>, change: &InstanceChange) -> Record {
    match stored {
        Some(r) => {
            let mut record = Record::clone(r);
            record.provider = change.provider.to_string();
            record
        }
        None => new_record(change),
    }
}

/// Whether a record has all that a change without an action would have it remember.
pub fn is_remembered(current: Option<&Object>, change: &InstanceChange) -> bool {
    current.is_some_and(|object| {
        object.dependencies == change.dependencies
            && object.create_before_destroy == change.create_before_destroy
            && object.prevent_destroy == change.prevent_destroy
            && object.skip_destroy == change.skip_destroy
            && object.schema_version == change.schema.version
            && change.previous_address.is_none()
    })
}
