//! Where in a configuration an attribute path is.

use streamform_lang::diag::Span;
use streamform_lang::syntax;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::value::Path;
use streamform_lang::value::Step;

/// The place of a path: the expression that gives it (as deep as it is written out), or the start of the innermost block
/// on the way that is there. The empty path is the start of the body. Always something, unless the path is made of steps
/// that cannot be in a body at all.
pub fn locate(body: &Body, path: &Path) -> Option<Span> {
    let start = body.missing();
    let (name, rest) = match path.steps().split_first() {
        None => return Some(start),
        Some((Step::Attr(n) | Step::Key(n), rest)) => (n, rest),
        Some((Step::Index(_) | Step::Element(_), _)) => return None,
    };
    if let Some(attribute) = body.attributes.iter().find(|a| a.name.name == *name) {
        return Some(inside(&attribute.expr, rest));
    }
    let written: Vec<&syntax::Block> = body.blocks.iter().filter(|b| b.kind.name == *name).collect();
    let dynamic = || {
        body.blocks
            .iter()
            .filter(|b| b.kind.name == "dynamic" && b.labels.first().is_some_and(|l| l.name == *name))
            .find_map(|b| b.body.blocks.iter().find(|c| c.kind.name == "content"))
    };
    let (block, rest) = match rest.split_first() {
        Some((Step::Index(i), rest)) => (written.get(*i).copied().or_else(dynamic), rest),
        Some((Step::Key(k), rest)) => (
            written
                .iter()
                .copied()
                .find(|b| b.labels.first().is_some_and(|l| l.name == *k))
                .or_else(dynamic),
            rest,
        ),
        // An element of a set has no number: only if there is one block it is certain which is meant.
        Some((Step::Element(_), rest)) => match written.as_slice() {
            [only] => (Some(*only), rest),
            _ => (None, rest),
        },
        // A finding about all blocks of a type is one about the block that holds them.
        None => return Some(start),
        Some((Step::Attr(_), _)) => (written.first().copied().or_else(dynamic), rest),
    };
    match block {
        Some(block) => locate(&block.body, &Path(rest.to_vec())),
        None => Some(start),
    }
}

fn inside(expr: &Expr, steps: &[Step]) -> Span {
    let Some((first, rest)) = steps.split_first() else {
        return expr.span;
    };
    let deeper = match (&expr.kind, first) {
        (ExprKind::Parens(e), _) => return inside(e, steps),
        (ExprKind::Tuple(items), Step::Index(i)) => items.get(*i),
        (ExprKind::Object(items), Step::Attr(n) | Step::Key(n)) => items
            .iter()
            .find(|item| matches!(&item.key.kind, ExprKind::Literal(v) if v.as_str() == Some(n.as_str())))
            .map(|item| &item.value),
        _ => None,
    };
    deeper.map_or(expr.span, |e| inside(e, rest))
}
