//! The entries of the syntax room: a file, an expression, a template, a traversal.

use std::sync::Arc;

use super::check::Place;
use super::check::check_expression;
use super::check::check_file;
use super::check::check_template;
use super::check::unknown_tokens;
use super::lower::Lowerer;
use super::scan::Mode;
use super::scan::scan;
use super::shape::BlockShape;
use super::shape::BodyShape;
use super::token::Token;
use super::tree::*;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;

/// Parses a file of the native syntax.
///
/// The file is kept as far as it is understood: an argument whose expression is broken has a value that is not known,
/// a broken block keeps what was understood of it. With errors, the diagnostics say so.
pub fn parse(id: FileId, text: &str) -> (File, Diagnostics) {
    let place = Place::whole(id);
    let (shape, pieces, mut diagnostics) = {
        let tokens = scan(text, Mode::Normal);
        let mut diagnostics = unknown_tokens(place, text, &tokens);
        let checked = check_file(place, text, &tokens);
        diagnostics.extend(checked.diagnostics);
        (checked.shape, checked.pieces, diagnostics)
    };
    let mut lowerer = Lowerer {
        place,
        text,
        pieces: &pieces,
        diagnostics: Diagnostics::new(),
    };
    let body = body(&mut lowerer, shape);
    // What lowering finds in a file with errors may be only a consequence of them.
    if !diagnostics.has_errors() {
        diagnostics.extend(lowerer.diagnostics);
    }
    (File { id, body }, in_order(diagnostics))
}

/// The tokens and items of a file, for the formatter, and its errors.
pub(crate) fn layout(id: FileId, text: &str) -> (Vec<Token>, BodyShape, Diagnostics) {
    let place = Place::whole(id);
    let tokens = scan(text, Mode::Normal);
    let mut diagnostics = unknown_tokens(place, text, &tokens);
    let checked = check_file(place, text, &tokens);
    diagnostics.extend(checked.diagnostics);
    (tokens, checked.shape, in_order(diagnostics))
}

/// Parses one expression, such as a line of the console or a string of a JSON file; `offset` is where it begins in its
/// file. Line ends mean nothing in it. With errors there is no expression.
pub fn parse_expression(id: FileId, text: &str, offset: u32) -> (Option<Expr>, Diagnostics) {
    expression_at(
        Place {
            offset,
            ..Place::whole(id)
        },
        text,
    )
}

/// An expression at a place.
pub(super) fn expression_at(place: Place, text: &str) -> (Option<Expr>, Diagnostics) {
    let tokens = scan(text, Mode::Normal);
    let mut diagnostics = unknown_tokens(place, text, &tokens);
    let checked = check_expression(place, text, &tokens);
    diagnostics.extend(checked.diagnostics);
    if diagnostics.has_errors() {
        return (None, in_order(diagnostics));
    }
    let mut lowerer = Lowerer {
        place,
        text,
        pieces: &checked.pieces,
        diagnostics,
    };
    let expr = lowerer.expression(&checked.shape);
    let diagnostics = lowerer.diagnostics;
    ((!diagnostics.has_errors()).then_some(expr), in_order(diagnostics))
}

/// Parses a template without quotes around it, such as a file for `templatefile` or a string of a JSON file; `offset`
/// is where it begins in its file. With errors there is no expression.
pub fn parse_template(id: FileId, text: &str, offset: u32) -> (Option<Expr>, Diagnostics) {
    template_at(
        Place {
            offset,
            ..Place::whole(id)
        },
        text,
    )
}

/// A template at a place.
pub(super) fn template_at(place: Place, text: &str) -> (Option<Expr>, Diagnostics) {
    let tokens = scan(text, Mode::Template);
    let mut diagnostics = unknown_tokens(place, text, &tokens);
    let checked = check_template(place, text, &tokens);
    diagnostics.extend(checked.diagnostics);
    if diagnostics.has_errors() {
        return (None, in_order(diagnostics));
    }
    let mut lowerer = Lowerer {
        place,
        text,
        pieces: &checked.pieces,
        diagnostics,
    };
    let kind = lowerer.template(&checked.shape);
    let diagnostics = lowerer.diagnostics;
    let span = place.span(&(0..text.len() as u32));
    (
        (!diagnostics.has_errors()).then_some(Expr { kind, span }),
        in_order(diagnostics),
    )
}

/// Parses a plain traversal, such as the address in a string of `depends_on`.
///
/// # Errors
/// Diagnostics when the text is none.
pub fn parse_traversal(id: FileId, text: &str, offset: u32) -> Result<Traversal, Diagnostics> {
    let (expr, mut diagnostics) = parse_expression(id, text, offset);
    match expr.map(|e| (e.span, e.kind)) {
        Some((_, ExprKind::Traversal(t))) => Ok(*t),
        Some((span, _)) => {
            diagnostics.error_at(
                span,
                "Invalid expression",
                format!("{text:?} is not a reference: a name, followed by attributes and literal indexes."),
            );
            Err(diagnostics)
        }
        None => Err(diagnostics),
    }
}

fn in_order(diagnostics: Diagnostics) -> Diagnostics {
    let mut all: Vec<Diagnostic> = diagnostics.into_iter().collect();
    all.sort_by_key(|d| d.subject.map_or(0, |s| s.start));
    all.into_iter().collect()
}

fn body(l: &mut Lowerer<'_>, shape: BodyShape) -> Body {
    let mut attributes = Vec::with_capacity(shape.attributes.len());
    for a in shape.attributes {
        let name = l.ident(a.name);
        let expr = if a.good {
            l.expression(&a.expr)
        } else {
            l.unreadable(&a.expr)
        };
        let span = name.span.cover(expr.span);
        attributes.push(Attribute {
            name,
            expr: Arc::new(expr),
            span,
        });
    }
    Body {
        attributes,
        blocks: shape.blocks.into_iter().map(|b| block(l, b)).collect(),
        span: l.place.span(&shape.span),
        end: l.place.span(&shape.end),
        syntax: Syntax::Native,
        unread: None,
    }
}

fn block(l: &mut Lowerer<'_>, shape: BlockShape) -> Block {
    let kind = l.ident(shape.kind);
    let labels: Vec<Label> = shape
        .labels
        .into_iter()
        .map(|(name, at)| Label {
            name: name.into(),
            span: l.place.span(&at),
        })
        .collect();
    let header = labels.last().map_or(kind.span, |last| kind.span.cover(last.span));
    let body = body(l, shape.body);
    let end = Span {
        end: shape.end.saturating_add(l.place.offset),
        ..kind.span
    };
    Block {
        span: kind.span.cover(end),
        kind,
        labels,
        body,
        header,
    }
}
