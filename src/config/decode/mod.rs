//! From the blocks of one folder to the parts of a module. One file a kind of block.

mod call;
mod check;
pub(super) mod constant;
mod content;
mod import;
mod later;
mod lifecycle;
mod named;
mod provider;
mod provisioner;
mod refactor;
mod reference;
mod required;
mod resource;
mod settings;
mod variable;

use std::collections::btree_map::Entry;
use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Body;

use super::Module;
use super::ProviderBlock;
use super::ResourceBlock;
use super::overrides::VariableOverrides;
use content::Content;

pub(super) use content::missing_argument_at;
pub(super) use content::suggest;
pub(super) use content::unexpected_argument;
pub(super) use reference::STATIC_REFERENCE;
pub(super) use required::unfit_name;

/// Fills a module from the bodies of its files.
pub(super) struct Decoder<'a> {
    pub(super) sources: &'a Sources,
    pub(super) module: &'a mut Module,
    pub(super) diagnostics: Diagnostics,
    /// Where `required_providers` was first seen.
    required_providers: Option<Span>,
    /// Where `cloud` was first seen.
    cloud: Option<Span>,
    /// What override files say about variables.
    variable_overrides: VariableOverrides,
    /// The provider configuration of resource blocks until the whole tree is known.
    unsettled: AbsProviderConfig,
    /// The blocks are those of an override file: what stands in the block that they change need not be there, and rules cannot
    /// be changed.
    overriding: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        module: &'a mut Module,
        variable_overrides: VariableOverrides,
    ) -> Self {
        let unsettled = AbsProviderConfig::new(module.path.clone(), ProviderAddr::builtin(), None);
        Decoder {
            sources,
            module,
            diagnostics: Diagnostics::new(),
            required_providers: None,
            cloud: None,
            variable_overrides,
            unsettled,
            overriding: false,
        }
    }

    /// What is wrong with a block of an override file by itself, whatever it changes.
    pub(super) fn judge_override(sources: &Sources, block: &Block) -> Diagnostics {
        let mut scratch = Module::empty(super::ModuleId(0), std::path::PathBuf::new());
        let mut decoder = Decoder::new(sources, &mut scratch, VariableOverrides::new());
        decoder.overriding = true;
        decoder.file(Body {
            blocks: vec![block.clone()],
            ..Body::empty(block.span)
        });
        decoder.diagnostics
    }

    fn error(&mut self, span: Span, summary: impl Into<String>, detail: impl Into<String>) {
        self.diagnostics.error_at(span, summary, detail);
    }

    fn place(&self, span: Span) -> String {
        self.sources.range(span)
    }

    /// Reads everything at the top level of a file.
    pub(super) fn file(&mut self, body: Body) {
        let mut content = Content::new(body);
        for block in content.blocks("terraform") {
            self.terraform(block);
        }
        for block in content.plain_blocks("required_providers", &mut self.diagnostics) {
            self.error(
                block.header,
                "Invalid required_providers block",
                "A \"required_providers\" block must be nested inside a \"terraform\" block.",
            );
        }
        for block in content.blocks("provider") {
            self.provider(block);
        }
        for block in content.blocks("variable") {
            self.variable(block);
        }
        for block in content.blocks("locals") {
            self.locals(block);
        }
        for block in content.blocks("output") {
            self.output(block);
        }
        for block in content.blocks("module") {
            self.call(block);
        }
        for (kind, mode) in [
            ("resource", Mode::Managed),
            ("data", Mode::Data),
            ("ephemeral", Mode::Ephemeral),
        ] {
            for block in content.blocks(kind) {
                if let Some(resource) = self.resource(block, mode, None) {
                    self.add_resource(resource);
                }
            }
        }
        for block in content.blocks("moved") {
            self.moved(block);
        }
        for block in content.blocks("removed") {
            self.removed(block);
        }
        for block in content.blocks("import") {
            self.import(block);
        }
        for block in content.blocks("check") {
            self.check(block);
        }
        content.finish(&mut self.diagnostics);
    }

    /// Checks that need the whole module.
    pub(super) fn finish(mut self) -> Diagnostics {
        if let (Some(cloud), Some(backend)) = (self.cloud, &self.module.backend) {
            let header = backend.header;
            let detail = format!(
                "A module may declare either one 'cloud' block OR one 'backend' block configuring a state backend. The 'cloud' block is configured at {}; a backend is configured at {}. Remove the 'cloud' block: this tool keeps state in a backend.",
                self.place(cloud),
                self.place(header)
            );
            self.error(
                header,
                "Both a backend and cloud configuration are present",
                detail,
            );
        } else if let Some(cloud) = self.cloud {
            self.error(
                cloud,
                "HCP Terraform is not supported",
                "The \"cloud\" block connects a configuration to HCP Terraform, which this tool does not use. Replace it by a \"backend\" block, or remove it to keep state on this machine.",
            );
        }
        self.provider_addresses();
        self.diagnostics
    }

    fn add_resource(&mut self, resource: ResourceBlock) {
        let first = match self.module.resources.entry(resource.address.clone()) {
            Entry::Occupied(first) => first.get().header,
            Entry::Vacant(place) => {
                place.insert(Arc::new(resource));
                return;
            }
        };
        let place = self.place(first);
        let Resource { mode, ty, name } = &resource.address;
        let (summary, kind) = match mode {
            Mode::Managed => (
                format!("Duplicate resource {:?} configuration", ty.as_str()),
                "resource",
            ),
            Mode::Data => (
                format!("Duplicate data {:?} configuration", ty.as_str()),
                "data resource",
            ),
            Mode::Ephemeral => (
                format!("Duplicate ephemeral {:?} configuration", ty.as_str()),
                "ephemeral resource",
            ),
        };
        let detail = format!(
            "A {ty} {kind} named {:?} was already declared at {place}. Resource names must be unique per type in each module.",
            name.as_str()
        );
        self.error(resource.header, summary, detail);
    }

    fn add_provider(&mut self, provider: ProviderBlock) {
        let LocalProviderConfig { name, alias } = &provider.config;
        if let Some(first) = self.module.providers.get(&provider.config) {
            let place = self.place(first.header);
            let detail = match alias {
                None => format!(
                    "A default (non-aliased) provider configuration for {:?} was already given at {place}. If multiple configurations are required, set the \"alias\" argument for alternative configurations.",
                    name.as_str()
                ),
                Some(alias) => format!(
                    "A provider configuration for {:?} with alias {:?} was already given at {place}. Each configuration for the same provider must have a distinct alias.",
                    name.as_str(),
                    alias.as_str()
                ),
            };
            self.error(provider.header, "Duplicate provider configuration", detail);
            return;
        }
        self.module
            .providers
            .insert(provider.config.clone(), Arc::new(provider));
    }

    /// Gives provider blocks the address that their local name means, which other files may say.
    fn provider_addresses(&mut self) {
        let module = &mut *self.module;
        for (config, block) in &mut module.providers {
            if let Some(required) = module.required_providers.get(&config.name) {
                Arc::make_mut(block).provider = required.source.clone();
            }
        }
    }

    /// Says that a name is taken; `what` begins a sentence: `A variable named`.
    fn duplicate(&mut self, at: Span, first: Span, summary: &str, what: &str, name: &str, rule: &str) {
        let place = self.place(first);
        let verb = if what.starts_with("A variable") || what.starts_with("A check") {
            "declared"
        } else {
            "defined"
        };
        self.error(
            at,
            summary,
            format!("{what} named {name:?} was already {verb} at {place}. {rule}"),
        );
    }
}

/// The single label of a block that must be a name.
fn only_label(
    block: &Block,
    invalid: &str,
    diagnostics: &mut Diagnostics,
) -> Option<streamform_lang::value::Name> {
    let [label] = content::labels(block, ["name"], diagnostics)?;
    content::check_name(label, invalid, diagnostics);
    Some(label.name.clone())
}
