//! Reading a state: all rows as of one instant, without a lock.

use tokio_postgres::Client;
use tokio_postgres::IsolationLevel;

use super::link::Trouble;
use super::lock;
use super::lock::Held;
use super::schema::Tables;
use crate::RawJson;
use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;

/// The rows of a state.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) standing: Standing,
    /// None: they are as they were when they were read last.
    items: Option<Vec<Row>>,
    pub(super) locks: Vec<Held>,
}

/// A row of an item.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) envelope: String,
    digest: String,
}

impl Row {
    /// What a person calls it.
    pub(super) fn name(&self) -> String {
        format!("{} `{}`", self.kind, self.id)
    }

    /// The item, held against the row's own digest.
    pub(super) fn item(&self, place: &str) -> Result<Item, StateError> {
        let contradiction = |detail: String| StateError::Contradiction {
            path: place.into(),
            detail,
            snapshot: None,
        };
        let Some(kind) = Kind::ALL.into_iter().find(|known| known.name() == self.kind) else {
            return Err(contradiction(format!(
                "a row is of the kind `{}`, which is not known here",
                self.kind
            )));
        };
        let text = RawJson::from_text(self.envelope.clone())
            .map_err(|_| contradiction(format!("the row of the {} is no JSON", self.name())))?;
        if format!("{:032x}", digest(kind, &self.id, &text)) != self.digest {
            return Err(contradiction(format!(
                "the row of the {} was changed by another program",
                self.name()
            )));
        }
        Ok(Item(kind, self.id.clone(), Some(text)))
    }
}

/// The rows of a workspace's state; `None` when there is none. Items are not read if they add up to what `known` says.
pub(super) async fn rows(
    client: &mut Client,
    tables: &Tables,
    workspace: &str,
    known: Option<&Standing>,
) -> Result<Option<Rows>, Trouble> {
    if !tables.are_there(client).await? {
        return Ok(None);
    }
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let query = tables
        .sql("SELECT seq, lineage, serial, count, digest FROM {}.streamform_states WHERE workspace = $1");
    let Some(row) = transaction.query_opt(&query, &[&workspace]).await? else {
        return Ok(None);
    };
    let number = |at: usize| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
    let standing = Standing {
        seq: number(0),
        lineage: row.get(1),
        serial: number(2),
        count: number(3),
        digest: row.get(4),
    };
    let is_known =
        known.is_some_and(|known| (known.count, &known.digest) == (standing.count, &standing.digest));
    let items = if is_known {
        None
    } else {
        let query =
            tables.sql("SELECT kind, id, envelope, digest FROM {}.streamform_items WHERE workspace = $1");
        let found = transaction.query(&query, &[&workspace]).await?.into_iter();
        let row = |row: tokio_postgres::Row| Row {
            kind: row.get(0),
            id: row.get(1),
            envelope: row.get(2),
            digest: row.get(3),
        };
        Some(found.map(row).collect())
    };
    let locks = lock::held(&transaction, tables, workspace).await?;
    transaction.commit().await?;
    Ok(Some(Rows {
        standing,
        items,
        locks,
    }))
}

impl Rows {
    /// The rows themselves.
    pub(super) fn take(&mut self) -> Vec<Row> {
        self.items.take().unwrap_or_default()
    }

    /// What they say, held against the summary in the row of the state. `known`: what was read before.
    pub(super) fn contents(
        &mut self,
        codec: &Codec,
        place: &str,
        known: Option<Contents>,
    ) -> Result<Contents, StateError> {
        let standing = &self.standing;
        let items = self.items.take();
        let mut contents = match (&items, known) {
            (None, Some(known)) => known,
            _ => Contents::empty(&standing.lineage),
        };
        for row in items.into_iter().flatten() {
            contents
                .load(codec, &row.item(place)?)
                .map_err(|bad| bad.in_file(place.as_ref()))?;
        }
        let found = contents.standing();
        if (found.count, &found.digest) != (standing.count, &standing.digest) {
            return Err(StateError::Contradiction {
                path: place.into(),
                detail: format!(
                    "{} rows of items with the digest {}, where {} with {} were written: rows were changed or lost by another program",
                    found.count, found.digest, standing.count, standing.digest
                ),
                snapshot: None,
            });
        }
        contents.stand_at(standing);
        Ok(contents)
    }
}
