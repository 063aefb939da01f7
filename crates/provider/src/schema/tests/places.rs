use streamform_lang::value::Path;
use streamform_lang::value::Step;

use super::*;

const TEXT: &str = r#"
name = "x"
labels = {
  a = var.one
  b = [for k in var.two : k]
}
item {
  key = local.three
}
dynamic "owner" {
  for_each = aws.four
  content {
    key = owner.value
    note = other.five.value
  }
}
unknown = local.six
"#;

#[test]
fn references_are_found_and_iterators_are_none() {
    let (_, body) = parse(TEXT);
    let found: Vec<String> = references(&body, &sample())
        .iter()
        .map(|r| r.subject.to_string())
        .collect();
    assert_eq!(
        found,
        ["var.one", "var.two", "local.three", "aws.four", "other.five"]
    );
}

#[test]
fn paths_have_places() {
    let (sources, body) = parse(TEXT);
    let attr = |n: &str| Step::Attr(Name::from(n));
    let key = |n: &str| Step::Key(Name::from(n));
    for (path, line) in [
        (vec![], 1),
        (vec![attr("name")], 2),
        (vec![attr("labels")], 3),
        (vec![attr("labels"), key("a")], 4),
        (vec![attr("labels"), key("nope")], 3),
        (vec![attr("item"), Step::Index(0), attr("key")], 8),
        (vec![attr("item"), Step::Index(0), attr("note")], 7),
        (vec![attr("item")], 1),
        (vec![attr("item"), Step::Index(7), attr("key")], 1),
        (vec![attr("owner"), Step::Index(0), attr("note")], 14),
        (vec![attr("id")], 1),
    ] {
        let path = Path(path);
        let span = locate(&body, &path).unwrap();
        let place = sources.get(span.file).unwrap().position(span.start);
        assert_eq!(place.line, line, "{path}");
    }
    assert_eq!(locate(&body, &Path(vec![Step::Index(0)])), None);
}

#[test]
fn what_the_schema_calls_sensitive_is_marked() {
    let secret = Attribute {
        sensitive: true,
        ..Attribute::optional(Type::String)
    };
    let inner = || {
        block(
            [
                ("open", Attribute::optional(Type::String)),
                ("secret", secret.clone()),
            ],
            [],
        )
    };
    let schema = block(
        [("secret", secret.clone())],
        [
            ("list", nested(Nesting::List, inner(), 0, None)),
            ("set", nested(Nesting::Set, inner(), 0, None)),
        ],
    );
    let item = Value::object([
        (Name::from("open"), Value::string("o")),
        (Name::from("secret"), Value::string("s")),
    ]);
    let ty = inner().implied_type();
    let value = Value::object([
        (Name::from("list"), Value::list(ty.clone(), [item.clone()])),
        (Name::from("secret"), Value::string("s")),
        (Name::from("set"), Value::set(ty, [item])),
    ]);
    let marked = mark_sensitive(&schema, value.clone());
    let paths: Vec<String> = sensitive_paths(&marked).iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["list[0].secret", "secret", "set"]);
    assert_eq!(marked.unmark_deep().0, value);
}

#[test]
fn stored_objects_never_quote_a_value_that_does_not_fit() {
    let error = from_state_json(r#"{"count_of": "hunter2", "name": "x"}"#, &sample()).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let error = from_state_json(r#"{"name": {"hunter2": 1}}"#, &sample()).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let value = from_state_json(
        r#"{"name": "x", "gone": [1], "item": null, "count_of": 1e3}"#,
        &sample(),
    )
    .unwrap();
    assert_eq!(value.get("item").unwrap().items().unwrap().len(), 0);
    assert_eq!(value.get("count_of").unwrap(), &Value::number(1000_usize));
}
