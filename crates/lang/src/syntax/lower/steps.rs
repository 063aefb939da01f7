//! Traversals, indexes and splats.

use hcl_edit::Span as _;
use hcl_edit::expr as hcl;

use super::Lowerer;
use super::parse_number;
use super::range_of;
use crate::diag::Span;
use crate::syntax::reference::reference;
use crate::syntax::shape::Bytes;
use crate::syntax::tree::*;
use crate::value::Type;
use crate::value::Value;

/// What steps have been collected onto so far.
enum Base {
    Root(Ident, Vec<Step>),
    Expr(Expr, Vec<Step>),
}

impl Lowerer<'_> {
    pub(super) fn traverse(&mut self, t: &hcl::Traversal, base: u32, whole: &Bytes, start: u32) -> Expr {
        let source = self.lower(&t.expr, base, whole);
        let mut current = match source.kind {
            ExprKind::Traversal(t) => Base::Root(t.root, t.steps),
            _ => Base::Expr(source, Vec::new()),
        };
        let mut operators = t.operators.iter().peekable();
        // The splats that are still open: what they are applied to, and their stars.
        let mut open: Vec<(Expr, Span)> = Vec::new();
        while let Some(op) = operators.next() {
            let range = range_of(op.span(), base, whole);
            match op.value() {
                hcl::TraversalOperator::FullSplat(_) => {
                    let item = Expr {
                        kind: ExprKind::SplatItem,
                        span: self.span(&range),
                    };
                    open.push((current.finish(), self.span(&range)));
                    current = Base::Expr(item, Vec::new());
                }
                hcl::TraversalOperator::AttrSplat(_) => {
                    let mut each = Base::Expr(
                        Expr {
                            kind: ExprKind::SplatItem,
                            span: self.span(&range),
                        },
                        Vec::new(),
                    );
                    while let Some(next) = operators.next_if(|n| {
                        matches!(
                            n.value(),
                            hcl::TraversalOperator::GetAttr(_) | hcl::TraversalOperator::LegacyIndex(_)
                        )
                    }) {
                        let at = range_of(next.span(), base, whole);
                        self.step(&mut each, next.value(), &at, base, whole);
                    }
                    let marker = self.span(&range);
                    current = Base::Expr(splat(current.finish(), each.finish(), marker), Vec::new());
                }
                value => self.step(&mut current, value, &range, base, whole),
            }
        }
        let mut out = current.finish();
        while let Some((source, marker)) = open.pop() {
            out = splat(source, out, marker);
        }
        out.span = Span {
            start: start.saturating_add(self.place.offset),
            ..out.span
        };
        out
    }

    fn step(
        &mut self,
        current: &mut Base,
        op: &hcl::TraversalOperator,
        range: &Bytes,
        base: u32,
        whole: &Bytes,
    ) {
        let span = self.span(range);
        let kind = match op {
            hcl::TraversalOperator::GetAttr(name) => StepKind::Attr(name.as_str().into()),
            hcl::TraversalOperator::LegacyIndex(_) => {
                let digits = self.slice(range).trim_start_matches('.').trim();
                StepKind::Index(
                    parse_number(digits).map_or_else(|| Value::unknown(Type::Number), Value::number),
                )
            }
            hcl::TraversalOperator::Index(key) => {
                let key = self.lower(key, base, whole);
                match key.kind {
                    ExprKind::Literal(v) if v.as_str().is_some() || v.as_number().is_some() => {
                        StepKind::Index(v)
                    }
                    kind => {
                        let key = Expr { kind, span: key.span };
                        let source =
                            std::mem::replace(current, Base::Expr(self.unreadable(range), Vec::new()))
                                .finish();
                        let whole = source.span.cover(span);
                        *current = Base::Expr(
                            Expr {
                                kind: ExprKind::Index(Box::new(source), Box::new(key)),
                                span: whole,
                            },
                            Vec::new(),
                        );
                        return;
                    }
                }
            }
            hcl::TraversalOperator::AttrSplat(_) | hcl::TraversalOperator::FullSplat(_) => return,
        };
        match current {
            Base::Root(_, steps) | Base::Expr(_, steps) => steps.push(Step { kind, span }),
        }
    }
}

impl Base {
    fn finish(self) -> Expr {
        match self {
            Base::Root(root, steps) => traversal(root, steps),
            Base::Expr(e, steps) if steps.is_empty() => e,
            Base::Expr(e, steps) => {
                let span = steps.last().map_or(e.span, |s| e.span.cover(s.span));
                Expr {
                    kind: ExprKind::Relative(Box::new(e), steps),
                    span,
                }
            }
        }
    }
}

fn splat(source: Expr, each: Expr, marker: Span) -> Expr {
    let span = source.span.cover(marker).cover(each.span);
    Expr {
        kind: ExprKind::Splat {
            source: Box::new(source),
            each: Box::new(each),
            marker,
        },
        span,
    }
}

/// A plain traversal.
pub(super) fn traversal(root: Ident, mut steps: Vec<Step>) -> Expr {
    // Most traversals have two steps, and there are many of them.
    steps.shrink_to_fit();
    let span = steps.last().map_or(root.span, |s| root.span.cover(s.span));
    let reference = reference(&root, &steps);
    Expr {
        kind: ExprKind::Traversal(Box::new(Traversal {
            root,
            steps,
            reference,
        })),
        span,
    }
}
