//! The module tree as written, checked statically.
//!
//! [`load`] reads a folder and every module that it calls into a [`Configuration`]: plain data with spans, no values.
//! Nothing here evaluates a reference; what an expression means is asked later. All errors of a load come back
//! together, and what could be read comes back with them.

mod backend;
mod call;
mod check;
mod decode;
mod files;
mod imports;
mod inherit;
mod load;
mod module;
mod output;
mod overrides;
mod provider;
mod provider_names;
mod provisioner;
mod refactor;
mod references;
mod resource;
mod settings;
mod settle;
mod shapes;
mod source;
mod variable;
pub mod version;
pub(crate) mod walk;

pub use backend::Argument;
pub use backend::BackendSettings;
pub use backend::BackendType;
pub use backend::Takes;
pub use backend::backend_file;
pub use backend::backend_flag;
pub use backend::is_secret;
pub use backend::root_backend;
pub use backend::settings as backend_settings;
pub use call::ModuleCall;
pub use check::CheckBlock;
pub use check::CheckRule;
pub use files::Disk;
pub use files::Files;
pub use files::FilesError;
pub use files::Snapshot;
pub use imports::check_imports;
pub use imports::wrong_key;
pub use load::NOT_INSTALLED;
pub use load::load;
pub use module::Module;
pub use module::ModuleId;
pub use output::Local;
pub use output::Output;
pub use provider::ProviderBlock;
pub use provider::RequiredProvider;
pub use provisioner::PROVISIONERS;
pub use provisioner::connection_schema;
pub use provisioner::provisioner_schema;
pub use refactor::ImportBlock;
pub use refactor::ImportKey;
pub use refactor::MovedBlock;
pub use refactor::RemovedBlock;
pub use references::SchemaLookup;
pub use references::check_expression;
pub use references::check_references;
pub use resource::IgnoreChanges;
pub use resource::Lifecycle;
pub use resource::OnFailure;
pub use resource::Provisioner;
pub use resource::ResourceBlock;
pub use resource::When;
pub use resource::implied_provider;
pub use settings::BackendBlock;
pub use settings::VersionRequirement;
pub use settle::settle;
pub(crate) use shapes::VALUES;
pub use variable::Variable;

use std::collections::HashSet;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::ModulePath;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

/// All modules of a configuration.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The module that the command runs in.
    pub root: ModuleId,
    /// Every module, a caller before those that it calls. Indexed by [`ModuleId`].
    pub modules: Vec<Module>,
    /// The texts of all files that were read.
    pub sources: Sources,
    /// The same files by path, to load the configuration again from a saved plan.
    pub snapshot: Snapshot,
    /// Whether every file was found and parsed. If not, declarations are missing, and what refers to them is not to blame.
    pub complete: bool,
}

impl Configuration {
    /// The module that the command runs in.
    pub fn root(&self) -> &Module {
        self.module(self.root)
    }

    /// A module by its id.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// A module by its path, if the configuration has it.
    pub fn find(&self, path: &ModulePath) -> Option<&Module> {
        let mut at = self.root();
        for name in path.0.iter() {
            at = self.module(*at.children.get(name)?);
        }
        Some(at)
    }

    /// Provider configurations that resource blocks use. The others are not looked into, as in Terraform.
    pub fn used_providers(&self) -> HashSet<&AbsProviderConfig> {
        self.modules
            .iter()
            .flat_map(|m| m.resources.values().map(|r| &r.resolved_provider))
            .collect()
    }

    /// `provider_meta` blocks whose provider a resource of their module uses: no provider takes such data.
    pub fn unsupported_metas(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for module in &self.modules {
            for (name, span) in &module.provider_metas {
                let provider = module.provider_address(name);
                let user = module
                    .resources
                    .iter()
                    .find(|(_, r)| r.resolved_provider.provider == provider);
                if let Some((resource, _)) = user {
                    diagnostics.error_at(
                        *span,
                        format!("Provider {provider} doesn't support provider_meta"),
                        format!("The resource {resource} belongs to a provider that takes no data of the module. Remove the block."),
                    );
                }
            }
        }
        diagnostics
    }

    /// A resource block by its address, if the configuration has it.
    pub fn resource(&self, address: &ConfigResource) -> Option<&std::sync::Arc<ResourceBlock>> {
        self.find(&address.module)?.resources.get(&address.resource)
    }
}
#[cfg(test)]
mod tests;
