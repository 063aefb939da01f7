//! The iterator of a `dynamic` block: a name that only its content sees.

use std::sync::Arc;

use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::Scope;
use streamform_lang::functions::Function;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Name;
use streamform_lang::value::Value;

use super::walk;

/// The expression with traversals that start at one of `names` understood as iterators.
///
/// The parser cannot know them: it takes `topic.value` for an attribute of a resource of type `topic`.
pub(super) fn bind(expr: &Arc<Expr>, names: &[Name]) -> Arc<Expr> {
    let mut mentioned = false;
    if !names.is_empty() {
        walk::each_traversal(expr, &mut Vec::new(), &mut |t| {
            mentioned |= names.contains(&t.root.name);
        });
    }
    if !mentioned {
        return Arc::clone(expr);
    }
    let mut bound = Expr::clone(expr);
    // A variable of an enclosing `for` of the same name wins: the evaluator looks for those before the reference.
    walk::each_traversal_mut(&mut bound, &mut |t| {
        if names.contains(&t.root.name) {
            t.reference = Ok(reference(t));
        }
    });
    Arc::new(bound)
}

fn reference(traversal: &Traversal) -> Reference {
    let root = traversal.root.name.clone();
    let (part, consumed, span) = match traversal.steps.first().map(|s| (&s.kind, s.span)) {
        Some((StepKind::Attr(n), span)) if n == "key" || n == "value" => {
            (n.clone(), 1, traversal.root.span.cover(span))
        }
        _ => (Name::from(""), 0, traversal.root.span),
    };
    Reference {
        subject: Subject::Other(root, part),
        span,
        consumed,
    }
}

/// The world of a `dynamic` block's content: the iterator, and around it the world of the block.
pub(super) struct IteratorScope<'a> {
    pub(super) outer: &'a dyn Scope,
    pub(super) name: &'a Name,
    pub(super) key: Value,
    pub(super) value: Value,
}

impl Scope for IteratorScope<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        match &reference.subject {
            Subject::Other(name, part) if name == self.name => Ok(match part.as_str() {
                "key" => self.key.clone(),
                "value" => self.value.clone(),
                _ => Value::object([
                    (Name::from("key"), self.key.clone()),
                    (Name::from("value"), self.value.clone()),
                ]),
            }),
            _ => self.outer.resolve(reference),
        }
    }

    fn surroundings(&self) -> &Surroundings {
        self.outer.surroundings()
    }

    fn provider_function(&self, provider: &str, function: &str) -> Result<&'static Function, String> {
        self.outer.provider_function(provider, function)
    }
}
