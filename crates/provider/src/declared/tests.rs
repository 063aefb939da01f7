//! The table's consequences, against what plans and validations of the official provider say.

mod acting;

use std::time::Duration;

use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::*;
use crate::schema;

const CLOUDS: &[&str] = &["AWS", "AZURE", "GCP"];
const KINDS: &[&str] = &["basic", "dedicated"];

/// A type with the shapes that occur: force-new, defaults, computed, nested lists and sets, maps.
pub(super) fn sample() -> Declaration {
    Declaration {
        type_name: "sample_thing",
        version: 1,
        fields: vec![
            Field::required("cloud", FieldKind::String)
                .one_of(CLOUDS)
                .force_new(),
            Field::optional("partitions", FieldKind::Int).default(Value::number(6_usize)),
            Field::optional("note", FieldKind::String),
            Field::optional("protect", FieldKind::Bool),
            Field::optional_computed("config", FieldKind::Map(Box::new(FieldKind::String))),
            Field::optional("zones", FieldKind::List(Box::new(FieldKind::String))).force_new(),
            Field::computed("endpoint", FieldKind::String),
            Field::computed(
                "endpoints",
                FieldKind::Block {
                    set: false,
                    fields: vec![Field::computed("url", FieldKind::String)],
                    min: 0,
                    max: None,
                },
            ),
            Field::one(
                "basic",
                Presence::Optional,
                vec![Field::optional_computed("max", FieldKind::Int)],
            )
            .exactly_one_of(KINDS),
            Field::one(
                "dedicated",
                Presence::Optional,
                vec![
                    Field::required("size", FieldKind::Int),
                    Field::optional("key", FieldKind::String).force_new(),
                ],
            )
            .exactly_one_of(KINDS),
            Field::one(
                "network",
                Presence::OptionalComputed,
                vec![Field::required("id", FieldKind::String).force_new()],
            ),
            Field::one(
                "credentials",
                Presence::Optional,
                vec![Field::required("secret", FieldKind::String).sensitive()],
            )
            .conflicts_with(&["network"]),
            Field::optional(
                "rule",
                FieldKind::Block {
                    set: true,
                    fields: vec![
                        Field::required("name", FieldKind::String),
                        Field::optional_computed("tag", FieldKind::String),
                    ],
                    min: 0,
                    max: None,
                },
            ),
        ],
        timeouts: Timeouts {
            create: Some(Duration::from_secs(7200)),
            delete: Some(Duration::from_secs(3600)),
            ..Timeouts::default()
        },
        deprecated: None,
    }
}

/// An object of the sample type, from JSON.
pub(super) fn object(json: &str) -> Value {
    schema::from_state_json(json, &sample().schema().block).unwrap()
}

fn check(prior: &str, config: &str, expect: &str, replaces: &[&str]) {
    let declaration = sample();
    let block = declaration.schema().block;
    let prior = match prior {
        "" => Value::null(block.implied_type()),
        json => object(json),
    };
    let config = object(config);
    let proposed = schema::proposed(&prior, &config, &block);
    let planned = plan::plan(&declaration.fields, &block, &prior, &proposed);
    let shown: Vec<String> = planned
        .value
        .entries()
        .unwrap()
        .iter()
        .filter(|(_, v)| !v.is_null() && v.items().is_none_or(|i| !i.is_empty()))
        .map(|(n, v)| format!("{n}={v:?}"))
        .collect();
    assert_eq!(shown.join(" "), expect, "{prior:?} + {config:?}");
    let paths: Vec<String> = planned.replace.iter().map(ToString::to_string).collect();
    assert_eq!(paths, replaces);
}

const MADE: &str = r#"{"id": "t-1", "cloud": "AWS", "partitions": 6, "endpoint": "e", "endpoints": [], "config": {"a": "1"},
    "basic": [{"max": 5}], "network": [{"id": "n-1"}]}"#;
const CONFIG: &str = r#"{"cloud": "AWS", "basic": [{}]}"#;
const KEPT: &str = r#"basic=[{"max": 5}] cloud="AWS" config={"a": "1"} endpoint="e" id="t-1" network=[{"id": "n-1"}] partitions=6"#;

#[test]
fn a_new_object_has_defaults_and_unknown_computed_values() {
    check(
        "",
        CONFIG,
        r#"basic=[{"max": unknown:number}] cloud="AWS" config=unknown:map(string) endpoint=unknown:string endpoints=unknown:list(object({url = string})) id=unknown:string network=unknown:list(object({id = string})) partitions=6"#,
        &[],
    );
}

#[test]
fn what_is_not_configured_and_computed_is_kept() {
    check(MADE, CONFIG, KEPT, &[]);
}

#[test]
fn zero_and_nothing_are_the_same() {
    let prior = MADE.replace(
        "\"id\"",
        "\"note\": \"\", \"protect\": false, \"zones\": null, \"id\"",
    );
    let prior = prior.replacen("\"note\"", "\"rule\": [], \"note\"", 1);
    check(
        &prior,
        r#"{"cloud": "AWS", "basic": [{}], "zones": []}"#,
        &KEPT.replace("partitions=6", "note=\"\" partitions=6 protect=false"),
        &[],
    );
}

#[test]
fn force_new_asks_for_a_replacement_wherever_it_stands() {
    let changed = |config: &str, replaces: &[&str]| {
        let declaration = sample();
        let block = declaration.schema().block;
        let prior = object(
            &MADE
                .replace(
                    "\"basic\": [{\"max\": 5}]",
                    "\"dedicated\": [{\"size\": 1, \"key\": \"k\"}]",
                )
                .replace("\"id\": \"t-1\"", "\"id\": \"t-1\", \"zones\": [\"a\", \"b\"]"),
        );
        let proposed = schema::proposed(&prior, &object(config), &block);
        let planned = plan::plan(&declaration.fields, &block, &prior, &proposed);
        let paths: Vec<String> = planned.replace.iter().map(ToString::to_string).collect();
        assert_eq!(paths, replaces, "{config}");
    };
    let with = |what: &str| {
        r#"{"cloud": "AWS", "zones": ["a", "b"], "dedicated": [{"size": 1, "key": "k"}]}"#.replace(
            what.split(" -> ").next().unwrap(),
            what.split(" -> ").last().unwrap(),
        )
    };
    changed(&with("x -> x"), &[]);
    changed(&with("\"AWS\" -> \"GCP\""), &["cloud"]);
    changed(&with("\"b\" -> \"c\""), &["zones"]);
    changed(&with("\"size\": 1 -> \"size\": 2"), &[]);
    changed(&with("\"key\": \"k\" -> \"key\": \"l\""), &["dedicated[0].key"]);
    changed(
        &with("\"dedicated\": [{\"size\": 1, \"key\": \"k\"}] -> \"basic\": [{}]"),
        &["dedicated[0].key"],
    );
    changed(
        &with("\"zones\": [\"a\", \"b\"] -> \"network\": [{\"id\": \"n-2\"}], \"zones\": [\"a\", \"b\"]"),
        &["network[0].id"],
    );
}

#[test]
fn unknown_values_stay_unknown_and_replace() {
    let declaration = sample();
    let block = declaration.schema().block;
    let prior = object(MADE);
    let config = object(CONFIG)
        .with_attr("cloud", Value::unknown(Type::String))
        .with_attr(
            "config",
            Value::map(Type::String, [(Name::from("a"), Value::unknown(Type::String))]),
        );
    let proposed = schema::proposed(&prior, &config, &block);
    let planned = plan::plan(&declaration.fields, &block, &prior, &proposed);
    assert_eq!(planned.replace, [Path::attr("cloud")]);
    assert!(!planned.value.get("config").unwrap().is_known());
}

#[test]
fn elements_of_sets_continue_by_what_is_configured() {
    let prior = MADE.replace(
        "\"id\": \"t-1\"",
        r#""id": "t-1", "rule": [{"name": "a", "tag": "t1"}, {"name": "b", "tag": "t2"}]"#,
    );
    check(
        &prior,
        r#"{"cloud": "AWS", "basic": [{}], "rule": [{"name": "b"}, {"name": "c"}]}"#,
        &format!(r#"{KEPT} rule={{{{"name": "b", "tag": "t2"}}, {{"name": "c", "tag": unknown:string}}}}"#),
        &[],
    );
}

#[test]
fn a_changed_deadline_alone_is_no_change() {
    check(
        MADE,
        r#"{"cloud": "AWS", "basic": [{}], "timeouts": {"create": "3h"}}"#,
        KEPT,
        &[],
    );
}

#[test]
fn suppressed_changes_are_none() {
    let field = Field::required("cloud", FieldKind::String)
        .force_new()
        .suppress(|old, new| old.as_str().map(str::to_lowercase) == new.as_str().map(str::to_lowercase));
    let declaration = Declaration {
        fields: vec![field],
        timeouts: Timeouts::default(),
        ..sample()
    };
    let block = declaration.schema().block;
    let of = |cloud: &str| {
        Value::object([
            (Name::from("cloud"), Value::string(cloud)),
            (Name::from("id"), Value::string("t-1")),
        ])
    };
    let planned = plan::plan(&declaration.fields, &block, &of("aws"), &of("AWS"));
    assert_eq!(planned.value, of("aws"));
    assert!(planned.replace.is_empty());
}

#[test]
fn configurations_are_checked_with_the_sdks_words() {
    let told = |config: Value| -> Vec<String> {
        validate::validate(&sample().fields, &config)
            .into_iter()
            .map(|d| format!("{}: {}: {}", d.path.unwrap_or_default(), d.summary, d.detail))
            .collect()
    };
    let from = |json: &str| told(object(json));
    assert_eq!(from(CONFIG), [""; 0]);
    assert_eq!(
        from(r#"{"cloud": "aws", "basic": [{}]}"#),
        ["cloud: expected cloud to be one of [AWS AZURE GCP], got aws: Did you mean \"AWS\"?"]
    );
    assert_eq!(
        from(r#"{"basic": [{}], "id": "x"}"#),
        [
            "id: Invalid or unknown key: ",
            "cloud: Missing required argument: The argument \"cloud\" is required, but no definition was found."
        ]
    );
    assert_eq!(
        from(r#"{"cloud": "AWS"}"#),
        [
            "basic: Invalid combination of arguments: one of `basic,dedicated` must be specified",
            "dedicated: Invalid combination of arguments: one of `basic,dedicated` must be specified"
        ]
    );
    assert_eq!(
        from(r#"{"cloud": "AWS", "basic": [{}], "dedicated": [{"size": 1}]}"#)[0],
        "basic: Invalid combination of arguments: only one of `basic,dedicated` can be specified, but `basic,dedicated` were specified."
    );
    assert_eq!(
        from(
            r#"{"cloud": "AWS", "basic": [{}], "network": [{"id": "n"}], "credentials": [{"secret": "s"}]}"#
        ),
        ["credentials: Conflicting configuration arguments: \"credentials\": conflicts with network"]
    );
    assert_eq!(
        from(r#"{"cloud": "AWS", "basic": [{}], "partitions": 2.5, "endpoint": "x"}"#),
        [
            "partitions: Attribute must be a whole number, got 2.5: The argument \"partitions\" takes whole numbers only.",
            "endpoint: Value for unconfigurable attribute: Can't configure a value for \"endpoint\": its value will be decided automatically based on the result of applying this configuration."
        ]
    );
    assert_eq!(
        told(object(CONFIG).with_attr("cloud", Value::unknown(Type::String))),
        [""; 0]
    );
}

#[test]
fn messages_do_not_quote_what_is_sensitive() {
    let config = object(CONFIG).with_attr(
        "cloud",
        Value::string("hunter2").with_marks(streamform_lang::value::Marks::SENSITIVE),
    );
    let found = validate::validate(&sample().fields, &config);
    assert_eq!(
        found[0].summary,
        "expected cloud to be one of [AWS AZURE GCP], got (sensitive value)"
    );
}

#[test]
fn the_schema_follows_from_the_table() {
    let schema = sample().schema();
    let json = schema::to_json(&schema);
    let block = &json["block"];
    assert_eq!(block["attributes"]["id"]["optional"], true);
    assert_eq!(
        block["attributes"]["endpoints"]["type"].to_string(),
        r#"["list",["object",{"url":"string"}]]"#
    );
    assert_eq!(block["block_types"]["timeouts"]["nesting_mode"], "single");
    assert_eq!(block["block_types"]["basic"]["max_items"], 1);
    assert_eq!(block["block_types"]["rule"]["nesting_mode"], "set");
    assert!(schema::difference(&schema, &json).is_empty());
    let mut other = json.clone();
    other["block"]["attributes"]["cloud"]["type"] = serde_json::json!("number");
    assert_eq!(
        schema::difference(&schema, &other),
        [".block.attributes.cloud.type: \"string\", not \"number\""]
    );
}
