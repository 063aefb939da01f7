//! Conditions: `check` blocks, and the rules in `validation`, `precondition`, `postcondition` and `assert` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Resource;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Name;

/// A condition and what to say when it does not hold.
#[derive(Clone, Debug)]
pub struct CheckRule {
    /// `condition`
    pub condition: Arc<Expr>,
    /// `error_message`
    pub error_message: Arc<Expr>,
    /// Type of the block: how messages point at the rule.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

/// A `check` block.
#[derive(Clone, Debug)]
pub struct CheckBlock {
    /// Name.
    pub name: Name,
    /// The data source that only this check sees; its block is among the resources of the module.
    pub data: Option<Resource>,
    /// `assert` blocks.
    pub asserts: Vec<CheckRule>,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}
