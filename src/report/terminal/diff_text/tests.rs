use streamform_lang::value::Value;

use crate::plan::Action;
use crate::plan::Secrets;
use crate::report::model::PlanReport;
use crate::report::paint::Paint;
use crate::report::specimens::change;
use crate::report::specimens::data;
use crate::report::specimens::data_schema;
use crate::report::specimens::json;
use crate::report::specimens::nothing;
use crate::report::specimens::plan;
use crate::report::specimens::s;
use crate::report::terminal::TextStyle;
use crate::report::terminal::plan_text;

/// The case of one `terraform_data` whose input goes from one value to another, recorded from Terraform 1.11.4.
fn input_text(before: Value, after: Value) -> String {
    let c = change(
        "terraform_data.t",
        &data_schema(),
        Action::Update,
        data(s("i"), before, nothing(), s("same")),
        data(s("i"), after, nothing(), s("same")),
    );
    let text = plan_text(
        &PlanReport::of(&plan(vec![c], vec![]), &Secrets::default()),
        &TextStyle::default(),
    );
    let from = text.find("      ~ input").unwrap();
    let to = text
        .rfind("        # (1 unchanged attribute hidden)\n    }")
        .unwrap();
    text[from..to].to_owned()
}

#[test]
fn input_differences_recorded_from_terraform() {
    let check = |before: &str, after: &str, expected: &str| {
        assert_eq!(
            input_text(json(before), json(after)),
            expected,
            "{before} -> {after}"
        );
    };
    check(
        r#"["a","b","c","d","e"]"#,
        r#"["a","x","c","d","e"]"#,
        "      ~ input            = [
            \"a\",
          ~ \"b\" -> \"x\",
            \"c\",
            # (2 unchanged elements hidden)
        ]\n",
    );
    check(
        r#"["a","b","c","d","e","f"]"#,
        r#"["a","b","z","c","d","e","f"]"#,
        "      ~ input            = [
            # (1 unchanged element hidden)
            \"b\",
          + \"z\",
            \"c\",
            # (3 unchanged elements hidden)
        ]\n",
    );
    check(
        r#"["b","c","d"]"#,
        r#"["a"]"#,
        "      ~ input            = [
          - \"b\",
          - \"c\",
          - \"d\",
          + \"a\",
        ]\n",
    );
    check(
        r#"{"a":1,"b":2,"longer_key":"c"}"#,
        r#"{"a":1,"b":3,"d":4}"#,
        "      ~ input            = {
          ~ b          = 2 -> 3
          + d          = 4
          - longer_key = \"c\"
            # (1 unchanged attribute hidden)
        }\n",
    );
    check(
        r#"{"a":1}"#,
        "[1]",
        "      ~ input            = {
          - a = 1
        } -> [
          + 1,
        ]\n",
    );
    check(
        r#"{"a":null}"#,
        r#"{"a":1}"#,
        "      ~ input            = {\n          ~ a = null -> 1\n        }\n",
    );
    check(
        r#"{"a":1}"#,
        r#"{"a":null}"#,
        "      ~ input            = {\n          ~ a = 1 -> null\n        }\n",
    );
    check("1", "1.25", "      ~ input            = 1 -> 1.25\n");
    check("true", "false", "      ~ input            = true -> false\n");
    check(
        r#""{\"a\":1,\"b\":[1,2,3,4]}""#,
        r#""{\"a\":1,\"b\":[1,2,4]}""#,
        "      ~ input            = jsonencode(
          ~ {
              ~ b = [
                    # (1 unchanged element hidden)
                    2,
                  - 3,
                    4,
                ]
                # (1 unchanged attribute hidden)
            }
        )\n",
    );
    check(
        r#""{\"a\": 1}""#,
        r#""{\"a\":1}""#,
        "      ~ input            = jsonencode( # whitespace changes
            {
                a = 1
            }
        )\n",
    );
    check(
        r#"[[["a"],["b"]]]"#,
        r#"[[["a"],["c"]]]"#,
        "      ~ input            = [
          ~ [
                [
                    \"a\",
                ],
              ~ [
                  ~ \"b\" -> \"c\",
                ],
            ],
        ]\n",
    );
    check(
        r#"{"1z":2,"a b":1,"c":2,"x-y":3,"é":5}"#,
        r#"{"1z":3,"a b":2,"c":2,"x-y":4,"é":6}"#,
        "      ~ input            = {
          ~ \"1z\"  = 2 -> 3
          ~ \"a b\" = 1 -> 2
          ~ x-y   = 3 -> 4
          ~ é     = 5 -> 6
            # (1 unchanged attribute hidden)
        }\n",
    );
    check(
        r#"{"id":"a","name":"b","other":1,"q":1,"tags":{"x":1,"y":2}}"#,
        r#"{"id":"a","name":"b","other":2,"q":1,"tags":{"x":1,"y":2}}"#,
        "      ~ input            = {
            id    = \"a\"
            name  = \"b\"
          ~ other = 1 -> 2
            tags  = {
                x = 1
                y = 2
            }
            # (1 unchanged attribute hidden)
        }\n",
    );
    check(
        r#""one""#,
        r#""a\nb""#,
        "      ~ input            = <<-EOT
          - one
          + a
          + b
        EOT\n",
    );
    check(
        r#""a""#,
        r#""${x} \"q\" \\ \t""#,
        "      ~ input            = \"a\" -> \"${x} \\\"q\\\" \\\\ \\t\"\n",
    );
    check(
        "[]",
        r#"["a"]"#,
        "      ~ input            = [\n          + \"a\",\n        ]\n",
    );
}

#[test]
fn long_texts_are_folded_and_words_stand_out() {
    let lines = |mark: &str| {
        (0..30)
            .map(|i| {
                if i == 15 {
                    format!("SELECT {mark} FROM t\n")
                } else {
                    format!("line {i}\n")
                }
            })
            .collect::<String>()
    };
    let (before, after) = (s(&lines("COUNT(x)")), s(&lines("SUM(x)")));
    insta::assert_snapshot!(input_text(before.clone(), after.clone()));
    let c = change(
        "terraform_data.t",
        &data_schema(),
        Action::Update,
        data(s("i"), before, nothing(), nothing()),
        data(s("i"), after, nothing(), nothing()),
    );
    let style = TextStyle {
        paint: Paint::new(true),
        width: 78,
    };
    let text = plan_text(
        &PlanReport::of(&plan(vec![c], vec![]), &Secrets::default()),
        &style,
    );
    assert!(text.contains("\u{1b}[1;4;32m"), "{text}");
}
