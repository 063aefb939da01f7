//! What the references in a failing expression stand for, in a few words.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Env;
use super::Scope;
use super::access;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::syntax::Expr;
use crate::syntax::StepKind;
use crate::syntax::Traversal;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Number;
use crate::value::Type;
use crate::value::Value;

/// Records a problem of `expr`, with what its references stand for.
pub(super) fn report(mut diagnostic: Diagnostic, expr: &Expr, env: Env<'_>, found: &mut Diagnostics) {
    let mut values = BTreeMap::new();
    expr.for_each_traversal(&mut |t| describe_traversal(t, env, &mut values));
    diagnostic.values = values.into_iter().collect();
    found.push(diagnostic);
}

/// What the references of an expression stand for, as [`Diagnostic::values`] has it: for problems that are found with the
/// value of an expression rather than on the way to it.
pub fn describe_references(expr: &Expr, scope: &dyn Scope) -> Vec<(String, String)> {
    let env = Env {
        scope,
        variables: None,
        item: None,
    };
    let mut values = BTreeMap::new();
    expr.for_each_traversal(&mut |t| describe_traversal(t, env, &mut values));
    values.into_iter().collect()
}

/// The references of an expression that are not known yet: for problems that come of that.
pub fn describe_unknown(expr: &Expr, scope: &dyn Scope) -> Vec<(String, String)> {
    let env = Env {
        scope,
        variables: None,
        item: None,
    };
    let mut values = BTreeMap::new();
    expr.for_each_traversal(&mut |t| {
        if let Some((value, taken)) = value_of(t, env)
            && !value.is_wholly_known()
        {
            let text = if value.is_known() {
                "has parts that will be known only after apply"
            } else {
                "will be known only after apply"
            };
            values.insert(written(t, taken), text.to_owned());
        }
    });
    values.into_iter().collect()
}

/// The longest part of the traversal that has a value is described.
fn describe_traversal(traversal: &Traversal, env: Env<'_>, values: &mut BTreeMap<String, String>) {
    if let Some((value, taken)) = value_of(traversal, env)
        && let Some(text) = describe(&value)
    {
        values.insert(written(traversal, taken), text);
    }
}

/// The value of the longest part of the traversal that has one, and how many steps that part has.
fn value_of(traversal: &Traversal, env: Env<'_>) -> Option<(Value, usize)> {
    let (start, skip) = match env.variable(&traversal.root.name) {
        Some(value) => (value.clone(), 0),
        None => {
            let reference = traversal.reference.as_ref().ok()?;
            (env.scope.resolve(reference).ok()?, reference.consumed)
        }
    };
    let mut value = start;
    let mut taken = skip;
    for step in traversal.steps.iter().skip(skip) {
        match access::step(&value, step) {
            Ok(inner) => value = inner,
            Err(_) => break,
        }
        taken += 1;
    }
    // A variable of a `for` alone says nothing that the reader could look up.
    (taken > 0).then_some((value, taken))
}

fn written(traversal: &Traversal, steps: usize) -> String {
    let mut out = traversal.root.name.to_string();
    for step in traversal.steps.iter().take(steps) {
        // INVARIANT: writing to a string cannot fail.
        let _ = match &step.kind {
            StepKind::Attr(name) => write!(out, ".{name}"),
            StepKind::Index(key) => match key.kind() {
                Kind::String(s) => write!(out, "[{:?}]", s.as_str()),
                Kind::Number(n) => write!(out, "[{n}]"),
                _ => write!(out, "[...]"),
            },
        };
    }
    out
}

/// `is 3`, `is object with 2 attributes`, `is (sensitive value)`; nothing for what is not known at all.
pub fn describe(value: &Value) -> Option<String> {
    match value.kind() {
        _ if !value.marks().is_empty() => Some(format!("is {}", compact(value))),
        Kind::Unknown(u) if u.ty == Type::Any => None,
        Kind::Unknown(u) => Some(format!("is a {}", u.ty.friendly_name())),
        _ => Some(format!("is {}", compact(value))),
    }
}

/// A value in a few words; never what is marked.
pub fn compact(value: &Value) -> String {
    if value.marks().contains(Marks::SENSITIVE) {
        return "(sensitive value)".into();
    }
    if value.marks().contains(Marks::EPHEMERAL) {
        return "(ephemeral value)".into();
    }
    match value.kind() {
        Kind::Null(_) => "null".into(),
        Kind::Unknown(_) => "(not yet known)".into(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => ten_digits(n),
        Kind::String(s) => quoted(s.as_str()),
        Kind::Object(o) => match &o[..] {
            [] => "object with no attributes".into(),
            [(name, _)] => format!("object with 1 attribute {:?}", name.as_str()),
            more => format!("object with {} attributes", more.len()),
        },
        Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Tuple(_) => {
            let ty = value.ty().friendly_name();
            let length = value
                .items()
                .map_or_else(|| value.entries().map_or(0, <[_]>::len), <[_]>::len);
            match length {
                0 => format!("empty {ty}"),
                1 => format!("{ty} with 1 element"),
                n => format!("{ty} with {n} elements"),
            }
        }
    }
}

/// Characters of a text that are shown; what is longer is cut.
const LONGEST_TEXT: usize = 60;

/// A text in quotes, cut where it is long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => format!("{text:?}"),
        Some((cut, _)) => format!(
            "{:?}... ({} characters)",
            text.get(..cut).unwrap_or_default(),
            text.chars().count()
        ),
    }
}

/// A number with ten digits at most, and an exponent where it is very large or small.
fn ten_digits(n: &Number) -> String {
    let text = n.to_string();
    if text.len() <= 10 {
        return text;
    }
    let f = n.to_f64();
    let scientific = format!("{f:.9e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |s: &str| {
        if s.contains('.') {
            s.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            s.to_owned()
        }
    };
    if (-4..10).contains(&exponent) {
        trim(&format!("{f:.*}", (9 - exponent).max(0) as usize))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
    }
}
