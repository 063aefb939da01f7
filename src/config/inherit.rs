//! Which provider configuration serves what: blocks, `providers` arguments, inheritance of default configurations.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::ModulePath;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;

use super::Configuration;
use super::Module;
use super::ModuleCall;
use super::ModuleId;
use super::ProviderBlock;

/// Default configurations by provider, as a module hands them down.
type Defaults = BTreeMap<ProviderAddr, AbsProviderConfig>;

/// Settles the provider configuration of every resource block and of every name that a module knows.
pub(super) fn resolve(configuration: &mut Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut defaults: Vec<Arc<Defaults>> = Vec::with_capacity(configuration.modules.len());
    // A caller stands before what it calls, so its names are settled when they are handed down.
    for i in 0..configuration.modules.len() {
        let id = ModuleId(i as u32);
        let module = configuration.module(id);
        let mut known: BTreeMap<LocalProviderConfig, AbsProviderConfig> = BTreeMap::new();
        let mut own = Defaults::new();
        for (config, block) in &module.providers {
            known.insert(
                config.clone(),
                AbsProviderConfig::new(module.path.clone(), block.provider.clone(), config.alias.clone()),
            );
        }
        if let Some((caller, call)) = configuration.call_of(id) {
            for (inner, (outer, _, _)) in call.providers.iter().flatten() {
                let is_own = module.providers.get(inner).is_some_and(|b| !is_empty(b));
                if !is_own && let Some(passed) = find(caller, outer, &defaults[caller.id.0 as usize]) {
                    known.insert(inner.clone(), passed);
                }
            }
            check_call(configuration, module, caller, call, &mut diagnostics);
        }
        for (config, address) in &known {
            if config.alias.is_none() {
                own.insert(module.provider_address(&config.name), address.clone());
            }
        }
        let inherited = match &module.parent {
            Some((parent, _)) => Arc::clone(&defaults[parent.0 as usize]),
            None => Arc::default(),
        };
        let handed_down = if own.is_empty() {
            inherited
        } else {
            let mut all = Defaults::clone(&inherited);
            all.extend(own);
            Arc::new(all)
        };
        for name in module.required_providers.keys() {
            let config = LocalProviderConfig {
                name: name.clone(),
                alias: None,
            };
            let address = default_config(module.provider_address(name), &handed_down);
            known.entry(config).or_insert(address);
        }
        configuration.modules[i].provider_configs = known;
        resources(configuration, id, &handed_down);
        defaults.push(handed_down);
    }
    diagnostics
}

/// Gives each resource block of a module its provider configuration.
fn resources(configuration: &mut Configuration, id: ModuleId, defaults: &Defaults) {
    let mut missing = Diagnostics::new();
    let passed_by_caller = configuration.call_of(id).is_some();
    // The blocks leave the module while it is asked for their configurations.
    let mut blocks = std::mem::take(&mut configuration.modules[id.0 as usize].resources);
    let module = configuration.module(id);
    // Most blocks of a module have the same one.
    let mut settled: BTreeMap<LocalProviderConfig, Option<AbsProviderConfig>> = BTreeMap::new();
    for (address, block) in &mut blocks {
        let config = block.provider_local_name();
        let found = match settled.get(&config) {
            Some(found) => found,
            None => {
                let found = find(module, &config, defaults);
                settled.entry(config.clone()).or_insert(found)
            }
        };
        match found {
            Some(found) => Arc::make_mut(block).resolved_provider = found.clone(),
            // The call that does not pass it has been told.
            None if module.declares(&config) && passed_by_caller => {}
            None => {
                let provider = module.provider_address(&config.name);
                let alias = config.alias.as_deref().unwrap_or_default();
                // The text names the block: Terraform gives no place either.
                missing.push(
                    Diagnostic::error(
                        "Provider configuration not present",
                        format!(
                            "{address} uses the provider configuration {config}, but {} has none of that name: there is no provider {:?} block with alias = {alias:?} for {}, and no caller passes one.",
                            configuration.module_text(id),
                            config.name.as_str(),
                            provider.for_display()
                        ),
                    )
                    .help(format!("Add a provider {:?} block with alias = {alias:?}, or change the provider argument.", config.name.as_str())),
                );
            }
        }
    }
    let module = &mut configuration.modules[id.0 as usize];
    module.resources = blocks;
    module.told_later.extend(missing);
    for (config, found) in settled {
        if let Some(found) = found {
            module.provider_configs.entry(config).or_insert(found);
        }
    }
    imports(configuration, id, defaults);
}

/// The same for imports of what has no resource block yet.
fn imports(configuration: &mut Configuration, id: ModuleId, defaults: &Defaults) {
    let module = configuration.module(id);
    let found: Vec<Option<AbsProviderConfig>> = module
        .imports
        .iter()
        .map(|import| find(module, &import.provider_local_name(), defaults))
        .collect();
    let module = &mut configuration.modules[id.0 as usize];
    for (import, found) in module.imports.iter_mut().zip(found) {
        Arc::make_mut(import).resolved_provider = found;
    }
}

impl Module {
    /// Whether the module says that its callers pass it this configuration.
    fn declares(&self, config: &LocalProviderConfig) -> bool {
        self.required_providers
            .get(&config.name)
            .is_some_and(|r| r.configuration_aliases.iter().any(|(a, _)| a == config))
    }

    /// The provider that a local name means in a `providers` argument.
    fn named_address(&self, local_name: &str) -> ProviderAddr {
        self.required_providers
            .get(local_name)
            .map_or_else(|| ProviderAddr::undeclared(local_name), |r| r.source.clone())
    }

    /// The provider that a local name means in this module.
    pub fn provider_address(&self, local_name: &str) -> ProviderAddr {
        self.required_providers
            .get(local_name)
            .map_or_else(|| ProviderAddr::implied(local_name), |r| r.source.clone())
    }
}

/// The default configuration of a provider; if nobody wrote one, it is an empty one of the root module.
fn default_config(provider: ProviderAddr, defaults: &Defaults) -> AbsProviderConfig {
    defaults
        .get(&provider)
        .cloned()
        .unwrap_or_else(|| AbsProviderConfig::new(ModulePath::root(), provider, None))
}

/// What a name means in a module whose own names are settled.
fn find(module: &Module, config: &LocalProviderConfig, defaults: &Defaults) -> Option<AbsProviderConfig> {
    if let Some(found) = module.provider_configs.get(config) {
        return Some(found.clone());
    }
    match config.alias {
        None => Some(default_config(module.provider_address(&config.name), defaults)),
        Some(_) => None,
    }
}

/// Whether a `provider` block only announces, as old modules do, that the caller must pass a configuration.
fn is_empty(block: &ProviderBlock) -> bool {
    block.body.attributes.is_empty() && block.body.blocks.is_empty()
}

/// What a call passes against what the module declares.
fn check_call(
    configuration: &Configuration,
    module: &Module,
    caller: &Module,
    call: &ModuleCall,
    diagnostics: &mut Diagnostics,
) {
    let (outside, inside) = (
        configuration.module_text(caller.id),
        configuration.module_text(module.id),
    );
    let passed = call.providers.as_ref();
    let own_blocks = || module.providers.values().filter(|b| !is_empty(b));
    if let Some(at) = repeated(configuration, module)
        && own_blocks().next().is_some()
    {
        diagnostics.error_at(
            at,
            "Module is incompatible with count, for_each, and depends_on",
            format!(
                "The module at {} is a legacy module which contains its own local provider configurations, and so calls to it may not use the count, for_each, or depends_on arguments.\n\nIf you also control the module {:?}, consider updating this module to instead expect provider configurations to be passed by its caller.",
                module.path,
                call.source.0.as_str()
            ),
        );
    }
    for block in module.providers.values().filter(|b| is_empty(b)) {
        let name = &block.config.name;
        diagnostics.push(
            Diagnostic::warning(
                "Redundant empty provider block",
                format!(
                    "An empty provider block in a module was once the way to say that callers pass a configuration. It is deprecated: take all empty provider {:?} blocks out of {inside}, and add an entry to its required_providers block:\n\nterraform {{\n  required_providers {{\n    {name} = {{\n      source = {:?}\n    }}\n  }}\n}}",
                    name.as_str(),
                    block.provider.for_display()
                ),
            )
            .at(block.header),
        );
    }
    for (inner, (_, span, _)) in passed.into_iter().flatten() {
        if own_blocks().any(|b| b.config == *inner) {
            diagnostics.error_at(
                *span,
                "Cannot override provider configuration",
                format!(
                    "The configuration of {inside} has its own local configuration for {inner}, and so it cannot accept an overridden configuration provided by {outside}."
                ),
            );
        }
    }
    for required in module.required_providers.values() {
        for (alias, _) in &required.configuration_aliases {
            if passed.is_some_and(|p| p.contains_key(alias)) || own_blocks().any(|b| b.config == *alias) {
                continue;
            }
            diagnostics.error_at(
                call.header,
                "Missing required provider configuration",
                format!(
                    "The child module requires an additional configuration for provider {}, with the local name \"{alias}\".\n\nRefer to the module's documentation to understand the intended purpose of this additional provider configuration, and then add an entry for {alias} in the \"providers\" meta-argument in the module block to choose which provider configuration the module should use for that purpose.",
                    required.source.for_display()
                ),
            );
        }
    }
    for (inner, (outer, inner_span, outer_span)) in passed.into_iter().flatten() {
        let theirs = module.named_address(&inner.name);
        let ours = caller.named_address(&outer.name);
        let declared = module.providers.contains_key(inner)
            || inner.alias.is_none() && module.required_providers.contains_key(&inner.name)
            || module.declares(inner);
        if !declared {
            diagnostics.push(
                Diagnostic::warning(
                    "Reference to undefined provider",
                    format!(
                        "There is no explicit declaration for local provider name \"{inner}\" in {inside}, so Terraform is assuming you mean to pass a configuration for {:?}.\n\nIf you also control the child module, add a required_providers entry named \"{inner}\" with the source address {:?}.",
                        theirs.for_display(),
                        theirs.for_display()
                    ),
                )
                .at(*inner_span),
            );
        }
        if theirs != ours {
            diagnostics.error_at(
                *outer_span,
                "Provider type mismatch",
                format!(
                    "The local name \"{outer}\" in {outside} represents provider {:?}, but \"{inner}\" in {inside} represents {:?}.\n\nEach provider has its own distinct configuration schema and provider types, so this module's \"{inner}\" can be assigned only a configuration for {}, which is not required by {inside}.",
                    ours.for_display(),
                    theirs.for_display(),
                    theirs.for_display()
                ),
            );
        } else if outer.alias.is_some() && !caller.provider_configs.contains_key(outer) {
            diagnostics.error_at(
                *outer_span,
                "Provider configuration not present",
                format!(
                    "The module block passes the provider configuration {outer}, but {outside} has none of that name. Add a provider {:?} block with this alias, or pass another one.",
                    outer.name.as_str()
                ),
            );
        }
    }
}

/// Where a call on the way to the module has `count`, `for_each` or `depends_on`; the innermost one counts.
fn repeated(configuration: &Configuration, module: &Module) -> Option<Span> {
    let mut id = module.id;
    loop {
        let (caller, call) = configuration.call_of(id)?;
        let at = call
            .count
            .as_ref()
            .or(call.for_each.as_ref())
            .map(|e| e.span)
            .or(call.depends_on.first().map(|r| r.span));
        if at.is_some() {
            return at;
        }
        id = caller.id;
    }
}
