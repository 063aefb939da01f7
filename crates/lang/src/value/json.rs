//! Values as JSON: exact numbers, keys in order.
//!
//! Nothing here looks at marks. Whoever writes a value to where it may be seen or stored takes the marks off first
//! ([`Value::unmark_with_paths`]) and deals with them.

mod read;
mod types;

use std::fmt::Write as _;

pub use read::from_json;
pub use read::from_json_implied;
pub use read::from_serde;
pub use types::TypeJson;
pub use types::type_from_json;
pub use types::type_to_json;

use super::ConvertError;
use super::Kind;
use super::Name;
use super::Path;
use super::Step;
use super::Type;
use super::Value;

/// Why a value is not written or JSON is not read: the place inside the value, and a phrase in lower case without a
/// full stop.
pub type JsonError = ConvertError;

fn error<T>(at: &Path, message: impl Into<String>) -> Result<T, JsonError> {
    Err(ConvertError {
        path: at.clone(),
        message: message.into(),
    })
}

/// A value as JSON without spaces. Objects and maps have their keys in order; what means something in HTML is escaped,
/// as Terraform's `jsonencode` does. The type is not written: a list and a tuple look alike.
///
/// # Errors
/// The place of an unknown value.
pub fn to_json(value: &Value) -> Result<String, JsonError> {
    let mut out = String::new();
    write(&mut out, value, None, &mut Path::root())?;
    Ok(out)
}

/// As [`to_json`] for reading back with [`from_json`]: where `ty` is `any`, the type is written beside the value, as
/// `{"value":…,"type":…}`. The value must be of type `ty`.
///
/// # Errors
/// The place of an unknown value.
pub fn to_json_as(value: &Value, ty: &Type) -> Result<String, JsonError> {
    let mut out = String::new();
    let ty = Some(ty).filter(|t| t.has_any());
    write(&mut out, value, ty, &mut Path::root())?;
    Ok(out)
}

/// `ty` is given only as long as there is an `any` in it.
fn write(out: &mut String, value: &Value, ty: Option<&Type>, at: &mut Path) -> Result<(), JsonError> {
    // (A null that has a type keeps it; one that has none is a plain null.)
    if ty == Some(&Type::Any) && !matches!(value.kind(), Kind::Null(Type::Any)) {
        out.push_str("{\"value\":");
        write(out, value, None, at)?;
        out.push_str(",\"type\":");
        out.push_str(&serde_json::to_string(&TypeJson(&value.ty())).unwrap_or_default());
        out.push('}');
        return Ok(());
    }
    match value.kind() {
        Kind::Null(_) => out.push_str("null"),
        Kind::Unknown(_) => return error(at, "value is not known"),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Kind::Number(n) if n.is_infinite() => return error(at, "cannot serialize infinity as JSON"),
        Kind::Number(n) => {
            // INVARIANT: writing to a string cannot fail.
            let _ = write!(out, "{n}");
        }
        Kind::String(s) => quote(out, s),
        Kind::List(s) | Kind::Set(s) => sequence(out, &s.items, |_| ty.and_then(Type::element), at)?,
        Kind::Tuple(items) => {
            let types = match ty {
                Some(Type::Tuple(types)) => &types[..],
                _ => &[],
            };
            sequence(out, items, |i| types.get(i), at)?;
        }
        Kind::Map(m) => {
            let elem = ty.and_then(Type::element);
            entries(out, &m.items, |_| elem, Step::Key, at)?;
        }
        Kind::Object(o) => {
            let of = |name: &Name| match ty {
                Some(Type::Object(t)) => t.get(name),
                _ => None,
            };
            entries(out, o, of, Step::Attr, at)?;
        }
    }
    Ok(())
}

fn sequence<'a>(
    out: &mut String,
    items: &[Value],
    ty: impl Fn(usize) -> Option<&'a Type>,
    at: &mut Path,
) -> Result<(), JsonError> {
    out.push('[');
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        at.0.push(Step::Index(i));
        write(out, v, ty(i), at)?;
        at.0.pop();
    }
    out.push(']');
    Ok(())
}

fn entries<'a>(
    out: &mut String,
    items: &[(Name, Value)],
    ty: impl Fn(&Name) -> Option<&'a Type>,
    step: impl Fn(Name) -> Step,
    at: &mut Path,
) -> Result<(), JsonError> {
    out.push('{');
    for (i, (name, v)) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quote(out, name);
        out.push(':');
        at.0.push(step(name.clone()));
        write(out, v, ty(name), at)?;
        at.0.pop();
    }
    out.push('}');
    Ok(())
}

/// Appends a JSON string.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + c.len_utf8();
        if short.is_empty() {
            // INVARIANT: writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// A value as a tree of `serde_json`, without its type.
///
/// # Errors
/// The place of an unknown value, or of a number that a machine number cannot hold exactly.
pub fn to_serde(value: &Value) -> Result<serde_json::Value, JsonError> {
    to_serde_at(value, &mut Path::root())
}

fn to_serde_at(value: &Value, at: &mut Path) -> Result<serde_json::Value, JsonError> {
    Ok(match value.kind() {
        Kind::Null(_) => serde_json::Value::Null,
        Kind::Unknown(_) => return error(at, "value is not known"),
        Kind::Bool(b) => (*b).into(),
        Kind::String(s) => s.as_str().into(),
        Kind::Number(n) => {
            if let Some(i) = n.as_i64() {
                return Ok(i.into());
            }
            let text = n.to_string();
            if let Ok(u) = text.parse::<u64>() {
                return Ok(u.into());
            }
            let same = |f: &f64| super::Number::from_f64(*f).is_some_and(|m| m.to_string() == text);
            match text.parse::<f64>().ok().filter(same) {
                Some(f) => f.into(),
                None => return error(at, "a machine number cannot hold this number exactly"),
            }
        }
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            let items = value.items().unwrap_or_default();
            let mut out = Vec::with_capacity(items.len());
            for (i, v) in items.iter().enumerate() {
                at.0.push(Step::Index(i));
                out.push(to_serde_at(v, at)?);
                at.0.pop();
            }
            serde_json::Value::Array(out)
        }
        Kind::Map(_) | Kind::Object(_) => {
            let mut out = serde_json::Map::new();
            for (name, v) in value.entries().unwrap_or_default() {
                at.0.push(Step::Attr(name.clone()));
                out.insert(name.to_string(), to_serde_at(v, at)?);
                at.0.pop();
            }
            serde_json::Value::Object(out)
        }
    })
}

#[cfg(test)]
mod tests;
