//! All objects, in memory, behind an append-only log.
//!
//! A change is a list of [`Op`]s. [`Store::commit`] writes the whole list as one line of the log before any of it is
//! seen, so a change is there entirely or not at all, also after a `kill -9`.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::log::Log;
use crate::records::{
    ApiKey, CatalogObject, ComputePool, Environment, KafkaCluster, Registry, RoleBinding, SchemaVersion,
    ServiceAccount, Statement, SubjectSettings, Topic, User,
};

/// Rows of one kind, found by key, listed in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: HashMap<String, (u64, T)>,
    order: BTreeMap<u64, String>,
    next: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            rows: HashMap::new(),
            order: BTreeMap::new(),
            next: 1,
        }
    }
}

impl<T> Table<T> {
    /// The row with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.rows.get(key).map(|(_, row)| row)
    }

    /// All rows, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.order.values().filter_map(|key| self.get(key))
    }

    fn put(&mut self, key: String, row: T) {
        if let Some(slot) = self.rows.get_mut(&key) {
            slot.1 = row;
            return;
        }
        self.order.insert(self.next, key.clone());
        self.rows.insert(key, (self.next, row));
        self.next += 1;
    }

    fn remove(&mut self, key: &str) {
        if let Some((place, _)) = self.rows.remove(key) {
            self.order.remove(&place);
        }
    }
}

/// One row of any kind, as it stands in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "row", rename_all = "snake_case")]
pub(crate) enum Row {
    Environment(Environment),
    KafkaCluster(KafkaCluster),
    Registry(Registry),
    ServiceAccount(ServiceAccount),
    User(User),
    RoleBinding(RoleBinding),
    ApiKey(ApiKey),
    ComputePool(ComputePool),
    Topic(Topic),
    Schema(SchemaVersion),
    SubjectSettings(SubjectSettings),
    CatalogObject(CatalogObject),
    Statement(Statement),
}

/// The kind of a row that goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Environment,
    KafkaCluster,
    Registry,
    ServiceAccount,
    RoleBinding,
    ApiKey,
    ComputePool,
    Topic,
    Schema,
    SubjectSettings,
    CatalogObject,
    Statement,
}

/// One step of a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Op {
    /// The row is new, or takes the place of the one with the same key.
    Put(Box<Row>),
    /// The row with this key is gone.
    Remove { kind: Kind, key: String },
}

impl Op {
    /// Puts a row.
    pub(crate) fn put(row: Row) -> Op {
        Op::Put(Box::new(row))
    }

    /// Removes the row with this key.
    pub(crate) fn remove(kind: Kind, key: impl Into<String>) -> Op {
        Op::Remove {
            kind,
            key: key.into(),
        }
    }
}

/// The key of a topic: cluster and name.
pub(crate) fn topic_key(cluster: &str, name: &str) -> String {
    format!("{cluster}/{name}")
}

/// The key of a version of a subject. The version comes first, because a subject may hold any character.
pub(crate) fn schema_key(registry: &str, version: u64, subject: &str) -> String {
    format!("{registry}/{version}/{subject}")
}

/// The key of the settings of a subject; of the registry itself where `subject` is empty.
pub(crate) fn settings_key(registry: &str, subject: &str) -> String {
    format!("{registry}/{subject}")
}

/// The key of an object of Flink's catalog.
pub(crate) fn catalog_key(cluster: &str, kind: &str, name: &str) -> String {
    format!("{cluster}/{kind}/{name}")
}

/// The key of a statement: environment and name.
pub(crate) fn statement_key(environment: &str, name: &str) -> String {
    format!("{environment}/{name}")
}

/// Everything that exists.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) environments: Table<Environment>,
    pub(crate) kafka_clusters: Table<KafkaCluster>,
    pub(crate) registries: Table<Registry>,
    pub(crate) service_accounts: Table<ServiceAccount>,
    pub(crate) users: Table<User>,
    pub(crate) role_bindings: Table<RoleBinding>,
    pub(crate) api_keys: Table<ApiKey>,
    pub(crate) compute_pools: Table<ComputePool>,
    pub(crate) topics: Table<Topic>,
    pub(crate) schemas: Table<SchemaVersion>,
    pub(crate) subject_settings: Table<SubjectSettings>,
    pub(crate) catalog: Table<CatalogObject>,
    pub(crate) statements: Table<Statement>,
}

impl World {
    /// Takes one step.
    pub(crate) fn apply(&mut self, op: Op) {
        match op {
            Op::Put(row) => self.put(*row),
            Op::Remove { kind, key } => self.remove(kind, &key),
        }
    }

    fn put(&mut self, row: Row) {
        match row {
            Row::Environment(r) => self.environments.put(r.id.clone(), r),
            Row::KafkaCluster(r) => self.kafka_clusters.put(r.id.clone(), r),
            Row::Registry(r) => self.registries.put(r.id.clone(), r),
            Row::ServiceAccount(r) => self.service_accounts.put(r.id.clone(), r),
            Row::User(r) => self.users.put(r.id.clone(), r),
            Row::RoleBinding(r) => self.role_bindings.put(r.id.clone(), r),
            Row::ApiKey(r) => self.api_keys.put(r.id.clone(), r),
            Row::ComputePool(r) => self.compute_pools.put(r.id.clone(), r),
            Row::Topic(r) => self.topics.put(topic_key(&r.cluster, &r.name), r),
            Row::Schema(r) => self
                .schemas
                .put(schema_key(&r.registry, r.version, &r.subject), r),
            Row::SubjectSettings(r) => self
                .subject_settings
                .put(settings_key(&r.registry, &r.subject), r),
            Row::CatalogObject(r) => self.catalog.put(catalog_key(&r.cluster, &r.kind, &r.name), r),
            Row::Statement(r) => self.statements.put(statement_key(&r.environment, &r.name), r),
        }
    }

    fn remove(&mut self, kind: Kind, key: &str) {
        match kind {
            Kind::Environment => self.environments.remove(key),
            Kind::KafkaCluster => self.kafka_clusters.remove(key),
            Kind::Registry => self.registries.remove(key),
            Kind::ServiceAccount => self.service_accounts.remove(key),
            Kind::RoleBinding => self.role_bindings.remove(key),
            Kind::ApiKey => self.api_keys.remove(key),
            Kind::ComputePool => self.compute_pools.remove(key),
            Kind::Topic => self.topics.remove(key),
            Kind::Schema => self.schemas.remove(key),
            Kind::SubjectSettings => self.subject_settings.remove(key),
            Kind::CatalogObject => self.catalog.remove(key),
            Kind::Statement => self.statements.remove(key),
        }
    }

    /// Every row, in an order that gives the same world again.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        rows.extend(self.environments.iter().cloned().map(Row::Environment));
        rows.extend(self.kafka_clusters.iter().cloned().map(Row::KafkaCluster));
        rows.extend(self.registries.iter().cloned().map(Row::Registry));
        rows.extend(self.service_accounts.iter().cloned().map(Row::ServiceAccount));
        rows.extend(self.users.iter().cloned().map(Row::User));
        rows.extend(self.role_bindings.iter().cloned().map(Row::RoleBinding));
        rows.extend(self.api_keys.iter().cloned().map(Row::ApiKey));
        rows.extend(self.compute_pools.iter().cloned().map(Row::ComputePool));
        rows.extend(self.topics.iter().cloned().map(Row::Topic));
        rows.extend(self.schemas.iter().cloned().map(Row::Schema));
        rows.extend(self.subject_settings.iter().cloned().map(Row::SubjectSettings));
        rows.extend(self.catalog.iter().cloned().map(Row::CatalogObject));
        rows.extend(self.statements.iter().cloned().map(Row::Statement));
        rows
    }

    /// The Schema Registry of an environment.
    pub(crate) fn registry_of(&self, environment: &str) -> Option<&Registry> {
        self.registries.iter().find(|r| r.environment == environment)
    }
}

/// The world and its log.
#[derive(Debug)]
pub(crate) struct Store {
    world: World,
    log: Option<Log>,
}

impl Store {
    /// A store over what the log held; without a log it is in memory only.
    pub(crate) fn new(world: World, log: Option<Log>) -> Store {
        Store { world, log }
    }

    /// What exists.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Makes a change: durable first, then visible.
    ///
    /// # Errors
    /// The log could not be written; nothing has changed then.
    pub(crate) fn commit(&mut self, ops: Vec<Op>) -> std::io::Result<()> {
        if ops.is_empty() {
            return Ok(());
        }
        if let Some(log) = &mut self.log {
            log.append(ops.borrow())?;
        }
        for op in ops {
            self.world.apply(op);
        }
        Ok(())
    }

    /// Forces the log to the disk.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        self.log.as_ref().map_or(Ok(()), Log::sync)
    }
}
