//! Rules on single values, with the official provider's words.

use streamform_lang::value::Value;

/// `expected "x" to not be an empty string`
pub(crate) fn not_empty(name: &str, value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some("") => Err(format!("expected {name:?} to not be an empty string, got ")),
        _ => Ok(()),
    }
}

fn must(name: &str, value: &Value, holds: fn(&str) -> bool, why: &str) -> Result<(), String> {
    match value.as_str() {
        Some(text) if !holds(text) => Err(format!("invalid value for {name} ({why})")),
        _ => Ok(()),
    }
}

/// A REST endpoint. The message says `https`, the rule allows `http` too, as officially.
pub(crate) fn rest_endpoint(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| t.starts_with("http"),
        "the REST endpoint must start with 'https://'",
    )
}

/// `lkc-…`
pub(crate) fn kafka_cluster_id(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| t.starts_with("lkc-"),
        "the Kafka cluster ID must be of the form 'lkc-'",
    )
}

/// `n-…` or `nr-…`
pub(crate) fn network_id(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| t.starts_with("n-") || t.starts_with("nr-"),
        "the network ID must be of the form 'n-' or 'nr-'",
    )
}

/// `u-…` or `sa-…`
pub(crate) fn owner_id(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| t.starts_with("u-") || t.starts_with("sa-"),
        "the owner ID must be of the form 'u-' or 'sa-'",
    )
}

/// `User:…`
pub(crate) fn principal(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| t.strip_prefix("User:").is_some_and(|rest| !rest.is_empty()),
        "value must match pattern (^User:.+$)",
    )
}

/// `crn://…`
pub(crate) fn crn(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| t.strip_prefix("crn://").is_some_and(|rest| !rest.is_empty()),
        "value must match pattern ^crn://.+$",
    )
}

/// A topic's name.
pub(crate) fn topic_name(name: &str, value: &Value) -> Result<(), String> {
    must(
        name,
        value,
        |t| {
            !t.is_empty()
                && t.chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '\\'))
        },
        "The topic name can be up to 249 characters in length, and can include the following characters: a-z, A-Z, 0-9, . (dot), _ (underscore), and - (dash).",
    )
}

/// `expected x to be at least (1)`
pub(crate) fn at_least_1(name: &str, value: &Value) -> Result<(), String> {
    at_least(name, value, 1)
}

/// `expected x to be at least (4)`
pub(crate) fn at_least_4(name: &str, value: &Value) -> Result<(), String> {
    at_least(name, value, 4)
}

fn at_least(name: &str, value: &Value, least: i64) -> Result<(), String> {
    match value.as_number() {
        Some(n) if n.as_i64().is_some_and(|n| n < least) => {
            Err(format!("expected {name} to be at least ({least}), got {n}"))
        }
        _ => Ok(()),
    }
}
