//! Moving an expression to another place in its file.

use super::tree::*;
use crate::diag::Span;

impl Expr {
    /// Calls `f` with every span in the expression, to change it.
    pub(super) fn each_span_mut(&mut self, f: &mut impl FnMut(&mut Span)) {
        f(&mut self.span);
        match &mut self.kind {
            ExprKind::Literal(_) | ExprKind::SplatItem => {}
            ExprKind::Template(parts) => in_parts(parts, f),
            ExprKind::Traversal(t) => in_traversal(t, f),
            ExprKind::Wrap(e) | ExprKind::Parens(e) | ExprKind::Unary(_, e) => e.each_span_mut(f),
            ExprKind::Relative(e, steps) => {
                e.each_span_mut(f);
                steps.iter_mut().for_each(|s| f(&mut s.span));
            }
            ExprKind::Index(a, b) => {
                a.each_span_mut(f);
                b.each_span_mut(f);
            }
            ExprKind::Binary(_, operator, a, b) => {
                f(operator);
                a.each_span_mut(f);
                b.each_span_mut(f);
            }
            ExprKind::Splat { source, each, marker } => {
                f(marker);
                source.each_span_mut(f);
                each.each_span_mut(f);
            }
            ExprKind::Call(call) => {
                f(&mut call.name_span);
                call.args.iter_mut().for_each(|a| a.each_span_mut(f));
            }
            ExprKind::Conditional(a, b, c) => {
                [a, b, c].into_iter().for_each(|e| e.each_span_mut(f));
            }
            ExprKind::Tuple(items) => items.iter_mut().for_each(|e| e.each_span_mut(f)),
            ExprKind::Object(items) => {
                for item in items {
                    item.key.each_span_mut(f);
                    item.value.each_span_mut(f);
                }
            }
            ExprKind::For(x) => {
                let names = x.key_name.iter_mut().chain([&mut x.value_name]);
                names.for_each(|n| f(&mut n.span));
                x.collection.each_span_mut(f);
                let parts = x.key.iter_mut().chain([&mut x.value]).chain(&mut x.condition);
                parts.for_each(|e| e.each_span_mut(f));
            }
        }
    }
}

fn in_traversal(t: &mut Traversal, f: &mut impl FnMut(&mut Span)) {
    f(&mut t.root.span);
    t.steps.iter_mut().for_each(|s| f(&mut s.span));
    match &mut t.reference {
        Ok(reference) => f(&mut reference.span),
        Err(problem) => problem.subject.iter_mut().chain(&mut problem.context).for_each(f),
    }
}

fn in_parts(parts: &mut [TemplatePart], f: &mut impl FnMut(&mut Span)) {
    for part in parts {
        match part {
            TemplatePart::Text(_) => {}
            TemplatePart::Interpolation(e) => e.each_span_mut(f),
            TemplatePart::If {
                condition,
                yes,
                no,
                span,
            } => {
                f(span);
                condition.each_span_mut(f);
                in_parts(yes, f);
                in_parts(no, f);
            }
            TemplatePart::For {
                key,
                value,
                collection,
                body,
                span,
            } => {
                f(span);
                key.iter_mut().chain([value]).for_each(|n| f(&mut n.span));
                collection.each_span_mut(f);
                in_parts(body, f);
            }
        }
    }
}
