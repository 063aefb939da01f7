//! Walks over expressions and bodies: every plain traversal that is no name of an enclosing `for`.

use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::TemplatePart;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Name;
use streamform_provider::schema::Block as Schema;

/// Calls `f` with each direct part of an expression, whatever names are bound in it.
pub(crate) fn each_child<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Traversal(_) | ExprKind::SplatItem => {}
        ExprKind::Template(parts) => each_in_template(parts, f),
        ExprKind::Wrap(e) | ExprKind::Parens(e) | ExprKind::Relative(e, _) | ExprKind::Unary(_, e) => f(e),
        ExprKind::Index(a, b) | ExprKind::Binary(_, _, a, b) => {
            f(a);
            f(b);
        }
        ExprKind::Splat { source, each, .. } => {
            f(source);
            f(each);
        }
        ExprKind::Call(call) => call.args.iter().for_each(f),
        ExprKind::Conditional(a, b, c) => {
            f(a);
            f(b);
            f(c);
        }
        ExprKind::Tuple(items) => items.iter().for_each(f),
        ExprKind::Object(items) => {
            for item in items {
                f(&item.key);
                f(&item.value);
            }
        }
        ExprKind::For(e) => {
            f(&e.collection);
            e.key.iter().for_each(&mut *f);
            f(&e.value);
            e.condition.iter().for_each(f);
        }
    }
}

fn each_in_template<'a>(parts: &'a [TemplatePart], f: &mut dyn FnMut(&'a Expr)) {
    for part in parts {
        match part {
            TemplatePart::Text(_) => {}
            TemplatePart::Interpolation(e) => f(e),
            TemplatePart::If {
                condition, yes, no, ..
            } => {
                f(condition);
                each_in_template(yes, f);
                each_in_template(no, f);
            }
            TemplatePart::For { collection, body, .. } => {
                f(collection);
                each_in_template(body, f);
            }
        }
    }
}

/// Calls `f` with every traversal of an expression whose root is not bound by an enclosing `for`.
pub(crate) fn traversals<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Traversal)) {
    expression(expr, &mut Vec::new(), f);
}

/// The same for all expressions of a body and of the blocks in it.
///
/// `dynamic` blocks bind a name too: that of their iterator, inside `content`.
pub(crate) fn body_traversals<'a>(body: &'a Body, f: &mut dyn FnMut(&'a Traversal)) {
    in_body(body, None, &mut Vec::new(), f);
}

/// The same for what a schema has, if there is one.
pub(crate) fn known_traversals<'a>(
    body: &'a Body,
    schema: Option<&Schema>,
    f: &mut dyn FnMut(&'a Traversal),
) {
    in_body(body, schema, &mut Vec::new(), f);
}

fn in_body<'a>(
    body: &'a Body,
    schema: Option<&Schema>,
    bound: &mut Vec<Name>,
    f: &mut dyn FnMut(&'a Traversal),
) {
    for a in &body.attributes {
        if schema.is_none_or(|s| s.attribute(&a.name.name).is_some()) {
            expression(&a.expr, bound, f);
        }
    }
    for block in &body.blocks {
        let dynamic = block.labels.first().filter(|_| block.kind.name == "dynamic");
        let kind = dynamic.map_or(&block.kind.name, |label| &label.name);
        let inner_schema = match schema.map(|s| (s.nested(kind), s.attribute(kind))) {
            Some((Some(nested), _)) => Some(&nested.block),
            None | Some((None, Some(_))) => None,
            Some((None, None)) => continue,
        };
        if let Some(label) = dynamic {
            let mut iterator = label.name.clone();
            for a in &block.body.attributes {
                match (a.name.name.as_str(), &a.expr.kind) {
                    // The iterator's name is a word, not a reference.
                    ("iterator", ExprKind::Traversal(t)) => iterator = t.root.name.clone(),
                    ("labels", _) => {
                        bound.push(iterator.clone());
                        expression(&a.expr, bound, f);
                        bound.pop();
                    }
                    _ => expression(&a.expr, bound, f),
                }
            }
            bound.push(iterator);
            for inner in &block.body.blocks {
                in_body(&inner.body, inner_schema, bound, f);
            }
            bound.pop();
        } else {
            in_body(&block.body, inner_schema, bound, f);
        }
    }
}

fn expression<'a>(expr: &'a Expr, bound: &mut Vec<Name>, f: &mut dyn FnMut(&'a Traversal)) {
    match &expr.kind {
        ExprKind::Traversal(t) => {
            if !bound.contains(&t.root.name) {
                f(t);
            }
        }
        ExprKind::For(e) => {
            expression(&e.collection, bound, f);
            let depth = bound.len();
            bound.extend(e.key_name.iter().map(|n| n.name.clone()));
            bound.push(e.value_name.name.clone());
            for inner in e.key.iter().chain([&e.value]).chain(e.condition.iter()) {
                expression(inner, bound, f);
            }
            bound.truncate(depth);
        }
        ExprKind::Template(parts) => template(parts, bound, f),
        _ => each_child(expr, &mut |e| expression(e, bound, f)),
    }
}

fn template<'a>(parts: &'a [TemplatePart], bound: &mut Vec<Name>, f: &mut dyn FnMut(&'a Traversal)) {
    for part in parts {
        match part {
            TemplatePart::Text(_) => {}
            TemplatePart::Interpolation(e) => expression(e, bound, f),
            TemplatePart::If {
                condition, yes, no, ..
            } => {
                expression(condition, bound, f);
                template(yes, bound, f);
                template(no, bound, f);
            }
            TemplatePart::For {
                key,
                value,
                collection,
                body,
                ..
            } => {
                expression(collection, bound, f);
                let depth = bound.len();
                bound.extend(key.iter().map(|n| n.name.clone()));
                bound.push(value.name.clone());
                template(body, bound, f);
                bound.truncate(depth);
            }
        }
    }
}
