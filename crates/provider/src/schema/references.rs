//! What a body refers to.

use streamform_lang::addrs::Reference;
use streamform_lang::syntax::Body;
use streamform_lang::value::Name;

use super::Block;
use super::walk;

/// All references in a body: every attribute that the schema knows, every nested block, every dynamic block with its
/// iterator bound (so that `topic.value` in the content of `dynamic "topic"` is none). In the order of the source.
/// Traversals that refer to nothing valid are left out; evaluating them reports them.
pub fn references(body: &Body, block: &Block) -> Vec<Reference> {
    let mut found = Vec::new();
    gather(body, Some(block), &mut Vec::new(), &mut found);
    found
}

fn gather<'a>(body: &'a Body, block: Option<&Block>, bound: &mut Vec<&'a Name>, found: &mut Vec<Reference>) {
    for attribute in &body.attributes {
        if block.is_none_or(|b| b.attribute(&attribute.name.name).is_some()) {
            expression(&attribute.expr, bound, found);
        }
    }
    for nested in &body.blocks {
        let kind = nested.kind.name.as_str();
        if let Some(schema) = block.and_then(|b| b.nested(kind)) {
            gather(&nested.body, Some(&schema.block), bound, found);
        } else if kind == "dynamic"
            && let Some(label) = nested.labels.first()
            && let Some(schema) = block.and_then(|b| b.nested(&label.name))
        {
            dynamic(&nested.body, &label.name, &schema.block, bound, found);
        }
    }
}

fn dynamic<'a>(
    body: &'a Body,
    name: &'a Name,
    schema: &Block,
    bound: &mut Vec<&'a Name>,
    found: &mut Vec<Reference>,
) {
    let argument = |wanted: &str| body.attributes.iter().find(|a| a.name.name == *wanted);
    if let Some(a) = argument("for_each") {
        expression(&a.expr, bound, found);
    }
    let iterator = match argument("iterator").map(|a| &a.expr.kind) {
        Some(streamform_lang::syntax::ExprKind::Traversal(t)) => &t.root.name,
        _ => name,
    };
    bound.push(iterator);
    if let Some(a) = argument("labels") {
        expression(&a.expr, bound, found);
    }
    for content in body.blocks.iter().filter(|b| b.kind.name == "content") {
        gather(&content.body, Some(schema), bound, found);
    }
    bound.pop();
}

fn expression<'a>(
    expr: &'a streamform_lang::syntax::Expr,
    bound: &mut Vec<&'a Name>,
    found: &mut Vec<Reference>,
) {
    walk::each_traversal(expr, bound, &mut |t| {
        if let Ok(reference) = &t.reference {
            found.push(reference.clone());
        }
    });
}
