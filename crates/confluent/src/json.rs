//! Reading JSON without ceremony: what is not there is empty.

use serde_json::Value as Json;

/// The text at a JSON pointer; empty if there is none.
pub(crate) fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or("")
}

/// The text at a JSON pointer, if there is one that is not empty.
pub(crate) fn given<'j>(json: &'j Json, pointer: &str) -> Option<&'j str> {
    Some(text(json, pointer)).filter(|t| !t.is_empty())
}

/// The truth value at a JSON pointer; false if there is none.
pub(crate) fn flag(json: &Json, pointer: &str) -> bool {
    json.pointer(pointer).and_then(Json::as_bool).unwrap_or(false)
}

/// The whole number at a JSON pointer, also if it is written as text.
pub(crate) fn int(json: &Json, pointer: &str) -> Option<i64> {
    match json.pointer(pointer)? {
        Json::Number(n) => n.as_i64(),
        Json::String(s) => s.parse().ok(),
        _ => None,
    }
}

/// Whether the values at a JSON pointer differ, null and absent being the same.
pub(crate) fn differs(old: &Json, new: &Json, pointer: &str) -> bool {
    old.pointer(pointer).unwrap_or(&Json::Null) != new.pointer(pointer).unwrap_or(&Json::Null)
}

/// A list with one object, the form of Confluent's nested objects; without an id: one with an empty id, as the official
/// provider writes it.
pub(crate) fn id_block(id: &Json) -> Json {
    serde_json::json!([{ "id": id.as_str().unwrap_or("") }])
}
