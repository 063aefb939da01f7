//! `output -json`.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_state::OutputValue;

use super::exact;

/// All output values with their types, sensitive ones in clear: that is what the command is for.
pub fn outputs_json(outputs: &BTreeMap<String, OutputValue>) -> Json {
    let all: Map<String, Json> = outputs
        .iter()
        .map(|(name, o)| {
            let value =
                json!({ "sensitive": o.sensitive, "type": parse(&o.value_type), "value": value(&o.value) });
            (name.clone(), value)
        })
        .collect();
    Json::Object(all)
}

/// One output value.
pub fn output_json(output: &OutputValue) -> Json {
    value(&output.value)
}

/// A value, with every digit of its numbers for [`super::json_text`].
pub(super) fn value(raw: &streamform_state::RawJson) -> Json {
    exact::read(raw.as_str())
}

/// What holds no numbers, such as a type.
pub(super) fn parse(raw: &streamform_state::RawJson) -> Json {
    // INVARIANT: raw JSON is JSON.
    raw.parse().unwrap_or(Json::Null)
}
