//! From values to text in some format, and back.

use std::io::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use base64::engine::general_purpose::STANDARD;

use super::Function;
use super::FunctionError;
use super::Surroundings;
use super::charset;
use super::csv_text;
use super::define::Outcome;
use super::define::anything;
use super::define::failed;
use super::define::function;
use super::define::gives_any;
use super::define::gives_string;
use super::define::refinement;
use super::define::string;
use super::define::text;
use super::define::unknown;
use super::define::wrong;
use super::yaml;
use super::yaml_text;
use crate::syntax::go_quoted;
use crate::value::Kind;
use crate::value::Name;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::from_json_implied;
use crate::value::to_json;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    let decoder =
        |name, description, result, body| function(name, description, [string("str")], result, body);
    vec![
        decoder(
            "base64decode",
            "The text in some Base64.",
            gives_string,
            |a, _| {
                let bytes = from_base64(text(a, 0)).ok_or_else(|| {
                    failed(format!("failed to decode base64 data {}", go_quoted(text(a, 0))))
                })?;
                String::from_utf8(bytes)
                    .map(Value::string)
                    .map_err(|_| failed("the result of decoding the provided string is not valid UTF-8"))
            },
        ),
        decoder("base64encode", "A text as Base64.", gives_string, |a, _| {
            Ok(Value::string(STANDARD.encode(text(a, 0))))
        }),
        decoder(
            "base64gzip",
            "A text, compressed, as Base64.",
            gives_string,
            |a, _| Ok(Value::string(STANDARD.encode(gzip(text(a, 0).as_bytes())?))),
        ),
        decoder(
            "csvdecode",
            "Comma-separated values as a list of objects, with attributes named by the first line.",
            |a| csv_type(&a[0]),
            csvdecode,
        ),
        decoder("jsondecode", "The value in a JSON text.", json_type, |a, _| {
            from_json_implied(text(a, 0)).map_err(|e| failed(e.to_string()))
        })
        .nullable(),
        function(
            "jsonencode",
            "A value as JSON text.",
            [anything("val")],
            gives_string,
            jsonencode,
        ),
        function(
            "textdecodebase64",
            "The text in some Base64 of an encoding.",
            [string("source"), string("encoding")],
            gives_string,
            textdecode,
        ),
        function(
            "textencodebase64",
            "A text in an encoding, as Base64.",
            [string("string"), string("encoding")],
            gives_string,
            textencode,
        ),
        decoder(
            "urlencode",
            "A text escaped for the query of a URL.",
            gives_string,
            |a, _| {
                let mut out = String::new();
                for b in text(a, 0).bytes() {
                    match b {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                            out.push(char::from(b));
                        }
                        b' ' => out.push('+'),
                        b => out.push_str(&format!("%{b:02X}")),
                    }
                }
                Ok(Value::string(out))
            },
        ),
        function(
            "yamldecode",
            "The value in a YAML text.",
            [string("src")],
            gives_any,
            |a, _| yaml::read(text(a, 0)).map_err(failed),
        )
        .nullable(),
        function(
            "yamlencode",
            "A value as YAML text.",
            [anything("value")],
            gives_string,
            |a, _| {
                if !a[0].is_wholly_known() {
                    return Ok(unknown(Type::String));
                }
                Ok(Value::string(yaml_text::write(&a[0])))
            },
        ),
    ]
}

/// Standard Base64, which may be broken into lines.
pub(super) fn from_base64(s: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let joined: String = s.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    LENIENT.decode(joined).ok()
}

/// Compressed in the way of Go's `compress/gzip`: no name and time, the data, a flush, an empty last block.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>, FunctionError> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    if bytes.is_empty() {
        out.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
    } else {
        let mut encoder = flate2::write::DeflateEncoder::new(out, flate2::Compression::default());
        let io = |e: std::io::Error| failed(format!("failed to compress: {e}"));
        encoder.write_all(bytes).map_err(io)?;
        encoder.flush().map_err(io)?;
        out = encoder.get_ref().clone();
    }
    out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    Ok(out)
}

fn csv_header(records: &[csv_text::Record]) -> Result<Type, FunctionError> {
    let header = records.first().ok_or_else(|| failed("missing header line"))?;
    for (i, name) in header.fields.iter().enumerate() {
        if header.fields[..i].contains(name) {
            return Err(failed(format!("duplicate column name {}", go_quoted(name))));
        }
    }
    Ok(Type::object(
        header
            .fields
            .iter()
            .map(|n| (Name::from(n.as_str()), Type::String)),
    ))
}

fn csv_type(source: &Value) -> Result<Type, FunctionError> {
    match source.as_str() {
        // What is wrong further down is found when the whole is read.
        Some(s) => match csv_text::read(s) {
            Ok(records) => csv_header(&records).map(Type::list),
            Err(_) => Ok(Type::Any),
        },
        None => Ok(Type::Any),
    }
}

fn csvdecode(a: &[Value], _: &Surroundings) -> Outcome {
    let records = csv_text::read(text(a, 0)).map_err(failed)?;
    let ty = csv_header(&records)?;
    let names = records.first().map_or(&[][..], |r| &r.fields[..]);
    let mut rows = Vec::with_capacity(records.len());
    for record in records.iter().skip(1) {
        if record.fields.len() != names.len() {
            return Err(failed(format!(
                "CSV parse error on line {}: wrong number of fields",
                record.line
            )));
        }
        let fields = names.iter().zip(&record.fields);
        rows.push(Value::object(
            fields.map(|(n, f)| (Name::from(n.as_str()), Value::string(f.as_str()))),
        ));
    }
    Ok(Value::list(ty, rows))
}

/// The start of an unknown text may tell what type the value in it is.
fn json_type(a: &[Value]) -> Result<Type, FunctionError> {
    let prefix = refinement(&a[0]).prefix;
    let Some(c) = prefix.as_deref().and_then(|p| p.trim_start().chars().next()) else {
        return Ok(Type::Any);
    };
    Ok(match c {
        '{' | '[' | 'n' => Type::Any,
        '"' => Type::String,
        't' | 'f' => Type::Bool,
        '-' | '.' | '0'..='9' => Type::Number,
        c => {
            return Err(wrong(
                0,
                format!("a JSON document cannot begin with the character '{c}'"),
            ));
        }
    })
}

fn jsonencode(a: &[Value], _: &Surroundings) -> Outcome {
    let v = &a[0];
    if v.is_wholly_known() {
        return to_json(v).map(Value::string).map_err(|e| failed(e.to_string()));
    }
    let not_null = match v.kind() {
        Kind::Unknown(u) => u.refinement.not_null,
        _ => true,
    };
    let prefix = match v.ty() {
        _ if !not_null => None,
        Type::String => Some("\""),
        Type::Object(_) | Type::Map(_) => Some("{"),
        Type::Tuple(_) | Type::List(_) | Type::Set(_) => Some("["),
        _ => None,
    };
    Ok(Value::unknown_with(
        Type::String,
        Refinement {
            not_null: true,
            prefix: prefix.map(Name::from),
            ..Refinement::default()
        },
    ))
}

fn find_charset(a: &[Value]) -> Result<(charset::Charset, String), FunctionError> {
    charset::find(text(a, 1)).ok_or_else(|| {
        wrong(
            1,
            format!(
                "{} is not a supported IANA encoding name or alias in this version",
                go_quoted(text(a, 1))
            ),
        )
    })
}

fn textencode(a: &[Value], _: &Surroundings) -> Outcome {
    let (charset, name) = find_charset(a)?;
    let bytes = charset.encode(text(a, 0)).ok_or_else(|| {
        wrong(
            0,
            format!("the given string contains characters that cannot be represented in {name}"),
        )
    })?;
    Ok(Value::string(STANDARD.encode(bytes)))
}

fn textdecode(a: &[Value], _: &Surroundings) -> Outcome {
    let (charset, name) = find_charset(a)?;
    let source = text(a, 0);
    let bytes = from_base64(source).ok_or_else(|| {
        let at = source
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '\r' | '\n')))
            .unwrap_or(source.len());
        wrong(
            0,
            format!("the given value is has an invalid base64 symbol at offset {at}"),
        )
    })?;
    charset.decode(&bytes).map(Value::string).ok_or_else(|| {
        wrong(
            0,
            format!("the given string contains symbols that are not defined for {name}"),
        )
    })
}

#[cfg(test)]
mod tests;
