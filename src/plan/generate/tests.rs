use streamform_lang::addrs::Mode;
use streamform_lang::syntax;
use streamform_lang::value::Marks;
use streamform_lang::value::Type;

use super::*;

fn resource() -> Resource {
    Resource {
        mode: Mode::Managed,
        ty: "sample_thing".into(),
        name: "a".into(),
    }
}

fn attributes(list: Vec<(&str, Attribute)>) -> Vec<(Name, Attribute)> {
    list.into_iter().map(|(n, a)| (n.into(), a)).collect()
}

fn schema() -> Block {
    let secret = Attribute {
        sensitive: true,
        ..Attribute::required(Type::String)
    };
    let old = Attribute {
        deprecated: Some("use something else".into()),
        ..Attribute::optional(Type::String)
    };
    let inner = Block {
        attributes: attributes(vec![
            ("id", Attribute::required(Type::String)),
            ("secret", secret.clone()),
        ]),
        ..Block::default()
    };
    let nested = |nesting| NestedBlock {
        nesting,
        block: inner.clone(),
        min_items: 0,
        max_items: None,
    };
    Block {
        attributes: attributes(vec![
            ("body", Attribute::optional(Type::String)),
            ("comment", Attribute::optional(Type::String)),
            ("id", Attribute::optional_computed(Type::String)),
            ("labels", Attribute::optional(Type::map(Type::String))),
            ("made_at", Attribute::computed(Type::String)),
            ("name", Attribute::required(Type::String)),
            ("old", old),
            ("parts", Attribute::optional_computed(Type::Number)),
            ("token", secret),
            ("zones", Attribute::optional(Type::list(Type::String))),
        ]),
        blocks: vec![
            ("environment".into(), nested(Nesting::List)),
            ("none".into(), nested(Nesting::Single)),
        ],
        ..Block::default()
    }
}

fn object() -> Value {
    let environment = Value::object([
        (Name::from("id"), Value::string("env-1")),
        (Name::from("secret"), Value::string("hidden-1")),
    ]);
    Value::object([
        (
            Name::from("body"),
            Value::string(r#"{"a": [1, true], "b c": null}"#),
        ),
        (Name::from("comment"), Value::string("")),
        (Name::from("id"), Value::string("t-1")),
        (
            Name::from("labels"),
            Value::map(
                Type::String,
                [
                    (Name::from("plain"), Value::string("x")),
                    (Name::from("retention.ms"), Value::string("1 ${y} %{z}")),
                ],
            ),
        ),
        (Name::from("made_at"), Value::string("today")),
        (Name::from("name"), Value::string("two\nlines \"quoted\" \\")),
        (Name::from("old"), Value::string("x")),
        (Name::from("parts"), Value::number(6_usize)),
        (Name::from("token"), Value::string("hidden-2")),
        (
            Name::from("zones"),
            Value::list(Type::String, [Value::string("a"), Value::string("b")]),
        ),
        (
            Name::from("environment"),
            Value::tuple([environment.clone(), environment]),
        ),
        (Name::from("none"), Value::null(Type::Any)),
    ])
}

#[test]
fn a_block_says_what_can_be_written_and_nothing_secret() {
    let text = generated_block(&resource(), None, &object(), &schema());
    insta::assert_snapshot!(text);
    assert!(!text.contains("hidden"));
}

#[test]
fn marked_values_are_secret_wherever_they_are() {
    let marked = object().with_attr("name", Value::string("hidden-3").with_marks(Marks::SENSITIVE));
    let text = generated_block(&resource(), None, &marked, &schema());
    assert!(!text.contains("hidden"), "{text}");
    assert!(text.contains("= null # sensitive"));
}

#[test]
fn a_generated_file_is_valid_and_laid_out_as_fmt_does() {
    let aliased = LocalProviderConfig {
        name: "other".into(),
        alias: Some("west".into()),
    };
    let blocks: Vec<Generated> = [None, Some(&aliased)]
        .into_iter()
        .map(|provider| Generated {
            id: "a\"${b}\n".to_owned(),
            text: generated_block(&resource(), provider, &object(), &schema()),
        })
        .collect();
    assert!(blocks[1].text.contains("provider = other.west") || blocks[1].text.contains("= other.west"));
    let file = generated_file(&blocks);
    let (parsed, found) = syntax::parse(FileId(0), &file);
    assert!(!found.has_errors(), "{found:?}\n{file}");
    assert_eq!(parsed.body.blocks.len(), 2);
    assert_eq!(fmt::format(FileId(0), &file).unwrap(), file);
    assert_eq!(file.matches("from \"a\\\"${b}\\n\"\n").count(), 2);
}
