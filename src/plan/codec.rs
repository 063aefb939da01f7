//! Values as JSON without any loss: types, unknowns with refinements, marks, exact numbers. For plan files and the journal.
//!
//! A bool and a string stand for themselves. Everything else is an array whose first member says what follows.

mod read;

use serde::Serialize;
use serde::Serializer;
use serde_json::json;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Refinement;
use streamform_lang::value::TypeJson;
use streamform_lang::value::Value;

pub use read::DecodeError;
pub use read::Recurring;
pub use read::decode_value;

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

#[cfg(test)]
mod tests {
    use streamform_lang::value::Number;
    use streamform_lang::value::Type;

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
        let mut recurring = Recurring::default();
        for v in values {
            assert_eq!(decode_value(&encode_value(&v), &mut recurring), Ok(v));
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
            "[\"t\",[]",
            "[\"t\",[],1]",
            "[\"t\",[]]1",
            "[\"z\",\"text\"]",
            "{}",
        ] {
            assert!(decode_value(text, &mut Recurring::default()).is_err(), "{text}");
        }
    }
}
