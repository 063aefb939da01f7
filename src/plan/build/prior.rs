//! What the state says before the plan: records as values, moved and read.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::Registry;
use streamform_provider::protocol::Private;
use streamform_provider::schema;
use streamform_provider::schema::Schema;
use streamform_state::AttributePath;
use streamform_state::Object;
use streamform_state::ObjectStatus;
use streamform_state::PathStep;
use streamform_state::Record;
use streamform_state::StateView;

/// One object of the state, as a value.
#[derive(Clone, Debug)]
pub(super) struct PriorObject {
    /// As the state has it; unmarked.
    pub stored: Value,
    /// As it is now, after a read; unmarked. Null: it is gone.
    pub current: Value,
    /// Where the state has sensitive marks.
    pub marks: Vec<(Path, Marks)>,
    /// Kept by the provider.
    pub private: Private,
    /// Its create did not finish.
    pub tainted: bool,
    /// What the record remembers beside the attributes.
    pub dependencies: Vec<String>,
    /// Replace it by creating first.
    pub create_before_destroy: bool,
    /// Deleting is forbidden.
    pub prevent_destroy: bool,
    pub skip_destroy: bool,
}

/// One record of the state, as values.
#[derive(Clone, Debug)]
pub(super) struct Prior {
    /// Its address in the plan.
    pub address: AbsInstance,
    /// Its address in the state, if it was moved.
    pub moved_from: Option<AbsInstance>,
    /// Provider configuration that it was made with.
    pub provider: AbsProviderConfig,
    /// The schema of its type.
    pub schema: Arc<Schema>,
    /// The current object.
    pub current: Option<PriorObject>,
    /// Deposed objects.
    pub deposed: BTreeMap<String, PriorObject>,
}

/// A path of the state as a path of the language.
pub fn path_from_state(path: &AttributePath) -> Path {
    Path(
        path.0
            .iter()
            .map(|s| match s {
                PathStep::Attribute(n) => Step::Attr(n.as_str().into()),
                PathStep::Index(i) => Step::Index(*i as usize),
                PathStep::Key { key } => Step::Key(key.as_str().into()),
            })
            .collect(),
    )
}

/// A path of the language as a path of the state: what lies in a set is named by the set.
pub fn path_to_state(path: &Path) -> AttributePath {
    AttributePath(
        path.steps()
            .iter()
            .map_while(|s| match s {
                Step::Attr(n) => Some(PathStep::Attribute(n.to_string())),
                Step::Index(i) => Some(PathStep::Index(*i as u64)),
                Step::Key(k) => Some(PathStep::Key { key: k.to_string() }),
                Step::Element(_) => None,
            })
            .collect(),
    )
}

/// Reads one stored object.
pub(super) async fn object_from_state(
    object: &Object,
    type_name: &str,
    schema: &Schema,
    provider: Option<&dyn Provider>,
    address: &str,
) -> Result<PriorObject, Diagnostics> {
    let unreadable = |detail: String| -> Diagnostics {
        Diagnostic::error(
            "Unreadable object in the state",
            format!("The state has an object for {address} that does not fit its resource type {type_name}: {detail}"),
        )
        .on(address)
        .into()
    };
    let stored = if object.schema_version == schema.version {
        schema::from_state_json(object.attributes.as_str(), &schema.block)
            .map_err(|e| unreadable(e.to_string()))?
    } else if object.schema_version > schema.version {
        return Err(unreadable(format!(
            "it was written by a newer version of the provider (schema version {}, known here: {}). Use that version, or a newer Streamform.",
            object.schema_version, schema.version
        )));
    } else {
        match provider {
            Some(p) => p
                .upgrade(type_name, object.schema_version, object.attributes.as_str())
                .await
                .map_err(|f| super::place_findings(f, None, None, Some(address)))?,
            None => return Err(unreadable("its provider is not available to upgrade it.".into())),
        }
    };
    Ok(PriorObject {
        current: stored.clone(),
        stored,
        marks: object
            .sensitive_paths
            .iter()
            .map(|p| (path_from_state(p), Marks::SENSITIVE))
            .collect(),
        private: object.private.as_ref().map(|p| Arc::from(p.as_slice())),
        tainted: object.status == ObjectStatus::Tainted,
        dependencies: object.dependencies.clone(),
        create_before_destroy: object.create_before_destroy,
        prevent_destroy: object.prevent_destroy,
        skip_destroy: object.skip_destroy,
    })
}

/// The address and provider configuration of a record, parsed.
pub(super) fn record_names(record: &Record) -> Result<(AbsInstance, AbsProviderConfig), Diagnostics> {
    let address = AbsInstance::parse(&record.address)
        .map_err(|e| Diagnostics::from(Diagnostic::error("Invalid address in the state", e.to_string())))?;
    let provider = AbsProviderConfig::parse(&record.provider).map_err(|e| {
        Diagnostics::from(Diagnostic::error(
            "Invalid provider address in the state",
            e.to_string(),
        ))
    })?;
    Ok((address, provider))
}

/// What references to an instance see when only the state can tell.
pub(super) fn state_value(object: &PriorObject, schema: &Schema) -> Value {
    if object.current.is_null() {
        // It is gone: references to it must not fail for that.
        return Value::unknown(schema.block.implied_type());
    }
    schema::mark_sensitive(
        &schema.block,
        object.current.clone().mark_with_paths(&object.marks),
    )
}

/// The current object of every record that can be read, as references to it see it without a plan.
pub async fn stored_values(
    state: &StateView,
    registry: &Registry,
) -> (BTreeMap<AbsInstance, Value>, Diagnostics) {
    let mut values = BTreeMap::new();
    let mut diagnostics = Diagnostics::new();
    for record in state.records() {
        let Some(object) = &record.current else { continue };
        let (address, provider) = match record_names(record) {
            Ok(names) => names,
            Err(found) => {
                diagnostics.extend(found);
                continue;
            }
        };
        // A type that no provider has any more has no value: what refers to it is told by the static checks.
        let Some(schema) = registry.schema(&provider.provider, mode_of(record.mode), &record.type_name)
        else {
            continue;
        };
        let instance = registry.get(&provider.provider).map(|f| f.instance());
        match object_from_state(
            object,
            &record.type_name,
            &schema,
            instance.as_deref(),
            &record.address,
        )
        .await
        {
            Ok(object) => {
                values.insert(address, state_value(&object, &schema));
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    (values, diagnostics)
}

/// The id of an object, for messages; none where it is unknown or secret.
pub fn display_id(value: &Value) -> Option<String> {
    let id = value.get("id")?;
    if id.deep_marks().contains(Marks::SENSITIVE) {
        None
    } else {
        id.as_str().map(str::to_owned)
    }
}

/// The null of a type, for objects that do not exist.
pub(super) fn absent(schema: &Schema) -> Value {
    Value::null(schema.block.implied_type())
}

/// The mode of the state as that of the language.
pub(super) fn mode_of(mode: streamform_state::Mode) -> Mode {
    match mode {
        streamform_state::Mode::Managed => Mode::Managed,
        streamform_state::Mode::Data => Mode::Data,
    }
}
