//! A state as `show -json` has it, format 1.0; and the tree of modules that plans use too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

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

use super::checks::checks_json;
use super::outputs::parse;
use super::outputs::value;
use super::value;
use crate::config::version::COMPATIBLE_VERSION;
use crate::plan::checks_from_state_json;
use crate::report::state_text::objects_of;

/// The whole state.
pub fn state_json(state: &StateView, registry: &Registry) -> Json {
    if state.is_empty() {
        return json!({ "format_version": "1.0" });
    }
    let objects = objects_of(state, registry);
    let direct = objects
        .iter()
        .map(|o| (o.address.config().to_string(), o.dependencies.as_slice()));
    let dependencies = Dependencies::of_objects(direct);
    let mut tree = Tree::default();
    for o in &objects {
        let mut json = resource(&o.address, &o.provider, o.schema_version);
        json.insert("values".into(), value::plain(&o.value));
        json.insert("sensitive_values".into(), value::sensitive(&o.value));
        let all = dependencies.of(&o.address.config().to_string(), &o.dependencies);
        if !all.is_empty() {
            json.insert("depends_on".into(), json!(all));
        }
        if o.tainted {
            json.insert("tainted".into(), json!(true));
        }
        if let Some(key) = &o.deposed {
            json.insert("deposed_key".into(), json!(key));
        }
        tree.add(&o.address, json);
    }
    let outputs: Map<String, Json> = state
        .outputs()
        .iter()
        .map(|(name, o)| {
            let json =
                json!({ "sensitive": o.sensitive, "value": value(&o.value), "type": parse(&o.value_type) });
            (name.clone(), json)
        })
        .collect();
    let mut values = Map::new();
    if !outputs.is_empty() {
        values.insert("outputs".into(), Json::Object(outputs));
    }
    values.insert("root_module".into(), tree.into_json());
    let mut out = Map::new();
    out.insert("format_version".into(), json!("1.0"));
    out.insert("terraform_version".into(), json!(COMPATIBLE_VERSION));
    out.insert("values".into(), Json::Object(values));
    let checks = checks_from_state_json(state.checks());
    if !checks.is_empty() {
        out.insert("checks".into(), checks_json(&checks));
    }
    Json::Object(out)
}

/// What objects depend on, directly or through others. Records keep only what is direct: the full list of a chain is quadratic.
pub(super) struct Dependencies {
    /// All blocks and what they name, in order.
    names: Vec<String>,
    /// For each the places in `names` of what it depends on, in order; none at all where there would be too many.
    all: Vec<Vec<usize>>,
}

/// So many names are written in all; beyond, the direct ones.
const MOST_DEPENDENCIES: usize = 1_000_000;

impl Dependencies {
    /// Of objects: resource block and direct dependencies of each.
    pub(super) fn of_objects<'a>(direct: impl Iterator<Item = (String, &'a [String])>) -> Dependencies {
        let mut known: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (block, names) in direct {
            for name in names {
                known.entry(name.clone()).or_default();
            }
            known
                .entry(block)
                .or_default()
                .extend(names.iter().map(String::as_str));
        }
        let names: Vec<String> = known.keys().cloned().collect();
        let place = |name: &str| names.binary_search_by(|known| known.as_str().cmp(name)).ok();
        let direct: Vec<Vec<usize>> = known
            .values()
            .map(|names| names.iter().copied().filter_map(place).collect())
            .collect();
        let mut all: Vec<Vec<usize>> = Vec::with_capacity(names.len());
        // Which block last came by there.
        let mut reached_by = vec![usize::MAX; names.len()];
        let mut written = 0;
        for start in 0..names.len() {
            let mut reached = Vec::new();
            let mut next = direct[start].clone();
            reached_by[start] = start;
            while let Some(at) = next.pop() {
                if std::mem::replace(&mut reached_by[at], start) == start {
                    continue;
                }
                reached.push(at);
                match all.get(at) {
                    Some(further) => reached.extend(
                        further
                            .iter()
                            .filter(|at| std::mem::replace(&mut reached_by[**at], start) != start),
                    ),
                    None => next.extend(&direct[at]),
                }
            }
            written += reached.len();
            if written > MOST_DEPENDENCIES {
                all.clear();
                break;
            }
            reached.sort_unstable();
            all.push(reached);
        }
        Dependencies { names, all }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()
    }

    /// All dependencies of an object of a block.
    pub(super) fn of(&self, block: &str, direct: &[String]) -> Vec<&str> {
        let mut places: Vec<usize> = direct.iter().filter_map(|name| self.place(name)).collect();
        for at in 0..places.len() {
            places.extend(self.all.get(places[at]).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        let own = self.place(block);
        let others = places.into_iter().filter(|at| Some(*at) != own);
        others.map(|at| self.names[at].as_str()).collect()
    }
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

    /// The tree of the root module.
    pub(super) fn into_json(self) -> Json {
        self.json_of(None)
    }

    fn json_of(self, path: Option<&ModuleInstance>) -> Json {
        let mut out = Map::new();
        if !self.resources.is_empty() {
            out.insert("resources".into(), self.resources.into_values().collect());
        }
        if let Some(path) = path {
            out.insert("address".into(), json!(path.to_string()));
        }
        if !self.children.is_empty() {
            let children = self
                .children
                .into_values()
                .map(|(path, tree)| tree.json_of(Some(&path)));
            out.insert("child_modules".into(), children.collect());
        }
        Json::Object(out)
    }
}
