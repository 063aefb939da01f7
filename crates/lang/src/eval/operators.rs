//! Operators: arithmetic, comparison, equality, logic.

use super::Env;
use super::describe::report;
use super::evaluate_in;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::syntax::BinaryOp;
use crate::syntax::Expr;
use crate::syntax::ExprKind;
use crate::syntax::UnaryOp;
use crate::value::Kind;
use crate::value::Number;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Undefined;
use crate::value::Value;
use crate::value::convert_into;
use crate::value::equals;

/// `left op right`
pub(super) fn binary(
    expr: &Expr,
    op: BinaryOp,
    left: &Expr,
    right: &Expr,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Value {
    use BinaryOp as B;
    let before = found.len();
    let a = evaluate_in(left, env, found);
    let b = evaluate_in(right, env, found);
    let (operands, result) = match op {
        B::Add | B::Sub | B::Mul | B::Div | B::Rem => (Type::Number, Type::Number),
        B::Less | B::LessEq | B::Greater | B::GreaterEq => (Type::Number, Type::Bool),
        B::And | B::Or => (Type::Bool, Type::Bool),
        B::Eq | B::NotEq => (Type::Any, Type::Bool),
    };
    let a = operand(expr, left, "left operand", a, &operands, env, found);
    let b = operand(expr, right, "right operand", b, &operands, env, found);
    let (Some(a), Some(b)) = (a, b) else {
        return Value::unknown(result);
    };
    if super::failed_since(found, before) {
        return Value::unknown(result);
    }
    if matches!(op, B::Eq | B::NotEq) {
        let marks = a.deep_marks().union(b.deep_marks());
        let equal = equals(&a, &b).map(|same| same == (op == B::Eq));
        return known_or(equal.map(Value::bool), Type::Bool).with_marks(marks);
    }
    let marks = a.marks().union(b.marks());
    if a.is_null() || b.is_null() {
        return operation_failed(expr, "argument must not be null", result, env, found);
    }
    let value = match (a.kind(), b.kind()) {
        (Kind::Number(x), Kind::Number(y)) => match arithmetic(op, x, y) {
            Ok(value) => value,
            Err(undefined) => {
                let detail = format!("Error during operation: {undefined}.");
                report(
                    Diagnostic::error("Operation failed", detail).at(expr.span),
                    expr,
                    env,
                    found,
                );
                return Value::unknown(result);
            }
        },
        (Kind::Bool(x), Kind::Bool(y)) => Some(Value::bool(if op == B::And { *x && *y } else { *x || *y })),
        _ if matches!(op, B::Less | B::LessEq | B::Greater | B::GreaterEq) => {
            compare_ranges(op, &a, &b).map(Value::bool)
        }
        _ => None,
    };
    known_or(value, result).with_marks(marks)
}

/// `op operand`
pub(super) fn unary(expr: &Expr, op: UnaryOp, inner: &Expr, env: Env<'_>, found: &mut Diagnostics) -> Value {
    let before = found.len();
    let value = evaluate_in(inner, env, found);
    let ty = match op {
        UnaryOp::Negate => Type::Number,
        UnaryOp::Not => Type::Bool,
    };
    let Some(value) = operand(expr, inner, "unary operand", value, &ty, env, found) else {
        return Value::unknown(ty);
    };
    if super::failed_since(found, before) {
        return Value::unknown(ty);
    }
    if value.is_null() {
        return operation_failed(expr, "argument must not be null", ty, env, found);
    }
    let result = match value.kind() {
        Kind::Number(n) => Some(Value::number(n.neg())),
        Kind::Bool(b) => Some(Value::bool(!b)),
        _ => None,
    };
    known_or(result, ty).with_marks(value.marks())
}

/// For who takes `+` for what it is in most other languages.
const JOINING: &str = "Texts are joined in a string: \"${FIRST}${SECOND}\". Lists are joined by concat(FIRST, SECOND), maps by merge(FIRST, SECOND).";

fn adds(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Binary(BinaryOp::Add, ..))
}

fn operand(
    expr: &Expr,
    part: &Expr,
    role: &str,
    value: Value,
    ty: &Type,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Option<Value> {
    // (Booleans and what has no type yet are not put together.)
    let joinable = !matches!(value.ty(), Type::Bool | Type::Any);
    match convert_into(value, ty) {
        Ok(value) => Some(value),
        Err(e) => {
            let mut diagnostic =
                Diagnostic::error("Invalid operand", format!("Unsuitable value for {role}: {e}."));
            let told = || found.iter().any(|d| d.help.as_deref() == Some(JOINING));
            if joinable && adds(expr) && !told() {
                diagnostic = diagnostic.help(JOINING);
            }
            report(diagnostic.at(part.span).within(expr.span), part, env, found);
            None
        }
    }
}

fn operation_failed(expr: &Expr, reason: &str, ty: Type, env: Env<'_>, found: &mut Diagnostics) -> Value {
    let diagnostic = Diagnostic::error("Operation failed", format!("Error during operation: {reason}."))
        .help("Where a value may be null, say what to use in place of it: coalesce(VALUE, DEFAULT).");
    report(diagnostic.at(expr.span), expr, env, found);
    Value::unknown(ty)
}

/// An unknown result of an operator is never null.
fn known_or(value: Option<Value>, ty: Type) -> Value {
    value.unwrap_or_else(|| Value::unknown_not_null(ty))
}

fn arithmetic(op: BinaryOp, a: &Number, b: &Number) -> Result<Option<Value>, Undefined> {
    Ok(Some(match op {
        BinaryOp::Add => Value::number(a.add(b)?),
        BinaryOp::Sub => Value::number(a.sub(b)?),
        BinaryOp::Mul => Value::number(a.mul(b)?),
        BinaryOp::Rem => Value::number(a.rem(b)?),
        BinaryOp::Div => Value::number(a.div(b)?),
        BinaryOp::Less => Value::bool(a.compare(b).is_lt()),
        BinaryOp::LessEq => Value::bool(a == b || a.compare(b).is_lt()),
        BinaryOp::Greater => Value::bool(a.compare(b).is_gt()),
        BinaryOp::GreaterEq => Value::bool(a == b || a.compare(b).is_gt()),
        BinaryOp::Eq | BinaryOp::NotEq | BinaryOp::And | BinaryOp::Or => return Ok(None),
    }))
}

/// Compares by what is known of unknown numbers. Bounds count as exclusive, as Terraform takes them: `length(x) >= 0` stays unknown.
fn compare_ranges(op: BinaryOp, a: &Value, b: &Value) -> Option<bool> {
    let below = |x: Option<Number>, y: Option<Number>| matches!((x, y), (Some(x), Some(y)) if x < y);
    let (a_min, a_max) = bounds(a);
    let (b_min, b_max) = bounds(b);
    let less = if below(a_max, b_min) {
        true
    } else if below(b_max, a_min) {
        false
    } else {
        return None;
    };
    Some(match op {
        BinaryOp::Less | BinaryOp::LessEq => less,
        _ => !less,
    })
}

pub(super) fn bounds(value: &Value) -> (Option<Number>, Option<Number>) {
    match value.kind() {
        Kind::Number(n) => (Some(n.clone()), Some(n.clone())),
        Kind::Unknown(u) => {
            let Refinement { min, max, .. } = &u.refinement;
            (
                min.as_ref().map(|(n, _)| n.clone()),
                max.as_ref().map(|(n, _)| n.clone()),
            )
        }
        _ => (None, None),
    }
}
