//! Results of conditions, as plans and states have them.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::addrs::AbsInstance;

use super::state::mode;
use super::value;
use crate::plan::CheckKind;
use crate::plan::CheckResult;

/// All results by address.
pub(super) fn checks_json(results: &[CheckResult]) -> Json {
    let mut sorted: Vec<&CheckResult> = results.iter().collect();
    sorted.sort_by(|a, b| a.address.cmp(&b.address));
    sorted.into_iter().map(check).collect()
}

fn kind(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Resource => "resource",
        CheckKind::Output => "output_value",
        CheckKind::Check => "check",
        CheckKind::Variable => "var",
    }
}

/// The module (instance) and the name in an address such as `module.m.output.o`.
fn parts(kind: CheckKind, address: &str) -> (Option<&str>, &str) {
    let word = match kind {
        CheckKind::Output => "output.",
        CheckKind::Check => "check.",
        CheckKind::Variable => "var.",
        CheckKind::Resource => return (None, address),
    };
    let (before, name) = match address.rfind(word) {
        Some(at) => (&address[..at], &address[at + word.len()..]),
        None => ("", address),
    };
    let module = before.strip_suffix('.').filter(|m| !m.is_empty());
    (module, name)
}

fn check(c: &CheckResult) -> Json {
    let mut address = Map::new();
    address.insert("kind".into(), json!(kind(c.kind)));
    let resource = Some(&c.address)
        .filter(|_| c.kind == CheckKind::Resource)
        .and_then(|a| AbsInstance::parse(a).ok());
    match &resource {
        Some(a) => {
            address.insert("mode".into(), json!(mode(a.resource.mode)));
            if !a.module.is_root() {
                address.insert("module".into(), json!(a.module.to_string()));
            }
            address.insert("name".into(), json!(a.resource.name.as_str()));
            address.insert("to_display".into(), json!(c.address));
            address.insert("type".into(), json!(a.resource.ty.as_str()));
        }
        None => {
            let (module, name) = parts(c.kind, &c.address);
            if let Some(module) = module {
                address.insert("module".into(), json!(module));
            }
            address.insert("name".into(), json!(name));
            address.insert("to_display".into(), json!(c.address));
        }
    }
    let mut out = Map::new();
    out.insert("address".into(), Json::Object(address));
    out.insert("status".into(), json!(c.status.name()));
    if !c.instances.is_empty() {
        let mut instances: Vec<_> = c.instances.iter().collect();
        instances.sort_by(|a, b| a.0.cmp(&b.0));
        let instances = instances
            .into_iter()
            .map(|(shown, status, messages)| instance(c.kind, shown, status.name(), messages));
        out.insert("instances".into(), instances.collect());
    }
    Json::Object(out)
}

fn instance(kind: CheckKind, shown: &str, status: &str, messages: &[String]) -> Json {
    let mut address = Map::new();
    if kind == CheckKind::Resource {
        if let Ok(a) = AbsInstance::parse(shown) {
            if let Some(key) = value::key(&a.key) {
                address.insert("instance_key".into(), key);
            }
            if !a.module.is_root() {
                address.insert("module".into(), json!(a.module.to_string()));
            }
        }
    } else if let (Some(module), _) = parts(kind, shown) {
        address.insert("module".into(), json!(module));
    }
    address.insert("to_display".into(), json!(shown));
    let mut out = Map::new();
    out.insert("address".into(), Json::Object(address));
    out.insert("status".into(), json!(status));
    if !messages.is_empty() {
        let problems = messages.iter().map(|m| json!({ "message": m }));
        out.insert("problems".into(), problems.collect());
    }
    Json::Object(out)
}
