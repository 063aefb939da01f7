//! A state as text, as `show` and `state show` print it.

use std::fmt::Write as _;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::from_json;
use streamform_lang::value::from_json_implied;
use streamform_lang::value::type_from_json;
use streamform_provider::Registry;
use streamform_provider::schema;
use streamform_provider::schema::Block;
use streamform_provider::schema::Schema;
use streamform_state::Object;
use streamform_state::OutputValue;
use streamform_state::Record;
use streamform_state::StateView;

use super::diff::BlockDiff;
use super::diff::Differ;
use super::paint::Ink;
use super::terminal::DiffWriter;
use super::terminal::Layout;
use super::terminal::Manner;
use super::terminal::TextStyle;
use crate::plan::Secrets;
use crate::plan::build::path_from_state;

/// One object of the state, with its value marked.
#[derive(Clone, Debug)]
pub struct StateObject {
    /// The instance.
    pub address: AbsInstance,
    /// Key of a deposed object.
    pub deposed: Option<String>,
    /// Address of its provider.
    pub provider: String,
    /// Version of the schema that the stored attributes follow.
    pub schema_version: u64,
    /// The schema of its type, where the value could be read by it.
    pub schema: Option<Arc<Schema>>,
    /// The attributes. Sensitive parts are marked.
    pub value: Value,
    /// Its create did not finish.
    pub tainted: bool,
    /// What it depends on.
    pub dependencies: Vec<String>,
}

/// Every object of a state by address, those of the root module first. What a provider that is not there (or another version of it)
/// wrote is read without its schema.
pub fn objects_of(state: &StateView, registry: &Registry) -> Vec<StateObject> {
    let mut objects: Vec<StateObject> = state
        .records()
        .flat_map(|r| objects_of_record(r, registry))
        .collect();
    objects.sort_by(|a, b| {
        let by_address = a.address.cmp_in_reports(&b.address);
        by_address.then_with(|| a.deposed.cmp(&b.deposed))
    });
    objects
}

fn objects_of_record(record: &Record, registry: &Registry) -> Vec<StateObject> {
    // Records are made with addresses that parse; one that does not cannot be shown as a resource.
    let Ok(address) = AbsInstance::parse(&record.address) else {
        return Vec::new();
    };
    let provider = AbsProviderConfig::parse(&record.provider).ok();
    let found = provider
        .as_ref()
        .and_then(|p| registry.schema(&p.provider, address.resource.mode, &record.type_name));
    record
        .objects()
        .map(|(deposed, object)| {
            let schema = found.clone().filter(|s| s.version == object.schema_version);
            let (value, schema) = value_of(object, schema);
            StateObject {
                address: address.clone(),
                deposed: deposed.map(str::to_owned),
                provider: provider
                    .as_ref()
                    .map_or_else(|| record.provider.clone(), |p| p.provider.to_string()),
                schema_version: object.schema_version,
                schema,
                value,
                tainted: !object.status.is_ready(),
                dependencies: object.dependencies.clone(),
            }
        })
        .collect()
}

fn value_of(object: &Object, schema: Option<Arc<Schema>>) -> (Value, Option<Arc<Schema>>) {
    let marks: Vec<(Path, Marks)> = object
        .sensitive_paths
        .iter()
        .map(|p| (path_from_state(p), Marks::SENSITIVE))
        .collect();
    if let Some(schema) = schema
        && let Ok(value) = schema::from_state_json(object.attributes.as_str(), &schema.block)
    {
        let value = schema::mark_sensitive(&schema.block, value.mark_with_paths(&marks));
        return (value, Some(schema));
    }
    let value = from_json_implied(object.attributes.as_str()).unwrap_or_else(|_| Value::null(Type::Any));
    (value.mark_with_paths(&marks), None)
}

/// An output value of a state; marked where it is sensitive.
pub fn output_value(output: &OutputValue) -> Value {
    let ty = output
        .value_type
        .parse()
        .ok()
        .and_then(|j| type_from_json(&j).ok());
    let text = output.value.as_str();
    let value = match ty {
        Some(ty) if !ty.has_any() => from_json(text, &ty),
        _ => from_json_implied(text),
    };
    let value = value.unwrap_or_else(|_| Value::null(Type::Any));
    if output.sensitive {
        value.with_marks(Marks::SENSITIVE)
    } else {
        value
    }
}

/// The output values of a state with their names and whether they are sensitive: what
/// [`outputs_text`](super::outputs_text) takes.
pub fn state_outputs(state: &StateView) -> Vec<(Name, Value, bool)> {
    state
        .outputs()
        .iter()
        .map(|(n, o)| (n.as_str().into(), output_value(o), o.sensitive))
        .collect()
}

/// The whole state, as `show` prints it. `secrets` learns those of the state.
pub fn state_text(state: &StateView, registry: &Registry, secrets: &Secrets, style: &TextStyle) -> String {
    let mut out = String::new();
    if state.is_empty() {
        out.push_str("The state is empty. No resources are represented.\n");
        return out;
    }
    let objects = objects_of(state, registry);
    objects.iter().for_each(|o| secrets.learn(&o.value));
    let outputs = state_outputs(state);
    outputs.iter().for_each(|(_, v, _)| secrets.learn(v));
    for (i, o) in objects.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        object(&mut out, o, secrets, style);
    }
    if !outputs.is_empty() {
        if !objects.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str("Outputs:\n\n");
        let differ = Differ {
            secrets,
            replace: &[],
            untyped: false,
        };
        for (name, value, _) in &outputs {
            _ = write!(out, "{name} = ");
            let mut writer = DiffWriter {
                out: &mut out,
                paint: style.paint,
                layout: Layout::Plain,
            };
            writer.diff(&differ.value(Some(value), Some(value)), 0, Manner::WHOLE);
            out.push('\n');
        }
    }
    out
}

/// The objects of one instance, as `state show` prints them; none if the state has no such instance.
pub fn instance_text(
    state: &StateView,
    address: &str,
    registry: &Registry,
    secrets: &Secrets,
    style: &TextStyle,
) -> Option<String> {
    let record = state.get(address)?;
    let mut out = String::new();
    let objects = objects_of_record(record, registry);
    objects.iter().for_each(|o| secrets.learn(&o.value));
    for (i, o) in objects.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        object(&mut out, o, secrets, style);
    }
    Some(out)
}

fn object(out: &mut String, o: &StateObject, secrets: &Secrets, style: &TextStyle) {
    let mut title = format!("# {}:", o.address);
    if let Some(key) = &o.deposed {
        _ = write!(title, " (deposed object {key})");
    }
    if o.tainted {
        title.push_str(" (tainted)");
    }
    style.paint.push(out, Ink::Bold, &title);
    out.push('\n');
    let kind = if o.address.resource.mode == Mode::Data {
        "data"
    } else {
        "resource"
    };
    _ = writeln!(
        out,
        "{kind} \"{}\" \"{}\" {{",
        o.address.resource.ty, o.address.resource.name
    );
    let differ = Differ {
        secrets,
        replace: &[],
        untyped: false,
    };
    let body = match &o.schema {
        Some(schema) => differ.object(Some(&o.value), Some(&o.value), &schema.block),
        None => without_schema(&differ, &o.value),
    };
    let mut writer = DiffWriter {
        out,
        paint: style.paint,
        layout: Layout::Plain,
    };
    writer.block(&body, 0, Manner::WHOLE);
    out.push_str("}\n");
}

fn without_schema(differ: &Differ<'_>, value: &Value) -> BlockDiff {
    let attributes = value
        .entries()
        .unwrap_or_default()
        .iter()
        .filter(|(_, v)| !v.is_null())
        .map(|(n, v)| (n.clone(), differ.value(Some(v), Some(v))))
        .collect();
    BlockDiff {
        attributes,
        ..differ.object(None, None, &Block::default())
    }
}

#[cfg(test)]
mod tests;
