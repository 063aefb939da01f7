//! Arguments that must be constants: no references, no functions.

use streamform_lang::addrs::Reference;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use crate::config::walk::each_child;

/// A scope without anything in it.
#[derive(Default)]
struct Nothing {
    surroundings: Surroundings,
}

impl Scope for Nothing {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let mut d = Diagnostics::new();
        d.error_at(
            reference.span,
            "Variables not allowed",
            "Variables may not be used here.",
        );
        Err(d)
    }
    fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
}

/// The value of an expression that may use neither references nor functions.
pub(in crate::config) fn constant(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Value> {
    let mut found = Diagnostics::new();
    refuse(expr, &mut found);
    if found.is_empty() {
        let (value, problems) = evaluate(expr, &Nothing::default());
        if !problems.has_errors() {
            diagnostics.extend(problems);
            return Some(value);
        }
        found = problems;
    }
    diagnostics.extend(found);
    None
}

/// Complains about every root of a reference and every call.
fn refuse(expr: &Expr, diagnostics: &mut Diagnostics) {
    match &expr.kind {
        // Names that a `for` brings along are its own affair; the evaluator judges them.
        ExprKind::For(_) | ExprKind::Template(_) => {}
        ExprKind::Traversal(t) => {
            diagnostics.error_at(
                t.root.span,
                "Variables not allowed",
                "Variables may not be used here.",
            );
        }
        ExprKind::Call(_) => {
            diagnostics.error_at(
                expr.span,
                "Function calls not allowed",
                "Functions may not be called here.",
            );
        }
        _ => each_child(expr, &mut |e| refuse(e, diagnostics)),
    }
}

/// The constant of a type, or a complaint.
fn typed(attribute: &Attribute, ty: &Type, diagnostics: &mut Diagnostics) -> Option<Value> {
    let expr = &attribute.expr;
    let Some(value) = constant(expr, diagnostics) else {
        diagnostics.error_at(
            expr.span,
            "Unsuitable value type",
            "Unsuitable value: value must be known",
        );
        return None;
    };
    match convert(&value, ty) {
        Ok(value) => Some(value),
        Err(e) => {
            diagnostics.error_at(
                expr.span,
                "Unsuitable value type",
                format!("Unsuitable value: {e}"),
            );
            None
        }
    }
}

/// The same, and not null.
fn given(attribute: &Attribute, ty: &Type, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = typed(attribute, ty, diagnostics)?;
    if value.is_null() {
        diagnostics.error_at(
            attribute.expr.span,
            "Unsuitable value type",
            "Unsuitable value: null value is not allowed",
        );
        return None;
    }
    Some(value)
}

/// A constant string.
pub(super) fn string(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Name> {
    given(attribute, &Type::String, diagnostics)?
        .as_str()
        .map(Name::from)
}

/// A constant version constraint, not parsed; null counts as not given.
pub(super) fn constraint(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Name> {
    typed(attribute, &Type::String, diagnostics)?
        .as_str()
        .map(Name::from)
}

/// A constant bool.
pub(super) fn boolean(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<bool> {
    given(attribute, &Type::Bool, diagnostics)?.as_bool()
}

/// A bare word, which stands for itself: `when = destroy`. The same in quotes is accepted with a warning.
pub(super) fn keyword(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Name> {
    match &expr.kind {
        ExprKind::Traversal(t) if t.steps.is_empty() => Some(t.root.name.clone()),
        ExprKind::Literal(v) => {
            let word = v.as_str()?;
            diagnostics.push(
                streamform_lang::diag::Diagnostic::warning(
                    "Quoted keywords are deprecated",
                    "In this context, keywords are expected literally rather than in quotes. Terraform 0.11 and earlier required quotes, but quoted keywords are now deprecated and will be removed in a future version of Terraform. Remove the quotes surrounding this keyword to silence this warning.",
                )
                .at(expr.span),
            );
            Some(word.into())
        }
        _ => None,
    }
}
