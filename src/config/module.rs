//! One module: what its files declare, by kind and name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::ModulePath;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::value::Name;

use super::BackendBlock;
use super::CheckBlock;
use super::ImportBlock;
use super::Local;
use super::ModuleCall;
use super::MovedBlock;
use super::Output;
use super::ProviderBlock;
use super::RemovedBlock;
use super::RequiredProvider;
use super::ResourceBlock;
use super::Variable;
use super::VersionRequirement;

/// Where a module stands in [`Configuration::modules`](super::Configuration::modules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub u32);

/// One module as written: one folder, at one place of the module tree.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its place in the arena.
    pub id: ModuleId,
    /// The names of the calls that lead to it.
    pub path: ModulePath,
    /// Its folder, relative to where the command runs: `.` for the root module. This is `path.module`.
    pub dir: PathBuf,
    /// The module that calls it and the name of the call; none for the root module.
    pub parent: Option<(ModuleId, Name)>,
    /// The modules that it calls, by the name of the call. A call whose module could not be read has no child.
    pub children: BTreeMap<Name, ModuleId>,
    /// `variable` blocks.
    pub variables: BTreeMap<Name, Arc<Variable>>,
    /// The arguments of all `locals` blocks.
    pub locals: BTreeMap<Name, Arc<Local>>,
    /// `output` blocks.
    pub outputs: BTreeMap<Name, Arc<Output>>,
    /// `resource`, `data` and `ephemeral` blocks, also the `data` blocks inside `check` blocks.
    pub resources: BTreeMap<Resource, Arc<ResourceBlock>>,
    /// `module` blocks.
    pub calls: BTreeMap<Name, Arc<ModuleCall>>,
    /// `provider` blocks.
    pub providers: BTreeMap<LocalProviderConfig, Arc<ProviderBlock>>,
    /// What `required_providers` says, by local name.
    pub required_providers: BTreeMap<Name, RequiredProvider>,
    /// Every provider configuration that the module can name, and which block is meant: its own ones, those that its
    /// caller hands down, and the inherited default ones. What is not in here is an empty configuration of the root module.
    pub provider_configs: BTreeMap<LocalProviderConfig, AbsProviderConfig>,
    /// Every `required_version`.
    pub required_versions: Vec<VersionRequirement>,
    /// The `backend` block; only that of the root module counts.
    pub backend: Option<Arc<BackendBlock>>,
    /// Where `provider_meta` blocks are, by the local name of the provider.
    pub provider_metas: BTreeMap<Name, Span>,
    /// `check` blocks.
    pub checks: BTreeMap<Name, Arc<CheckBlock>>,
    /// `moved` blocks, in the order of the source.
    pub moved: Vec<Arc<MovedBlock>>,
    /// `removed` blocks, in the order of the source.
    pub removed: Vec<Arc<RemovedBlock>>,
    /// `import` blocks, in the order of the source.
    pub imports: Vec<Arc<ImportBlock>>,
    /// What was seen to be wrong with references while the blocks were read. `init` does not look at references, so that it is
    /// told together with what their check finds.
    pub told_later: Diagnostics,
}
