//! `provider` blocks and what `required_providers` says.

use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Body;
use streamform_lang::value::Name;

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// Local name and alias.
    pub config: LocalProviderConfig,
    /// The provider that the local name means here.
    pub provider: ProviderAddr,
    /// What the schema of the provider describes: the block without `alias` and `version`.
    pub body: Body,
    /// Whether the block asks for a version.
    pub has_version: bool,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

/// One argument of a `required_providers` block.
#[derive(Clone, Debug)]
pub struct RequiredProvider {
    /// The provider that the local name means.
    pub source: ProviderAddr,
    /// Version constraint as written.
    pub version: Option<Name>,
    /// Names of configurations that a caller must hand in.
    pub configuration_aliases: Vec<(LocalProviderConfig, Span)>,
    /// The whole argument.
    pub span: Span,
}
