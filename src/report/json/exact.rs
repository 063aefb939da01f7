//! Numbers of any size in JSON: a tree of `serde_json` holds machine numbers only, so that others travel in it as marked text
//! until it is written.

use serde::Serialize;
use serde::Serializer;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use streamform_lang::value::Kind;
use streamform_lang::value::Number;
use streamform_lang::value::Value;
use streamform_lang::value::from_json_implied;

/// Begins text that is a number. Other text that begins so gets one more.
const MARK: char = '\u{1}';

/// A number, in a form that [`json_text`] writes with every digit.
pub(super) fn number(n: &Number) -> Json {
    let text = n.to_string();
    if let Ok(i) = text.parse::<i64>()
        && text != "-0"
    {
        return i.into();
    }
    if let Ok(u) = text.parse::<u64>() {
        return u.into();
    }
    // JSON has no infinity; what holds one was refused when it was planned.
    if n.is_infinite() {
        return Json::Null;
    }
    match text.parse().ok().and_then(serde_json::Number::from_f64) {
        Some(machine) if machine.to_string() == text => machine.into(),
        _ => Json::String(format!("{MARK}#{text}")),
    }
}

/// Text, kept apart from numbers.
pub(super) fn string(text: &str) -> Json {
    if text.starts_with(MARK) {
        return Json::String(format!("{MARK}{text}"));
    }
    Json::String(text.to_owned())
}

/// A value that is written as JSON, as [`number`] and [`string`] keep it.
pub(super) fn read(text: &str) -> Json {
    from_json_implied(text).map_or(Json::Null, |value| tree(&value))
}

fn tree(value: &Value) -> Json {
    match value.kind() {
        Kind::Number(n) => number(n),
        Kind::String(s) => string(s),
        Kind::Bool(b) => Json::Bool(*b),
        Kind::Null(_) | Kind::Unknown(_) => Json::Null,
        _ => match (value.items(), value.entries()) {
            (Some(items), _) => items.iter().map(tree).collect(),
            (_, Some(entries)) => entries
                .iter()
                .map(|(k, v)| (k.to_string(), tree(v)))
                .collect::<Map<_, _>>()
                .into(),
            _ => Json::Null,
        },
    }
}

/// The text of a report, in one line, with every digit of its numbers.
pub fn json_text(json: &Json) -> String {
    // INVARIANT: neither maps with text as keys nor raw numbers can fail to be written.
    serde_json::to_string(&Exact(json)).unwrap_or_default()
}

struct Exact<'a>(&'a Json);

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::String(text) => match text.strip_prefix(MARK) {
                Some(rest) => match rest
                    .strip_prefix('#')
                    .map(|digits| RawValue::from_string(digits.to_owned()))
                {
                    Some(Ok(raw)) => raw.serialize(serializer),
                    _ => serializer.serialize_str(rest),
                },
                None => serializer.serialize_str(text),
            },
            Json::Array(items) => serializer.collect_seq(items.iter().map(Exact)),
            Json::Object(entries) => serializer.collect_map(entries.iter().map(|(k, v)| (k, Exact(v)))),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_written() {
        let numbers = [
            "1",
            "-5",
            "18446744073709551615",
            "1.5",
            "-0",
            "0.1",
            "123456789012345678901234567890",
            "0.3333333333333333333333333333",
        ];
        let tree: Json = numbers
            .iter()
            .map(|n| number(&Number::parse(n).unwrap()))
            .collect();
        assert_eq!(json_text(&tree), format!("[{}]", numbers.join(",")));
        assert_eq!(number(&Number::parse("1e300").unwrap()).as_f64(), None);
    }

    #[test]
    fn text_is_never_taken_for_a_number() {
        let tree: Json = ["\u{1}#5", "\u{1}", "\u{1}\u{1}x", "#5"]
            .iter()
            .map(|s| string(s))
            .collect();
        assert_eq!(
            json_text(&tree),
            r##"["\u0001#5","\u0001","\u0001\u0001x","#5"]"##
        );
    }
}
