//! `moved`, `removed` and `import` blocks: what happened to objects that exist already.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Expr;

use super::Provisioner;
use super::implied_provider;

/// A `moved` block. Both addresses are relative to the module that it stands in.
#[derive(Clone, Debug)]
pub struct MovedBlock {
    /// The old address.
    pub from: Target,
    /// Where `from` is written.
    pub from_span: Span,
    /// The new address.
    pub to: Target,
    /// Where `to` is written.
    pub to_span: Span,
    /// Type of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

/// A `removed` block. The address is relative to the module that it stands in and has no instance keys.
#[derive(Clone, Debug)]
pub struct RemovedBlock {
    /// The old address.
    pub from: Target,
    /// Where `from` is written.
    pub from_span: Span,
    /// Whether the object is deleted (true unless the block says otherwise) or only forgotten.
    pub destroy: bool,
    /// Provisioners to run before it is deleted.
    pub provisioners: Vec<Arc<Provisioner>>,
    /// The whole block.
    pub span: Span,
}

/// An `import` block (root module only): an object that exists already becomes the object of a resource instance.
#[derive(Clone, Debug)]
pub struct ImportBlock {
    /// The address; with `for_each` its instance keys may refer to `each`.
    pub to: Arc<Expr>,
    /// The resource block that `to` names.
    pub resource: ConfigResource,
    /// The instance keys of `to`: one for each module call, and that of the resource.
    pub keys: Vec<ImportKey>,
    /// The instance that `to` names, if all its keys are literals.
    pub address: Option<AbsInstance>,
    /// What the provider calls the object.
    pub id: Arc<Expr>,
    /// `for_each`
    pub for_each: Option<Arc<Expr>>,
    /// The `provider` argument, and where it stands.
    pub provider: Option<(LocalProviderConfig, Span)>,
    /// The provider configuration that serves a resource for which there is no block yet. None: `provider` names none.
    pub resolved_provider: Option<AbsProviderConfig>,
    /// Type of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

/// An instance key in `to`.
#[derive(Clone, Debug)]
pub enum ImportKey {
    /// A literal, or none.
    Literal(InstanceKey),
    /// An expression of `each`.
    Expr(Arc<Expr>),
}

impl ImportBlock {
    /// The local name of the provider: what `provider` names, or else the first word of the resource type.
    pub fn provider_local_name(&self) -> LocalProviderConfig {
        match &self.provider {
            Some((config, _)) => config.clone(),
            None => LocalProviderConfig {
                name: implied_provider(&self.resource.resource.ty),
                alias: None,
            },
        }
    }
}
