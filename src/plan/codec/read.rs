//! Reading values back.

use std::fmt;

use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Number;
use streamform_lang::value::Refinement;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::type_from_json;

/// JSON that is no encoded value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encoded value is damaged: {0}")]
pub struct DecodeError(String);

/// Deeper than any value that the language can make.
const DEEPEST: usize = 256;

/// What the values of one document have in common, so that it is there once: the objects of a configuration have a few names and
/// types between them.
#[derive(Debug, Default)]
pub struct Recurring {
    names: FxHashSet<Name>,
    /// By their JSON.
    types: FxHashMap<Box<str>, Type>,
}

impl Recurring {
    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name = Name::from(text);
        self.names.insert(name.clone());
        name
    }

    fn ty(&mut self, text: &str) -> Result<Type, String> {
        if let Some(ty) = self.types.get(text) {
            return Ok(ty.clone());
        }
        let json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let ty = type_from_json(&json).map_err(|e| e.to_string())?;
        self.types.insert(text.into(), ty.clone());
        Ok(ty)
    }
}

/// Reads a value, without a tree of JSON in between.
///
/// # Errors
/// When the text is not what [`encode_value`](super::encode_value) writes.
pub fn decode_value(text: &str, recurring: &mut Recurring) -> Result<Value, DecodeError> {
    let damaged = |e: serde_json::Error| DecodeError(e.to_string());
    let mut from = serde_json::Deserializer::from_str(text);
    let value = Seed { recurring, depth: 0 }
        .deserialize(&mut from)
        .map_err(damaged)?;
    from.end().map_err(damaged)?;
    Ok(value)
}

/// Reads one value and what is in it.
struct Seed<'c> {
    recurring: &'c mut Recurring,
    depth: usize,
}

impl Seed<'_> {
    fn inner(&mut self) -> Seed<'_> {
        Seed {
            recurring: self.recurring,
            depth: self.depth + 1,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        if self.depth > DEEPEST {
            return Err(D::Error::custom("it is nested too deeply"));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an encoded value")
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::bool(b))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        let kind: &str = next(&mut from)?;
        Ok(match kind {
            "z" => Value::null(self.ty(&mut from)?),
            "u" => {
                let ty = self.ty(&mut from)?;
                match from.next_element::<Json>()? {
                    None => Value::unknown(ty),
                    Some(known) => Value::unknown_with(ty, refinement(&known)),
                }
            }
            "i" => Value::number(next::<i64, A>(&mut from)?),
            "n" => {
                let text: &str = next(&mut from)?;
                Value::number(Number::parse(text).ok_or_else(|| A::Error::custom("no number"))?)
            }
            "l" => Value::list(self.ty(&mut from)?, self.items(&mut from)?),
            "s" => Value::set(self.ty(&mut from)?, self.items(&mut from)?),
            "t" => Value::tuple(self.items(&mut from)?),
            "m" => Value::map(self.ty(&mut from)?, self.entries(&mut from)?),
            "o" => Value::object(self.entries(&mut from)?),
            "!" => {
                let bits: u64 = next(&mut from)?;
                let mut marks = Marks::NONE;
                if bits & 1 != 0 {
                    marks = marks.union(Marks::SENSITIVE);
                }
                if bits & 2 != 0 {
                    marks = marks.union(Marks::EPHEMERAL);
                }
                let value = from.next_element_seed(self.inner())?;
                value.ok_or_else(too_short)?.with_marks(marks)
            }
            other => return Err(A::Error::custom(format_args!("unknown kind {other:?}"))),
        })
    }
}

impl Seed<'_> {
    fn ty<'de, A: SeqAccess<'de>>(&mut self, from: &mut A) -> Result<Type, A::Error> {
        let raw: &RawValue = next(from)?;
        self.recurring.ty(raw.get()).map_err(A::Error::custom)
    }

    fn items<'de, A: SeqAccess<'de>>(&mut self, from: &mut A) -> Result<Vec<Value>, A::Error> {
        from.next_element_seed(Items(self.inner()))?.ok_or_else(too_short)
    }

    fn entries<'de, A: SeqAccess<'de>>(&mut self, from: &mut A) -> Result<Vec<(Name, Value)>, A::Error> {
        from.next_element_seed(Entries(self.inner()))?
            .ok_or_else(too_short)
    }
}

fn too_short<E: serde::de::Error>() -> E {
    E::custom("it is too short")
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(from: &mut A) -> Result<T, A::Error> {
    from.next_element()?.ok_or_else(too_short)
}

fn refinement(known: &Json) -> Refinement {
    let bound = |key: &str| -> Option<(Number, bool)> {
        let pair = known.get(key)?.as_array()?;
        Some((Number::parse(pair.first()?.as_str()?)?, pair.get(1)?.as_bool()?))
    };
    let length = |key: &str| {
        let length = known.get(key).and_then(Json::as_u64);
        length.and_then(|n| usize::try_from(n).ok())
    };
    Refinement {
        not_null: known.get("n").and_then(Json::as_bool).unwrap_or(false),
        prefix: known.get("p").and_then(Json::as_str).map(Name::from),
        min_length: length("l"),
        max_length: length("m"),
        min: bound("a"),
        max: bound("b"),
    }
}

/// Reads the elements of a value.
struct Items<'c>(Seed<'c>);

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<Value>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<Vec<Value>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self.0.inner())? {
            items.push(item);
        }
        Ok(items)
    }
}

/// Reads the attributes of a value.
struct Entries<'c>(Seed<'c>);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = Vec<(Name, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<(Name, Value)>, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<(Name, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<Vec<(Name, Value)>, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = from.next_key_seed(Key(self.0.recurring))? {
            entries.push((name, from.next_value_seed(self.0.inner())?));
        }
        Ok(entries)
    }
}

/// Reads a name.
struct Key<'c>(&'c mut Recurring);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Name, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Name, E> {
        Ok(self.0.name(text))
    }
}
