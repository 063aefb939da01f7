//! A plan as `show -json` has it, format 1.2.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Target;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;
use streamform_lang::value::type_to_json;
use streamform_provider::Registry;
use streamform_provider::schema;

use super::checks::checks_json;
use super::configuration::configuration_json;
use super::relevant::relevant_attributes;
use super::state::Dependencies;
use super::state::Tree;
use super::state::mode;
use super::state::resource;
use super::value;
use crate::config::Configuration;
use crate::config::version::COMPATIBLE_VERSION;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::Deferred;
use crate::plan::InstanceChange;
use crate::plan::OutputChange;
use crate::plan::Plan;

/// The whole plan. `configuration` is the one that it was made from, where it is at hand.
pub fn plan_json(plan: &Plan, configuration: Option<(&Configuration, &Registry)>) -> Json {
    let mut out = Map::new();
    out.insert("format_version".into(), json!("1.2"));
    out.insert("terraform_version".into(), json!(COMPATIBLE_VERSION));
    let variables = variables(plan, configuration.map(|(c, _)| c));
    if !variables.is_empty() {
        out.insert("variables".into(), Json::Object(variables));
    }
    out.insert("planned_values".into(), planned_values(plan));
    if !plan.drift.is_empty() {
        out.insert(
            "resource_drift".into(),
            plan.drift.iter().map(resource_change).collect(),
        );
    }
    let changes: Vec<Json> = plan
        .changes
        .iter()
        .filter(|c| !is_read_already(c))
        .map(resource_change)
        .collect();
    if !changes.is_empty() {
        out.insert("resource_changes".into(), Json::Array(changes));
    }
    let outputs: Map<String, Json> = plan
        .outputs
        .iter()
        .filter(|o| o.reached)
        .map(|o| (o.name.to_string(), output_change(o)))
        .collect();
    if !outputs.is_empty() {
        out.insert("output_changes".into(), Json::Object(outputs));
    }
    if let Some(prior) = prior_state(plan) {
        out.insert("prior_state".into(), prior);
    }
    if let Some((config, registry)) = configuration {
        out.insert("configuration".into(), configuration_json(config, registry));
    }
    if let Some(relevant) = configuration.and_then(|(config, _)| relevant_attributes(plan, config)) {
        out.insert("relevant_attributes".into(), relevant);
    }
    if !plan.checks.is_empty() {
        out.insert("checks".into(), checks_json(&plan.checks));
    }
    if !plan.deferred.is_empty() {
        out.insert(
            "deferred_changes".into(),
            plan.deferred.iter().map(deferred_change).collect(),
        );
    }
    out.insert("timestamp".into(), json!(plan.timestamp));
    out.insert("applyable".into(), json!(!plan.errored && plan.is_applyable()));
    out.insert(
        "complete".into(),
        json!(!plan.errored && !plan.is_limited() && plan.deferred.is_empty()),
    );
    out.insert("errored".into(), json!(plan.errored));
    Json::Object(out)
}

/// Values of the root module's variables: as given, else their defaults.
fn variables(plan: &Plan, config: Option<&Configuration>) -> Map<String, Json> {
    let declared = config.map(|c| &c.root().variables);
    let shown = |value: &Value| json!({ "value": value::plain(value) });
    let mut all: BTreeMap<String, Json> = BTreeMap::new();
    for (name, v) in declared.into_iter().flatten() {
        if let Some(default) = &v.default {
            all.insert(name.to_string(), shown(default));
        }
    }
    for (name, value) in &plan.variables {
        if value.marks().contains(Marks::EPHEMERAL) {
            continue;
        }
        all.insert(name.to_string(), shown(value));
    }
    all.into_iter().collect()
}

fn marked(c: &InstanceChange, v: &Value) -> Value {
    schema::mark_sensitive(&c.schema.block, v.clone())
}

/// Whether it is what a data source has read while planning, or had read before: no change, as in Terraform.
fn is_read_already(c: &InstanceChange) -> bool {
    c.mode() == Mode::Data && c.action != Action::Read
}

fn planned_values(plan: &Plan) -> Json {
    let mut out = Map::new();
    let outputs: Map<String, Json> = plan
        .outputs
        .iter()
        .filter(|o| o.reached && o.action != Action::Delete)
        .map(|o| {
            let mut json = Map::new();
            json.insert("sensitive".into(), json!(o.sensitive));
            if o.after.is_wholly_known() {
                json.insert("type".into(), type_to_json(&o.after.ty()));
                json.insert("value".into(), value::plain(&o.after));
            }
            (o.name.to_string(), Json::Object(json))
        })
        .collect();
    if !outputs.is_empty() {
        out.insert("outputs".into(), Json::Object(outputs));
    }
    let mut tree = Tree::default();
    for c in plan
        .changes
        .iter()
        .filter(|c| c.deposed.is_none() && !c.after.is_null() && !is_read_already(c))
    {
        add(&mut tree, c, &c.after, None);
    }
    out.insert("root_module".into(), tree.into_json());
    Json::Object(out)
}

fn add(tree: &mut Tree, c: &InstanceChange, v: &Value, prior: Option<&Dependencies>) {
    let v = marked(c, v);
    let mut json = resource(&c.address, &c.provider.provider.to_string(), c.schema.version);
    json.insert("values".into(), value::plain(&v));
    json.insert("sensitive_values".into(), value::sensitive(&v));
    if let Some(dependencies) = prior {
        let all = dependencies.of(&c.address.config().to_string(), &c.dependencies);
        if !all.is_empty() {
            json.insert("depends_on".into(), json!(all));
        }
        if c.reason == Some(ActionReason::ReplaceBecauseTainted) {
            json.insert("tainted".into(), json!(true));
        }
        if let Some(key) = &c.deposed {
            json.insert("deposed_key".into(), json!(key));
        }
    }
    tree.add(&c.address, json);
}

/// The state as it was read: every object of it is in the plan. Output values are those that the plan could work out, as in
/// Terraform.
fn prior_state(plan: &Plan) -> Option<Json> {
    let mut tree = Tree::default();
    let objects = || {
        let all = plan.changes.iter().chain(&plan.untouched);
        all.filter(|c| !c.before.is_null() && c.action != Action::Read)
    };
    let direct = objects().map(|c| (c.address.config().to_string(), c.dependencies.as_slice()));
    let dependencies = Dependencies::of_objects(direct);
    for c in objects() {
        add(&mut tree, c, &c.before, Some(&dependencies));
    }
    let outputs: Map<String, Json> = plan
        .outputs
        .iter()
        .filter_map(|o| {
            let fresh = o.action != Action::Delete && o.after.is_wholly_known();
            let value = if fresh { &o.after } else { &o.before };
            if value.is_null() {
                return None;
            }
            let json = json!({
                "sensitive": o.sensitive,
                "value": value::plain(value),
                "type": type_to_json(&value.ty()),
            });
            Some((o.name.to_string(), json))
        })
        .collect();
    if objects().next().is_none() && outputs.is_empty() {
        return None;
    }
    let mut values = Map::new();
    if !outputs.is_empty() {
        values.insert("outputs".into(), Json::Object(outputs));
    }
    values.insert("root_module".into(), tree.into_json());
    Some(json!({ "format_version": "1.0", "terraform_version": COMPATIBLE_VERSION, "values": values }))
}

fn resource_change(c: &InstanceChange) -> Json {
    let mut out = Map::new();
    out.insert("address".into(), json!(c.address.to_string()));
    if let Some(previous) = &c.previous_address {
        out.insert("previous_address".into(), json!(previous.to_string()));
    }
    if !c.address.module.is_root() {
        out.insert("module_address".into(), json!(c.address.module.to_string()));
    }
    out.insert("mode".into(), json!(mode(c.mode())));
    out.insert("type".into(), json!(c.address.resource.ty.as_str()));
    out.insert("name".into(), json!(c.address.resource.name.as_str()));
    if let Some(key) = value::key(&c.address.key) {
        out.insert("index".into(), key);
    }
    out.insert("provider_name".into(), json!(c.provider.provider.to_string()));
    if let Some(key) = &c.deposed {
        out.insert("deposed".into(), json!(key));
    }
    let (before, after) = (marked(c, &c.before), marked(c, &c.after));
    let mut change = Map::new();
    change.insert("actions".into(), json!(c.action.json_names()));
    change.insert("before".into(), value::plain(&before));
    change.insert("after".into(), value::plain(&after));
    let unknown = if after.is_wholly_known() {
        json!({})
    } else {
        value::unknown(&after)
    };
    change.insert("after_unknown".into(), unknown);
    change.insert("before_sensitive".into(), value::sensitive(&before));
    change.insert("after_sensitive".into(), value::sensitive(&after));
    if !c.replace_paths.is_empty() {
        change.insert("replace_paths".into(), c.replace_paths.iter().map(path).collect());
    }
    if let Some(importing) = &c.importing {
        change.insert("importing".into(), json!({ "id": value::plain(&importing.id) }));
        if let Some(text) = &importing.generated_config {
            change.insert("generated_config".into(), json!(text));
        }
    }
    out.insert("change".into(), Json::Object(change));
    if let Some(reason) = c.reason {
        out.insert("action_reason".into(), json!(reason.json_name()));
    }
    Json::Object(out)
}

/// What could not be planned: named as far as it is known; there is no change to tell yet.
fn deferred_change(d: &Deferred) -> Json {
    let mut out = Map::new();
    out.insert("address".into(), json!(d.address.to_string()));
    let (module, resource, key) = match &d.address {
        Target::Module(m) => (m, None, None),
        Target::Resource(r) => (&r.module, Some(&r.resource), None),
        Target::Instance(i) => (&i.module, Some(&i.resource), value::key(&i.key)),
    };
    if !module.is_root() {
        out.insert("module_address".into(), json!(module.to_string()));
    }
    if let Some(r) = resource {
        out.insert("mode".into(), json!(mode(r.mode)));
        out.insert("type".into(), json!(r.ty.as_str()));
        out.insert("name".into(), json!(r.name.as_str()));
    }
    if let Some(key) = key {
        out.insert("index".into(), key);
    }
    json!({ "reason": d.reason.json_name(), "explanation": d.explanation, "resource_change": out })
}

fn path(path: &Path) -> Json {
    path.steps()
        .iter()
        .map_while(|s| match s {
            Step::Attr(n) | Step::Key(n) => Some(json!(n.as_str())),
            Step::Index(i) => Some(json!(i)),
            Step::Element(_) => None,
        })
        .collect()
}

fn output_change(o: &OutputChange) -> Json {
    let mut out = Map::new();
    out.insert("actions".into(), json!(o.action.json_names()));
    out.insert("before".into(), value::plain(&o.before));
    if o.after.is_known() {
        out.insert("after".into(), value::plain(&o.after));
    }
    let unknown = if o.after.is_wholly_known() {
        json!(false)
    } else {
        value::unknown(&o.after)
    };
    out.insert("after_unknown".into(), unknown);
    out.insert("before_sensitive".into(), json!(o.sensitive));
    out.insert("after_sensitive".into(), json!(o.sensitive));
    Json::Object(out)
}
