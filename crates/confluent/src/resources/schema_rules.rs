//! A schema's `metadata` and `ruleset`, between the form of the configuration and the registry's.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::Field;
use streamform_provider::declared::Presence;

use crate::fields::blocks;
use crate::fields::optional;
use crate::fields::optional_computed;
use crate::fields::required;
use crate::fields::string_map;
use crate::fields::string_set;
use crate::fields::switch;
use crate::json::flag;
use crate::json::given;

/// The kinds of rules: as the configuration and as the registry call them.
const RULES: &[(&str, &str)] = &[
    ("domain_rules", "domainRules"),
    ("encoding_rules", "encodingRules"),
    ("migration_rules", "migrationRules"),
];

/// The texts of a rule, with the registry's names and the defaults.
const TEXTS: &[(&str, &str, &str)] = &[
    ("name", "name", ""),
    ("doc", "doc", ""),
    ("kind", "kind", ""),
    ("mode", "mode", ""),
    ("type", "type", ""),
    ("expr", "expr", ""),
    ("on_success", "onSuccess", "NONE,NONE"),
    ("on_failure", "onFailure", "ERROR,ERROR"),
];

/// `metadata { properties sensitive tags { key value } }`
pub(super) fn metadata_field() -> Field {
    Field::one(
        "metadata",
        Presence::OptionalComputed,
        vec![
            Field::optional_computed("properties", string_map()),
            Field::optional_computed("sensitive", string_set()),
            blocks(
                "tags",
                Presence::OptionalComputed,
                true,
                vec![
                    optional_computed("key"),
                    Field::optional_computed("value", string_set()),
                ],
            ),
        ],
    )
}

/// `ruleset { domain_rules {…} encoding_rules {…} migration_rules {…} }`
pub(super) fn ruleset_field() -> Field {
    let text = |name, default: &str| optional(name).default(Value::string(default.to_owned()));
    let rule = || {
        vec![
            switch("disabled"),
            text("doc", ""),
            text("expr", ""),
            required("kind"),
            required("mode"),
            required("name"),
            text("on_failure", "ERROR,ERROR"),
            text("on_success", "NONE,NONE"),
            Field::optional_computed("params", string_map()),
            Field::optional_computed("tags", string_set()),
            required("type"),
        ]
    };
    Field::one(
        "ruleset",
        Presence::Optional,
        RULES
            .iter()
            .map(|(name, _)| blocks(name, Presence::Optional, true, rule()))
            .collect(),
    )
}

fn or_object(json: &Json) -> Json {
    if json.is_object() { json.clone() } else { json!({}) }
}

fn or_array(json: &Json) -> Json {
    if json.is_array() { json.clone() } else { json!([]) }
}

/// A `metadata` block as the registry takes it; none: there is no block.
pub(super) fn metadata_to(block: &Json) -> Option<Json> {
    if !block.is_object() {
        return None;
    }
    let tags: Map<String, Json> = block["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| {
            (
                tag["key"].as_str().unwrap_or_default().to_owned(),
                or_array(&tag["value"]),
            )
        })
        .collect();
    Some(json!({
        "tags": tags,
        "properties": or_object(&block["properties"]),
        "sensitive": or_array(&block["sensitive"]),
    }))
}

/// The registry's metadata as blocks.
pub(super) fn metadata_from(api: &Json) -> Json {
    if !api.is_object() {
        return json!([]);
    }
    let tags: Vec<Json> = api["tags"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| json!({ "key": key, "value": or_array(value) }))
        .collect();
    json!([{
        "properties": or_object(&api["properties"]),
        "sensitive": or_array(&api["sensitive"]),
        "tags": tags,
    }])
}

/// A `ruleset` block as the registry takes it; none: there is no block, or nothing in it.
pub(super) fn ruleset_to(block: &Json) -> Option<Json> {
    let mut set = json!({});
    for (ours, theirs) in RULES {
        let rules: Vec<Json> = block[*ours]
            .as_array()
            .into_iter()
            .flatten()
            .map(|rule| {
                let mut api = json!({
                    "tags": or_array(&rule["tags"]),
                    "params": or_object(&rule["params"]),
                    "disabled": flag(rule, "/disabled"),
                });
                for (ours, theirs, default) in TEXTS {
                    api[*theirs] = json!(given(rule, &format!("/{ours}")).unwrap_or(default));
                }
                api
            })
            .collect();
        if !rules.is_empty() {
            set[*theirs] = json!(rules);
        }
    }
    (set != json!({})).then_some(set)
}

/// The registry's rules as blocks.
pub(super) fn ruleset_from(api: &Json) -> Json {
    let mut block = json!({});
    let mut any = false;
    for (ours, theirs) in RULES {
        let rules: Vec<Json> = api[*theirs]
            .as_array()
            .into_iter()
            .flatten()
            .map(|api| {
                let mut rule = json!({
                    "tags": or_array(&api["tags"]),
                    "params": or_object(&api["params"]),
                    "disabled": flag(api, "/disabled"),
                });
                for (ours, theirs, default) in TEXTS {
                    rule[*ours] = json!(given(api, &format!("/{theirs}")).unwrap_or(default));
                }
                rule
            })
            .collect();
        any |= !rules.is_empty();
        block[*ours] = json!(rules);
    }
    if any { json!([block]) } else { json!([]) }
}
