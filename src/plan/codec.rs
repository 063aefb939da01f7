//! Values as JSON without any loss: types, unknowns with refinements, marks, exact numbers. For plan files and the journal.
//!
//! A bool and a string stand for themselves. Everything else is an array whose first member says what follows.

use serde::Serialize;
use serde::Serializer;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Number;
use streamform_lang::value::Refinement;
use streamform_lang::value::Type;
use streamform_lang::value::TypeJson;
use streamform_lang::value::Value;
use streamform_lang::value::type_from_json;

/// JSON that is no encoded value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

/// Deeper than any value that the language can make.
const DEEPEST: usize = 256;

/// A value as it stands in a plan file. Serialized straight into the document: a plan has two values for every object,
/// and a tree or a text between would cost more than all the rest of the file.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a>(pub &'a Value);

/// Writes a value as JSON text.
pub fn encode_value(value: &Value) -> String {
    // INVARIANT: names are strings and numbers are whole or texts, so nothing here can fail to be JSON.
    serde_json::to_string(&Encoded(value)).unwrap_or_else(|_| "null".to_owned())
}

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let marks = self.0.marks();
        if marks.is_empty() {
            return Bare(self.0).serialize(to);
        }
        let bits =
            u8::from(marks.contains(Marks::SENSITIVE)) + 2 * u8::from(marks.contains(Marks::EPHEMERAL));
        ("!", bits, Bare(self.0)).serialize(to)
    }
}

/// A value without the marks of its own.
struct Bare<'a>(&'a Value);

impl Serialize for Bare<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.kind() {
            Kind::Null(t) => ("z", TypeJson(t)).serialize(to),
            Kind::Unknown(u) if u.refinement == Refinement::default() => ("u", TypeJson(&u.ty)).serialize(to),
            Kind::Unknown(u) => {
                let r = &u.refinement;
                let refinement = json!({
                    "n": r.not_null,
                    "p": r.prefix.as_ref().map(Name::as_str),
                    "l": r.min_length,
                    "m": r.max_length,
                    "a": r.min.as_ref().map(|(n, i)| json!([n.to_string(), i])),
                    "b": r.max.as_ref().map(|(n, i)| json!([n.to_string(), i])),
                });
                ("u", TypeJson(&u.ty), refinement).serialize(to)
            }
            Kind::Bool(b) => to.serialize_bool(*b),
            Kind::String(s) => to.serialize_str(s),
            Kind::Number(n) => match n.as_i64() {
                // The negative zero keeps its sign.
                Some(i) if i != 0 || !n.has_minus() => ("i", i).serialize(to),
                _ => ("n", n.to_string()).serialize(to),
            },
            Kind::List(s) => ("l", TypeJson(&s.elem), Items(&s.items)).serialize(to),
            Kind::Set(s) => ("s", TypeJson(&s.elem), Items(&s.items)).serialize(to),
            Kind::Tuple(t) => ("t", Items(t)).serialize(to),
            Kind::Map(m) => ("m", TypeJson(&m.elem), Entries(&m.items)).serialize(to),
            Kind::Object(o) => ("o", Entries(o)).serialize(to),
        }
    }
}

struct Items<'a>(&'a [Value]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Encoded))
    }
}

struct Entries<'a>(&'a [(Name, Value)]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(n, v)| (n.as_str(), Encoded(v))))
    }
}

/// Reads a value.
///
/// # Errors
/// When the JSON is not what [`encode_value`] writes.
pub fn decode_value(json: &Json) -> Result<Value, DecodeError> {
    decode(json, 0)
}

fn decode(json: &Json, depth: usize) -> Result<Value, DecodeError> {
    let bad = |what: &str| DecodeError(format!("an encoded value is damaged: {what}"));
    if depth > DEEPEST {
        return Err(bad("it is nested too deeply"));
    }
    let array = match json {
        Json::Bool(b) => return Ok(Value::bool(*b)),
        Json::String(s) => return Ok(Value::string(s.as_str())),
        Json::Array(a) => a,
        _ => return Err(bad("unexpected JSON type")),
    };
    let at = |i: usize| array.get(i).ok_or_else(|| bad("it is too short"));
    let ty = |i: usize| -> Result<Type, DecodeError> { type_from_json(at(i)?).map_err(|_| bad("bad type")) };
    let items = |i: usize| -> Result<Vec<Value>, DecodeError> {
        at(i)?
            .as_array()
            .ok_or_else(|| bad("no list"))?
            .iter()
            .map(|v| decode(v, depth + 1))
            .collect()
    };
    let fields = |i: usize| -> Result<Vec<(Name, Value)>, DecodeError> {
        at(i)?
            .as_object()
            .ok_or_else(|| bad("no object"))?
            .iter()
            .map(|(k, v)| Ok((Name::from(k.as_str()), decode(v, depth + 1)?)))
            .collect()
    };
    Ok(match at(0)?.as_str().unwrap_or_default() {
        "z" => Value::null(ty(1)?),
        "u" => match array.get(2) {
            None => Value::unknown(ty(1)?),
            Some(r) => {
                let bound = |key: &str| -> Option<(Number, bool)> {
                    let pair = r.get(key)?.as_array()?;
                    Some((Number::parse(pair.first()?.as_str()?)?, pair.get(1)?.as_bool()?))
                };
                let length = |key: &str| {
                    r.get(key)
                        .and_then(Json::as_u64)
                        .and_then(|n| usize::try_from(n).ok())
                };
                Value::unknown_with(
                    ty(1)?,
                    Refinement {
                        not_null: r.get("n").and_then(Json::as_bool).unwrap_or(false),
                        prefix: r.get("p").and_then(Json::as_str).map(Name::from),
                        min_length: length("l"),
                        max_length: length("m"),
                        min: bound("a"),
                        max: bound("b"),
                    },
                )
            }
        },
        "i" => Value::number(at(1)?.as_i64().ok_or_else(|| bad("no whole number"))?),
        "n" => Value::number(
            at(1)?
                .as_str()
                .and_then(Number::parse)
                .ok_or_else(|| bad("no number"))?,
        ),
        "l" => Value::list(ty(1)?, items(2)?),
        "s" => Value::set(ty(1)?, items(2)?),
        "t" => Value::tuple(items(1)?),
        "m" => Value::map(ty(1)?, fields(2)?),
        "o" => Value::object(fields(1)?),
        "!" => {
            let bits = at(1)?.as_u64().ok_or_else(|| bad("no marks"))?;
            let mut marks = Marks::NONE;
            if bits & 1 != 0 {
                marks = marks.union(Marks::SENSITIVE);
            }
            if bits & 2 != 0 {
                marks = marks.union(Marks::EPHEMERAL);
            }
            decode(at(2)?, depth + 1)?.with_marks(marks)
        }
        other => return Err(bad(&format!("unknown kind {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_comes_back() {
        let values = [
            Value::null(Type::String),
            Value::null(Type::Any),
            Value::unknown(Type::list(Type::Any)),
            Value::unknown_with(
                Type::String,
                Refinement {
                    not_null: true,
                    prefix: Some("a-".into()),
                    ..Refinement::default()
                },
            ),
            Value::unknown_with(
                Type::Number,
                Refinement {
                    min: Some((Number::from(3i64), true)),
                    ..Refinement::default()
                },
            ),
            Value::bool(true),
            Value::string("l"),
            Value::string("a\"b\\c\n\u{1}é"),
            Value::number(-7i64),
            Value::list(Type::String, [Value::string("x").with_marks(Marks::SENSITIVE)]),
            Value::set(Type::Number, [Value::number(2i64), Value::number(1i64)]),
            Value::map(Type::Bool, [("k".into(), Value::bool(false))]),
            Value::object([(
                "a".into(),
                Value::tuple([Value::string("!"), Value::null(Type::Bool)]),
            )])
            .with_marks(Marks::SENSITIVE.union(Marks::EPHEMERAL)),
        ];
        for v in values {
            let json: Json = serde_json::from_str(&encode_value(&v)).unwrap();
            assert_eq!(decode_value(&json), Ok(v));
        }
    }

    #[test]
    fn damaged_values_are_refused() {
        for text in [
            "null",
            "1",
            "[]",
            "[\"l\"]",
            "[\"i\",\"x\"]",
            "[\"?\"]",
            "[\"o\",[1]]",
            "{}",
        ] {
            let json: Json = serde_json::from_str(text).unwrap();
            assert!(decode_value(&json).is_err(), "{text}");
        }
    }
}
