//! Walking the traversals of an expression.

use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::Ident;
use streamform_lang::syntax::TemplatePart;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Name;

/// Calls `f` with every traversal whose root is not a variable of an enclosing `for`.
pub(super) fn each_traversal<'a>(
    expr: &'a Expr,
    bound: &mut Vec<&'a Name>,
    f: &mut impl FnMut(&'a Traversal),
) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::SplatItem => {}
        ExprKind::Template(parts) => each_in_parts(parts, bound, f),
        ExprKind::Traversal(t) => {
            if !bound.contains(&&t.root.name) {
                f(t);
            }
        }
        ExprKind::Wrap(e) | ExprKind::Parens(e) | ExprKind::Unary(_, e) | ExprKind::Relative(e, _) => {
            each_traversal(e, bound, f);
        }
        ExprKind::Index(a, b) | ExprKind::Binary(_, _, a, b) => {
            each_traversal(a, bound, f);
            each_traversal(b, bound, f);
        }
        ExprKind::Splat { source, each, .. } => {
            each_traversal(source, bound, f);
            each_traversal(each, bound, f);
        }
        ExprKind::Call(call) => call.args.iter().for_each(|a| each_traversal(a, bound, f)),
        ExprKind::Conditional(a, b, c) => {
            each_traversal(a, bound, f);
            each_traversal(b, bound, f);
            each_traversal(c, bound, f);
        }
        ExprKind::Tuple(items) => items.iter().for_each(|i| each_traversal(i, bound, f)),
        ExprKind::Object(items) => {
            for item in items {
                each_traversal(&item.key, bound, f);
                each_traversal(&item.value, bound, f);
            }
        }
        ExprKind::For(expr) => {
            each_traversal(&expr.collection, bound, f);
            within(expr.key_name.as_ref(), &expr.value_name, bound, |bound| {
                for part in expr.key.iter().chain([&expr.value]).chain(&expr.condition) {
                    each_traversal(part, bound, f);
                }
            });
        }
    }
}

fn each_in_parts<'a>(
    parts: &'a [TemplatePart],
    bound: &mut Vec<&'a Name>,
    f: &mut impl FnMut(&'a Traversal),
) {
    for part in parts {
        match part {
            TemplatePart::Text(_) => {}
            TemplatePart::Interpolation(e) => each_traversal(e, bound, f),
            TemplatePart::If {
                condition, yes, no, ..
            } => {
                each_traversal(condition, bound, f);
                each_in_parts(yes, bound, f);
                each_in_parts(no, bound, f);
            }
            TemplatePart::For {
                key,
                value,
                collection,
                body,
                ..
            } => {
                each_traversal(collection, bound, f);
                within(key.as_ref(), value, bound, |bound| each_in_parts(body, bound, f));
            }
        }
    }
}

fn within<'a>(
    key: Option<&'a Ident>,
    value: &'a Ident,
    bound: &mut Vec<&'a Name>,
    run: impl FnOnce(&mut Vec<&'a Name>),
) {
    let before = bound.len();
    bound.extend(key.map(|k| &k.name));
    bound.push(&value.name);
    run(bound);
    bound.truncate(before);
}

/// Calls `f` with every traversal, to change it.
pub(super) fn each_traversal_mut(expr: &mut Expr, f: &mut impl FnMut(&mut Traversal)) {
    match &mut expr.kind {
        ExprKind::Literal(_) | ExprKind::SplatItem => {}
        ExprKind::Template(parts) => each_in_parts_mut(parts, f),
        ExprKind::Traversal(t) => f(t),
        ExprKind::Wrap(e) | ExprKind::Parens(e) | ExprKind::Unary(_, e) | ExprKind::Relative(e, _) => {
            each_traversal_mut(e, f);
        }
        ExprKind::Index(a, b) | ExprKind::Binary(_, _, a, b) => {
            each_traversal_mut(a, f);
            each_traversal_mut(b, f);
        }
        ExprKind::Splat { source, each, .. } => {
            each_traversal_mut(source, f);
            each_traversal_mut(each, f);
        }
        ExprKind::Call(call) => call.args.iter_mut().for_each(|a| each_traversal_mut(a, f)),
        ExprKind::Conditional(a, b, c) => {
            each_traversal_mut(a, f);
            each_traversal_mut(b, f);
            each_traversal_mut(c, f);
        }
        ExprKind::Tuple(items) => items.iter_mut().for_each(|i| each_traversal_mut(i, f)),
        ExprKind::Object(items) => {
            for item in items {
                each_traversal_mut(&mut item.key, f);
                each_traversal_mut(&mut item.value, f);
            }
        }
        ExprKind::For(expr) => {
            each_traversal_mut(&mut expr.collection, f);
            if let Some(key) = &mut expr.key {
                each_traversal_mut(key, f);
            }
            each_traversal_mut(&mut expr.value, f);
            if let Some(condition) = &mut expr.condition {
                each_traversal_mut(condition, f);
            }
        }
    }
}

fn each_in_parts_mut(parts: &mut [TemplatePart], f: &mut impl FnMut(&mut Traversal)) {
    for part in parts {
        match part {
            TemplatePart::Text(_) => {}
            TemplatePart::Interpolation(e) => each_traversal_mut(e, f),
            TemplatePart::If {
                condition, yes, no, ..
            } => {
                each_traversal_mut(condition, f);
                each_in_parts_mut(yes, f);
                each_in_parts_mut(no, f);
            }
            TemplatePart::For { collection, body, .. } => {
                each_traversal_mut(collection, f);
                each_in_parts_mut(body, f);
            }
        }
    }
}
