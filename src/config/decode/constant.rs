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

/// A scope without anything in it.
#[derive(Default)]
struct Nothing {
    surroundings: Surroundings,
}

impl Scope for Nothing {
    // Never asked: the scope is empty.
    fn resolve(&self, _: &Reference) -> Result<Value, Diagnostics> {
        Ok(Value::unknown(Type::Any))
    }
    fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
    fn is_empty(&self) -> bool {
        true
    }
}

/// The value of an expression that may use neither references nor functions; where it does, that part is not known.
pub(super) fn value(expr: &Expr) -> (Value, Diagnostics) {
    evaluate(expr, &Nothing::default())
}

/// The same, if nothing is wrong with it.
pub(in crate::config) fn constant(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Value> {
    let (value, found) = value(expr);
    let good = !found.has_errors();
    diagnostics.extend(found);
    good.then_some(value)
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
    let value = constant(&attribute.expr, diagnostics)?;
    match convert(&value, &Type::String) {
        Ok(value) => value.as_str().map(Name::from),
        Err(_) => {
            diagnostics.error_at(
                attribute.expr.span,
                "Invalid version constraint",
                format!("A string value is required for {}.", attribute.name.name),
            );
            None
        }
    }
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
