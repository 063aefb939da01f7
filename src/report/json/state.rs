//! A state as `show -json` has it, format 1.0; and the tree of modules that plans use too.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_provider::Registry;
use streamform_state::StateView;

use super::COMPATIBLE_VERSION;
use super::Secrets;
use super::outputs::parse;
use super::value;
use super::value::Writer;
use crate::report::redact::Redactor;
use crate::report::state_text::objects_of;

/// The whole state.
pub fn state_json(state: &StateView, registry: &Registry, secrets: Secrets) -> Json {
    if state.is_empty() {
        return json!({ "format_version": "1.0" });
    }
    let mut known = Redactor::default();
    let objects = objects_of(state, registry);
    objects.iter().for_each(|o| known.learn(&o.value));
    let writer = Writer {
        secrets,
        known: &known,
    };
    let mut tree = Tree::default();
    for o in &objects {
        let mut json = resource(&o.address, &o.provider, o.schema_version);
        if let Some(key) = &o.deposed {
            json.insert("deposed_key".into(), json!(key));
        }
        json.insert("values".into(), writer.value(&o.value));
        json.insert("sensitive_values".into(), value::sensitive(&o.value));
        if !o.dependencies.is_empty() {
            json.insert("depends_on".into(), json!(o.dependencies));
        }
        if o.tainted {
            json.insert("tainted".into(), json!(true));
        }
        tree.add(&o.address, json);
    }
    let outputs: Map<String, Json> = state
        .outputs()
        .iter()
        .map(|(name, o)| {
            let shown = if o.sensitive && secrets == Secrets::Hidden {
                Json::Null
            } else {
                parse(&o.value)
            };
            let json = json!({ "sensitive": o.sensitive, "value": shown, "type": parse(&o.value_type) });
            (name.clone(), json)
        })
        .collect();
    let mut values = Map::new();
    if !outputs.is_empty() {
        values.insert("outputs".into(), Json::Object(outputs));
    }
    values.insert("root_module".into(), tree.into_json());
    json!({ "format_version": "1.0", "terraform_version": COMPATIBLE_VERSION, "values": values })
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    }
}

/// What every resource of such a tree begins with.
pub(super) fn resource(address: &AbsInstance, provider: &str, schema_version: u64) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("address".into(), json!(address.to_string()));
    out.insert("mode".into(), json!(mode(address.resource.mode)));
    out.insert("type".into(), json!(address.resource.ty.as_str()));
    out.insert("name".into(), json!(address.resource.name.as_str()));
    if let Some(key) = value::key(&address.key) {
        out.insert("index".into(), key);
    }
    out.insert("provider_name".into(), json!(provider));
    out.insert("schema_version".into(), json!(schema_version));
    out
}

/// How resources of a module are sorted: managed ones and data sources by address.
type Place = (Resource, InstanceKey, String);

/// Resources by module, and modules in modules.
#[derive(Default)]
pub(super) struct Tree {
    resources: BTreeMap<Place, Json>,
    children: BTreeMap<(String, InstanceKey), (ModuleInstance, Tree)>,
}

impl Tree {
    pub(super) fn add(&mut self, address: &AbsInstance, json: Map<String, Json>) {
        let mut at = self;
        let mut path = ModuleInstance::root();
        for (name, key) in address.module.0.iter() {
            path = path.child(name.clone(), key.clone());
            let child = path.clone();
            at = &mut at
                .children
                .entry((name.to_string(), key.clone()))
                .or_insert_with(|| (child, Tree::default()))
                .1;
        }
        let deposed = json
            .get("deposed_key")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        at.resources.insert(
            (address.resource.clone(), address.key.clone(), deposed),
            Json::Object(json),
        );
    }

    pub(super) fn into_json(self) -> Json {
        let mut out = Map::new();
        if !self.resources.is_empty() {
            out.insert("resources".into(), self.resources.into_values().collect());
        }
        if !self.children.is_empty() {
            let children = self.children.into_values().map(|(path, tree)| {
                let mut json = tree.into_json();
                if let Json::Object(map) = &mut json {
                    map.insert("address".into(), json!(path.to_string()));
                }
                json
            });
            out.insert("child_modules".into(), children.collect());
        }
        Json::Object(out)
    }
}
