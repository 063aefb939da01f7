//! `condition ? yes : no`

use super::Env;
use super::describe::report;
use super::evaluate_in;
use super::operators::bounds;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;
use crate::value::unify_unsafe;

/// Both sides are evaluated, because the type of the result depends on both; errors count only on the side that is taken.
pub(super) fn conditional(
    expr: &Expr,
    condition: &Expr,
    yes: &Expr,
    no: &Expr,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Value {
    let (mut yes_found, mut no_found) = (Diagnostics::new(), Diagnostics::new());
    let a = evaluate_in(yes, env, &mut yes_found);
    let b = evaluate_in(no, env, &mut no_found);
    let Some(ty) = result_type(&a, &b) else {
        let detail = format!(
            "The true and false result expressions must have consistent types. {}",
            mismatch(&a.ty(), &b.ty())
        );
        let diagnostic = Diagnostic::error("Inconsistent conditional result types", detail)
            .at(yes.span.cover(no.span))
            .within(expr.span);
        report(diagnostic, expr, env, found);
        return Value::unknown(Type::Any);
    };

    let before = found.len();
    let chosen = evaluate_in(condition, env, found);
    let take = decide(&chosen, condition, expr.span, env, found);
    // As in Terraform the result has the marks of both sides, whichever is taken: nothing is told by their absence.
    let marks = chosen.marks().union(a.marks()).union(b.marks());
    let (value, problems, which) = match take {
        Some(true) => (a, yes_found, "true"),
        Some(false) => (b, no_found, "false"),
        None if super::failed_since(found, before) => return Value::unknown(ty),
        None => return either(&a, &b, ty, marks),
    };
    found.extend(problems);
    if ty == Type::Any {
        return value.with_marks(marks);
    }
    match convert(&value, &ty) {
        Ok(value) => value.with_marks(marks),
        Err(e) => {
            let detail = format!("The {which} result value has the wrong type: {}.", e.with_path());
            let diagnostic = Diagnostic::error("Inconsistent conditional result types", detail)
                .at(yes.span.cover(no.span))
                .within(expr.span);
            report(diagnostic, expr, env, found);
            Value::unknown(ty).with_marks(marks)
        }
    }
}

/// What a condition says; nothing if it is not known, or if it is an error, which is recorded.
pub(super) fn decide(
    value: &Value,
    condition: &Expr,
    whole: Span,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Option<bool> {
    let diagnostic = if value.is_null() {
        Diagnostic::error(
            "Null condition",
            "The condition value is null. Conditions must either be true or false.",
        )
    } else if !value.is_known() {
        return None;
    } else {
        match convert(value, &Type::Bool) {
            Ok(b) => return b.as_bool(),
            Err(_) => Diagnostic::error(
                "Incorrect condition type",
                "The condition expression must be of type bool.",
            ),
        }
    };
    report(diagnostic.at(condition.span).within(whole), condition, env, found);
    None
}

fn result_type(a: &Value, b: &Value) -> Option<Type> {
    let (x, y) = (a.ty(), b.ty());
    if x == y {
        return Some(x);
    }
    if a.is_null() && x == Type::Any && a.marks().is_empty() {
        return Some(y);
    }
    if b.is_null() && y == Type::Any && b.marks().is_empty() {
        return Some(x);
    }
    if x == Type::Any || y == Type::Any {
        return Some(Type::Any);
    }
    unify_unsafe(&[x, y])
}

/// The result while the condition is unknown: unknown, with what holds for both sides.
fn either(a: &Value, b: &Value, ty: Type, marks: Marks) -> Value {
    if a.is_null() && b.is_null() {
        return Value::null(ty).with_marks(marks);
    }
    let not_null = |v: &Value| match v.kind() {
        Kind::Null(_) => false,
        Kind::Unknown(u) => u.refinement.not_null,
        _ => true,
    };
    let mut known = Refinement {
        not_null: not_null(a) && not_null(b),
        ..Refinement::default()
    };
    if ty == Type::Number && a.ty() == Type::Number && b.ty() == Type::Number {
        let ((a_min, a_max), (b_min, b_max)) = (bounds(a), bounds(b));
        known.min = a_min.zip(b_min).map(|(x, y)| (x.min(y), true));
        known.max = a_max.zip(b_max).map(|(x, y)| (x.max(y), true));
    } else if ty.is_collection() && a.ty() == b.ty() {
        let ((a_min, a_max), (b_min, b_max)) = (lengths(a), lengths(b));
        known.min_length = a_min.zip(b_min).map(|(x, y)| x.min(y));
        known.max_length = a_max.zip(b_max).map(|(x, y)| x.max(y));
    }
    if ty == Type::Any {
        known = Refinement::default();
    }
    Value::unknown_with(ty, known).with_marks(marks)
}

fn lengths(value: &Value) -> (Option<usize>, Option<usize>) {
    let length = match value.kind() {
        Kind::Unknown(u) => return (u.refinement.min_length, u.refinement.max_length),
        Kind::List(s) => s.items.len(),
        Kind::Map(m) => m.items.len(),
        Kind::Set(s) if value.is_wholly_known() => s.items.len(),
        Kind::Set(s) => return (Some(s.items.len().min(1)), Some(s.items.len())),
        _ => return (None, None),
    };
    (Some(length), Some(length))
}

fn mismatch(yes: &Type, no: &Type) -> String {
    match (yes, no) {
        (Type::Object(a), Type::Object(b)) => {
            for (name, ty) in a.attributes() {
                match b.get(name) {
                    None => {
                        return format!(
                            "The 'true' value includes object attribute {:?}, which is absent in the 'false' value.",
                            name.as_str()
                        );
                    }
                    Some(other) if other != ty => {
                        return format!(
                            "Type mismatch for object attribute {:?}: {}",
                            name.as_str(),
                            mismatch(ty, other)
                        );
                    }
                    Some(_) => {}
                }
            }
            if let Some((name, _)) = b.attributes().iter().find(|(n, _)| a.get(n).is_none()) {
                return format!(
                    "The 'false' value includes object attribute {:?}, which is absent in the 'true' value.",
                    name.as_str()
                );
            }
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            if a.len() != b.len() {
                return format!(
                    "The 'true' tuple has length {}, but the 'false' tuple has length {}.",
                    a.len(),
                    b.len()
                );
            }
            if let Some(i) = (0..a.len()).find(|i| a[*i] != b[*i]) {
                return format!("Type mismatch for tuple element {i}: {}", mismatch(&a[i], &b[i]));
            }
        }
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
            if matches!(
                (&**a, &**b),
                (Type::Object(_), Type::Object(_)) | (Type::Tuple(_), Type::Tuple(_))
            ) {
                let noun = match yes {
                    Type::List(_) => "list",
                    Type::Set(_) => "set",
                    _ => "map",
                };
                return format!("Mismatched {noun} element types: {}", mismatch(a, b));
            }
        }
        _ => {}
    }
    let (a, b) = (yes.friendly_name(), no.friendly_name());
    if a == b {
        return "At least one deeply-nested attribute or element is not compatible across both the 'true' and the \
                'false' value."
            .into();
    }
    format!("The 'true' value is {a}, but the 'false' value is {b}.")
}
