//! Functions on text.

use unicode_segmentation::UnicodeSegmentation;

use super::Function;
use super::Param;
use super::Surroundings;
use super::case;
use super::define::Outcome;
use super::define::failed;
use super::define::function;
use super::define::gives_bool;
use super::define::gives_string;
use super::define::gives_strings;
use super::define::items;
use super::define::number;
use super::define::refinement;
use super::define::string;
use super::define::strings;
use super::define::text;
use super::define::unknown;
use super::define::whole;
use super::define::wrong;
use super::regex;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;

/// No function makes a text longer than this out of a number that says how long: 64 MiB.
pub(super) const LONGEST: usize = 64 << 20;

/// No function cuts a text into more parts than these.
pub(super) const MOST_PARTS: usize = 1 << 20;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    let list = |name| Param::new(name, Type::list(Type::String));
    vec![
        function(
            "chomp",
            "Removes the line ends at the end of a text.",
            [string("str")],
            gives_string,
            |a, _| Ok(Value::string(text(a, 0).trim_end_matches(['\n', '\r']))),
        ),
        function(
            "endswith",
            "Whether a text ends with another one.",
            [string("str"), string("suffix")],
            gives_bool,
            |a, _| Ok(Value::bool(text(a, 0).ends_with(text(a, 1)))),
        ),
        function(
            "indent",
            "Puts spaces in front of every line but the first.",
            [number("spaces"), string("str")],
            gives_string,
            indent,
        ),
        function(
            "join",
            "Puts the elements of lists together, with a separator between them.",
            [string("separator")],
            gives_string,
            join,
        )
        .variadic(list("lists")),
        function(
            "lower",
            "A text in lower case.",
            [string("str")],
            gives_string,
            |a, _| Ok(Value::string(case::lower(text(a, 0)))),
        ),
        function(
            "replace",
            "Replaces every occurrence of a text, or of a regular expression that is written between slashes.",
            [string("str"), string("substr"), string("replace")],
            gives_string,
            replace,
        ),
        function(
            "sort",
            "Sorts a list of text by its code points.",
            [list("list").unknowable()],
            gives_strings,
            sort,
        ),
        function(
            "split",
            "The parts of a text between separators.",
            [string("separator"), string("str")],
            gives_strings,
            split,
        ),
        function(
            "startswith",
            "Whether a text starts with another one.",
            [string("str").unknowable(), string("prefix")],
            gives_bool,
            startswith,
        ),
        function(
            "strcontains",
            "Whether a text occurs in another one.",
            [string("str"), string("substr")],
            gives_bool,
            |a, _| Ok(Value::bool(text(a, 0).contains(text(a, 1)))),
        ),
        function(
            "strrev",
            "A text backwards, by characters as people see them.",
            [string("str")],
            gives_string,
            |a, _| {
                Ok(Value::string(
                    text(a, 0).graphemes(true).rev().collect::<String>(),
                ))
            },
        ),
        function(
            "substr",
            "A part of a text, by characters as people see them.",
            [string("str"), number("offset"), number("length")],
            gives_string,
            substr,
        ),
        function(
            "title",
            "A text with the first letter of every word in upper case.",
            [string("str")],
            gives_string,
            |a, _| Ok(Value::string(case::title(text(a, 0)))),
        ),
        function(
            "trim",
            "Removes any of the given characters from both ends.",
            [string("str"), string("cutset")],
            gives_string,
            |a, _| {
                Ok(Value::string(
                    text(a, 0).trim_matches(|c| text(a, 1).contains(c)),
                ))
            },
        ),
        function(
            "trimprefix",
            "Removes a text from the start, once.",
            [string("str"), string("prefix")],
            gives_string,
            |a, _| {
                let s = text(a, 0);
                Ok(Value::string(s.strip_prefix(text(a, 1)).unwrap_or(s)))
            },
        ),
        function(
            "trimspace",
            "Removes white space from both ends.",
            [string("str")],
            gives_string,
            |a, _| Ok(Value::string(text(a, 0).trim())),
        ),
        function(
            "trimsuffix",
            "Removes a text from the end, once.",
            [string("str"), string("suffix")],
            gives_string,
            |a, _| {
                let s = text(a, 0);
                Ok(Value::string(s.strip_suffix(text(a, 1)).unwrap_or(s)))
            },
        ),
        function(
            "upper",
            "A text in upper case.",
            [string("str")],
            gives_string,
            |a, _| Ok(Value::string(case::upper(text(a, 0)))),
        ),
    ]
    .into_iter()
    .chain(regex::functions())
    .chain(super::format::functions())
    .collect()
}

fn indent(a: &[Value], _: &Surroundings) -> Outcome {
    let spaces = whole(&a[0]).map_err(failed)?;
    let spaces = usize::try_from(spaces).map_err(|_| wrong(0, "must not be negative"))?;
    let s = text(a, 1);
    let lines = s.matches('\n').count();
    if lines.saturating_mul(spaces) > LONGEST {
        return Err(wrong(0, "the result would be longer than 64 MiB"));
    }
    let end = format!("\n{}", " ".repeat(if lines == 0 { 0 } else { spaces }));
    Ok(Value::string(s.replace('\n', &end)))
}

fn join(a: &[Value], _: &Surroundings) -> Outcome {
    let lists = &a[1..];
    if lists.is_empty() {
        return Err(failed("at least one list is required"));
    }
    if lists.iter().any(|l| !l.is_wholly_known()) {
        return Ok(unknown(Type::String));
    }
    let mut parts = Vec::new();
    for (i, list) in lists.iter().enumerate() {
        for (j, v) in items(list).iter().enumerate() {
            match v.as_str() {
                Some(s) => parts.push(s),
                None if lists.len() > 1 => {
                    return Err(wrong(
                        i + 1,
                        format!(
                            "element {j} of list {} is null; cannot concatenate null values",
                            i + 1
                        ),
                    ));
                }
                None => {
                    return Err(wrong(
                        i + 1,
                        format!("element {j} is null; cannot concatenate null values"),
                    ));
                }
            }
        }
    }
    let separator = text(a, 0);
    let length: usize = parts.iter().map(|p| p.len() + separator.len()).sum();
    if length > LONGEST + separator.len() {
        return Err(too_long());
    }
    Ok(Value::string(parts.join(separator)))
}

fn replace(a: &[Value], _: &Surroundings) -> Outcome {
    let (s, from, to) = (text(a, 0), text(a, 1), text(a, 2));
    if from.len() > 1
        && let Some(pattern) = from.strip_prefix('/').and_then(|p| p.strip_suffix('/'))
    {
        let regex = regex::compile(pattern).map_err(|e| failed(e.as_go()))?;
        let out = regex.replace_all(s, to, LONGEST).ok_or_else(too_long)?;
        return Ok(Value::string(out));
    }
    let more = to.len().saturating_sub(from.len());
    if s.len() + s.matches(from).count().saturating_mul(more) > LONGEST {
        return Err(too_long());
    }
    Ok(Value::string(s.replace(from, to)))
}

/// The refusal of a result that would fill the memory.
pub(super) fn too_long() -> super::FunctionError {
    failed(format!("the result would be longer than {} MiB", LONGEST >> 20))
}

fn sort(a: &[Value], _: &Surroundings) -> Outcome {
    let list = &a[0];
    if !list.is_wholly_known() {
        let (min, max) = match list.items() {
            Some(items) => (Some(items.len()), Some(items.len())),
            None => {
                let r = refinement(list);
                (r.min_length, r.max_length)
            }
        };
        return Ok(Value::unknown_with(
            Type::list(Type::String),
            Refinement {
                not_null: true,
                min_length: min,
                max_length: max,
                ..Refinement::default()
            },
        ));
    }
    let mut texts = Vec::with_capacity(items(list).len());
    for (i, v) in items(list).iter().enumerate() {
        texts.push(v.as_str().ok_or_else(|| {
            failed(format!(
                "given list element {i} is null; a null string cannot be sorted"
            ))
        })?);
    }
    texts.sort_unstable();
    Ok(strings(texts))
}

fn split(a: &[Value], _: &Surroundings) -> Outcome {
    let (separator, s) = (text(a, 0), text(a, 1));
    if separator.is_empty() {
        if s.len() > MOST_PARTS {
            return Err(too_many());
        }
        return Ok(strings(s.chars().map(String::from)));
    }
    if s.matches(separator).count() > MOST_PARTS {
        return Err(too_many());
    }
    Ok(strings(s.split(separator)))
}

/// The refusal of a list that would fill the memory.
pub(super) fn too_many() -> super::FunctionError {
    failed(format!("the result would have more than {MOST_PARTS} elements"))
}

fn startswith(a: &[Value], _: &Surroundings) -> Outcome {
    let prefix = text(a, 1);
    if let Some(s) = a[0].as_str() {
        return Ok(Value::bool(s.starts_with(prefix)));
    }
    if prefix.is_empty() {
        return Ok(Value::bool(true));
    }
    if let Some(known) = refinement(&a[0]).prefix {
        if known.starts_with(prefix) {
            return Ok(Value::bool(true));
        }
        if !prefix.starts_with(known.as_str()) {
            return Ok(Value::bool(false));
        }
    }
    Ok(unknown(Type::Bool))
}

fn substr(a: &[Value], _: &Surroundings) -> Outcome {
    let s = text(a, 0);
    let mut offset = whole(&a[1]).map_err(failed)?;
    let length = whole(&a[2]).map_err(failed)?;
    if offset < 0 {
        let total = i64::try_from(graphemes(s)).unwrap_or(i64::MAX);
        offset = offset.saturating_add(total);
    } else if length == 0 {
        return Ok(Value::string(""));
    }
    let rest = &s[grapheme_at(s, usize::try_from(offset).unwrap_or(0))..];
    // A length of 0 behind a negative offset takes everything, as Terraform does.
    let taken = if length > 0 {
        grapheme_at(rest, usize::try_from(length).unwrap_or(usize::MAX))
    } else {
        rest.len()
    };
    Ok(Value::string(&rest[..taken]))
}

/// Whether every byte is a character as people see them.
fn is_plain(s: &str) -> bool {
    // The two bytes of a line end are one character.
    s.is_ascii() && !s.contains('\r')
}

/// How many characters a text has, as people see them.
pub(super) fn graphemes(s: &str) -> usize {
    if is_plain(s) {
        s.len()
    } else {
        s.graphemes(true).count()
    }
}

/// Where the character of that number (from 0) begins; the end of the text if it has fewer.
fn grapheme_at(s: &str, number: usize) -> usize {
    if is_plain(s) {
        number.min(s.len())
    } else {
        s.grapheme_indices(true).nth(number).map_or(s.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests;
