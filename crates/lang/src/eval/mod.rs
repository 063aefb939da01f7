//! From an expression and a scope to a value.
//!
//! Every node of the tree is a pure function of the values below it: unknown values and marks pass through every
//! operation by Terraform's rules, and all independent errors of an expression are found in one go. Recursion goes as
//! deep as the expression is nested, which the parser bounds.

mod access;
mod budget;
mod call;
mod collections;
mod conditional;
mod defaults;
mod describe;
mod operators;
mod scope;
mod template;
mod template_function;
mod type_expr;

pub use defaults::Defaults;
pub use describe::compact;
pub use describe::describe;
pub use describe::describe_references;
pub use describe::describe_unknown;
pub use scope::Evaluated;
pub use scope::Scope;
pub use type_expr::type_constraint;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::syntax::ExprKind;
use crate::syntax::Ident;
use crate::syntax::Step;
use crate::syntax::StepKind;
use crate::syntax::Traversal;
use crate::value::Name;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// The value of an expression. With errors it is an unknown value.
pub fn evaluate(expr: &Expr, scope: &dyn Scope) -> Evaluated {
    let mut found = Diagnostics::new();
    let env = Env {
        scope,
        variables: None,
        item: None,
    };
    let running = budget::Running::begin();
    let value = evaluate_in(expr, env, &mut found);
    if let Some(problem) = running.overrun() {
        found.push(problem);
        return (Value::unknown(Type::Any).with_marks(value.deep_marks()), found);
    }
    if found.has_errors() && value.is_wholly_known() {
        return (Value::unknown(Type::Any).with_marks(value.deep_marks()), found);
    }
    (value, found)
}

/// The value of an expression, converted to a type. With errors it is an unknown value of that type.
pub fn evaluate_as(expr: &Expr, scope: &dyn Scope, ty: &Type) -> Evaluated {
    let (value, mut found) = evaluate(expr, scope);
    match convert(&value, ty) {
        Ok(value) => (value, found),
        Err(_) if found.has_errors() => (Value::unknown(ty.without_optional()), found),
        Err(e) => {
            let env = Env {
                scope,
                variables: None,
                item: None,
            };
            let detail = format!("Invalid expression value: {}.", e.with_path());
            let diagnostic = Diagnostic::error("Incorrect value type", detail).at(expr.span);
            describe::report(diagnostic, expr, env, &mut found);
            (Value::unknown(ty.without_optional()), found)
        }
    }
}

/// What an expression inside another one sees: the scope, and what the expressions around it bind.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    scope: &'a dyn Scope,
    variables: Option<&'a Binding<'a>>,
    item: Option<&'a Value>,
}

/// A variable of a `for`. Bindings form a list on the stack, innermost first: nothing is copied for an element.
struct Binding<'a> {
    name: &'a Name,
    value: &'a Value,
    outer: Option<&'a Binding<'a>>,
}

impl<'a> Env<'a> {
    fn variable(&self, name: &str) -> Option<&'a Value> {
        let mut at = self.variables;
        while let Some(binding) = at {
            if *binding.name == *name {
                return Some(binding.value);
            }
            at = binding.outer;
        }
        None
    }
}

/// Whether an error was recorded since there were `before` diagnostics.
fn failed_since(found: &Diagnostics, before: usize) -> bool {
    found.len() > before && found.iter().skip(before).any(|d| d.severity == Severity::Error)
}

fn evaluate_in(expr: &Expr, env: Env<'_>, found: &mut Diagnostics) -> Value {
    match &expr.kind {
        ExprKind::Literal(value) => value.clone(),
        ExprKind::Template(parts) => template::template(expr, parts, env, found),
        ExprKind::Wrap(inner) | ExprKind::Parens(inner) => evaluate_in(inner, env, found),
        ExprKind::Traversal(t) => traversal(expr, t, env, found),
        ExprKind::Relative(source, steps) => {
            let value = evaluate_in(source, env, found);
            walk(&value, steps, expr, env, found)
        }
        ExprKind::Index(source, key) => {
            let value = evaluate_in(source, env, found);
            let key = evaluate_in(key, env, found);
            let brackets = Span {
                start: source.span.end.min(expr.span.end),
                ..expr.span
            };
            access::index(&value, &key, brackets).unwrap_or_else(|d| {
                describe::report(*d, expr, env, found);
                Value::unknown(Type::Any)
            })
        }
        ExprKind::Splat { source, each, marker } => {
            collections::splat(source, each, *marker, expr, env, found)
        }
        ExprKind::SplatItem => env.item.cloned().unwrap_or_else(|| Value::unknown(Type::Any)),
        ExprKind::Call(c) => call::call(expr, c, env, found),
        ExprKind::Conditional(condition, yes, no) => {
            conditional::conditional(expr, condition, yes, no, env, found)
        }
        ExprKind::Binary(op, _, left, right) => operators::binary(expr, *op, left, right, env, found),
        ExprKind::Unary(op, inner) => operators::unary(expr, *op, inner, env, found),
        ExprKind::Tuple(items) => {
            let values: Vec<Value> = items.iter().map(|e| evaluate_in(e, env, found)).collect();
            Value::tuple(values)
        }
        ExprKind::Object(items) => collections::object(items, expr, env, found),
        ExprKind::For(f) => collections::for_expression(f, expr, env, found),
    }
}

fn traversal(expr: &Expr, t: &Traversal, env: Env<'_>, found: &mut Diagnostics) -> Value {
    if let Some(value) = env.variable(&t.root.name) {
        return walk(value, &t.steps, expr, env, found);
    }
    if env.scope.is_empty() {
        found.push(nothing_named(&t.root, env));
        return Value::unknown(Type::Any);
    }
    match &t.reference {
        Ok(reference) => match env.scope.resolve(reference) {
            Ok(value) => walk(
                &value,
                t.steps.get(reference.consumed..).unwrap_or_default(),
                expr,
                env,
                found,
            ),
            Err(mut problems) => {
                problems.place(reference.span);
                found.extend(problems);
                Value::unknown(Type::Any)
            }
        },
        Err(problem) => {
            found.push((**problem).clone());
            Value::unknown(Type::Any)
        }
    }
}

/// What is wrong with a name where only those of a `for` around it can be meant.
fn nothing_named(root: &Ident, env: Env<'_>) -> Diagnostic {
    match env.variables {
        None => Diagnostic::error("Variables not allowed", "Variables may not be used here."),
        Some(_) => Diagnostic::error(
            "Unknown variable",
            format!("There is no variable named {:?}.", root.name.as_str()),
        ),
    }
    .at(root.span)
}

fn walk(start: &Value, steps: &[Step], expr: &Expr, env: Env<'_>, found: &mut Diagnostics) -> Value {
    // Attributes that are there need no copies of what is around them.
    let (mut at, mut marks, mut rest) = (start, start.marks(), steps);
    while let [step, further @ ..] = rest
        && let StepKind::Attr(name) = &step.kind
        && let Some(inner) = at.get(name)
    {
        (at, marks, rest) = (inner, marks.union(inner.marks()), further);
    }
    let mut value = at.clone().with_marks(marks);
    for step in rest {
        match access::step(&value, step) {
            Ok(inner) => value = inner,
            Err(d) => {
                describe::report(*d, expr, env, found);
                return Value::unknown(Type::Any);
            }
        }
    }
    value
}

/// Where an expression begins: what Terraform points at for an argument of a function.
fn start_of(expr: &Expr) -> Span {
    match &expr.kind {
        ExprKind::Binary(_, _, first, _)
        | ExprKind::Conditional(first, _, _)
        | ExprKind::Index(first, _)
        | ExprKind::Relative(first, _) => start_of(first),
        ExprKind::Splat { source, .. } => start_of(source),
        // With the parenthesis.
        ExprKind::Call(call) => Span {
            end: (call.name_span.end + 1).min(expr.span.end),
            ..call.name_span
        },
        // Without the quotes.
        ExprKind::Literal(v) if v.as_str().is_some() && expr.span.end - expr.span.start > 2 => Span {
            start: expr.span.start + 1,
            end: expr.span.end - 1,
            ..expr.span
        },
        ExprKind::Tuple(_) | ExprKind::Object(_) | ExprKind::For(_) | ExprKind::Unary(..) => Span {
            end: (expr.span.start + 1).min(expr.span.end),
            ..expr.span
        },
        _ => expr.span,
    }
}

#[cfg(test)]
mod tests;
