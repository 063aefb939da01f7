//! From files to a checked configuration and its graph.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::did_you_mean;
use streamform_provider::Registry;
use streamform_provider::schema;

use crate::config;
use crate::config::Configuration;
use crate::config::Files;
use crate::deps::Graph;

/// A configuration ready to be planned (if there are no errors).
#[derive(Clone)]
pub struct Loaded {
    /// The configuration; also there when it has errors, for the texts of its files.
    pub config: Arc<Configuration>,
    /// Its dependencies.
    pub graph: Arc<Graph>,
    /// The folder of the root module.
    pub root: PathBuf,
    /// Everything that was found wrong.
    pub diagnostics: Diagnostics,
}

/// Reads and checks a configuration.
pub fn load(files: &dyn Files, root: &Path, registry: &Registry) -> Loaded {
    let (mut config, mut diagnostics) = config::load(files, root);
    let schemas =
        |provider: &ProviderAddr, mode: Mode, type_name: &str| registry.schema(provider, mode, type_name);
    let in_bodies = config::settle(&mut config, &schemas, &|p| {
        registry.get(p).map(|f| f.config_schema())
    });
    if diagnostics.has_errors() {
        // What could not be read is missing to what refers to it, and what is wrong with a block would be told again in other
        // words: only names that nothing declares are certain to be mistakes of their own.
        if config.complete {
            let found = config::check_references(&config, &schemas);
            diagnostics.extend(found.into_iter().filter(is_undeclared).collect());
        }
        return Loaded {
            config: Arc::new(config),
            graph: Arc::default(),
            root: root.to_owned(),
            diagnostics: diagnostics.tidy(),
        };
    }
    diagnostics.extend(missing_providers(&config, registry));
    diagnostics.extend(unknown_types(&config, registry));
    diagnostics.extend(in_bodies);
    diagnostics.extend(config::check_references(&config, &schemas));
    diagnostics.extend(config::check_imports(&config));
    let (graph, found) = Graph::build(&config);
    diagnostics.extend(found);
    if diagnostics.has_errors() {
        // Nothing will be evaluated: what can be said against bodies without that is told in the same run.
        diagnostics.extend(unfit_bodies(&config, registry));
    }
    Loaded {
        config: Arc::new(config),
        graph: Arc::new(graph),
        root: root.to_owned(),
        diagnostics: diagnostics.tidy(),
    }
}

/// Reads a configuration and makes sure that its modules and providers are there; what its expressions refer to is not looked
/// at.
pub fn load_declarations(
    files: &dyn Files,
    root: &Path,
    registry: &Registry,
) -> (Configuration, Diagnostics) {
    let (config, diagnostics) = config::load(files, root);
    // Here the folder should have been found; everywhere else it was not brought.
    let mut diagnostics: Diagnostics = diagnostics
        .into_iter()
        .map(|d| match d.summary == config::NOT_INSTALLED {
            true => Diagnostic {
                summary: "Unreadable module directory".to_owned(),
                ..d
            },
            false => d,
        })
        .collect();
    diagnostics.extend(missing_providers(&config, registry));
    diagnostics.extend(versions_of_builtin(&config));
    (config, diagnostics.tidy())
}

/// Versions that are asked of the provider that is part of every program of this kind.
fn versions_of_builtin(config: &Configuration) -> Diagnostics {
    let asked = config.modules.iter().any(|module| {
        let required = module.required_providers.values();
        let blocks = module.providers.values();
        required
            .map(|r| (&r.source, r.version.is_some()))
            .chain(blocks.map(|b| (&b.provider, b.has_version)))
            .any(|(provider, versioned)| versioned && *provider == ProviderAddr::builtin())
    });
    let found = asked.then(|| {
        Diagnostic::error(
            "Invalid dependency on built-in provider",
            format!(
                "Cannot use {}: built-in providers do not support explicit version constraints.",
                ProviderAddr::builtin().for_display()
            ),
        )
    });
    found.into_iter().collect()
}

/// Every provider that is required, or used by a resource, and is not part of this program.
fn missing_providers(config: &Configuration, registry: &Registry) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut told: Vec<ProviderAddr> = Vec::new();
    let there = registry
        .iter()
        .map(|(a, _)| a.for_display())
        .collect::<Vec<_>>()
        .join(", ");
    for module in &config.modules {
        let declared = module.required_providers.values().map(|r| (&r.source, r.span));
        let used = module
            .resources
            .values()
            .map(|r| (&r.resolved_provider.provider, r.header));
        let imported = module
            .imports
            .iter()
            .filter_map(|i| Some((&i.resolved_provider.as_ref()?.provider, i.header)));
        for (address, span) in declared.chain(used).chain(imported) {
            if registry.get(address).is_some() || told.contains(address) {
                continue;
            }
            told.push(address.clone());
            let meant = registry.iter().map(|(a, _)| a).find(|a| a.ty == address.ty);
            let hint = meant.map_or_else(String::new, |a| {
                format!(
                    "\n\nDid you mean {}? Every module that uses it says so:\n\n    terraform {{\n      required_providers {{\n        {} = {{\n          source = \"{}\"\n        }}\n      }}\n    }}",
                    a.for_display(),
                    a.ty,
                    a.for_display()
                )
            });
            diagnostics.push(
                Diagnostic::error(
                    "Provider not available",
                    format!(
                        "Streamform runs its providers natively and has none at {}. The providers that are there: {there}. Other providers of the Terraform registry cannot be used yet.{hint}",
                        address.for_display()
                    ),
                )
                .at(span),
            );
        }
    }
    diagnostics
}

fn is_undeclared(found: &Diagnostic) -> bool {
    found.summary.starts_with("Reference to undeclared")
}

/// Unknown and missing arguments and blocks of every resource.
fn unfit_bodies(config: &Configuration, registry: &Registry) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for module in &config.modules {
        for (resource, block) in &module.resources {
            let provider = &block.resolved_provider.provider;
            if let Some(schema) = registry.schema(provider, resource.mode, &resource.ty) {
                diagnostics.extend(schema::check(&block.body, &schema.block, &[]));
            }
        }
    }
    diagnostics
}

/// Every block of a type that its provider does not have.
fn unknown_types(config: &Configuration, registry: &Registry) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for module in &config.modules {
        for (resource, block) in &module.resources {
            let address = &block.resolved_provider.provider;
            let Some(factory) = registry
                .get(address)
                .filter(|f| f.schema(resource.mode, &resource.ty).is_none())
            else {
                continue;
            };
            let (what, other) = match resource.mode {
                Mode::Managed => ("resource type", Mode::Data),
                Mode::Data => ("data source", Mode::Managed),
                Mode::Ephemeral => ("ephemeral resource type", Mode::Managed),
            };
            let hint = if factory.schema(other, &resource.ty).is_some() {
                let (keyword, article) = match other {
                    Mode::Managed => ("resource", "a resource type"),
                    _ => ("data", "a data source"),
                };
                format!(
                    " It has {article} of this name: did you mean {keyword} \"{}\"?",
                    resource.ty
                )
            } else {
                match did_you_mean(&resource.ty, factory.type_names(resource.mode)) {
                    Some(name) => format!(" Did you mean \"{name}\"?"),
                    None => {
                        let mut there = factory.type_names(resource.mode);
                        there.sort_unstable();
                        match there.as_slice() {
                            [] => String::new(),
                            _ => format!(" Those that are there so far: {}.", there.join(", ")),
                        }
                    }
                }
            };
            let summary = match resource.mode {
                Mode::Data => "Invalid data source",
                Mode::Ephemeral => "Invalid ephemeral resource",
                Mode::Managed => "Invalid resource type",
            };
            diagnostics.push(
                Diagnostic::error(
                    summary,
                    format!(
                        "The provider {} does not support {what} \"{}\".{hint}",
                        address.for_display(),
                        resource.ty
                    ),
                )
                .at(block.header),
            );
        }
        for import in &module.imports {
            if config.resource(&import.resource).is_none() {
                diagnostics.extend(unknown_import(import, registry));
            }
        }
    }
    diagnostics
}

/// The same for imports of what has no resource block yet.
fn unknown_import(import: &config::ImportBlock, registry: &Registry) -> Diagnostics {
    let resource = &import.resource.resource;
    let Some(address) = import.resolved_provider.as_ref().map(|p| &p.provider) else {
        let named = import.provider_local_name();
        return Diagnostic::error(
            "Provider configuration not present",
            format!("This import block uses the provider configuration {named}, and no provider block has that name and alias."),
        )
        .at(import.header)
        .into();
    };
    let Some(factory) = registry
        .get(address)
        .filter(|f| f.schema(Mode::Managed, &resource.ty).is_none())
    else {
        return Diagnostics::new();
    };
    let hint = did_you_mean(&resource.ty, factory.type_names(Mode::Managed))
        .map(|name| format!(" Did you mean \"{name}\"?"))
        .unwrap_or_default();
    Diagnostic::error(
        "Invalid resource type",
        format!(
            "The provider {} does not support resource type \"{}\".{hint}",
            address.for_display(),
            resource.ty
        ),
    )
    .at(import.to.span)
    .into()
}
