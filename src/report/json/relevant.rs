//! `relevant_attributes`: what the changes of a plan are made from, by address and path.

use serde_json::Value as Json;
use serde_json::json;

use crate::config::Configuration;
use crate::plan::Plan;
use crate::plan::RelevantStep;

/// The list, nothing where nothing is relevant.
pub(super) fn relevant_attributes(plan: &Plan, config: &Configuration) -> Option<Json> {
    let found = crate::plan::relevant_attributes(plan, config);
    let list: Vec<Json> = found
        .iter()
        .map(|r| {
            let path: Vec<Json> = r.path.iter().map(step).collect();
            json!({ "resource": r.resource.to_string(), "attribute": path })
        })
        .collect();
    (!list.is_empty()).then(|| Json::Array(list))
}

fn step(step: &RelevantStep) -> Json {
    match step {
        RelevantStep::Name(name) => json!(name.as_str()),
        RelevantStep::Index(n) => json!(n),
        RelevantStep::Other => Json::Null,
    }
}
