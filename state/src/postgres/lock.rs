//! Locks of parts of a state: rows that say who holds what, and an advisory lock of each holder's session that says whether
//! it is alive. The server itself lets go of that one when the session ends, however it ends.

use std::collections::HashSet;

use tokio_postgres::Client;
use tokio_postgres::GenericClient;
use tokio_postgres::Transaction;

use super::link::Trouble;
use super::schema::Tables;
use crate::HolderInfo;
use crate::Scope;
use crate::StateError;

/// A row of the table of locks.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// Rises with every lock that is taken: whoever's number is not in the table any more may not write.
    pub(super) fence: i64,
    pub(super) id: String,
    pub(super) scope: Scope,
    pub(super) holder: Option<HolderInfo>,
    pub(super) alive: bool,
}

/// What came of an attempt.
pub(super) enum Attempt {
    /// The number of the lock, and the dead holder that had it before.
    Taken(i64, Option<HolderInfo>),
    /// Somebody else holds an overlapping part.
    Busy(Option<HolderInfo>),
}

/// All locks of a workspace, in the order in which they were taken.
pub(super) async fn held<C: GenericClient>(
    client: &C,
    tables: &Tables,
    workspace: &str,
) -> Result<Vec<Held>, Trouble> {
    let query = tables.sql(
        "SELECT fence, id, subtrees, holder FROM {}.streamform_locks WHERE workspace = $1 ORDER BY fence",
    );
    let rows = client.query(&query, &[&workspace]).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let class = class(client, tables).await?;
    let alive: HashSet<u32> = client
        .query(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = $1 \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            &[&class],
        )
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    Ok(rows
        .iter()
        .map(|row| {
            let fence: i64 = row.get(0);
            let subtrees: Option<Vec<String>> = row.get(2);
            let holder: String = row.get(3);
            Held {
                fence,
                id: row.get(1),
                scope: subtrees.map_or(Scope::Whole, |roots| Scope::Subtrees(roots.into_iter().collect())),
                holder: serde_json::from_str(&holder).ok(),
                alive: alive.contains(&(fence as u32)),
            }
        })
        .collect())
}

/// The first half of the name of our advisory locks: the number of our table, which nobody else in the database has.
async fn class<C: GenericClient>(client: &C, tables: &Tables) -> Result<u32, Trouble> {
    let query = tables.sql("SELECT '{}.streamform_locks'::regclass::oid");
    Ok(client.query_one(&query, &[]).await?.get(0))
}

/// Waits for everybody who commits to the state or changes its locks, and makes them wait until the transaction ends.
/// `false`: there is no such state.
pub(super) async fn state_row(
    transaction: &Transaction<'_>,
    tables: &Tables,
    workspace: &str,
) -> Result<bool, Trouble> {
    let query = tables.sql("SELECT 1 FROM {}.streamform_states WHERE workspace = $1 FOR UPDATE");
    Ok(transaction.query_opt(&query, &[&workspace]).await?.is_some())
}

/// Takes a lock, if nobody who is alive is in the way.
pub(super) async fn attempt(
    client: &mut Client,
    tables: &Tables,
    workspace: &str,
    holder: &HolderInfo,
    scope: &Scope,
) -> Result<Attempt, Trouble> {
    let transaction = client.transaction().await?;
    let make = tables.sql(
        "INSERT INTO {}.streamform_states VALUES ($1, $2, 0, 0, 0, repeat('0', 32)) ON CONFLICT DO NOTHING",
    );
    let lineage = uuid::Uuid::new_v4().to_string();
    transaction.execute(&make, &[&workspace, &lineage]).await?;
    state_row(&transaction, tables, workspace).await?;
    let mut dead = Vec::new();
    let mut taken_over = None;
    for other in held(&transaction, tables, workspace).await? {
        if !other.scope.overlaps(scope) {
            continue;
        }
        if other.alive {
            return Ok(Attempt::Busy(other.holder));
        }
        dead.push(other.fence);
        taken_over = taken_over.or(other.holder);
    }
    if !dead.is_empty() {
        let clear = tables.sql("DELETE FROM {}.streamform_locks WHERE fence = ANY($1)");
        transaction.execute(&clear, &[&dead]).await?;
    }
    let subtrees: Option<Vec<&str>> = match scope {
        Scope::Whole => None,
        Scope::Subtrees(roots) => Some(roots.iter().map(String::as_str).collect()),
    };
    let told = serde_json::to_string(holder).unwrap_or_default();
    let take = tables.sql(
        "INSERT INTO {}.streamform_locks (workspace, id, subtrees, holder) VALUES ($1, $2, $3, $4) RETURNING fence",
    );
    let fence: i64 = transaction
        .query_one(&take, &[&workspace, &holder.id, &subtrees, &told])
        .await?
        .get(0);
    show_life(&transaction, tables, fence).await?;
    // Every opening has a number of its own: numbers of intents are made from it.
    let count = tables.sql("UPDATE {}.streamform_states SET seq = seq + 1 WHERE workspace = $1");
    transaction.execute(&count, &[&workspace]).await?;
    transaction.commit().await?;
    Ok(Attempt::Taken(fence, taken_over))
}

/// From here on the session is the sign that the holder is alive. (Shared: after a broken connection the old session may be
/// about for a while.)
async fn show_life(transaction: &Transaction<'_>, tables: &Tables, fence: i64) -> Result<(), Trouble> {
    let class = class(transaction, tables).await?;
    transaction
        .query_one(
            "SELECT pg_advisory_lock_shared($1, $2)",
            &[&(class as i32), &(fence as u32 as i32)],
        )
        .await?;
    Ok(())
}

/// Takes up a lock on a new connection, if it is still there.
pub(super) async fn reattach(
    client: &mut Client,
    tables: &Tables,
    place: &str,
    workspace: &str,
    fence: i64,
) -> Result<(), Trouble> {
    let transaction = client.transaction().await?;
    state_row(&transaction, tables, workspace).await?;
    let locks = held(&transaction, tables, workspace).await?;
    if !locks.iter().any(|lock| lock.fence == fence) {
        return Err(lost(place, locks).into());
    }
    show_life(&transaction, tables, fence).await?;
    transaction.commit().await?;
    Ok(())
}

/// The lock is not in the table any more.
pub(super) fn lost(place: &str, locks: Vec<Held>) -> StateError {
    let newer = locks.into_iter().rev().find(|lock| lock.alive);
    let by = newer.and_then(|lock| lock.holder).map(Box::new);
    StateError::LockLost {
        place: place.to_owned(),
        detail: match by {
            Some(_) => "somebody else has it".to_owned(),
            None => "it was cleared by force-unlock, or by a run that took this one for dead".to_owned(),
        },
        by,
    }
}
