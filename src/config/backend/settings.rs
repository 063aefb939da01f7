//! Settings of a backend: read from values by the table of its arguments, and kept as plain JSON.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use streamform_lang::value::Kind;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;
use streamform_lang::value::to_json;

use super::types::Argument;
use super::types::BackendType;
use super::types::Takes;

/// Settings of a backend, by the names of its arguments. What is null is not given.
pub type BackendSettings = BTreeMap<String, Json>;

/// Reads one argument.
///
/// # Errors
/// What does not fit, as `: a number is required` or `.inner: …` to be put behind its name.
pub(super) fn setting(argument: &Argument, value: &Value) -> Result<Option<Json>, String> {
    read(argument.takes, value)
}

/// Reads all settings from an object, as `terraform_remote_state` has them. What is not known yet counts as given.
///
/// # Errors
/// What does not fit, in words for "the given configuration is not valid".
pub fn settings(ty: &BackendType, value: &Value) -> Result<BackendSettings, String> {
    object(ty.arguments, value).map(|read| read.into_iter().collect())
}

fn object(arguments: &[Argument], value: &Value) -> Result<serde_json::Map<String, Json>, String> {
    if !matches!(value.kind(), Kind::Object(_) | Kind::Map(_)) {
        return Err("an object is required".to_owned());
    }
    let given = value.entries().unwrap_or_default();
    let mut read = serde_json::Map::new();
    for (name, value) in given {
        let name = name.as_str();
        let Some(argument) = arguments.iter().find(|argument| argument.name == name) else {
            return Err(format!("unexpected attribute {name:?}"));
        };
        if let Some(json) = setting(argument, value).map_err(|why| format!(".{name}{why}"))? {
            read.insert(name.to_owned(), json);
        }
    }
    let missing = arguments.iter().find(|argument| {
        argument.required
            && argument.environment.is_empty()
            && given
                .iter()
                .all(|(name, value)| name.as_str() != argument.name || value.is_null())
    });
    match missing {
        Some(argument) => Err(format!("attribute {:?} is required", argument.name)),
        None => Ok(read),
    }
}

fn read(takes: Takes, value: &Value) -> Result<Option<Json>, String> {
    if value.is_null() || !value.is_wholly_known() {
        return Ok(None);
    }
    let ty = match takes {
        Takes::Text => Type::String,
        Takes::Number => Type::Number,
        Takes::Bool => Type::Bool,
        Takes::Texts => Type::list(Type::String),
        Takes::Map => Type::map(Type::String),
        Takes::Object(attributes) => {
            return object(attributes, value)
                .map(|read| Some(Json::Object(read)))
                .map_err(|why| {
                    if why.starts_with('.') {
                        why
                    } else {
                        format!(": {why}")
                    }
                });
        }
    };
    let told = |e: streamform_lang::value::ConvertError| match e.with_path() {
        text if text.starts_with('.') => text,
        text => format!(": {text}"),
    };
    let value = convert(value, &ty).map_err(told)?;
    let text = to_json(&value).map_err(told)?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|_| ": it has no form in JSON".to_owned())
}

/// Whether a setting must not be written down in the clear: it opens something, or it is an address with a password in it.
pub fn is_secret(argument: Option<&Argument>, value: &Json) -> bool {
    if argument.is_none_or(|argument| argument.secret) {
        return true;
    }
    match value {
        Json::String(text) => holds_password(text),
        Json::Object(inner) => {
            let Some(Takes::Object(attributes)) = argument.map(|a| a.takes) else {
                return false;
            };
            inner.iter().any(|(name, value)| {
                is_secret(attributes.iter().find(|attribute| attribute.name == name), value)
            })
        }
        _ => false,
    }
}

/// Whether an address names a user (`https://user:password@host/`) or has a query, in which tokens are given.
fn holds_password(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        host.contains('@') || rest.contains('?')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object_of(items: &[(&str, Value)]) -> Value {
        Value::object(items.iter().map(|(name, value)| ((*name).into(), value.clone())))
    }

    #[test]
    fn values_become_settings_or_are_refused() {
        let s3 = BackendType::named("s3").unwrap();
        let needed = [("bucket", Value::string("b")), ("key", Value::string("k"))];
        let with = |more: &[(&str, Value)]| {
            let all: Vec<_> = needed.iter().chain(more).cloned().collect();
            settings(s3, &object_of(&all))
        };
        let found = with(&[
            ("max_retries", Value::string("3")),
            ("encrypt", Value::string("true")),
            ("profile", Value::null(Type::String)),
            ("region", Value::unknown(Type::String)),
            ("endpoints", object_of(&[("s3", Value::string("http://x"))])),
        ])
        .unwrap();
        assert_eq!(
            serde_json::to_value(found).unwrap(),
            serde_json::json!({
                "bucket": "b", "key": "k", "max_retries": 3, "encrypt": true, "endpoints": {"s3": "http://x"}
            })
        );
        for (name, value, why) in [
            ("nope", Value::bool(true), "unexpected attribute \"nope\""),
            (
                "max_retries",
                Value::string("x"),
                ".max_retries: a number is required",
            ),
            (
                "endpoints",
                Value::string("x"),
                ".endpoints: an object is required",
            ),
            (
                "endpoints",
                object_of(&[("foo", Value::string("x"))]),
                ".endpoints: unexpected attribute \"foo\"",
            ),
            (
                "assume_role",
                object_of(&[]),
                ".assume_role: attribute \"role_arn\" is required",
            ),
        ] {
            assert_eq!(with(&[(name, value)]).unwrap_err(), why);
        }
        assert_eq!(
            settings(s3, &object_of(&needed[..1])).unwrap_err(),
            "attribute \"key\" is required"
        );
    }

    #[test]
    fn what_opens_something_is_secret() {
        let http = BackendType::named("http").unwrap();
        let secret = |name: &str, value: &str| is_secret(http.argument(name), &Json::from(value));
        assert!(secret("password", "x"));
        assert!(secret("address", "https://ada:x@host/state"));
        assert!(secret("address", "https://host/state?token=x"));
        assert!(!secret("address", "https://host/a@b"));
        assert!(!secret("username", "ada"));
        let s3 = BackendType::named("s3").unwrap();
        let role = serde_json::json!({"web_identity_token": "x"});
        assert!(is_secret(s3.argument("assume_role_with_web_identity"), &role));
        assert!(!is_secret(
            s3.argument("endpoints"),
            &serde_json::json!({"s3": "http://x"})
        ));
    }
}
