//! `variable` blocks.

use std::sync::Arc;

use streamform_lang::diag::Span;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::CheckRule;

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Name.
    pub name: Name,
    /// The type constraint; [`Type::Any`] where none is written. May have optional attributes.
    pub ty: Type,
    /// The `type` argument as written, from which the defaults of optional attributes follow.
    pub type_expr: Option<Arc<Expr>>,
    /// The default, already converted to `ty`; none where the variable must be given.
    pub default: Option<Value>,
    /// `description`
    pub description: Option<Name>,
    /// Values must not be shown.
    pub sensitive: bool,
    /// Values must not be stored.
    pub ephemeral: bool,
    /// Whether null is a value like any other; if not, null means the default.
    pub nullable: bool,
    /// `validation` blocks.
    pub validations: Vec<CheckRule>,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

impl Variable {
    /// What every value of it is marked with.
    pub fn marks(&self) -> Marks {
        let mut marks = Marks::NONE;
        if self.sensitive {
            marks = marks.union(Marks::SENSITIVE);
        }
        if self.ephemeral {
            marks = marks.union(Marks::EPHEMERAL);
        }
        marks
    }
}
