//! A declared type and its calls.

use std::time::Duration;

use async_trait::async_trait;
use streamform_lang::value::Path;
use streamform_lang::value::Value;

use super::Field;
use crate::protocol::Findings;
use crate::protocol::Private;
use crate::protocol::Progress;
use crate::protocol::Recovery;

/// Deadlines that a user may set in a `timeouts` block; none: the operation cannot be given one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Of create.
    pub create: Option<Duration>,
    /// Of read.
    pub read: Option<Duration>,
    /// Of update.
    pub update: Option<Duration>,
    /// Of delete.
    pub delete: Option<Duration>,
}

/// The table of a type.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// `confluent_environment`
    pub type_name: &'static str,
    /// Schema version.
    pub version: u64,
    /// Fields; `id` is added if it is not among them.
    pub fields: Vec<Field>,
    /// Deadlines and their defaults.
    pub timeouts: Timeouts,
    /// Why the type is deprecated.
    pub deprecated: Option<&'static str>,
}

/// What an operation may use.
pub struct Context<'a> {
    /// Where to report, and whether to stop.
    pub progress: &'a dyn Progress,
    /// Until when the operation must be done.
    pub deadline: std::time::Instant,
    /// The token of the change.
    pub token: &'a str,
    /// Kept by the provider.
    pub private: Private,
}

/// How an operation ended badly, and what is known of the object.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What is known of a half-made object (it will be kept as tainted after a create); none: nothing was made.
    pub partial: Option<Value>,
    /// Why.
    pub findings: Findings,
    /// A call may have had its effect without us knowing.
    pub outcome_unknown: bool,
}

/// A create whose result is not known.
#[derive(Clone, Copy, Debug)]
pub struct LostCreate<'a> {
    /// The object that was to be made.
    pub planned: &'a Value,
    /// What a checkpoint had told of it.
    pub checkpoint: Option<&'a Value>,
    /// When it began, RFC 3339: nothing older can be its result.
    pub started_at: &'a str,
    /// Ids of objects that belong to records: never its result.
    pub known_ids: &'a [String],
    /// The id of the object that the user says it has made.
    pub chosen: Option<&'a str>,
}

/// A resource type: its table and its calls. `C` is what the provider hands to every call: clients, configuration.
#[async_trait]
pub trait ResourceType<C: Send + Sync>: Send + Sync {
    /// The table.
    fn declaration(&self) -> Declaration;

    /// Rules on a configuration that a table cannot say (known parts only).
    fn validate(&self, config: &Value) -> Findings {
        let _ = config;
        Vec::new()
    }

    /// Changes the plan as the SDK's `CustomizeDiff`: may mark more attributes as unknown, ask for replacement, or refuse.
    /// Gets what the table made of it. `prior` is null for a create.
    fn customize(
        &self,
        client: &C,
        prior: &Value,
        config: &Value,
        planned: Value,
        replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        let _ = (client, prior, config, replace);
        Ok((planned, None))
    }

    /// Makes the object. Calls [`Progress::checkpoint`] with the id as soon as it is known.
    async fn create(&self, client: &C, planned: &Value, context: &Context<'_>) -> Result<Value, Outcome>;

    /// Reads the object; none: it is gone.
    async fn read(&self, client: &C, prior: &Value) -> Result<Option<Value>, Findings>;

    /// Changes the object in place.
    async fn update(
        &self,
        client: &C,
        prior: &Value,
        planned: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Outcome>;

    /// Deletes the object.
    async fn delete(&self, client: &C, prior: &Value, context: &Context<'_>) -> Result<(), Outcome>;

    /// Attributes that hold the credentials with which the object itself is reached; empty: those of the provider are used.
    fn own_access(&self) -> &'static [&'static str] {
        &[]
    }

    /// Finds out what became of a create whose result is not known.
    async fn recover_create(&self, client: &C, lost: &LostCreate<'_>) -> Result<Recovery, Findings>;

    /// Whether an object is gone whose delete may have been asked for; waits for one that is on its way out.
    async fn recover_delete(&self, client: &C, prior: &Value) -> Result<bool, Findings> {
        Ok(self.read(client, prior).await?.is_none())
    }

    /// Finds an object by its import id: what [`ResourceType::read`] needs to know of it.
    async fn import(&self, client: &C, id: &str) -> Result<Value, Findings>;

    /// Brings a stored object of an older version up to date, on its JSON.
    fn upgrade(&self, version: u64, raw: serde_json::Value) -> Result<serde_json::Value, Findings> {
        let _ = version;
        Ok(raw)
    }
}

/// A data source: its table and its call.
#[async_trait]
pub trait DataSourceType<C: Send + Sync>: Send + Sync {
    /// The table.
    fn declaration(&self) -> Declaration;

    /// Rules on a configuration that a table cannot say (known parts only).
    fn validate(&self, config: &Value) -> Findings {
        let _ = config;
        Vec::new()
    }

    /// Reads it.
    async fn read(&self, client: &C, config: &Value) -> Result<Value, Findings>;
}

/// An ephemeral resource type: a table and two calls.
#[async_trait]
pub trait EphemeralType<C: Send + Sync>: Send + Sync {
    /// The table.
    fn declaration(&self) -> Declaration;

    /// Opens it: what comes back is its value, and what [`EphemeralType::close`] gets.
    async fn open(&self, client: &C, config: &Value) -> Result<(Value, Private), Findings>;

    /// Closes it.
    async fn close(&self, client: &C, private: Private) -> Findings;
}
