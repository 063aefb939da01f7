//! Types as JSON: `"string"`, `["list","string"]`, `["object",{"a":"number"}]`, `"dynamic"`.

use serde_json::Value as Json;
use serde_json::json;

use super::JsonError;
use super::error;
use crate::value::Name;
use crate::value::ObjectType;
use crate::value::Path;
use crate::value::Type;

/// The type as Terraform writes it in JSON; attributes that may be left out are listed behind those of an object.
pub fn type_to_json(ty: &Type) -> Json {
    match ty {
        Type::Bool => json!("bool"),
        Type::Number => json!("number"),
        Type::String => json!("string"),
        Type::Any => json!("dynamic"),
        Type::List(e) => json!(["list", type_to_json(e)]),
        Type::Set(e) => json!(["set", type_to_json(e)]),
        Type::Map(e) => json!(["map", type_to_json(e)]),
        Type::Tuple(items) => json!(["tuple", items.iter().map(type_to_json).collect::<Vec<_>>()]),
        Type::Object(o) => {
            let attributes: serde_json::Map<String, Json> = o
                .attributes()
                .iter()
                .map(|(n, t)| (n.to_string(), type_to_json(t)))
                .collect();
            if o.optional().is_empty() {
                json!(["object", attributes])
            } else {
                let optional: Vec<&str> = o.optional().iter().map(Name::as_str).collect();
                json!(["object", attributes, optional])
            }
        }
    }
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
