//! `format` and `formatlist`: text from a pattern with verbs, the verbs of Go's `fmt`.

use unicode_segmentation::UnicodeSegmentation;

use super::Function;
use super::FunctionError;
use super::Param;
use super::Surroundings;
use super::define::Outcome;
use super::define::anything;
use super::define::failed;
use super::define::function;
use super::define::string;
use super::define::text;
use super::define::unknown;
use super::define::unknown_with_prefix;
use super::define::wrong;
use super::go_number;
use super::go_number::Verb;
use crate::syntax::go_quoted;
use crate::value::Kind;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;
use crate::value::to_json;

/// Widths and precisions of numbers beyond this are refused, as in Go.
const WIDEST: usize = 1_000_000;

pub(super) fn functions() -> Vec<Function> {
    let args: Param = anything("args");
    vec![
        function(
            "format",
            "Text from a pattern with verbs such as `%s` and `%d`.",
            [string("format")],
            |a| Ok(if open(a) { Type::Any } else { Type::String }),
            format,
        )
        .variadic(args.clone()),
        function(
            "formatlist",
            "A list of texts from a pattern with verbs, one for each element of the lists given.",
            [string("format")],
            |a| {
                Ok(if open(a) {
                    Type::Any
                } else {
                    Type::list(Type::String)
                })
            },
            formatlist,
        )
        .variadic(args),
    ]
}

/// Whether an argument has no type yet, which also the bare `null` has not: the result is unknown then, as in Terraform.
fn open(args: &[Value]) -> bool {
    args[1..].iter().any(Value::is_untyped)
}

fn format(args: &[Value], _: &Surroundings) -> Outcome {
    if open(args) {
        return Ok(unknown(Type::Any));
    }
    let pattern = text(args, 0);
    if args[1..].iter().any(|a| !a.is_wholly_known()) {
        return Ok(match pattern.find('%') {
            Some(at) if at > 0 => unknown_with_prefix(&pattern[..at]),
            _ => unknown(Type::String),
        });
    }
    Ok(Value::string(write(pattern, &args[1..])?))
}

fn formatlist(args: &[Value], _: &Surroundings) -> Outcome {
    if open(args) {
        return Ok(unknown(Type::Any));
    }
    let pattern = text(args, 0);
    let args = &args[1..];
    let result = Type::list(Type::String);
    let mut length: Option<(usize, usize)> = None;
    let mut waiting = false;
    for (i, arg) in args.iter().enumerate() {
        let this = match arg.kind() {
            Kind::List(s) => s.items.len(),
            Kind::Set(s) if arg.is_wholly_known() => s.items.len(),
            Kind::Tuple(t) => t.len(),
            Kind::Set(_) => {
                waiting = true;
                continue;
            }
            Kind::Unknown(u) => match &u.ty {
                Type::List(_) | Type::Set(_) => {
                    waiting = true;
                    continue;
                }
                Type::Tuple(t) => {
                    waiting = true;
                    t.len()
                }
                _ => continue,
            },
            _ => continue,
        };
        match length {
            None => length = Some((i, this)),
            Some((_, first)) if first == this => {}
            Some((chooser, first)) => {
                return Err(wrong(
                    i + 1,
                    format!(
                        "argument {} has length {this}, which is inconsistent with argument {} of length {first}",
                        i + 1,
                        chooser + 1
                    ),
                ));
            }
        }
    }
    if waiting {
        return Ok(unknown(result));
    }
    let mut out = Vec::new();
    let rows = length.map_or(1, |(_, n)| n);
    let mut length = 0;
    for at in 0..rows {
        let row: Vec<Value> = args
            .iter()
            .map(|a| match a.items() {
                Some(items) => items.get(at).cloned().unwrap_or_else(|| a.clone()),
                None => a.clone(),
            })
            .collect();
        if row.iter().any(|v| !v.is_wholly_known()) {
            out.push(Value::unknown_not_null(Type::String));
            continue;
        }
        let written = write(pattern, &row).map_err(|e| match e {
            // Without arguments it is `format` in all but the result.
            FunctionError::Call(m) if args.is_empty() => failed(m),
            FunctionError::Call(m) | FunctionError::Argument(_, m) => {
                failed(format!("error on format iteration {at}: {m}"))
            }
        })?;
        length += written.len();
        if length > super::string::LONGEST {
            return Err(super::string::too_long());
        }
        out.push(Value::string(written));
    }
    Ok(Value::list(Type::String, out))
}

/// Fills a pattern with values that are known throughout.
pub(super) fn write(pattern: &str, args: &[Value]) -> Result<String, FunctionError> {
    let mut out = String::new();
    let mut rest = pattern;
    let (mut next, mut highest) = (1usize, 0usize);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(r) = rest.strip_prefix("%%") {
            out.push('%');
            rest = r;
            continue;
        }
        let start = pattern.len() - rest.len();
        let (verb, arg, after) = read_verb(pattern, start, next)?;
        highest = highest.max(arg);
        let raw = &pattern[start..after];
        let value = args.get(arg - 1).ok_or_else(|| {
            failed(format!(
                "not enough arguments for {} at {start}: need index {arg} but have {} total",
                go_quoted(raw),
                args.len()
            ))
        })?;
        write_value(&mut out, &verb, value).map_err(|problem| {
            failed(match problem {
                Problem::Value(why) => format!("unsupported value for {} at {start}: {why}", go_quoted(raw)),
                Problem::Verb => format!(
                    "unsupported format verb {} in {} at offset {start}",
                    quote_char(verb.mode),
                    go_quoted(raw)
                ),
            })
        })?;
        if out.len() > super::string::LONGEST {
            return Err(failed("the result would be longer than 64 MiB"));
        }
        next = arg.saturating_add(1);
        rest = &pattern[after..];
    }
    out.push_str(rest);
    if highest < args.len() {
        let message = if highest == 0 {
            "too many arguments; no verbs in format string".to_owned()
        } else {
            format!("too many arguments; only {highest} used by format string")
        };
        return Err(wrong(highest + 1, message));
    }
    Ok(out)
}

fn quote_char(c: char) -> String {
    format!("'{c}'")
}

/// A verb that starts with `%` at `start`: the verb, the number of its argument (from 1), and where it ends.
fn read_verb(pattern: &str, start: usize, next: usize) -> Result<(Verb, usize, usize), FunctionError> {
    let bytes = pattern.as_bytes();
    let mut p = start + 1;
    let mut verb = Verb::default();
    let number = |p: &mut usize| {
        let mut n = 0usize;
        while let Some(b) = bytes.get(*p).filter(|b| b.is_ascii_digit()) {
            n = n.saturating_mul(10).saturating_add(usize::from(b - b'0'));
            *p += 1;
        }
        n
    };
    while let Some(b) = bytes.get(p) {
        match b {
            b'0' => verb.zero = true,
            b'#' => verb.sharp = true,
            b'-' => verb.minus = true,
            b'+' => verb.plus = true,
            b' ' => verb.space = true,
            _ => break,
        }
        p += 1;
    }
    if matches!(bytes.get(p), Some(b'1'..=b'9')) {
        verb.width = Some(number(&mut p));
    }
    if bytes.get(p) == Some(&b'.') {
        p += 1;
        verb.precision = Some(number(&mut p));
    }
    let mut arg = next;
    if bytes.get(p) == Some(&b'[') && p + 1 < bytes.len() {
        p += 1;
        if matches!(bytes.get(p), Some(b'1'..=b'9')) {
            arg = number(&mut p);
            if bytes.get(p) == Some(&b']') {
                p += 1;
            } else {
                return Err(unexpected(pattern, p));
            }
        } else {
            return Err(unexpected(pattern, p));
        }
    }
    match bytes.get(p) {
        Some(b) if b.is_ascii_alphabetic() => {
            verb.mode = *b as char;
            Ok((verb, arg, p + 1))
        }
        Some(b'[') => Err(unexpected(pattern, p + 1)),
        _ => Err(unexpected(pattern, p)),
    }
}

fn unexpected(pattern: &str, at: usize) -> FunctionError {
    match pattern.get(at..).and_then(|s| s.chars().next()) {
        Some(c) => failed(format!(
            "unrecognized format character {} at offset {at}",
            quote_char(c)
        )),
        None => failed(format!("invalid format string starting at offset {at}")),
    }
}

enum Problem {
    Value(String),
    Verb,
}

fn write_value(out: &mut String, verb: &Verb, value: &Value) -> Result<(), Problem> {
    if verb.mode != 'v' && value.is_null() {
        return Err(Problem::Value("null value cannot be formatted".into()));
    }
    let to = |ty: Type| convert(value, &ty).map_err(|e| Problem::Value(e.to_string()));
    match verb.mode {
        'v' => {
            let plain = match value.kind() {
                Kind::String(s) if !verb.sharp => s.to_string(),
                Kind::Number(n) if !verb.sharp => go_number::shortest(n),
                _ => to_json(value).map_err(|e| Problem::Value(e.to_string()))?,
            };
            pad(out, verb, &plain)?;
        }
        't' => {
            let b = to(Type::Bool)?;
            out.push_str(if b.as_bool() == Some(true) {
                "true"
            } else {
                "false"
            });
        }
        'b' | 'd' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G' => {
            let converted = to(Type::Number)?;
            let Some(n) = converted.as_number() else {
                return Err(Problem::Value("a number is required".into()));
            };
            if verb.width.unwrap_or(0) > WIDEST || verb.precision.unwrap_or(0) > WIDEST {
                return Err(Problem::Value(format!(
                    "width and precision must not be greater than {WIDEST}"
                )));
            }
            match verb.mode {
                'b' | 'd' | 'o' | 'x' | 'X' => go_number::integer(out, verb, n)
                    .ok_or_else(|| Problem::Value("an integer is required".into()))?,
                _ => out.push_str(&go_number::float(verb, n)),
            }
        }
        's' | 'q' => {
            let converted;
            let mut s = match value.as_str() {
                Some(s) => s,
                None => {
                    converted = to(Type::String)?;
                    converted.as_str().unwrap_or_default()
                }
            };
            if let Some(most) = verb.precision.filter(|p| *p > 0)
                && let Some((end, _)) = s.grapheme_indices(true).nth(most)
            {
                s = &s[..end];
            }
            if verb.mode == 'q' {
                let quoted = to_json(&Value::string(s)).map_err(|e| Problem::Value(e.to_string()))?;
                return pad(out, verb, &quoted);
            }
            pad(out, verb, s)?;
        }
        _ => return Err(Problem::Verb),
    }
    Ok(())
}

fn pad(out: &mut String, verb: &Verb, s: &str) -> Result<(), Problem> {
    let Some(width) = verb.width else {
        out.push_str(s);
        return Ok(());
    };
    if width > super::string::LONGEST {
        return Err(Problem::Value("the result would be longer than 64 MiB".into()));
    }
    let missing = width.saturating_sub(super::string::graphemes(s));
    let pads = if verb.zero { "0" } else { " " }.repeat(missing);
    if verb.minus {
        out.push_str(s);
        out.push_str(&pads);
    } else {
        out.push_str(&pads);
        out.push_str(s);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
