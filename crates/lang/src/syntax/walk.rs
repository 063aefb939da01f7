//! Looking through expressions.

use super::tree::*;
use crate::addrs::Reference;
use crate::diag::Diagnostics;
use crate::value::Kind;

impl Expr {
    /// Calls `f` with every expression directly inside this one, and the names that it binds for it.
    fn each_inside<'a>(&'a self, f: &mut impl FnMut(&'a Expr, &[&'a Ident])) {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Traversal(_) | ExprKind::SplatItem => {}
            ExprKind::Template(parts) => each_part(parts, &mut Vec::new(), f),
            ExprKind::Wrap(e) | ExprKind::Parens(e) | ExprKind::Unary(_, e) | ExprKind::Relative(e, _) => {
                f(e, &[]);
            }
            ExprKind::Index(a, b) | ExprKind::Binary(_, _, a, b) => {
                f(a, &[]);
                f(b, &[]);
            }
            ExprKind::Splat { source, each, .. } => {
                f(source, &[]);
                f(each, &[]);
            }
            ExprKind::Call(call) => call.args.iter().for_each(|e| f(e, &[])),
            ExprKind::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|e| f(e, &[])),
            ExprKind::Tuple(items) => items.iter().for_each(|e| f(e, &[])),
            ExprKind::Object(items) => {
                for item in items {
                    f(&item.key, &[]);
                    f(&item.value, &[]);
                }
            }
            ExprKind::For(x) => {
                f(&x.collection, &[]);
                let names: Vec<&Ident> = x.key_name.iter().chain([&x.value_name]).collect();
                for e in x.key.iter().chain([&x.value]).chain(&x.condition) {
                    f(e, &names);
                }
            }
        }
    }

    /// Calls `f` with every traversal whose root is not a name bound by an enclosing `for`, in the order of the text.
    pub fn for_each_traversal<'a>(&'a self, f: &mut impl FnMut(&'a Traversal)) {
        free_traversals(self, &mut Vec::new(), f);
    }

    /// Calls `f` with every reference in the expression, in the order of the text. Names bound by an enclosing `for`
    /// are none, nor are traversals that refer to nothing (see [`Expr::bad_references`]).
    pub fn for_each_reference<'a>(&'a self, f: &mut impl FnMut(&'a Reference)) {
        self.for_each_traversal(&mut |t| {
            if let Ok(reference) = &t.reference {
                f(reference);
            }
        });
    }

    /// The errors of traversals that refer to nothing.
    pub fn bad_references(&self) -> Diagnostics {
        let mut out = Diagnostics::new();
        self.for_each_traversal(&mut |t| {
            if let Err(d) = &t.reference {
                out.push((**d).clone());
            }
        });
        out
    }

    /// Calls `f` with every function call in the expression.
    pub fn for_each_call<'a>(&'a self, f: &mut impl FnMut(&'a Call)) {
        if let ExprKind::Call(call) = &self.kind {
            f(call);
        }
        let mut inside = Vec::new();
        self.each_inside(&mut |e, _| inside.push(e));
        for e in inside {
            e.for_each_call(f);
        }
    }

    /// The text, if the expression is a string without templates.
    pub fn as_literal_string(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Literal(v) => v.as_str(),
            _ => None,
        }
    }

    /// The text, if the expression is a string without templates, or a string of the JSON syntax that holds no reference.
    pub fn as_plain_text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Template(parts) => match parts.as_slice() {
                [TemplatePart::Text(text)] => Some(text),
                _ => None,
            },
            _ => self.as_literal_string(),
        }
    }

    /// The word, if the expression is a lone one: `string`, `any`, `all`, `true`.
    pub fn as_keyword(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Traversal(t) if t.steps.is_empty() => Some(&t.root.name),
            ExprKind::Literal(v) => match v.kind() {
                Kind::Bool(true) => Some("true"),
                Kind::Bool(false) => Some("false"),
                Kind::Null(_) => Some("null"),
                _ => None,
            },
            _ => None,
        }
    }

    /// The traversal, if the expression is nothing else: a name with attributes and literal indexes.
    pub fn as_static_traversal(&self) -> Option<&Traversal> {
        match &self.kind {
            ExprKind::Traversal(t) => Some(t),
            _ => None,
        }
    }
}

/// Depth is bounded by the grammar, so this may call itself.
fn free_traversals<'a>(e: &'a Expr, bound: &mut Vec<&'a Ident>, f: &mut impl FnMut(&'a Traversal)) {
    if let ExprKind::Traversal(t) = &e.kind {
        if !bound.iter().any(|b| b.name == t.root.name) {
            f(t);
        }
        return;
    }
    let mut inside: Vec<(&'a Expr, Vec<&'a Ident>)> = Vec::new();
    e.each_inside(&mut |e, names| inside.push((e, names.to_vec())));
    for (e, names) in inside {
        let before = bound.len();
        bound.extend(names);
        free_traversals(e, bound, f);
        bound.truncate(before);
    }
}

fn each_part<'a>(
    parts: &'a [TemplatePart],
    bound: &mut Vec<&'a Ident>,
    f: &mut impl FnMut(&'a Expr, &[&'a Ident]),
) {
    for part in parts {
        match part {
            TemplatePart::Text(_) => {}
            TemplatePart::Interpolation(e) => f(e, bound),
            TemplatePart::If {
                condition, yes, no, ..
            } => {
                f(condition, bound);
                each_part(yes, bound, f);
                each_part(no, bound, f);
            }
            TemplatePart::For {
                key,
                value,
                collection,
                body,
                ..
            } => {
                f(collection, bound);
                let before = bound.len();
                bound.extend(key.iter().chain([value]));
                each_part(body, bound, f);
                bound.truncate(before);
            }
        }
    }
}
