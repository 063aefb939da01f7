//! Schemas as `providers schema -json` shows them (format 1.0).

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Name;
use streamform_lang::value::type_to_json;

use super::Attribute;
use super::Block;
use super::NestedBlock;
use super::Nesting;
use super::Schema;

/// A schema with its version and block.
pub fn to_json(schema: &Schema) -> Json {
    json!({ "version": schema.version, "block": block_to_json(&schema.block) })
}

/// A block with its attributes and nested blocks; what is empty or false is left out.
pub fn block_to_json(block: &Block) -> Json {
    let mut out = Map::new();
    if !block.attributes.is_empty() {
        out.insert("attributes".to_owned(), attributes(&block.attributes));
    }
    if !block.blocks.is_empty() {
        let nested: Map<String, Json> = block
            .blocks
            .iter()
            .map(|(n, b)| (n.as_str().to_owned(), nested_block(b)))
            .collect();
        out.insert("block_types".to_owned(), Json::Object(nested));
    }
    if let Some(text) = &block.description {
        out.insert("description".to_owned(), json!(&**text));
    }
    out.insert("description_kind".to_owned(), json!("plain"));
    if block.deprecated.is_some() {
        out.insert("deprecated".to_owned(), json!(true));
    }
    Json::Object(out)
}

fn attributes(list: &[(Name, Attribute)]) -> Json {
    let map: Map<String, Json> = list
        .iter()
        .map(|(n, a)| (n.as_str().to_owned(), attribute(a)))
        .collect();
    Json::Object(map)
}

fn attribute(a: &Attribute) -> Json {
    let mut out = Map::new();
    match &a.nested {
        Some(nested) => {
            out.insert(
                "nested_type".to_owned(),
                json!({ "attributes": attributes(&nested.attributes), "nesting_mode": mode(nested.nesting) }),
            );
        }
        None => {
            out.insert("type".to_owned(), type_to_json(&a.ty));
        }
    }
    if let Some(text) = &a.description {
        out.insert("description".to_owned(), json!(&**text));
    }
    out.insert("description_kind".to_owned(), json!("plain"));
    for (name, flag) in [
        ("required", a.required),
        ("optional", a.optional),
        ("computed", a.computed),
        ("sensitive", a.sensitive),
        ("deprecated", a.deprecated.is_some()),
        ("write_only", a.write_only),
    ] {
        if flag {
            out.insert(name.to_owned(), json!(true));
        }
    }
    Json::Object(out)
}

fn nested_block(b: &NestedBlock) -> Json {
    let mut out = Map::new();
    out.insert("nesting_mode".to_owned(), json!(mode(b.nesting)));
    out.insert("block".to_owned(), block_to_json(&b.block));
    if b.min_items > 0 {
        out.insert("min_items".to_owned(), json!(b.min_items));
    }
    if let Some(max) = b.max_items.filter(|m| *m > 0) {
        out.insert("max_items".to_owned(), json!(max));
    }
    Json::Object(out)
}

fn mode(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single => "single",
        Nesting::Group => "group",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
}

/// Where a schema differs from another one in JSON, descriptions left aside: one line a difference, `path: ours, not theirs`.
/// For tests that hold declared types against a recorded schema.
pub fn difference(ours: &Schema, theirs: &Json) -> Vec<String> {
    let mut found = Vec::new();
    compare("", &to_json(ours), theirs, &mut found);
    found
}

fn compare(at: &str, ours: &Json, theirs: &Json, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Json::Object(a), Json::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                if name.starts_with("description") {
                    continue;
                }
                let absent = Json::Null;
                let (x, y) = (a.get(name).unwrap_or(&absent), b.get(name).unwrap_or(&absent));
                compare(&format!("{at}.{name}"), x, y, found);
            }
        }
        _ if ours == theirs => {}
        (Json::Null, Json::Object(o)) if o.is_empty() => {}
        _ => found.push(format!("{at}: {ours}, not {theirs}")),
    }
}
