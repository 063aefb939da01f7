//! `output -json`.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_state::OutputValue;

/// All output values with their types, sensitive ones in clear: that is what the command is for.
pub fn outputs_json(outputs: &BTreeMap<String, OutputValue>) -> Json {
    let all: Map<String, Json> = outputs
        .iter()
        .map(|(name, o)| {
            let value =
                json!({ "sensitive": o.sensitive, "type": parse(&o.value_type), "value": parse(&o.value) });
            (name.clone(), value)
        })
        .collect();
    Json::Object(all)
}

/// One output value.
pub fn output_json(output: &OutputValue) -> Json {
    parse(&output.value)
}

pub(super) fn parse(raw: &streamform_state::RawJson) -> Json {
    // INVARIANT: raw JSON is JSON.
    raw.parse().unwrap_or(Json::Null)
}
