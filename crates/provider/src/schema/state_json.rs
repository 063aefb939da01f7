//! The JSON form in which objects are stored: Terraform's state format, numbers with every digit.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Number;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::to_json_as;
use streamform_lang::value::type_from_json;

use super::Block;
use super::NestedBlock;

/// Why a stored object cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StateJsonError(String);

impl From<serde_json::Error> for StateJsonError {
    fn from(e: serde_json::Error) -> Self {
        // The message may quote the value that was found, which may be a secret: only what was expected, and where, is told.
        let text = e.to_string();
        let told = match (text.find("expected "), text.rfind(" at line ")) {
            (Some(expected), Some(place)) if expected < place => {
                format!("{}{}", &text[expected..place], &text[place..])
            }
            (_, Some(place)) => format!("invalid JSON{}", &text[place..]),
            _ => "invalid JSON".to_owned(),
        };
        StateJsonError(told)
    }
}

/// The object behind stored attributes. What is missing is null, what the schema does not know is dropped; an attribute
/// of type `any` is stored with its type: `{"type": …, "value": …}`.
///
/// # Errors
/// Text that is not JSON, or a value of the wrong kind. Never quotes a value.
pub fn from_state_json(raw: &str, block: &Block) -> Result<Value, StateJsonError> {
    let value = from_json(raw, &block.implied_type())?;
    if value.is_null() {
        return Ok(value);
    }
    Ok(with_blocks(value, block))
}

fn from_json(raw: &str, ty: &Type) -> Result<Value, StateJsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    let value = Seed(ty).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Collections of blocks are never null.
fn with_blocks(value: Value, block: &Block) -> Value {
    if block.blocks.is_empty() {
        return value;
    }
    let Kind::Object(items) = value.kind() else {
        return value;
    };
    let fix = |v: &Value, nested: &NestedBlock| {
        if v.is_null() {
            nested.empty_value()
        } else if v.items().is_some() {
            v.clone().map_children(|i| with_blocks(i, &nested.block))
        } else {
            with_blocks(v.clone(), &nested.block)
        }
    };
    Value::object(items.iter().map(|(k, v)| {
        let v = block.nested(k).map_or_else(|| v.clone(), |n| fix(v, n));
        (k.clone(), v)
    }))
}

struct Seed<'a>(&'a Type);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Type::Number => {
                let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
                number(raw).ok_or_else(|| D::Error::custom("expected a number"))
            }
            Type::Any => {
                let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
                dynamic(raw).map_err(D::Error::custom)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

fn number(raw: &str) -> Option<Value> {
    if raw == "null" {
        return Some(Value::null(Type::Number));
    }
    let text = raw
        .strip_prefix('"')
        .and_then(|r| r.strip_suffix('"'))
        .unwrap_or(raw);
    Number::parse(text).map(Value::number)
}

fn dynamic(raw: &str) -> Result<Value, StateJsonError> {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        ty: &'a RawValue,
        #[serde(borrow)]
        value: &'a RawValue,
    }
    if raw.trim() == "null" {
        return Ok(Value::null(Type::Any));
    }
    let typed: Typed<'_> = serde_json::from_str(raw)?;
    from_json(typed.value.get(), &written_type(typed.ty.get())?)
}

/// How many types are remembered.
const REMEMBERED: usize = 16;

/// The type that a text stands for. The objects of one block, and often of a whole state, have a few types between
/// them: reading those again and again would cost more than the values.
fn written_type(text: &str) -> Result<Type, StateJsonError> {
    thread_local! {
        static SEEN: RefCell<VecDeque<(Box<str>, Type)>> = const { RefCell::new(VecDeque::new()) };
    }
    let seen = SEEN.with_borrow(|seen| seen.iter().find(|(t, _)| **t == *text).map(|(_, ty)| ty.clone()));
    if let Some(ty) = seen {
        return Ok(ty);
    }
    let json: serde_json::Value = serde_json::from_str(text)?;
    let ty = type_from_json(&json).map_err(|_| StateJsonError("expected a type".to_owned()))?;
    SEEN.with_borrow_mut(|seen| {
        seen.truncate(REMEMBERED - 1);
        seen.push_front((text.into(), ty.clone()));
    });
    Ok(ty)
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.friendly_name())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::null(self.0.clone()))
    }
    fn visit_bool<E: serde::de::Error>(self, b: bool) -> Result<Value, E> {
        match self.0 {
            Type::Bool => Ok(Value::bool(b)),
            Type::String => Ok(Value::string(if b { "true" } else { "false" })),
            _ => Err(E::custom(format!("expected {}", self.0.friendly_name()))),
        }
    }
    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Value, E> {
        self.visit_string(n.to_string())
    }
    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Value, E> {
        self.visit_string(n.to_string())
    }
    fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Value, E> {
        self.visit_string(n.to_string())
    }
    fn visit_str<E: serde::de::Error>(self, s: &str) -> Result<Value, E> {
        match (self.0, s) {
            (Type::String, _) => Ok(Value::string(s)),
            (Type::Bool, "true" | "1") => Ok(Value::bool(true)),
            (Type::Bool, "false" | "0") => Ok(Value::bool(false)),
            _ => Err(E::custom(format!("expected {}", self.0.friendly_name()))),
        }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        match self.0 {
            Type::List(elem) | Type::Set(elem) => {
                while let Some(item) = seq.next_element_seed(Seed(elem))? {
                    items.push(item);
                }
                Ok(match self.0 {
                    Type::List(_) => Value::list(Type::clone(elem), items),
                    _ => Value::set(Type::clone(elem), items),
                })
            }
            Type::Tuple(types) => {
                for ty in types.iter() {
                    let item = seq.next_element_seed(Seed(ty))?;
                    items.push(item.ok_or_else(|| A::Error::custom("expected more elements"))?);
                }
                if seq.next_element::<serde::de::IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom("expected fewer elements"));
                }
                Ok(Value::tuple(items))
            }
            ty => Err(A::Error::custom(format!("expected {}", ty.friendly_name()))),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut items: Vec<(Name, Value)> = Vec::new();
        match self.0 {
            Type::Map(elem) => {
                while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                    items.push((Name::from(&*key), map.next_value_seed(Seed(elem))?));
                }
                Ok(Value::map(Type::clone(elem), items))
            }
            Type::Object(object) => {
                let mut found: Vec<Option<Value>> = vec![None; object.attributes().len()];
                while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                    match object
                        .attributes()
                        .binary_search_by(|(n, _)| n.as_str().cmp(&key))
                    {
                        Ok(i) => found[i] = Some(map.next_value_seed(Seed(&object.attributes()[i].1))?),
                        Err(_) => drop(map.next_value::<serde::de::IgnoredAny>()?),
                    }
                }
                Ok(Value::object(object.attributes().iter().zip(found).map(
                    |((n, t), v)| (n.clone(), v.unwrap_or_else(|| Value::null(t.clone()))),
                )))
            }
            ty => Err(A::Error::custom(format!("expected {}", ty.friendly_name()))),
        }
    }
}

/// The stored form of an object. What is not known is stored as null: a record holds what is.
pub fn to_state_json(value: &Value, block: &Block) -> String {
    let known = without_unknown(value.clone());
    // INVARIANT: only an unknown value has no JSON form.
    to_json_as(&known, &block.implied_type()).unwrap_or_else(|_| "null".to_owned())
}

fn without_unknown(value: Value) -> Value {
    if value.is_wholly_known() {
        return value;
    }
    match value.kind() {
        Kind::Unknown(u) => Value::null(u.ty.clone()),
        _ => value.map_children(without_unknown),
    }
}

/// Paths of the sensitive parts of an object, outermost only.
pub fn sensitive_paths(value: &Value) -> Vec<Path> {
    let mut found: Vec<Path> = Vec::new();
    for (path, marks) in value.clone().unmark_with_paths().1 {
        if marks.contains(Marks::SENSITIVE) && !found.iter().any(|f| path.starts_with(f)) {
            found.push(path);
        }
    }
    found
}
