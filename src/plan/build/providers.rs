//! Providers at work in a run, by configuration address.

use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::Registry;
use streamform_provider::schema;

use super::place_findings;
use crate::config::Configuration;
use crate::config::ProviderBlock;
use crate::eval::World;
use crate::plan::Observer;

/// A provider, and whether its configuration was known: only then may it be asked to make calls.
#[derive(Clone)]
pub struct LiveProvider {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// Whether it is configured with known values.
    pub configured: bool,
}

/// The providers of a run.
#[derive(Clone, Default)]
pub struct LiveProviders {
    live: HashMap<AbsProviderConfig, LiveProvider>,
}

impl LiveProviders {
    /// A provider by the address of its configuration.
    pub fn get(&self, address: &AbsProviderConfig) -> Option<&LiveProvider> {
        self.live.get(address)
    }
    /// Adds one.
    pub fn insert(&mut self, address: AbsProviderConfig, provider: LiveProvider) {
        self.live.insert(address, provider);
    }
    /// Takes one out, to close it.
    pub fn remove(&mut self, address: &AbsProviderConfig) -> Option<LiveProvider> {
        self.live.remove(address)
    }
    /// Asks all of them to end what they do early.
    pub fn stop(&self) {
        self.live.values().for_each(|p| p.provider.stop());
    }
}

/// The block of a provider configuration, if it has one.
pub fn provider_block<'c>(
    config: &'c Configuration,
    address: &AbsProviderConfig,
) -> Option<&'c Arc<ProviderBlock>> {
    let module = config.find(&address.module)?;
    module
        .providers
        .values()
        .find(|b| b.provider == address.provider && b.config.alias == address.alias)
}

/// The value of a provider configuration; without a block, an empty one. `observer` is told of the secrets in it.
pub fn evaluate_provider(
    world: &World<'_>,
    registry: &Registry,
    address: &AbsProviderConfig,
    observer: &dyn Observer,
) -> Result<(Arc<dyn Provider>, Value, Diagnostics), Diagnostics> {
    let Some(factory) = registry.get(&address.provider) else {
        return Err(no_provider(registry, address));
    };
    let provider = factory.instance();
    let block_schema = factory.config_schema();
    let mut diagnostics = Diagnostics::new();
    let value = match provider_block(world.config(), address) {
        Some(block) => {
            let module = world
                .config()
                .find(&address.module)
                .map(|m| m.id)
                .unwrap_or(world.config().root);
            // A provider block stands in a module without repetition: one instance.
            let Some(id) = world.instances_of(module).first().copied() else {
                return Err(Diagnostics::new());
            };
            let (value, found) = schema::decode(&block.body, &block_schema.block, &world.scope(id), &[]);
            let failed = found.has_errors();
            diagnostics.extend(found);
            observer.secret(&schema::mark_sensitive(&block_schema.block, value.clone()));
            if failed {
                return Err(diagnostics);
            }
            let found = provider.validate_config(&value.clone().unmark_deep().0);
            diagnostics.extend(place_findings(found, Some(&block.body), Some(block.header), None));
            value
        }
        None => {
            let value = schema::empty(&block_schema.block);
            diagnostics.extend(place_findings(provider.validate_config(&value), None, None, None));
            value
        }
    };
    if diagnostics.has_errors() {
        Err(diagnostics)
    } else {
        Ok((provider, value.unmark_deep().0, diagnostics))
    }
}

fn no_provider(registry: &Registry, address: &AbsProviderConfig) -> Diagnostics {
    let here: Vec<String> = registry.iter().map(|(a, _)| a.for_display()).collect();
    Diagnostic::error(
        "Provider not available",
        format!(
            "Streamform runs its providers natively and has none at {}. The providers that are there: {}.",
            address.provider.for_display(),
            here.join(", ")
        ),
    )
    .into()
}
