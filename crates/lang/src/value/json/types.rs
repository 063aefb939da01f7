//! Types as JSON: `"string"`, `["list","string"]`, `["object",{"a":"number"}]`, `"dynamic"`.

use serde::Serialize;
use serde::Serializer;
use serde_json::Value as Json;

use super::JsonError;
use super::error;
use crate::value::Name;
use crate::value::ObjectType;
use crate::value::Path;
use crate::value::Type;

/// A type as Terraform writes it in JSON, to be serialized straight into a document; attributes that may be left out are
/// listed behind those of an object.
#[derive(Clone, Copy, Debug)]
pub struct TypeJson<'a>(pub &'a Type);

impl Serialize for TypeJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Type::Bool => to.serialize_str("bool"),
            Type::Number => to.serialize_str("number"),
            Type::String => to.serialize_str("string"),
            Type::Any => to.serialize_str("dynamic"),
            Type::List(e) => ("list", TypeJson(e)).serialize(to),
            Type::Set(e) => ("set", TypeJson(e)).serialize(to),
            Type::Map(e) => ("map", TypeJson(e)).serialize(to),
            Type::Tuple(items) => ("tuple", Members(items)).serialize(to),
            Type::Object(o) if o.optional().is_empty() => ("object", Attributes(o)).serialize(to),
            Type::Object(o) => {
                let optional: Vec<&str> = o.optional().iter().map(Name::as_str).collect();
                ("object", Attributes(o), optional).serialize(to)
            }
        }
    }
}

struct Members<'a>(&'a [Type]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(TypeJson))
    }
}

struct Attributes<'a>(&'a ObjectType);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.attributes().iter().map(|(n, t)| (n.as_str(), TypeJson(t))))
    }
}

/// The type as Terraform writes it in JSON, as a tree.
pub fn type_to_json(ty: &Type) -> Json {
    // INVARIANT: the keys are strings, so it cannot fail.
    serde_json::to_value(TypeJson(ty)).unwrap_or(Json::Null)
}

/// Reads what [`type_to_json`] writes.
///
/// # Errors
/// What is no type.
pub fn type_from_json(json: &Json) -> Result<Type, JsonError> {
    let invalid = || error(&Path::root(), format!("{json} is not a type"));
    match json {
        Json::String(s) => match s.as_str() {
            "bool" => Ok(Type::Bool),
            "number" => Ok(Type::Number),
            "string" => Ok(Type::String),
            "dynamic" => Ok(Type::Any),
            _ => invalid(),
        },
        Json::Array(parts) => match &parts[..] {
            [Json::String(kind), inner] if kind == "list" => Ok(Type::list(type_from_json(inner)?)),
            [Json::String(kind), inner] if kind == "set" => Ok(Type::set(type_from_json(inner)?)),
            [Json::String(kind), inner] if kind == "map" => Ok(Type::map(type_from_json(inner)?)),
            [Json::String(kind), Json::Array(items)] if kind == "tuple" => {
                let items: Result<Vec<Type>, JsonError> = items.iter().map(type_from_json).collect();
                Ok(Type::tuple(items?))
            }
            [Json::String(kind), Json::Object(attributes), rest @ ..] if kind == "object" => {
                let mut types = Vec::with_capacity(attributes.len());
                for (name, t) in attributes {
                    types.push((Name::from(name.as_str()), type_from_json(t)?));
                }
                let optional = match rest {
                    [] => Vec::new(),
                    [Json::Array(names)] => names.iter().filter_map(Json::as_str).map(Name::from).collect(),
                    _ => return invalid(),
                };
                Ok(Type::Object(ObjectType::with_optional(types, optional)))
            }
            _ => invalid(),
        },
        _ => invalid(),
    }
}
