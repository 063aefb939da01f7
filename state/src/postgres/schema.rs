//! The tables, made on demand.

use tokio_postgres::Client;

use super::link::Trouble;
use super::settings::PostgresSettings;
use crate::StateError;

/// The newest shape of the tables.
pub(super) const VERSION: i32 = 1;

/// Names of the tables, with their schema, quoted.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    schema: String,
    create_schema: bool,
    create_tables: bool,
    place: String,
}

impl Tables {
    pub(super) fn new(settings: &PostgresSettings) -> Self {
        Self {
            schema: format!("\"{}\"", settings.schema.replace('"', "\"\"")),
            create_schema: settings.create_schema,
            create_tables: settings.create_tables,
            place: settings.place(),
        }
    }

    /// A statement, with the schema wherever `{}` stands.
    pub(super) fn sql(&self, text: &str) -> String {
        text.replace("{}", &self.schema)
    }

    /// Whether the tables are there.
    pub(super) async fn are_there(&self, client: &Client) -> Result<bool, Trouble> {
        let name = format!("{}.streamform_format", self.schema);
        let row = client
            .query_one("SELECT to_regclass($1) IS NOT NULL", &[&name])
            .await?;
        if !row.get::<_, bool>(0) {
            return Ok(false);
        }
        let query = self.sql("SELECT max(version) FROM {}.streamform_format");
        let found: Option<i32> = client.query_one(&query, &[]).await?.get(0);
        match found {
            Some(found) if found > VERSION => Err(StateError::NewerFormat {
                path: self.place.clone().into(),
                found: u64::try_from(found).unwrap_or_default(),
                supported: VERSION as u64,
            }
            .into()),
            found => Ok(found.is_some()),
        }
    }

    /// Makes the tables if they are not there.
    pub(super) async fn ensure(&self, client: &mut Client) -> Result<(), Trouble> {
        if self.are_there(client).await? {
            return Ok(());
        }
        if !self.create_tables {
            return Err(StateError::Settings {
                backend: "pg",
                detail: format!(
                    "skip_table_creation is set, and the schema {} does not have the tables of Streamform yet. Let somebody who may \
                     create tables run `streamform init` without it once, or take the statements from docs/backends.md",
                    self.schema
                ),
            }
            .into());
        }
        let transaction = client.transaction().await?;
        // Two that come first at the same time must not both make them.
        transaction
            .batch_execute("SELECT pg_advisory_xact_lock(hashtext('streamform'), hashtext('schema'))")
            .await?;
        if self.create_schema {
            // (IF NOT EXISTS would ask for the right to create schemas also where there is nothing to create.)
            let known = transaction
                .query_one("SELECT to_regnamespace($1) IS NOT NULL", &[&self.schema])
                .await?;
            if !known.get::<_, bool>(0) {
                transaction
                    .batch_execute(&self.sql("CREATE SCHEMA IF NOT EXISTS {}"))
                    .await?;
            }
        }
        transaction.batch_execute(&self.sql(TABLES)).await?;
        let version = self.sql(
            "INSERT INTO {}.streamform_format SELECT $1::int4 WHERE NOT EXISTS (SELECT 1 FROM {}.streamform_format)",
        );
        transaction.execute(&version, &[&VERSION]).await?;
        transaction.commit().await?;
        Ok(())
    }
}

const TABLES: &str = r#"
CREATE TABLE IF NOT EXISTS {}.streamform_format (
    version int4 NOT NULL
);
CREATE TABLE IF NOT EXISTS {}.streamform_states (
    workspace text COLLATE "C" PRIMARY KEY,
    lineage text NOT NULL,
    serial int8 NOT NULL,
    seq int8 NOT NULL,
    count int8 NOT NULL,
    digest text NOT NULL
);
CREATE TABLE IF NOT EXISTS {}.streamform_items (
    workspace text COLLATE "C",
    kind text COLLATE "C",
    id text COLLATE "C",
    envelope text NOT NULL,
    digest text NOT NULL,
    version int8 NOT NULL,
    PRIMARY KEY (workspace, kind, id)
);
CREATE TABLE IF NOT EXISTS {}.streamform_documents (
    workspace text COLLATE "C",
    name text COLLATE "C",
    stored bytea NOT NULL,
    PRIMARY KEY (workspace, name)
);
CREATE TABLE IF NOT EXISTS {}.streamform_locks (
    fence bigserial PRIMARY KEY,
    workspace text COLLATE "C" NOT NULL,
    id text NOT NULL,
    subtrees text[],
    holder text NOT NULL
);
"#;
