//! What a `terraform` block says about the run.

use streamform_lang::diag::Span;
use streamform_lang::syntax::Body;
use streamform_lang::value::Name;

/// A `required_version` argument.
#[derive(Clone, Debug)]
pub struct VersionRequirement {
    /// The constraint as written.
    pub constraint: Name,
    /// The expression.
    pub span: Span,
}

/// A `backend` block.
#[derive(Clone, Debug)]
pub struct BackendBlock {
    /// Type.
    pub ty: Name,
    /// Its arguments; they can refer to nothing.
    pub body: Body,
    /// Where the type is written.
    pub type_span: Span,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}
