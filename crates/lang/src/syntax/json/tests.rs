use super::*;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::syntax::Label;

/// Column and summary of everything that is wrong, in the order found.
fn told(diagnostics: &Diagnostics) -> Vec<(u32, &str)> {
    diagnostics
        .iter()
        .map(|d| (d.subject.map_or(0, |s| s.start + 1), d.summary.as_str()))
        .collect()
}

/// The same, as expected.
type Told = &'static [(u32, &'static str)];

const ROOT: (u32, &str) = (1, "Root value must be object");

#[test]
fn what_is_no_json_is_told_in_terraforms_words() {
    const COMMA: &str = "Missing attribute seperator comma";
    let cases: &[(&str, Told)] = &[
        ("{}", &[]),
        ("[]", &[]),
        (r#" {"a": [1, -2.5e+3, true, false, null, "x"]} "#, &[]),
        ("", &[(1, "Missing value"), ROOT]),
        ("nope", &[(1, "Invalid JSON keyword"), ROOT]),
        ("5", &[ROOT]),
        ("[", &[(2, "Missing value"), (1, "Unclosed object"), ROOT]),
        (
            "{",
            &[(2, "Missing value"), (2, "Invalid object property name"), ROOT],
        ),
        (r#"{"a""#, &[(5, "Missing property value colon"), ROOT]),
        (r#"{"a":1"#, &[(1, "Unclosed object"), ROOT]),
        (r#"{"a":1,}"#, &[(7, "Trailing comma in object"), ROOT]),
        (r#"{"a" 1}"#, &[(6, "Missing property value colon"), ROOT]),
        (r#"{"a"=1}"#, &[(5, "Missing property value colon"), ROOT]),
        (r#"{"a"}"#, &[(5, "Missing object value"), ROOT]),
        ("{1:2}", &[(2, "Invalid object property name"), ROOT]),
        ("[1,]", &[(3, "Trailing comma in array"), ROOT]),
        ("[1 2]", &[(4, COMMA), ROOT]),
        ("[1}", &[(3, "Mismatched brackets"), ROOT]),
        (r#"{"a":1]"#, &[(7, "Mismatched braces"), ROOT]),
        (r#"{"a":1 "b":2}"#, &[(8, COMMA), ROOT]),
        ("{} x", &[(4, "Extraneous data after value")]),
        (r#"{"a":{"b":1,},"c":tru}"#, &[(12, "Trailing comma in object")]),
        (r#"{"a":tru}"#, &[(6, "Invalid JSON keyword")]),
        (r#"{"a":01}"#, &[(6, "Invalid JSON number")]),
        (r#"{"a":1.}"#, &[(6, "Invalid JSON number")]),
        (r#"{"a":.5}"#, &[(6, "Invalid JSON number")]),
        (r#"{"a":+1}"#, &[(6, "Invalid JSON number")]),
        (r#"{"a":"\x"}"#, &[(7, "Invalid JSON string")]),
        (r#"{"a":"x\u12"}"#, &[(8, "Invalid JSON string")]),
        (
            r#"{"a":"x}"#,
            &[(9, "Invalid JSON string"), (1, "Unclosed object"), ROOT],
        ),
        (r#"{"a":@}"#, &[(6, "Invalid start of value"), (6, COMMA), ROOT]),
    ];
    for (text, expected) in cases {
        let (_, found) = parse_json(FileId(0), text);
        let mut found = told(&found);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn any_text_is_read_without_a_panic() {
    let whole = r#"[{"a": ["\u00e9\ud83d\ude00\n${x[\"y\"]}", {"b": -1.5e3, "é": null}]}, "x"] , "#;
    for (end, _) in whole.char_indices() {
        let _ = parse_json(FileId(0), &whole[..end]);
        let _ = parse_json(FileId(0), &whole[end..]);
    }
    for deep in ["[", "{\"a\":", "[{\"a\":"] {
        let (_, found) = parse_json(FileId(0), &deep.repeat(100_000));
        assert!(found.iter().any(|d| d.summary == "Too many nested values"));
    }
}

#[test]
fn paths_name_what_is_around_a_place() {
    let text = r#"{"a": [{"b": 1}, {"c": {"d": "x"}}]}"#;
    let (root, _) = parse_json(FileId(0), text);
    let path = |needle: &str| root.path_around(text.find(needle).unwrap() as u32);
    assert_eq!(path("\"a\""), "");
    assert_eq!(path("1"), "a[0]");
    assert_eq!(path("\"x\""), "a[1].c");
}

/// The expression of the only property of a text, and the sources that it is in.
fn value(text: &str, reading: Reading) -> (Expr, Sources, Diagnostics) {
    let mut sources = Sources::default();
    let id = sources.add("a.tf.json", text);
    let (root, found) = parse_json(id, text);
    assert!(found.is_empty(), "{text}");
    let NodeKind::Object(properties) = root.kind else {
        panic!("{text}")
    };
    let mut reader = Reader::new(&sources);
    let expr = reader.expression(&properties[0].value, reading);
    let diagnostics = reader.diagnostics;
    (expr, sources, diagnostics)
}

#[test]
fn references_in_strings_have_exact_places() {
    for text in [
        r#"{"a": "${foo.bar}"}"#,
        r#"{"a": "x ${foo.bar} y"}"#,
        r#"{"a": "\n\"\u00e9\" ${foo.bar}"}"#,
        r#"{"a": ["é", {"${foo.bar}": null}]}"#,
        r#"{"a": "${upper(\"\\n\")} ${foo.bar}"}"#,
    ] {
        let (expr, sources, found) = value(text, Reading::Template);
        assert!(found.is_empty(), "{text}: {found:?}");
        let mut places = Vec::new();
        expr.for_each_reference(&mut |r| places.push(sources.text(r.span).to_owned()));
        assert_eq!(places, ["foo.bar"], "{text}");
    }
    let (_, sources, found) = value(r#"{"a": "\"\" ${1 +}"}"#, Reading::Template);
    let places: Vec<&str> = found.iter().map(|d| sources.text(d.subject.unwrap())).collect();
    assert_eq!(places, ["}"]);
}

#[test]
fn messages_count_the_lines_of_the_file() {
    let (_, _, found) = value("{\n  \"a\": \"\\n\\n%{ if true }\"\n}", Reading::Template);
    let details: Vec<&str> = found.iter().map(|d| d.detail.as_str()).collect();
    assert!(details[0].contains("on line 2"), "{details:?}");
}

#[test]
fn strings_are_what_their_argument_says() {
    let (expr, ..) = value(r#"{"a": "${foo.bar}"}"#, Reading::Literal);
    assert_eq!(expr.as_literal_string(), Some("${foo.bar}"));
    let (expr, ..) = value(r#"{"a": "foo.bar"}"#, Reading::Template);
    assert_eq!(expr.as_literal_string(), Some("foo.bar"));
    let (expr, sources, _) = value(r#"{"a": "foo.bar[\"x\"]"}"#, Reading::Reference);
    let traversal = expr.as_static_traversal().unwrap();
    assert_eq!(sources.text(traversal.root.span), "foo");
    assert_eq!(sources.text(traversal.steps[1].span), r#"[\"x\"]"#);
    // What is no reference is no error here, but for those who want to know.
    let (expr, _, found) = value(r#"{"a": "foo."}"#, Reading::Reference);
    assert!(found.is_empty() && expr.as_static_traversal().is_none());
    assert_eq!(expr.as_plain_text(), Some("foo."));
    let (_, _, found) = value(r#"{"a": "foo."}"#, Reading::Expression);
    assert!(found.has_errors());
}

#[test]
fn an_object_has_each_key_once() {
    let (_, _, found) = value(r#"{"a": {"x": 1, "y": 2, "x": 3}}"#, Reading::Template);
    assert_eq!(told(&found), [(24, "Duplicate object attribute")]);
}

/// `thing` blocks with one label, `size` and `kind` arguments, and whatever else for later.
struct Things(bool);

impl Shape for Things {
    fn meaning(&self, name: &str) -> Meaning {
        match name {
            "size" => Meaning::Argument(Reading::Template),
            "thing" if self.0 => Meaning::Blocks(&["name"]),
            _ if self.0 => Meaning::Extraneous,
            _ => Meaning::Later,
        }
    }
    fn inside(&self, _: &str, _: &[Label]) -> Box<dyn Shape + '_> {
        Box::new(Things(false))
    }
    fn names(&self) -> Vec<&str> {
        vec!["size", "thing"]
    }
}

#[test]
fn blocks_come_as_objects_and_arrays_at_any_level() {
    let cases: &[(&str, &str, Told)] = &[
        (r#"{"thing": {"a": {}, "b": {}}}"#, "a b", &[]),
        (r#"{"thing": [{"a": {}}, {"b": [{}, {}]}]}"#, "a b b", &[]),
        (r#"[{"thing": {"a": {}}}, {"thing": {"b": {}}}]"#, "a b", &[]),
        (r#"{"thing": {"a": null, "b": []}, "//": 5}"#, "", &[]),
        (r#"{"thing": null}"#, "", &[(11, "Missing block label")]),
        (
            r#"{"thing": 5}"#,
            "",
            &[(11, "Incorrect JSON value type"), (11, "Missing block label")],
        ),
        (
            r#"{"thing": [{"a": {}}, 5]}"#,
            "a",
            &[(23, "Incorrect JSON value type")],
        ),
        (
            r#"{"thing": {"a": 5, "b": {}}}"#,
            "b",
            &[(17, "Incorrect JSON value type")],
        ),
        (
            r#"{"thing": {"a": [5, null]}}"#,
            "a a",
            &[(18, "Incorrect JSON value type")],
        ),
        (r#"{"thng": 1}"#, "", &[(2, "Extraneous JSON object property")]),
        (r#"{"size": 1, "size": 2}"#, "", &[(13, "Duplicate argument")]),
        (r#"[5]"#, "", &[(2, "Incorrect JSON value type")]),
    ];
    for (text, labels, expected) in cases {
        let mut sources = Sources::default();
        let id = sources.add("a.tf.json", *text);
        let (root, _) = parse_json(id, text);
        let mut reader = Reader::new(&sources);
        let body = reader.body(root, &Things(true));
        let names: Vec<&str> = body.blocks.iter().map(|b| b.labels[0].name.as_str()).collect();
        assert_eq!(names.join(" "), *labels, "{text}");
        assert_eq!(told(&reader.diagnostics), *expected, "{text}");
    }
}

#[test]
fn what_a_schema_will_tell_is_kept() {
    let mut sources = Sources::default();
    let text = r#"{"thing": {"a": {"size": 1, "else": {"b": 2}}}}"#;
    let id = sources.add("a.tf.json", text);
    let (root, _) = parse_json(id, text);
    let mut reader = Reader::new(&sources);
    let body = reader.body(root, &Things(true));
    let inner = &body.blocks[0].body;
    assert_eq!(inner.attributes.len(), 1);
    let unread = inner.unread.as_ref().unwrap();
    assert_eq!(unread.properties[0].name.as_str(), "else");
    // A missing argument is reported at the closing brace.
    assert_eq!(inner.missing(), Span::new(id, 44, 45));
    assert_eq!(sources.text(body.blocks[0].header), "{");
}
