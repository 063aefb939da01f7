//! `output` and `locals` blocks: named expressions.

use std::sync::Arc;

use streamform_lang::addrs::Reference;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Name;

use super::CheckRule;

/// One argument of a `locals` block.
#[derive(Clone, Debug)]
pub struct Local {
    /// Name.
    pub name: Name,
    /// Value.
    pub value: Arc<Expr>,
    /// From the name to the end of the expression.
    pub span: Span,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct Output {
    /// Name.
    pub name: Name,
    /// Value.
    pub value: Arc<Expr>,
    /// `description`
    pub description: Option<Name>,
    /// The value may be sensitive and must not be shown.
    pub sensitive: bool,
    /// The value may be ephemeral (child modules only).
    pub ephemeral: bool,
    /// `depends_on`
    pub depends_on: Vec<Reference>,
    /// `precondition` blocks.
    pub preconditions: Vec<CheckRule>,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}
