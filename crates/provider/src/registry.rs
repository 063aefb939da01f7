//! The providers that this program brings.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;

use crate::protocol::ProviderFactory;
use crate::schema::Schema;

/// Providers by address.
#[derive(Clone, Default)]
pub struct Registry {
    factories: BTreeMap<ProviderAddr, Arc<dyn ProviderFactory>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.factories.keys().map(ToString::to_string))
            .finish()
    }
}

impl Registry {
    /// Adds a provider.
    pub fn add(&mut self, address: ProviderAddr, factory: Arc<dyn ProviderFactory>) {
        self.factories.insert(address, factory);
    }
    /// A provider by address.
    pub fn get(&self, address: &ProviderAddr) -> Option<&Arc<dyn ProviderFactory>> {
        self.factories.get(address)
    }
    /// The schema of a type, if there is such a provider and it has such a type.
    pub fn schema(&self, address: &ProviderAddr, mode: Mode, type_name: &str) -> Option<Arc<Schema>> {
        self.get(address)?.schema(mode, type_name)
    }
    /// Every provider by address.
    pub fn iter(&self) -> impl Iterator<Item = (&ProviderAddr, &Arc<dyn ProviderFactory>)> {
        self.factories.iter()
    }
}
