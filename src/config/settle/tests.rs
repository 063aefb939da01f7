use std::path::Path;
use std::sync::Arc;

use streamform_lang::syntax::Body;
use streamform_lang::value::Type;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::NestedBlock;
use streamform_provider::schema::Nesting;
use streamform_provider::schema::Schema;

use crate::config::Snapshot;
use crate::config::load;
use crate::config::settle;

/// `size`, blocks `part` (with `size` and `part` again), and a map of blocks `slot`.
fn schema() -> Schema {
    let size = || vec![("size".into(), Attribute::optional(Type::Number))];
    let nested = |nesting, block| NestedBlock {
        nesting,
        block,
        min_items: 0,
        max_items: None,
    };
    let leaf = || Block {
        attributes: size(),
        ..Block::default()
    };
    let part = Block {
        attributes: size(),
        blocks: vec![("part".into(), nested(Nesting::List, leaf()))],
        ..Block::default()
    };
    Schema {
        version: 0,
        block: Block {
            attributes: size(),
            blocks: vec![
                ("part".into(), nested(Nesting::List, part)),
                ("slot".into(), nested(Nesting::Map, leaf())),
            ],
            ..Block::default()
        },
    }
}

/// A body as text: `size=1 part{size=2}`; values as they are written.
fn shown(body: &Body, value: &dyn Fn(&streamform_lang::syntax::Expr) -> String) -> String {
    let attributes = body
        .attributes
        .iter()
        .map(|a| format!("{}={}", a.name.name, value(&a.expr)));
    let blocks = body.blocks.iter().map(|b| {
        let labels: String = b.labels.iter().map(|l| format!(" {}", l.name)).collect();
        format!("{}{labels}{{{}}}", b.kind.name, shown(&b.body, value))
    });
    attributes.chain(blocks).collect::<Vec<_>>().join(" ")
}

/// The body of `thing.a` in a folder with these files, and what is found wrong with it.
fn body(files: &[(&str, &str)]) -> (String, Vec<String>) {
    let mut snapshot = Snapshot::default();
    for (path, text) in files {
        let text = match path.ends_with(".json") {
            true => format!(r#"{{"resource": {{"thing": {{"a": {text}}}}}}}"#),
            false => format!("resource \"thing\" \"a\" {{\n{text}\n}}\n"),
        };
        snapshot.add(Path::new(path), text);
    }
    let (mut config, found) = load(&snapshot, Path::new("."));
    assert!(found.is_empty(), "{found:?}");
    let schema = Arc::new(schema());
    let found = settle(&mut config, &|_, _, _| Some(Arc::clone(&schema)), &|_| None);
    let block = config.root().resources.values().next().unwrap();
    assert!(block.body.unread.is_none());
    let text = shown(&block.body, &|e| config.sources.text(e.span).to_owned());
    let found = found
        .iter()
        .map(|d| format!("{:?} {}", d.severity, d.detail))
        .collect();
    (text, found)
}

#[test]
fn a_schema_tells_arguments_from_blocks() {
    let cases = [
        (r#"{"size": 1, "//": "x"}"#, "size=1"),
        (r#"{"part": {"size": 1}}"#, "part{size=1}"),
        (
            r#"{"part": [{"size": 1}, {"part": {"size": 2}}]}"#,
            "part{size=1} part{part{size=2}}",
        ),
        (
            r#"{"part": null, "slot": {"x": {"size": 1}, "y": [{}]}}"#,
            "slot x{size=1} slot y{}",
        ),
        (
            r#"{"dynamic": {"part": {"for_each": [1], "content": {"part": {"size": 1}}}}}"#,
            "dynamic part{for_each=[1] content{part{size=1}}}",
        ),
        (r#"{"count": 2, "size": 1, "_": {"part": {}}}"#, "size=1 part{}"),
    ];
    for (json, expected) in cases {
        let (text, found) = body(&[("main.tf.json", json)]);
        assert_eq!((text.as_str(), found), (expected, vec![]), "{json}");
    }
    let (_, found) = body(&[("main.tf.json", r#"{"sze": 1, "part": {"nope": 1}}"#)]);
    assert_eq!(
        found,
        [
            "Error No argument or block type is named \"sze\". Did you mean \"size\"?",
            "Error No argument or block type is named \"nope\"."
        ]
    );
}

#[test]
fn overrides_replace_by_name_and_by_type_in_the_order_of_their_files() {
    let native = "size = 1\npart {\n  size = 1\n}\npart {}";
    let json = r#"{"size": 1, "part": [{"size": 1}, {}]}"#;
    // An override of the size, of the blocks, of the blocks by dynamic ones, and of nothing.
    let overs = [
        ("size = 2", r#"{"size": 2}"#, "size=2 part{size=1} part{}"),
        (
            "part {\n  size = 3\n}",
            r#"{"part": {"size": 3}}"#,
            "size=1 part{size=3}",
        ),
        (
            "dynamic \"part\" {\n  for_each = []\n  content {}\n}",
            r#"{"dynamic": {"part": {"for_each": [], "content": {}}}}"#,
            "size=1 dynamic part{for_each=[] content{}}",
        ),
        ("", r#"{"part": null}"#, "size=1 part{size=1} part{}"),
    ];
    for (over, over_json, expected) in overs {
        for files in [
            [("main.tf", native), ("override.tf", over)],
            [("main.tf", native), ("override.tf.json", over_json)],
            [("main.tf.json", json), ("override.tf", over)],
            [("main.tf.json", json), ("override.tf.json", over_json)],
        ] {
            let (text, found) = body(&files);
            assert_eq!((text.as_str(), found), (expected, vec![]), "{files:?}");
        }
    }
    // The last file wins, whatever it is written in.
    for (first, second) in [
        ("a_override.tf", "b_override.tf.json"),
        ("a_override.tf.json", "b_override.tf"),
    ] {
        let over = |name: &str, n: u32| match name.ends_with(".json") {
            true => format!(r#"{{"size": {n}, "part": {{"size": {n}}}}}"#),
            false => format!("size = {n}\npart {{\n  size = {n}\n}}"),
        };
        let (one, two) = (over(first, 7), over(second, 8));
        for (name, base) in [("main.tf", native), ("main.tf.json", json)] {
            let (text, _) = body(&[(name, base), (first, &one), (second, &two)]);
            assert_eq!(text, "size=8 part{size=8}", "{name} {first}");
        }
    }
}

#[test]
fn what_means_nothing_in_an_override_is_a_warning() {
    let (text, found) = body(&[("main.tf", "size = 1"), ("override.tf.json", r#"{"nope": 1}"#)]);
    assert_eq!(text, "size=1");
    assert_eq!(
        found,
        ["Warning No argument or block type is named \"nope\". It has no effect."]
    );
}
