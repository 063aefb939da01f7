//! `module` blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::Reference;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Name;

/// A `module` block.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Name of the call.
    pub name: Name,
    /// The `source` argument and where it stands.
    pub source: (Name, Span),
    /// The `version` argument as written.
    pub version: Option<Name>,
    /// Values for the variables of the module, by name; evaluated in the calling module.
    pub arguments: BTreeMap<Name, Attribute>,
    /// `count`
    pub count: Option<Arc<Expr>>,
    /// `for_each`
    pub for_each: Option<Arc<Expr>>,
    /// `depends_on`
    pub depends_on: Vec<Reference>,
    /// The `providers` argument: what the module calls it → what the caller calls it, with the places of both.
    /// None where it is not written: then default configurations are inherited.
    pub providers: Option<BTreeMap<LocalProviderConfig, (LocalProviderConfig, Span, Span)>>,
    /// The opening brace, where a missing argument is reported.
    pub opening: Span,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}
