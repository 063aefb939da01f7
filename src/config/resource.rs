//! `resource`, `data` and `ephemeral` blocks.

use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Name;
use streamform_lang::value::Path;

use super::CheckRule;

/// A `resource`, `data` or `ephemeral` block.
#[derive(Clone, Debug)]
pub struct ResourceBlock {
    /// Mode, type and name.
    pub address: Resource,
    /// What the schema of the type describes: the block without its meta-arguments.
    pub body: Body,
    /// `count`
    pub count: Option<Arc<Expr>>,
    /// `for_each`
    pub for_each: Option<Arc<Expr>>,
    /// `depends_on`
    pub depends_on: Vec<Reference>,
    /// The `provider` argument, and where it stands.
    pub provider: Option<(LocalProviderConfig, Span)>,
    /// The provider configuration that serves it. It may have no block: then it is empty.
    pub resolved_provider: AbsProviderConfig,
    /// The `lifecycle` block; what is not written has its default.
    pub lifecycle: Lifecycle,
    /// `provisioner` blocks.
    pub provisioners: Vec<Arc<Provisioner>>,
    /// The `connection` block for all provisioners.
    pub connection: Option<Arc<Body>>,
    /// The `check` block around it, for a data source that only a check sees.
    pub check: Option<Name>,
    /// Type and labels of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

impl ResourceBlock {
    /// The local name of the provider: what `provider` names, or else the first word of the resource type.
    pub fn provider_local_name(&self) -> LocalProviderConfig {
        match &self.provider {
            Some((config, _)) => config.clone(),
            None => LocalProviderConfig {
                name: implied_provider(&self.address.ty),
                alias: None,
            },
        }
    }
}

/// The local name of the provider that a resource type belongs to: what stands before the first underscore.
pub fn implied_provider(resource_type: &str) -> Name {
    resource_type.split('_').next().unwrap_or(resource_type).into()
}

/// A `lifecycle` block.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// `create_before_destroy`; none where it is not written and what depends on the resource decides.
    pub create_before_destroy: Option<bool>,
    /// `prevent_destroy`
    pub prevent_destroy: bool,
    /// `destroy = false`: objects are forgotten where they would be deleted.
    pub skip_destroy: bool,
    /// `ignore_changes`
    pub ignore_changes: IgnoreChanges,
    /// `replace_triggered_by`
    pub replace_triggered_by: Vec<Arc<Expr>>,
    /// `precondition` blocks.
    pub preconditions: Vec<CheckRule>,
    /// `postcondition` blocks.
    pub postconditions: Vec<CheckRule>,
}

/// Which changes of the configuration are ignored.
#[derive(Clone, Debug)]
pub enum IgnoreChanges {
    /// `ignore_changes = all`
    All,
    /// Those of these arguments, each with its place.
    Paths(Vec<(Path, Span)>),
}

impl Default for IgnoreChanges {
    fn default() -> Self {
        IgnoreChanges::Paths(Vec::new())
    }
}

/// A `provisioner` block.
#[derive(Clone, Debug)]
pub struct Provisioner {
    /// `local-exec`, `remote-exec`, `file`, …
    pub ty: Name,
    /// Its own arguments.
    pub body: Body,
    /// Its own `connection` block.
    pub connection: Option<Arc<Body>>,
    /// When it runs.
    pub when: When,
    /// What its failure means.
    pub on_failure: OnFailure,
    /// Type and label of the block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

impl Provisioner {
    /// The opening brace of the block: where its failure is reported.
    pub fn opening(&self) -> Span {
        Span {
            start: self.body.span.start.saturating_sub(1),
            end: self.body.span.start,
            ..self.body.span
        }
    }
}

/// When a provisioner runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// After the object is made.
    #[default]
    Create,
    /// Before the object is deleted.
    Destroy,
}

/// What the failure of a provisioner means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The resource fails (a new object is tainted).
    #[default]
    Fail,
    /// The run goes on.
    Continue,
}
