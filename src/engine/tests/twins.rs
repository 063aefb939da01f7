//! A configuration in the native syntax and its twin in the JSON syntax give the same plan.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;

use super::desk::Desk;
use super::desk::errors;
use super::desk::normal;

/// A value as both syntaxes can write it.
#[derive(Clone, Debug)]
enum Written {
    Null,
    Bool(bool),
    Number(i64, u32),
    /// Text and interpolations, in turn.
    Template(Vec<(String, Option<&'static str>)>),
    List(Vec<Written>),
    Object(Vec<(String, Written)>),
}

/// Expressions with everything that JSON must escape.
const EXPRESSIONS: &[&str] = &[
    "local.base",
    "local.map[\"ä b\"][0]",
    "upper(\"x\\ny\\\"z\")",
    "1 + 2 * 3",
    "join(\"\\n\", [for x in [1, 2] : \"${x}\\t\"])",
    "test_thing.first.id",
];

fn written() -> impl Strategy<Value = Written> {
    let text = "[a-z\"\\\\/\n\t\u{e4}\u{1f600}$%{} ]{0,6}";
    let leaf = prop_oneof![
        Just(Written::Null),
        any::<bool>().prop_map(Written::Bool),
        (any::<i64>(), 0..1000u32).prop_map(|(whole, part)| Written::Number(whole, part)),
        vec((text, prop::option::of(prop::sample::select(EXPRESSIONS))), 0..3).prop_map(Written::Template),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Written::List),
            vec(("[a-z]{1,2}", inner), 0..4).prop_map(|mut items| {
                items.sort_by(|a, b| a.0.cmp(&b.0));
                items.dedup_by(|a, b| a.0 == b.0);
                Written::Object(items)
            }),
        ]
    })
}

/// Text of a template: what would begin an interpolation or directive is doubled.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

fn template(parts: &[(String, Option<&'static str>)], quote: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for (text, expression) in parts {
        // A `$` or `%` right before an interpolation would begin an escape.
        out += &quote(&literal(text.trim_end_matches(['$', '%'])));
        if let Some(e) = expression {
            let _ = write!(out, "${{{e}}}");
        }
    }
    out
}

impl Written {
    fn native(&self) -> String {
        match self {
            Written::Null => "null".to_owned(),
            Written::Bool(b) => b.to_string(),
            Written::Number(whole, part) => format!("{whole}.{part}"),
            Written::Template(parts) => {
                let quoted = template(parts, |t| {
                    t.replace('\\', "\\\\")
                        .replace('"', "\\\"")
                        .replace('\n', "\\n")
                        .replace('\t', "\\t")
                });
                format!("\"{quoted}\"")
            }
            Written::List(items) => {
                format!(
                    "[{}]",
                    items.iter().map(Written::native).collect::<Vec<_>>().join(", ")
                )
            }
            Written::Object(items) => {
                let items = items.iter().map(|(k, v)| format!("{k} = {}", v.native()));
                format!("{{ {} }}", items.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn json(&self) -> String {
        match self {
            Written::Template(parts) => serde_json::Value::from(template(parts, str::to_owned)).to_string(),
            Written::List(items) => {
                format!(
                    "[{}]",
                    items.iter().map(Written::json).collect::<Vec<_>>().join(", ")
                )
            }
            Written::Object(items) => {
                let items = items.iter().map(|(k, v)| format!("\"{k}\": {}", v.json()));
                format!("{{ {} }}", items.collect::<Vec<_>>().join(", "))
            }
            other => other.native(),
        }
    }
}

const NATIVE: &str = r#"
locals {
  base = "b"
  map  = { "ä b" = [1] }
}
resource "test_thing" "first" {
  name = "f"
}
"#;

const JSON: &str = r#"
  "locals": [{ "base": "b" }, { "map": { "ä b": [1] }, "//": "comment" }],
"#;

const FIRST: &str = r#"{ "test_thing": { "first": [{ "name": "f", "//": ["comment"] }] } }"#;

/// What a plan says, or why there is none, without places.
fn told(file: &str, text: &str) -> Vec<String> {
    let mut desk = Desk::new("");
    desk.add(file, text);
    let mut planned = desk.plan_with(normal());
    planned.release();
    let mut told = errors(&planned.diagnostics);
    let Some(plan) = planned.plan else {
        told.sort();
        return told;
    };
    let changes = plan
        .changes
        .iter()
        .map(|c| format!("{} {:?} {:?}", c.address, c.action, c.after));
    let outputs = plan.outputs.iter().map(|o| format!("{} {:?}", o.name, o.after));
    told.extend(changes.chain(outputs));
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn twins_give_the_same_plan(values in vec(written(), 1..4), count in 0..3u8) {
        let (mut native, mut json) = (NATIVE.to_owned(), format!("{{{JSON}"));
        let mut outputs = Vec::new();
        let mut data = Vec::new();
        for (i, value) in values.iter().enumerate() {
            let _ = write!(
                native,
                "output \"o{i}\" {{\n  value = {0}\n}}\nresource \"terraform_data\" \"d{i}\" {{\n  count = {count}\n  input = {0}\n  \
                 depends_on = [test_thing.first]\n  lifecycle {{\n    ignore_changes = [triggers_replace]\n  }}\n}}\n",
                value.native()
            );
            outputs.push(format!("\"o{i}\": {{ \"value\": {} }}", value.json()));
            data.push(format!(
                "\"d{i}\": {{ \"count\": \"{count}\", \"input\": {}, \"depends_on\": [\"test_thing.first\"], \"lifecycle\": {{ \
                 \"ignore_changes\": [\"triggers_replace\"] }} }}",
                value.json()
            ));
        }
        let _ = write!(
            json,
            "\"output\": {{ {} }}, \"resource\": [{{ \"terraform_data\": {{ {} }} }}, {FIRST}] }}",
            outputs.join(", "),
            data.join(", ")
        );
        prop_assert_eq!(told("main.tf", &native), told("main.tf.json", &json), "{}\n{}", native, json);
    }
}
