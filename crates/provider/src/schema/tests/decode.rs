use streamform_lang::value::Path;
use streamform_lang::value::Step;

use super::*;

fn good(text: &str) -> Value {
    let (value, told) = run(text);
    assert_eq!(told, [""; 0], "{text}");
    assert!(sample().implied_type() == value.ty() || !value.is_wholly_known());
    value
}

fn bad(text: &str, expect: &[&str]) {
    let (_, told) = run(text);
    assert_eq!(told, expect, "{text}");
}

#[test]
fn what_is_not_given_is_null_or_empty() {
    let value = good("name = \"x\"");
    assert_eq!(
        format!("{value:?}"),
        r#"{"count_of": null:number, "group": {"a": null:bool}, "id": null:string, "item": [], "keyed": {}, "labels": null:map(string), "limits": null:object({cpu = number}), "name": "x", "owner": {}}"#
    );
}

#[test]
fn blocks_become_lists_sets_maps_and_objects() {
    let value = good(
        r#"
name = 5
labels = { a = 1, b = true }
item { key = "i1" }
item { key = "i2" }
owner { key = "z" }
owner { key = "a" }
owner { key = "z" }
keyed "k1" { key = "v1" }
limits { cpu = "2" }
group { a = "true" }
meta = 1
"#,
    );
    let at = |path: &[Step]| value.at(&Path(path.to_vec())).cloned().unwrap();
    let attr = |n: &str| Step::Attr(Name::from(n));
    assert_eq!(at(&[attr("name")]), Value::string("5"));
    assert_eq!(
        at(&[attr("labels"), Step::Key(Name::from("b"))]),
        Value::string("true")
    );
    assert_eq!(
        at(&[attr("item"), Step::Index(1), attr("key")]),
        Value::string("i2")
    );
    assert_eq!(value.get("owner").unwrap().items().unwrap().len(), 2);
    assert_eq!(
        at(&[attr("keyed"), Step::Key(Name::from("k1")), attr("key")]),
        Value::string("v1")
    );
    assert_eq!(at(&[attr("limits"), attr("cpu")]), Value::number(2_usize));
    assert_eq!(at(&[attr("group"), attr("a")]), Value::bool(true));
}

#[test]
fn every_mistake_of_a_body_is_reported_where_it_is() {
    bad(
        r#"
nam = "x"
count_of = "many"
labels = { a = [] }
item = 1
id {}
itme {}
item {
  note = "n"
}
"#,
        &[
            "1: Missing required argument: The argument \"name\" is required, but no definition was found.",
            "2: Unsupported argument: An argument named \"nam\" is not expected here. Did you mean \"name\"?",
            "5: Unsupported argument: An argument named \"item\" is not expected here. Did you mean to define a block of type \"item\"? A block has no equals sign: item { ... }.",
            "6: Unsupported block type: Blocks of type \"id\" are not expected here. Did you mean to define argument \"id\"? If so, use the equals sign to assign it a value.",
            "7: Unsupported block type: Blocks of type \"itme\" are not expected here. Did you mean \"item\"?",
            "3: Incorrect attribute value type: Inappropriate value for attribute \"count_of\": a number is required.",
            "8: Missing required argument: The argument \"key\" is required, but no definition was found.",
            "4: Incorrect attribute value type: Inappropriate value for attribute \"labels\": element \"a\": string required.",
        ],
    );
}

#[test]
fn numbers_and_labels_of_blocks_are_checked() {
    let three = "name = \"x\"\nitem { key = 1 }\nitem { key = 1 }\nitem { key = 1 }\n";
    bad(
        three,
        &["4: Too many item blocks: No more than 2 \"item\" blocks are allowed"],
    );
    bad(
        "name = \"x\"\nlimits {}\nlimits {}\n",
        &["3: Duplicate limits block: Only one block of type \"limits\" is allowed."],
    );
    bad(
        "name = \"x\"\nitem \"a\" { key = 1 }\nkeyed { key = 1 }\n",
        &[
            "2: Extraneous label for item: No labels are expected for item blocks.",
            "3: Missing key for keyed: All keyed blocks must have 1 labels (key).",
        ],
    );
}

#[test]
fn dynamic_blocks_walk_their_collection() {
    let value = good(
        r#"
name = "x"
dynamic "item" {
  for_each = var.names
  content {
    key  = item.value
    note = "${item.key}"
  }
}
dynamic "keyed" {
  for_each = { p = "q" }
  iterator = it
  labels   = [it.key]
  content {
    key = join(",", [for it in [1]: it])
    note = it.value
  }
}
"#,
    );
    assert_eq!(
        format!("{:?}", value.get("item").unwrap()),
        r#"[{"key": "x", "note": "0", "rank": null:number}, {"key": "y", "note": "1", "rank": null:number}]"#
    );
    assert_eq!(
        format!("{:?}", value.get("keyed").unwrap()),
        r#"{"p": {"key": "1", "note": "q", "rank": null:number}}"#
    );
}

#[test]
fn an_unknown_collection_gives_unknown_blocks_and_is_still_checked() {
    let (value, told) = run(
        "name = \"x\"\ndynamic \"item\" {\n for_each = var.unknown\n content {\n  note = item.value.a.b\n }\n}\n",
    );
    assert!(!value.get("item").unwrap().is_known());
    assert_eq!(
        told,
        ["4: Missing required argument: The argument \"key\" is required, but no definition was found."]
    );
}

#[test]
fn marks_of_a_collection_go_to_what_its_blocks_hold() {
    let value = good(
        "name = \"x\"\ndynamic \"item\" {\n for_each = var.secret\n content {\n  key = \"fixed\"\n }\n}\n",
    );
    let item = &value.get("item").unwrap().items().unwrap()[0];
    assert!(item.get("key").unwrap().is_sensitive());
}

#[test]
fn dynamic_blocks_are_checked() {
    let wrap = |inner: &str| format!("name = \"x\"\ndynamic \"item\" {{\n{inner}\n}}\n");
    let content = "content {\n key = 1\n}";
    for (text, expect) in [
        (
            wrap(&format!("for_each = 3\n{content}")),
            "3: Invalid dynamic for_each value: Cannot use a number value in for_each. An iterable collection is required.",
        ),
        (
            wrap(&format!("for_each = var.none\n{content}")),
            "3: Invalid dynamic for_each value: Cannot use a null value in for_each.",
        ),
        (
            wrap(content),
            "2: Missing required argument: The argument \"for_each\" is required, but no definition was found.",
        ),
        (
            wrap("for_each = []"),
            "2: Missing dynamic content block: A dynamic block must have a nested block of type \"content\" to describe the body of each generated block.",
        ),
        (
            wrap(&format!("for_each = []\niterator = 3\n{content}")),
            "4: Invalid dynamic iterator name: Dynamic iterator must be a single variable name.",
        ),
        (
            wrap(&format!("for_each = []\nlabels = [\"a\"]\n{content}")),
            "4: Extraneous dynamic block label: Blocks of type \"item\" require 0 label(s).",
        ),
        (
            wrap(&format!("for_each = []\n{content}\n{content}")),
            "7: Extraneous dynamic content block: Only one nested content block is allowed for each dynamic block.",
        ),
        (
            "name = \"x\"\ndynamic \"nope\" {\n for_each = []\n content {}\n}\n".to_owned(),
            "2: Unsupported block type: Blocks of type \"nope\" are not expected here.",
        ),
    ] {
        bad(&text, &[expect]);
    }
}

#[test]
fn ten_thousand_instances_are_decoded_in_linear_time() {
    let (_, body) = parse("name = \"x\"\nitem {\n key = var.names[0]\n}\n");
    let decoder = Decoder::new(&body, &sample(), &[]);
    let world = World::new();
    let started = std::time::Instant::now();
    for _ in 0..10_000 {
        assert!(decoder.decode(&world).1.is_empty());
    }
    // Generous: an unoptimised build on a busy machine.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
