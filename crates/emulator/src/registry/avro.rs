//! Whether data written with one Avro schema can be read with another: the rules of the Avro specification,
//! "Schema Resolution", without logical types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const PRIMITIVES: &[&str] = &[
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];
/// No sensible schema nests deeper; a hostile one must not exhaust the stack.
const DEEPEST: usize = 64;

/// Why `text` is no Avro schema; `None` if it is one.
pub(crate) fn complaint(text: &str) -> Option<String> {
    let Ok(schema) = serde_json::from_str::<Value>(text) else {
        return Some("it is not valid JSON".to_owned());
    };
    let mut names = BTreeMap::new();
    collect(&schema, "", &mut names, 0);
    check(&schema, "", &names, 0).err()
}

/// What keeps a reader with schema `reader` from reading data of `writer`. Empty: nothing.
pub(crate) fn incompatibilities(reader: &str, writer: &str) -> Vec<String> {
    let (Ok(reader), Ok(writer)) = (
        serde_json::from_str::<Value>(reader),
        serde_json::from_str::<Value>(writer),
    ) else {
        return vec!["one of the schemas is not valid JSON".to_owned()];
    };
    let (mut reader_names, mut writer_names) = (BTreeMap::new(), BTreeMap::new());
    collect(&reader, "", &mut reader_names, 0);
    collect(&writer, "", &mut writer_names, 0);
    let mut resolution = Resolution {
        reader: &reader_names,
        writer: &writer_names,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    resolution.resolve(&reader, &writer, "", 0);
    resolution.found
}

type Names<'a> = BTreeMap<String, &'a Value>;

fn full_name(schema: &Value, namespace: &str) -> Option<String> {
    let name = schema.get("name")?.as_str()?;
    if name.contains('.') {
        return Some(name.to_owned());
    }
    let namespace = schema
        .get("namespace")
        .and_then(Value::as_str)
        .unwrap_or(namespace);
    Some(if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    })
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The named types of a schema.
fn collect<'a>(schema: &'a Value, namespace: &str, names: &mut Names<'a>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match schema {
        Value::Array(branches) => branches
            .iter()
            .for_each(|branch| collect(branch, namespace, names, depth + 1)),
        Value::Object(fields) => {
            let own = full_name(schema, namespace);
            let inner = own
                .as_deref()
                .and_then(|name| name.rsplit_once('.'))
                .map_or(namespace, |(space, _)| space);
            if let Some(own) = &own {
                names.insert(own.clone(), schema);
            }
            if let Some(Value::Array(fields)) = fields.get("fields") {
                for field in fields {
                    if let Some(kind) = field.get("type") {
                        collect(kind, inner, names, depth + 1);
                    }
                }
            }
            for key in ["type", "items", "values"] {
                if let Some(inner_schema @ (Value::Object(_) | Value::Array(_))) = fields.get(key) {
                    collect(inner_schema, inner, names, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn kind(schema: &Value) -> Option<&str> {
    match schema {
        Value::String(name) => Some(name),
        Value::Array(_) => Some("union"),
        Value::Object(fields) => match fields.get("type")? {
            Value::String(name) => Some(name),
            inner => kind(inner),
        },
        _ => None,
    }
}

fn check(schema: &Value, path: &str, names: &Names<'_>, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("it is nested too deeply".to_owned());
    }
    let wrong = |what: String| {
        Err(if path.is_empty() {
            what
        } else {
            format!("{what} at {path}")
        })
    };
    match schema {
        Value::Array(branches) => branches
            .iter()
            .try_for_each(|branch| check(branch, path, names, depth + 1)),
        Value::String(name) => {
            let known = PRIMITIVES.contains(&name.as_str())
                || names
                    .keys()
                    .any(|known| known == name || short(known) == short(name));
            if known {
                Ok(())
            } else {
                wrong(format!("\"{name}\" is not a defined name"))
            }
        }
        Value::Object(fields) => match fields.get("type") {
            None => wrong("no type".to_owned()),
            Some(inner @ (Value::Object(_) | Value::Array(_))) => check(inner, path, names, depth + 1),
            Some(Value::String(kind)) => match kind.as_str() {
                "record" | "error" => {
                    if fields.get("name").and_then(Value::as_str).is_none() {
                        return wrong("a record without a name".to_owned());
                    }
                    let Some(Value::Array(list)) = fields.get("fields") else {
                        return wrong("a record without fields".to_owned());
                    };
                    let mut seen = BTreeSet::new();
                    for field in list {
                        let Some(name) = field.get("name").and_then(Value::as_str) else {
                            return wrong("a field without a name".to_owned());
                        };
                        if !seen.insert(name) {
                            return wrong(format!("duplicate field {name}"));
                        }
                        let Some(inner) = field.get("type") else {
                            return wrong(format!("no type for field {name}"));
                        };
                        check(inner, &format!("{path}/{name}"), names, depth + 1)?;
                    }
                    Ok(())
                }
                "enum" if !fields.get("symbols").is_some_and(Value::is_array) => {
                    wrong("an enum without symbols".to_owned())
                }
                "fixed" if !fields.get("size").is_some_and(Value::is_u64) => {
                    wrong("a fixed without a size".to_owned())
                }
                "array" | "map" => {
                    let part = if kind == "array" { "items" } else { "values" };
                    match fields.get(part) {
                        Some(inner) => check(inner, path, names, depth + 1),
                        None => wrong(format!("{kind} without {part}")),
                    }
                }
                "enum" | "fixed" => Ok(()),
                other => check(&Value::String(other.to_owned()), path, names, depth + 1),
            },
            Some(_) => wrong("a type that is neither a name nor a schema".to_owned()),
        },
        _ => wrong("a schema that is neither a name, a list nor an object".to_owned()),
    }
}

struct Resolution<'a> {
    reader: &'a Names<'a>,
    writer: &'a Names<'a>,
    /// Pairs of named types that are being compared: recursive schemas end here.
    seen: BTreeSet<(String, String)>,
    found: Vec<String>,
}

fn named<'a>(schema: &'a Value, names: &Names<'a>) -> &'a Value {
    match schema {
        Value::String(name) if !PRIMITIVES.contains(&name.as_str()) => names
            .iter()
            .find(|(known, _)| *known == name || short(known) == short(name))
            .map_or(schema, |(_, schema)| schema),
        Value::Object(fields) => match fields.get("type") {
            Some(inner @ (Value::Object(_) | Value::Array(_))) => named(inner, names),
            Some(Value::String(name))
                if !PRIMITIVES.contains(&name.as_str())
                    && fields.get("name").is_none()
                    && names.contains_key(name) =>
            {
                names[name]
            }
            _ => schema,
        },
        _ => schema,
    }
}

impl<'a> Resolution<'a> {
    fn matches(&mut self, reader: &'a Value, writer: &'a Value, depth: usize) -> bool {
        let before = self.found.len();
        let seen = self.seen.clone();
        self.resolve(reader, writer, "", depth);
        let fits = self.found.len() == before;
        self.found.truncate(before);
        if !fits {
            self.seen = seen;
        }
        fits
    }

    fn resolve(&mut self, reader: &'a Value, writer: &'a Value, path: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let (reader, writer) = (named(reader, self.reader), named(writer, self.writer));
        let place = if path.is_empty() { "/" } else { path };
        if let Value::Array(branches) = writer {
            for branch in branches {
                if let Value::Array(options) = reader {
                    if !options
                        .iter()
                        .any(|option| self.matches(option, branch, depth + 1))
                    {
                        let name = kind(branch).unwrap_or("?");
                        self.found.push(format!(
                            "MISSING_UNION_BRANCH at {place}: reader union lacks writer type {name}"
                        ));
                    }
                } else {
                    self.resolve(reader, branch, path, depth + 1);
                }
            }
            return;
        }
        if let Value::Array(options) = reader {
            if !options
                .iter()
                .any(|option| self.matches(option, writer, depth + 1))
            {
                let name = kind(writer).unwrap_or("?");
                self.found.push(format!(
                    "MISSING_UNION_BRANCH at {place}: reader union lacks writer type {name}"
                ));
            }
            return;
        }
        let (Some(to), Some(from)) = (kind(reader), kind(writer)) else {
            return;
        };
        match (to, from) {
            ("record" | "error", "record" | "error") => self.records(reader, writer, path, depth),
            ("enum", "enum") => self.enums(reader, writer, place),
            ("fixed", "fixed") => {
                if reader.get("size") != writer.get("size") {
                    self.found.push(format!("FIXED_SIZE_MISMATCH at {place}"));
                }
            }
            ("array", "array") | ("map", "map") => {
                let part = if to == "array" { "items" } else { "values" };
                if let (Some(reader), Some(writer)) = (reader.get(part), writer.get(part)) {
                    self.resolve(reader, writer, &format!("{path}/{part}"), depth + 1);
                }
            }
            _ if to == from || promotes(from, to) => {}
            _ => self.found.push(format!(
                "TYPE_MISMATCH at {place}: reader type {} not compatible with writer type {}",
                to.to_uppercase(),
                from.to_uppercase()
            )),
        }
    }

    fn records(&mut self, reader: &'a Value, writer: &'a Value, path: &str, depth: usize) {
        let name = |schema: &Value| {
            schema
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if !self.seen.insert((name(reader), name(writer))) {
            return;
        }
        let fields = |schema: &'a Value| {
            schema
                .get("fields")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice)
        };
        for field in fields(reader) {
            let field_name = name(field);
            let aliases = field
                .get("aliases")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let also: Vec<&str> = aliases.filter_map(Value::as_str).collect();
            let found = fields(writer)
                .iter()
                .find(|other| name(other) == field_name || also.contains(&name(other).as_str()));
            match (found, field.get("type")) {
                (Some(found), Some(kind)) => {
                    if let Some(other) = found.get("type") {
                        self.resolve(kind, other, &format!("{path}/{field_name}"), depth + 1);
                    }
                }
                (None, _) if field.get("default").is_none() => self.found.push(format!(
                    "READER_FIELD_MISSING_DEFAULT_VALUE at {path}/{field_name}: field '{field_name}' has no default \
                     value and is missing in the writer"
                )),
                _ => {}
            }
        }
    }

    fn enums(&mut self, reader: &Value, writer: &Value, place: &str) {
        let symbols = |schema: &Value| -> BTreeSet<String> {
            let list = schema
                .get("symbols")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let missing: Vec<String> = symbols(writer).difference(&symbols(reader)).cloned().collect();
        if !missing.is_empty() && reader.get("default").is_none() {
            self.found.push(format!(
                "MISSING_ENUM_SYMBOLS at {place}: reader lacks [{}]",
                missing.join(", ")
            ));
        }
    }
}

fn promotes(from: &str, to: &str) -> bool {
    matches!(
        (from, to),
        ("int", "long" | "float" | "double")
            | ("long", "float" | "double")
            | ("float", "double")
            | ("string", "bytes")
            | ("bytes", "string")
    )
}

#[cfg(test)]
mod tests {
    use super::{complaint, incompatibilities};

    fn record(fields: &str) -> String {
        format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#)
    }

    #[test]
    fn schemas_are_checked() {
        assert_eq!(complaint(&record(r#"{"name":"a","type":["null","int"]}"#)), None);
        assert_eq!(
            complaint(&record(r#"{"name":"a","type":["null","R"]}"#)),
            None,
            "recursive"
        );
        assert_eq!(complaint("\"string\""), None);
        for bad in [
            "{",
            "{}",
            "\"strin\"",
            r#"{"type":"record","name":"R"}"#,
            r#"{"type":"array"}"#,
            "7",
        ] {
            assert!(complaint(bad).is_some(), "{bad}");
        }
        assert!(complaint(&"[".repeat(10_000)).is_some());
    }

    #[test]
    fn a_new_field_needs_a_default() {
        let old = record(r#"{"name":"a","type":"int"}"#);
        let with = record(r#"{"name":"a","type":"int"},{"name":"b","type":"int","default":0}"#);
        let without = record(r#"{"name":"a","type":"int"},{"name":"b","type":"int"}"#);
        assert!(incompatibilities(&with, &old).is_empty());
        assert_eq!(incompatibilities(&without, &old).len(), 1);
        assert!(
            incompatibilities(&old, &without).is_empty(),
            "leaving one out is fine for a reader"
        );
    }

    #[test]
    fn types_promote_and_unions_widen() {
        let of = |kind: &str| record(&format!(r#"{{"name":"a","type":{kind}}}"#));
        assert!(incompatibilities(&of("\"long\""), &of("\"int\"")).is_empty());
        assert_eq!(incompatibilities(&of("\"int\""), &of("\"long\"")).len(), 1);
        assert!(incompatibilities(&of(r#"["null","int"]"#), &of("\"int\"")).is_empty());
        assert_eq!(
            incompatibilities(&of("\"int\""), &of(r#"["null","int"]"#)).len(),
            1
        );
        let enumeration = |symbols: &str| of(&format!(r#"{{"type":"enum","name":"E","symbols":{symbols}}}"#));
        assert!(incompatibilities(&enumeration(r#"["A","B"]"#), &enumeration(r#"["A"]"#)).is_empty());
        assert_eq!(
            incompatibilities(&enumeration(r#"["A"]"#), &enumeration(r#"["A","B"]"#)).len(),
            1
        );
        let list = of(r#"["null","R"]"#);
        assert!(incompatibilities(&list, &list).is_empty());
    }
}
