//! The configuration inside a plan: blocks with their expressions, as constants or as what they refer to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_provider::Registry;
use streamform_provider::schema::Block as SchemaBlock;
use streamform_provider::schema::Nesting;

use super::state::mode;
use super::value;
use crate::config::Configuration;
use crate::config::Module;
use crate::config::ResourceBlock;
use crate::config::walk::each_child;
use crate::config::walk::traversals;

/// A scope in which nothing has a value: what can be evaluated in it is constant.
#[derive(Default)]
struct Nothing(Surroundings);

impl Scope for Nothing {
    fn resolve(&self, _: &Reference) -> Result<streamform_lang::value::Value, Diagnostics> {
        Err(Diagnostics::new())
    }
    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

struct Context<'a> {
    config: &'a Configuration,
    registry: &'a Registry,
}

pub(super) fn configuration_json(config: &Configuration, registry: &Registry) -> Json {
    let c = Context { config, registry };
    json!({ "provider_config": c.providers(), "root_module": c.module(config.root()) })
}

impl Context<'_> {
    fn providers(&self) -> Json {
        let mut out: BTreeMap<String, Json> = BTreeMap::new();
        for module in &self.config.modules {
            for (local, block) in &module.providers {
                let key = if module.path.is_root() {
                    local.to_string()
                } else {
                    format!("{}:{local}", module.path)
                };
                let mut json = Map::new();
                json.insert("name".into(), json!(local.name.as_str()));
                json.insert("full_name".into(), json!(block.provider.to_string()));
                if let Some(alias) = &local.alias {
                    json.insert("alias".into(), json!(alias.as_str()));
                }
                if let Some(version) = module
                    .required_providers
                    .get(&local.name)
                    .and_then(|r| r.version.as_ref())
                {
                    json.insert("version_constraint".into(), json!(version.as_str()));
                }
                if !module.path.is_root() {
                    json.insert("module_address".into(), json!(module.path.to_string()));
                }
                let schema = self.registry.get(&block.provider).map(|f| f.config_schema());
                let expressions = self.body(&block.body, schema.as_ref().map(|s| &s.block));
                if !expressions.is_empty() {
                    json.insert("expressions".into(), Json::Object(expressions));
                }
                out.insert(key, Json::Object(json));
            }
            for resource in module.resources.values() {
                let local = resource.provider_local_name();
                out.entry(local.to_string()).or_insert_with(|| {
                    json!({ "name": local.name.as_str(), "full_name": resource.resolved_provider.provider.to_string() })
                });
            }
        }
        Json::Object(out.into_iter().collect())
    }

    fn module(&self, module: &Module) -> Json {
        let mut out = Map::new();
        if !module.outputs.is_empty() {
            let outputs = module.outputs.iter().map(|(name, o)| {
                let mut json = Map::new();
                if o.sensitive {
                    json.insert("sensitive".into(), json!(true));
                }
                json.insert("expression".into(), self.expression(&o.value));
                if let Some(d) = &o.description {
                    json.insert("description".into(), json!(d.as_str()));
                }
                if !o.depends_on.is_empty() {
                    json.insert("depends_on".into(), subjects(&o.depends_on));
                }
                (name.to_string(), Json::Object(json))
            });
            out.insert("outputs".into(), Json::Object(outputs.collect()));
        }
        if !module.resources.is_empty() {
            let of = |mode| module.resources.values().filter(move |r| r.address.mode == mode);
            let resources = of(Mode::Managed).chain(of(Mode::Data)).chain(of(Mode::Ephemeral));
            out.insert("resources".into(), resources.map(|r| self.resource(r)).collect());
        }
        if !module.calls.is_empty() {
            let calls = module.calls.iter().map(|(name, call)| {
                let mut json = Map::new();
                json.insert("source".into(), json!(call.source.0.as_str()));
                let arguments = self.attributes(call.arguments.values());
                if !arguments.is_empty() {
                    json.insert("expressions".into(), Json::Object(arguments));
                }
                self.repetition(&mut json, call.count.as_deref(), call.for_each.as_deref());
                if let Some(child) = module.children.get(name) {
                    json.insert("module".into(), self.module(self.config.module(*child)));
                }
                if let Some(version) = &call.version {
                    json.insert("version_constraint".into(), json!(version.as_str()));
                }
                if !call.depends_on.is_empty() {
                    json.insert("depends_on".into(), subjects(&call.depends_on));
                }
                (name.to_string(), Json::Object(json))
            });
            out.insert("module_calls".into(), Json::Object(calls.collect()));
        }
        if !module.variables.is_empty() {
            let variables = module.variables.iter().map(|(name, v)| {
                let mut json = Map::new();
                if let Some(default) = &v.default {
                    json.insert("default".into(), value::plain(default));
                }
                if let Some(d) = &v.description {
                    json.insert("description".into(), json!(d.as_str()));
                }
                if v.sensitive {
                    json.insert("sensitive".into(), json!(true));
                }
                (name.to_string(), Json::Object(json))
            });
            out.insert("variables".into(), Json::Object(variables.collect()));
        }
        Json::Object(out)
    }

    fn resource(&self, r: &ResourceBlock) -> Json {
        let mut out = Map::new();
        out.insert("address".into(), json!(r.address.to_string()));
        out.insert("mode".into(), json!(mode(r.address.mode)));
        out.insert("type".into(), json!(r.address.ty.as_str()));
        out.insert("name".into(), json!(r.address.name.as_str()));
        out.insert(
            "provider_config_key".into(),
            json!(r.provider_local_name().to_string()),
        );
        if !r.provisioners.is_empty() {
            let list = r
                .provisioners
                .iter()
                .map(|p| json!({ "type": p.ty.as_str(), "expressions": self.body(&p.body, None) }));
            out.insert("provisioners".into(), list.collect());
        }
        let schema = self
            .registry
            .schema(&r.resolved_provider.provider, r.address.mode, &r.address.ty);
        let expressions = self.body(&r.body, schema.as_ref().map(|s| &s.block));
        if !expressions.is_empty() {
            out.insert("expressions".into(), Json::Object(expressions));
        }
        if let Some(schema) = &schema {
            out.insert("schema_version".into(), json!(schema.version));
        }
        self.repetition(&mut out, r.count.as_deref(), r.for_each.as_deref());
        if !r.depends_on.is_empty() {
            out.insert("depends_on".into(), subjects(&r.depends_on));
        }
        Json::Object(out)
    }

    /// What can be said neither as a constant nor by references is left out, as in Terraform.
    fn repetition(&self, out: &mut Map<String, Json>, count: Option<&Expr>, for_each: Option<&Expr>) {
        for (name, expr) in [("count_expression", count), ("for_each_expression", for_each)] {
            if let Some(json) = expr.map(|e| self.expression(e)).filter(|j| *j != json!({})) {
                out.insert(name.into(), json);
            }
        }
    }

    fn attributes<'e>(&self, attributes: impl Iterator<Item = &'e Attribute>) -> Map<String, Json> {
        let mut sorted: Vec<&Attribute> = attributes.collect();
        sorted.sort_by(|a, b| a.name.name.cmp(&b.name.name));
        sorted
            .into_iter()
            .map(|a| (a.name.name.to_string(), self.expression(&a.expr)))
            .collect()
    }

    /// Arguments and blocks; blocks that may occur several times become lists.
    fn body(&self, body: &Body, schema: Option<&SchemaBlock>) -> Map<String, Json> {
        let mut out = Map::new();
        for a in &body.attributes {
            out.insert(a.name.name.to_string(), self.expression(&a.expr));
        }
        for b in &body.blocks {
            let name = b.kind.name.as_str();
            let nested = schema.and_then(|s| s.nested(name));
            let inner = Json::Object(self.body(&b.body, nested.map(|n| &n.block)));
            match nested.map(|n| n.nesting) {
                Some(Nesting::Single | Nesting::Group) => {
                    out.insert(name.to_owned(), inner);
                }
                _ => match out.entry(name.to_owned()).or_insert_with(|| json!([])) {
                    Json::Array(list) => list.push(inner),
                    other => *other = inner,
                },
            }
        }
        out.sort_keys();
        out
    }

    fn expression(&self, expr: &Expr) -> Json {
        let mut references = Vec::new();
        traversals(expr, &mut |t| names_of(t, &mut references));
        if !references.is_empty() {
            return json!({ "references": references });
        }
        if has_call(expr) {
            return json!({});
        }
        let (value, problems) = evaluate(expr, &Nothing::default());
        if problems.has_errors() || !value.is_wholly_known() {
            return json!({});
        }
        json!({ "constant_value": value::plain(&value) })
    }
}

fn has_call(expr: &Expr) -> bool {
    if matches!(expr.kind, ExprKind::Call(_)) {
        return true;
    }
    let mut found = false;
    each_child(expr, &mut |e: &Expr| found |= has_call(e));
    found
}

fn subjects(references: &[Reference]) -> Json {
    references.iter().map(|r| json!(r.subject.to_string())).collect()
}

/// References in the order in which they are written, each longest first: what is written, then the objects that it goes
/// through.
fn names_of(traversal: &Traversal, out: &mut Vec<String>) {
    let Ok(reference) = &traversal.reference else {
        return;
    };
    let subject = reference.subject.to_string();
    let rest = traversal.steps.get(reference.consumed..).unwrap_or_default();
    let mut longer = vec![subject.clone()];
    let mut text = subject;
    for step in rest {
        match &step.kind {
            StepKind::Attr(name) => _ = write!(text, ".{name}"),
            StepKind::Index(key) => match (key.as_str(), key.as_number()) {
                (Some(s), _) => _ = write!(text, "[{s:?}]"),
                (None, Some(n)) => _ = write!(text, "[{n}]"),
                (None, None) => break,
            },
        }
        longer.push(text.clone());
    }
    out.extend(longer.into_iter().rev());
    match &reference.subject {
        Subject::ResourceInstance(r, _) => out.push(r.to_string()),
        Subject::ModuleOutput(n, k, _) => out.push(format!("module.{n}{k}")),
        Subject::ModuleInstance(n, _) => out.push(format!("module.{n}")),
        _ => {}
    }
}
