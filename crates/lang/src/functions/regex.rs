//! Regular expressions as Go reads them, on top of the `regex` crate: `regex`, `regexall`, and what `replace` needs.

use std::cell::RefCell;
use std::rc::Rc;

use ::regex::Captures;
use ::regex::Regex;
use rustc_hash::FxHashMap;

use super::Function;
use super::FunctionError;
use super::Surroundings;
use super::define::Outcome;
use super::define::failed;
use super::define::function;
use super::define::string;
use super::define::text;
use super::define::unknown;
use super::define::wrong;
use super::re2;
use crate::value::Name;
use crate::value::Type;
use crate::value::Value;

/// The functions whose whole purpose is a regular expression.
pub(super) fn functions() -> Vec<Function> {
    vec![
        function(
            "regex",
            "The first match of a regular expression: text, or its groups as a tuple or an object.",
            [string("pattern"), string("string")],
            regex_type,
            regex,
        ),
        function(
            "regexall",
            "All matches of a regular expression, each as `regex` gives it.",
            [string("pattern"), string("string")],
            |a| regex_type(a).map(Type::list),
            regexall,
        ),
    ]
}

/// A pattern in Go's syntax, ready to search.
pub(super) struct Pattern {
    regex: Regex,
    /// Name of each group, in order; empty: it has none.
    names: Vec<String>,
}

/// How many compiled patterns are kept: a `for` expression uses the same few again and again.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<FxHashMap<String, Rc<Pattern>>> = RefCell::default();
}

/// Compiles a pattern, or finds it compiled.
pub(super) fn compile(pattern: &str) -> Result<Rc<Pattern>, re2::Error> {
    if let Some(found) = COMPILED.with_borrow(|c| c.get(pattern).cloned()) {
        return Ok(found);
    }
    let translated = re2::translate(pattern)?;
    let regex = ::regex::RegexBuilder::new(&translated.pattern)
        .nest_limit(re2::DEEPEST + 100)
        .size_limit(16 << 20)
        .build()
        .map_err(|e| match e {
            ::regex::Error::CompiledTooBig(_) => re2::Error::new("expression too large", pattern),
            _ => re2::Error::new("invalid or unsupported syntax", pattern),
        })?;
    let compiled = Rc::new(Pattern {
        regex,
        names: translated.names,
    });
    COMPILED.with_borrow_mut(|c| {
        if c.len() >= KEPT {
            c.clear();
        }
        c.insert(pattern.to_owned(), Rc::clone(&compiled));
    });
    Ok(compiled)
}

impl Pattern {
    /// The type that describes a match; mixing groups with and without a name is an error.
    fn result(&self) -> Result<Type, String> {
        let named = self.names.iter().filter(|n| !n.is_empty()).count();
        if self.names.is_empty() {
            Ok(Type::String)
        } else if named == 0 {
            Ok(Type::tuple(self.names.iter().map(|_| Type::String)))
        } else if named == self.names.len() {
            Ok(Type::object(
                self.names.iter().map(|n| (Name::from(n.as_str()), Type::String)),
            ))
        } else {
            Err("invalid regexp pattern: cannot mix both named and unnamed capture groups".into())
        }
    }

    fn value(&self, found: &Captures<'_>) -> Value {
        let group = |i| match found.get(i) {
            Some(m) => Value::string(m.as_str()),
            None => Value::null(Type::String),
        };
        match self.names.first() {
            None => group(0),
            Some(n) if n.is_empty() => Value::tuple((1..=self.names.len()).map(group)),
            Some(_) => Value::object(
                self.names
                    .iter()
                    .enumerate()
                    .map(|(i, n)| (Name::from(n.as_str()), group(i + 1))),
            ),
        }
    }

    /// Replaces every match; `$1`, `${name}` in the replacement stand for groups, `$$` for a dollar sign. None: the result would
    /// be longer than `most` bytes.
    pub(super) fn replace_all(&self, s: &str, replacement: &str, most: usize) -> Option<String> {
        let mut out = String::new();
        let mut last = 0;
        for found in self.regex.captures_iter(s) {
            let Some(whole) = found.get(0) else { continue };
            out.push_str(&s[last..whole.start()]);
            out.push_str(&self.expand(&found, replacement));
            last = whole.end();
            if out.len() > most {
                return None;
            }
        }
        out.push_str(&s[last..]);
        Some(out)
    }

    fn expand(&self, found: &Captures<'_>, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(r) = rest.strip_prefix('$') {
                out.push('$');
                rest = r;
                continue;
            }
            let Some((name, r)) = group_name(rest) else {
                out.push('$');
                continue;
            };
            rest = r;
            let index = match name.parse::<usize>() {
                Ok(n)
                    if name.bytes().all(|b| b.is_ascii_digit())
                        && (name == "0" || !name.starts_with('0')) =>
                {
                    Some(n)
                }
                _ => self
                    .names
                    .iter()
                    .enumerate()
                    .map(|(i, n)| (i + 1, n))
                    .find(|(i, n)| n.as_str() == name && found.get(*i).is_some())
                    .map(|(i, _)| i),
            };
            if let Some(m) = index.and_then(|i| found.get(i)) {
                out.push_str(m.as_str());
            }
        }
        out.push_str(rest);
        out
    }
}

/// The name behind a `$`, and what follows it: the longest run of letters, digits and `_`, or what stands in braces.
fn group_name(s: &str) -> Option<(&str, &str)> {
    let (braces, inner) = match s.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, s),
    };
    let end = inner
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braces {
        return Some((name, rest.strip_prefix('}')?));
    }
    Some((name, rest))
}

fn compiled(args: &[Value]) -> Result<Rc<Pattern>, FunctionError> {
    compile(text(args, 0)).map_err(|e| wrong(0, format!("invalid regexp pattern: {} in {}", e.code, e.part)))
}

fn regex_type(args: &[Value]) -> Result<Type, FunctionError> {
    if !args[0].is_known() {
        return Ok(Type::Any);
    }
    compiled(args)?.result().map_err(|e| wrong(0, e))
}

fn regex(args: &[Value], _: &Surroundings) -> Outcome {
    if !args[0].is_known() {
        return Ok(unknown(Type::Any));
    }
    let pattern = compiled(args)?;
    let text = text(args, 1);
    let found = if pattern.names.is_empty() {
        pattern.regex.find(text).map(|m| Value::string(m.as_str()))
    } else {
        pattern.regex.captures(text).map(|found| pattern.value(&found))
    };
    found.ok_or_else(|| failed("pattern did not match any part of the given string"))
}

fn regexall(args: &[Value], _: &Surroundings) -> Outcome {
    let ty = regex_type(args)?;
    let pattern = compiled(args)?;
    let mut all = Vec::new();
    for found in pattern.regex.captures_iter(text(args, 1)) {
        if all.len() >= super::string::MOST_PARTS {
            return Err(super::string::too_many());
        }
        all.push(pattern.value(&found));
    }
    Ok(Value::list(ty, all))
}
