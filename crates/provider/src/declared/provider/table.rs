//! The types of a provider by name. Nothing is made before it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;

use streamform_lang::addrs::Mode;
use streamform_lang::value::Value;

use super::DeclaredProvider;
use crate::declared::DataSourceType;
use crate::declared::Declaration;
use crate::declared::EphemeralType;
use crate::declared::ResourceType;
use crate::protocol::Findings;
use crate::protocol::Provider;
use crate::protocol::ProviderFactory;
use crate::schema::Schema;

/// A type's table and what follows from it.
pub(super) struct Known {
    pub(super) declaration: Declaration,
    pub(super) schema: Arc<Schema>,
}

impl Known {
    fn of(declaration: Declaration) -> Self {
        let schema = Arc::new(declaration.schema());
        Known { declaration, schema }
    }
}

pub(super) struct ResourceEntry<C: Send + Sync> {
    pub(super) ty: Box<dyn ResourceType<C>>,
    known: OnceLock<Known>,
}

impl<C: Send + Sync> ResourceEntry<C> {
    pub(super) fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(self.ty.declaration()))
    }
}

pub(super) struct DataEntry<C: Send + Sync> {
    pub(super) ty: Box<dyn DataSourceType<C>>,
    known: OnceLock<Known>,
}

impl<C: Send + Sync> DataEntry<C> {
    pub(super) fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(self.ty.declaration()))
    }
}

pub(super) struct EphemeralEntry<C: Send + Sync> {
    pub(super) ty: Box<dyn EphemeralType<C>>,
    known: OnceLock<Known>,
}

impl<C: Send + Sync> EphemeralEntry<C> {
    pub(super) fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(self.ty.declaration()))
    }
}

/// Makes what every call gets out of the provider block. Parts of it may be unknown: then a call that needs them fails.
pub type Configure<C> = Box<dyn Fn(&Value) -> Result<C, Findings> + Send + Sync>;

/// All types of a provider, and how it is configured.
pub struct Table<C: Send + Sync> {
    version: &'static str,
    provider_block: fn() -> Declaration,
    pub(super) configure: Configure<C>,
    config: OnceLock<(Declaration, Arc<Schema>)>,
    pub(super) resources: BTreeMap<&'static str, ResourceEntry<C>>,
    pub(super) data: BTreeMap<&'static str, DataEntry<C>>,
    pub(super) ephemeral: BTreeMap<&'static str, EphemeralEntry<C>>,
    sql: BTreeMap<&'static str, &'static str>,
}

impl<C: Send + Sync + 'static> Table<C> {
    /// A provider without types. `provider_block` is the table of the provider block.
    pub fn new(
        version: &'static str,
        provider_block: fn() -> Declaration,
        configure: impl Fn(&Value) -> Result<C, Findings> + Send + Sync + 'static,
    ) -> Self {
        Table {
            version,
            provider_block,
            configure: Box::new(configure),
            config: OnceLock::new(),
            resources: BTreeMap::new(),
            data: BTreeMap::new(),
            ephemeral: BTreeMap::new(),
            sql: BTreeMap::new(),
        }
    }

    /// With one more resource type. The name is given here too so that no table need be made to list the names.
    #[must_use]
    pub fn resource(mut self, name: &'static str, ty: impl ResourceType<C> + 'static) -> Self {
        let entry = ResourceEntry {
            ty: Box::new(ty),
            known: OnceLock::new(),
        };
        self.resources.insert(name, entry);
        self
    }

    /// With one more data source.
    #[must_use]
    pub fn data_source(mut self, name: &'static str, ty: impl DataSourceType<C> + 'static) -> Self {
        let entry = DataEntry {
            ty: Box::new(ty),
            known: OnceLock::new(),
        };
        self.data.insert(name, entry);
        self
    }

    /// With one more ephemeral resource type.
    #[must_use]
    pub fn ephemeral(mut self, name: &'static str, ty: impl EphemeralType<C> + 'static) -> Self {
        let entry = EphemeralEntry {
            ty: Box::new(ty),
            known: OnceLock::new(),
        };
        self.ephemeral.insert(name, entry);
        self
    }

    /// A resource type that is a statement: the attribute that holds its SQL.
    #[must_use]
    pub fn sql(mut self, name: &'static str, attribute: &'static str) -> Self {
        self.sql.insert(name, attribute);
        self
    }

    pub(super) fn config(&self) -> &(Declaration, Arc<Schema>) {
        self.config.get_or_init(|| {
            let declaration = (self.provider_block)();
            let mut schema = declaration.schema();
            // A provider block is no object: it has no id.
            if !declaration.fields.iter().any(|f| f.name == "id") {
                schema.block.attributes.retain(|(n, _)| n != "id");
            }
            (declaration, Arc::new(schema))
        })
    }
}

/// The factory of a declared provider.
pub struct DeclaredFactory<C: Send + Sync> {
    table: Arc<Table<C>>,
}

impl<C: Send + Sync + 'static> DeclaredFactory<C> {
    /// A factory over a table of types.
    pub fn new(table: Table<C>) -> Self {
        DeclaredFactory {
            table: Arc::new(table),
        }
    }
}

impl<C: Send + Sync + 'static> ProviderFactory for DeclaredFactory<C> {
    fn config_schema(&self) -> Arc<Schema> {
        Arc::clone(&self.table.config().1)
    }

    fn schema(&self, mode: Mode, type_name: &str) -> Option<Arc<Schema>> {
        let known = match mode {
            Mode::Managed => self.table.resources.get(type_name)?.known(),
            Mode::Data => self.table.data.get(type_name)?.known(),
            Mode::Ephemeral => self.table.ephemeral.get(type_name)?.known(),
        };
        Some(Arc::clone(&known.schema))
    }

    fn type_names(&self, mode: Mode) -> Vec<&'static str> {
        match mode {
            Mode::Managed => self.table.resources.keys().copied().collect(),
            Mode::Data => self.table.data.keys().copied().collect(),
            Mode::Ephemeral => self.table.ephemeral.keys().copied().collect(),
        }
    }

    fn sql_attribute(&self, type_name: &str) -> Option<&'static str> {
        self.table.sql.get(type_name).copied()
    }

    fn version(&self) -> &str {
        self.table.version
    }

    fn instance(&self) -> Arc<dyn Provider> {
        Arc::new(DeclaredProvider::new(Arc::clone(&self.table)))
    }
}
