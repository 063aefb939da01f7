//! Values as JSON text, byte for byte as Terraform writes it.

use std::fmt::Write as _;

use crate::value::Kind;
use crate::value::Value;

/// A value as JSON without spaces; what is unknown is an error. Marks are not looked at.
pub(super) fn write(value: &Value) -> Result<String, &'static str> {
    let mut out = String::new();
    write_to(&mut out, value)?;
    Ok(out)
}

fn write_to(out: &mut String, value: &Value) -> Result<(), &'static str> {
    match value.kind() {
        Kind::Null(_) => out.push_str("null"),
        Kind::Unknown(_) => return Err("value is not known"),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Kind::Number(n) => out.push_str(&n.to_string()),
        Kind::String(s) => quote_to(out, s),
        Kind::List(s) | Kind::Set(s) => sequence(out, &s.items)?,
        Kind::Tuple(t) => sequence(out, t)?,
        Kind::Map(m) => entries(out, &m.items)?,
        Kind::Object(o) => entries(out, o)?,
    }
    Ok(())
}

fn sequence(out: &mut String, items: &[Value]) -> Result<(), &'static str> {
    out.push('[');
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_to(out, v)?;
    }
    out.push(']');
    Ok(())
}

fn entries(out: &mut String, items: &[(crate::value::Name, Value)]) -> Result<(), &'static str> {
    out.push('{');
    for (i, (k, v)) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quote_to(out, k);
        out.push(':');
        write_to(out, v)?;
    }
    out.push('}');
    Ok(())
}

/// A JSON string. Characters that mean something in HTML are escaped, as Go does.
pub(super) fn quote(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    quote_to(&mut out, s);
    out
}

fn quote_to(out: &mut String, s: &str) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
