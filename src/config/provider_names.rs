//! The local names of providers: whether a module declares what it uses and hands on, and each provider once.

use std::collections::BTreeMap;

use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::value::Name;

use super::Configuration;
use super::Module;
use super::ProviderBlock;
use super::decode::unfit_name;
use super::resource::implied_provider;

const DUPLICATE: &str = "Duplicate required provider";

/// Looks at the names of every module.
pub(super) fn check(configuration: &Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for module in &configuration.modules {
        required(module, &mut diagnostics);
        implied(module, &mut diagnostics);
        passed(configuration, module, &mut diagnostics);
    }
    diagnostics
}

fn warn(at: Span, summary: &str, detail: String, diagnostics: &mut Diagnostics) {
    diagnostics.push(Diagnostic::warning(summary, detail).at(at));
}

/// A provider that `required_providers` names twice, or that a block configures under another name.
fn required(module: &Module, diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<&ProviderAddr, &Name> = BTreeMap::new();
    for (name, required) in &module.required_providers {
        let source = &required.source;
        let detail = if let Some(earlier) = seen.get(source) {
            Some(format!(
                "Provider {} with the local name {:?} was previously required as {:?}. A provider can only be required once within required_providers.",
                source.for_display(),
                name.as_str(),
                earlier.as_str()
            ))
        } else {
            let usual = *source == ProviderAddr::undeclared(&source.ty) && *name != source.ty;
            let configured = module.providers.keys().any(|c| c.name == source.ty);
            (usual && configured).then(|| {
                format!(
                    "Provider {} with the local name {:?} was implicitly required via a configuration block as {:?}. The provider configuration block name must match the name used in required_providers.",
                    source.for_display(),
                    name.as_str(),
                    source.ty.as_str()
                )
            })
        };
        seen.insert(source, name);
        if let Some(detail) = detail {
            warn(required.span, DUPLICATE, detail, diagnostics);
        }
    }
}

/// Blocks without a `provider` argument, whose type names the provider.
fn implied(module: &Module, diagnostics: &mut Diagnostics) {
    for (address, block) in &module.resources {
        if block.provider.is_some() {
            continue;
        }
        let name = implied_provider(&address.ty);
        if let Some(problem) = unfit_name(&name) {
            diagnostics.error_at(block.header, "Invalid provider local name", problem);
            continue;
        }
        if module.required_providers.contains_key(&name) {
            continue;
        }
        let meant = ProviderAddr::implied(&name);
        for (other, required) in &module.required_providers {
            if required.source == meant {
                warn(
                    block.header,
                    DUPLICATE,
                    format!(
                        "Provider {:?} was implicitly required via resource \"{address}\", but listed in required_providers as {:?}. Either the local name in required_providers must match the resource name, or the {:?} provider must be assigned within the resource block.",
                        meant.to_string(),
                        other.as_str(),
                        other.as_str()
                    ),
                    diagnostics,
                );
            }
        }
    }
}

/// What the calls of a module hand on without an alias.
fn passed(configuration: &Configuration, module: &Module, diagnostics: &mut Diagnostics) {
    let around = configuration.call_of(module.id);
    let text = configuration.module_text(module.id);
    for call in module.calls.values() {
        for (outer, _, span) in call.providers.iter().flat_map(BTreeMap::values) {
            if outer.alias.is_some() {
                continue;
            }
            let name = outer.name.as_str();
            let meant = ProviderAddr::undeclared(name);
            let configured = module.providers.get(outer).is_some_and(|b| says_something(b));
            if !configured && !module.required_providers.contains_key(name) {
                warn(
                    *span,
                    "Reference to undefined provider",
                    format!(
                        "There is no explicit declaration for local provider name {name:?} in {text}, so provider {:?} is assumed. To say which one is meant, add an entry {name:?} to the required_providers of {text}.",
                        meant.for_display()
                    ),
                    diagnostics,
                );
                continue;
            }
            let given = |c: &super::ModuleCall| c.providers.as_ref().is_some_and(|p| p.contains_key(outer));
            if let Some((_, caller)) = around
                && !configured
                && !given(caller)
            {
                warn(
                    caller.header,
                    "Missing required provider configuration",
                    format!(
                        "The configuration for {text} expects to inherit a configuration for provider {:?} with local name {name:?}, but the call does not pass one under that name. Add an entry for {name:?} to its \"providers\" argument.",
                        meant.for_display()
                    ),
                    diagnostics,
                );
            }
        }
    }
}

/// Whether a `provider` block configures anything.
fn says_something(block: &ProviderBlock) -> bool {
    block.has_version || !block.body.attributes.is_empty() || !block.body.blocks.is_empty()
}
