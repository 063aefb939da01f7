//! States in a PostgreSQL database: a row an item, and locks of parts of a state.

mod link;
mod lock;
mod medium;
mod password_file;
mod salvage;
mod schema;
mod settings;
mod snapshot;
mod tls;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_postgres::Client;

use self::link::Link;
use self::link::Trouble;
use self::lock::Attempt;
use self::medium::Rows;
use self::medium::Statements;
use self::schema::Tables;
pub use self::settings::POSTGRES_ARGUMENTS;
pub use self::settings::PostgresSettings;
use crate::AfterAKill;
use crate::DEFAULT_WORKSPACE;
use crate::HolderInfo;
use crate::LockWait;
use crate::Restored;
use crate::Scope;
use crate::StateError;
use crate::StateView;
use crate::backend::Keeper;
use crate::backend::Opened;
use crate::backend::Snapshot;
use crate::check::Examined;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Kind;
use crate::steps::step;

/// A database. Connects when it is first asked something.
#[derive(Debug)]
pub(crate) struct PostgresKeeper {
    settings: PostgresSettings,
    tables: Tables,
    /// For everything but writing a state: that has a connection of its own.
    link: Mutex<Option<Link>>,
    /// What was read last. An apply looks at the state that its plan has read a moment ago: as long as the rows add up to the same,
    /// they need not be fetched again.
    seen: Mutex<Option<Seen>>,
}

struct Seen {
    workspace: String,
    codec: Codec,
    contents: Contents,
}

impl std::fmt::Debug for Seen {
    /// No contents.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Seen").field(&self.workspace).finish()
    }
}

impl PostgresKeeper {
    pub(crate) fn new(settings: PostgresSettings) -> Self {
        Self {
            tables: Tables::new(&settings),
            settings,
            link: Mutex::new(None),
            seen: Mutex::new(None),
        }
    }

    /// What a workspace held when it was read last, if that was with the same key.
    fn seen(&self, workspace: &str, codec: &Codec) -> Option<Contents> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref()
            .filter(|seen| seen.workspace == workspace && seen.codec.is_same(codec))
            .map(|seen| seen.contents.clone())
    }

    /// Reads a workspace's state, by way of `ask`; `None` when there is none.
    fn fetch(
        &self,
        workspace: &str,
        codec: &Codec,
        ask: impl FnOnce(Option<Standing>) -> Result<Option<snapshot::Rows>, StateError>,
    ) -> Result<Option<(Contents, snapshot::Rows)>, StateError> {
        let seen = self.seen(workspace, codec);
        let Some(mut rows) = ask(seen.as_ref().map(Contents::standing))? else {
            return Ok(None);
        };
        let contents = rows.contents(codec, &self.place(workspace), seen)?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen {
            workspace: workspace.to_owned(),
            codec: codec.clone(),
            contents: contents.clone(),
        });
        Ok(Some((contents, rows)))
    }

    /// Asks the database something; on a new connection if the one at hand has broken.
    fn ask<T, W>(&self, work: W) -> Result<T, StateError>
    where
        T: Send + 'static,
        W: for<'a> Fn(&'a mut Client, &'a Tables) -> BoxFuture<'a, Result<T, Trouble>>
            + Clone
            + Send
            + 'static,
    {
        let mut kept = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let had = kept.is_some();
        let mut attempt = 1;
        loop {
            let link = match kept.take() {
                Some(link) => link,
                None => Link::open(&self.settings)?,
            };
            let (work, tables) = (work.clone(), self.tables.clone());
            let answer = link.call(move |client| async move { work(client, &tables).await }.boxed());
            match answer {
                Err(trouble) if trouble.is_broken() && had && attempt == 1 => attempt = 2,
                answer => {
                    if !answer.as_ref().is_err_and(Trouble::is_broken) {
                        *kept = Some(link);
                    }
                    return answer.map_err(|trouble| trouble.told(&self.settings.place()));
                }
            }
        }
    }

    /// Connects, and takes the lock of a part of a workspace's state.
    fn locked(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        scope: &Scope,
    ) -> Result<(Rows, Option<HolderInfo>), StateError> {
        let link = Link::open(&self.settings)?;
        let tables = self.tables.clone();
        let statements = link
            .call(move |client| {
                async move {
                    tables.ensure(client).await?;
                    Statements::prepare(client, &tables).await
                }
                .boxed()
            })
            .map_err(|trouble| trouble.told(&self.settings.place()))?;
        let (fence, taken_over) = self.lock(&link, workspace, holder, scope, wait)?;
        // From here on the lock is let go of whatever happens.
        let medium = Rows {
            link,
            statements,
            settings: self.settings.clone(),
            tables: self.tables.clone(),
            workspace: workspace.to_owned(),
            place: self.place(workspace),
            fence,
            known: Contents::empty("").standing(),
            released: false,
        };
        Ok((medium, taken_over))
    }

    fn lock(
        &self,
        link: &Link,
        workspace: &str,
        holder: &HolderInfo,
        scope: &Scope,
        wait: LockWait,
    ) -> Result<(i64, Option<HolderInfo>), StateError> {
        let mut waiting = wait.begin(
            Duration::ZERO,
            Duration::from_millis(50),
            Duration::from_millis(500),
        );
        loop {
            let (tables, workspace_name) = (self.tables.clone(), workspace.to_owned());
            let (holder, scope) = (holder.clone(), scope.clone());
            let attempt = link
                .call(move |client| {
                    async move { lock::attempt(client, &tables, &workspace_name, &holder, &scope).await }
                        .boxed()
                })
                .map_err(|trouble| trouble.told(&self.settings.place()))?;
            match attempt {
                Attempt::Taken(fence, taken_over) => {
                    step("database: the lock is taken");
                    return Ok((fence, taken_over));
                }
                Attempt::Busy(_) if waiting.pause() => {}
                Attempt::Busy(holder) => return Err(busy(self.place(workspace), holder)),
            }
        }
    }
}

/// Somebody who is alive is in the way.
fn busy(place: String, holder: Option<HolderInfo>) -> StateError {
    StateError::Locked {
        place,
        holder: holder.map(Box::new),
        after_a_kill: AfterAKill::GoesWithItsSession,
    }
}

impl Keeper for PostgresKeeper {
    fn place(&self, workspace: &str) -> String {
        format!("{}/{workspace}", self.settings.place())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn locks_parts(&self) -> bool {
        true
    }

    fn keeps_copies(&self) -> bool {
        false
    }

    fn workspaces(&self) -> Result<Vec<String>, StateError> {
        let mut names: Vec<String> = self.ask(|client, tables| {
            async move {
                if !tables.are_there(client).await? {
                    return Ok(Vec::new());
                }
                let query = tables.sql("SELECT workspace FROM {}.streamform_states ORDER BY workspace");
                let rows = client.query(&query, &[]).await?;
                Ok(rows.iter().map(|row| row.get(0)).collect())
            }
            .boxed()
        })?;
        names.retain(|name| name != DEFAULT_WORKSPACE);
        names.insert(0, DEFAULT_WORKSPACE.to_owned());
        Ok(names)
    }

    fn exists(&self, workspace: &str) -> Result<bool, StateError> {
        let workspace = workspace.to_owned();
        self.ask(move |client, tables| {
            let workspace = workspace.clone();
            async move {
                if !tables.are_there(client).await? {
                    return Ok(false);
                }
                let query = tables.sql("SELECT 1 FROM {}.streamform_states WHERE workspace = $1");
                Ok(client.query_opt(&query, &[&workspace]).await?.is_some())
            }
            .boxed()
        })
    }

    fn open(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Opened, StateError> {
        self.open_part(workspace, holder, wait, codec, &Scope::Whole)
    }

    fn open_part(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
        scope: &Scope,
    ) -> Result<Opened, StateError> {
        let (mut medium, taken_over) = self.locked(workspace, holder, wait, scope)?;
        let place = medium.place.clone();
        let (tables, name) = (self.tables.clone(), workspace.to_owned());
        let found = self.fetch(workspace, codec, |known| {
            medium
                .link
                .call(move |client| {
                    async move { snapshot::rows(client, &tables, &name, known.as_ref()).await }.boxed()
                })
                .map_err(|trouble| trouble.told(&place))
        })?;
        let Some((mut contents, rows)) = found else {
            return Err(lock::lost(&place, Vec::new()));
        };
        medium.known = rows.standing;
        // What others are about to do in other parts is theirs.
        let foreign: Vec<u64> = contents
            .intents()
            .filter(|intent| !scope.covers(&intent.address))
            .map(|intent| intent.id)
            .collect();
        for id in foreign {
            contents.remove(Kind::Intent, &id.to_string());
        }
        Ok(Opened {
            contents,
            medium: Box::new(medium),
            taken_over,
            repaired: None,
        })
    }

    fn read(&self, workspace: &str, codec: &Codec) -> Result<StateView, StateError> {
        Ok(self.snapshot(workspace, codec)?.view)
    }

    fn snapshot(&self, workspace: &str, codec: &Codec) -> Result<Snapshot, StateError> {
        let name = workspace.to_owned();
        let found = self.fetch(workspace, codec, |known| {
            self.ask(move |client, tables| {
                let (name, known) = (name.clone(), known.clone());
                async move { snapshot::rows(client, tables, &name, known.as_ref()).await }.boxed()
            })
        })?;
        let Some((contents, rows)) = found else {
            return Ok(Snapshot {
                view: StateView::empty(""),
                left_open: Vec::new(),
            });
        };
        let left_open = contents
            .intents()
            .filter(|intent| {
                let mut alive = rows.locks.iter().filter(|lock| lock.alive);
                !alive.any(|lock| lock.scope.covers(&intent.address))
            })
            .cloned()
            .collect();
        Ok(Snapshot {
            view: contents.view,
            left_open,
        })
    }

    fn delete(&self, workspace: &str) -> Result<(), StateError> {
        let (name, place) = (workspace.to_owned(), self.place(workspace));
        self.ask(move |client, tables| {
            let (name, place) = (name.clone(), place.clone());
            async move {
                if !tables.are_there(client).await? {
                    return Ok(());
                }
                let transaction = client.transaction().await?;
                lock::state_row(&transaction, tables, &name).await?;
                let locks = lock::held(&transaction, tables, &name).await?;
                if let Some(lock) = locks.into_iter().find(|lock| lock.alive) {
                    return Err(busy(place, lock.holder).into());
                }
                for table in ["locks", "documents", "items", "states"] {
                    let query = tables.sql(&format!(
                        "DELETE FROM {{}}.streamform_{table} WHERE workspace = $1"
                    ));
                    transaction.execute(&query, &[&name]).await?;
                }
                transaction.commit().await?;
                Ok(())
            }
            .boxed()
        })
    }

    fn holders(&self, workspace: &str) -> Result<Vec<HolderInfo>, StateError> {
        let name = workspace.to_owned();
        self.ask(move |client, tables| {
            let name = name.clone();
            async move {
                if !tables.are_there(client).await? {
                    return Ok(Vec::new());
                }
                let locks = lock::held(client, tables, &name).await?;
                Ok(locks
                    .into_iter()
                    .filter(|lock| lock.alive)
                    .filter_map(|lock| lock.holder)
                    .collect())
            }
            .boxed()
        })
    }

    /// Also takes the lock away from one who is alive (cut off from us, perhaps): its number is then too old to commit anything.
    fn force_unlock(&self, workspace: &str, id: &str) -> Result<HolderInfo, StateError> {
        let (name, place, id) = (workspace.to_owned(), self.place(workspace), id.to_owned());
        self.ask(move |client, tables| {
            let (name, place, id) = (name.clone(), place.clone(), id.clone());
            async move {
                let none = || StateError::NotLocked {
                    path: place.clone().into(),
                };
                if !tables.are_there(client).await? {
                    return Err(none().into());
                }
                let transaction = client.transaction().await?;
                lock::state_row(&transaction, tables, &name).await?;
                let locks = lock::held(&transaction, tables, &name).await?;
                let Some(lock) = locks.iter().find(|lock| lock.id == id) else {
                    let found: Vec<&str> = locks.iter().map(|lock| lock.id.as_str()).collect();
                    if found.is_empty() {
                        return Err(none().into());
                    }
                    return Err(StateError::OtherLock {
                        path: place.into(),
                        asked: id,
                        found: found.join(", "),
                    }
                    .into());
                };
                let query = tables.sql("DELETE FROM {}.streamform_locks WHERE fence = $1");
                transaction.execute(&query, &[&lock.fence]).await?;
                transaction.commit().await?;
                Ok(lock
                    .holder
                    .clone()
                    .unwrap_or_else(|| HolderInfo::new("", "", "", "")))
            }
            .boxed()
        })
    }

    /// Takes no lock: all rows are read as of one instant.
    fn check(
        &self,
        workspace: &str,
        _holder: &HolderInfo,
        _wait: LockWait,
        codec: &Codec,
    ) -> Result<Examined, StateError> {
        let name = workspace.to_owned();
        let rows = self.ask(move |client, tables| {
            let name = name.clone();
            async move { snapshot::rows(client, tables, &name, None).await }.boxed()
        })?;
        Ok(rows.map_or_else(Examined::default, |rows| {
            salvage::examine(rows, codec, &self.place(workspace))
        }))
    }

    /// There are no other copies here: what reads well is kept.
    fn restore(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        serial: Option<u64>,
        codec: &Codec,
    ) -> Result<Restored, StateError> {
        let place = self.place(workspace);
        if serial.is_some() {
            return Err(StateError::NoSnapshotsThere { place });
        }
        let (medium, _) = self.locked(workspace, holder, wait, &Scope::Whole)?;
        let (tables, name) = (self.tables.clone(), workspace.to_owned());
        let (codec, whole) = (codec.clone(), place.clone());
        medium
            .link
            .call(move |client| {
                async move { salvage::salvage(client, &tables, &name, &codec, &whole).await }.boxed()
            })
            .map_err(|trouble| trouble.told(&place))
    }

    fn create_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<bool, StateError> {
        let row = (workspace.to_owned(), name.to_owned(), stored.to_owned());
        self.ask(move |client, tables| {
            let (workspace, name, stored) = row.clone();
            async move {
                tables.ensure(client).await?;
                let query = tables
                    .sql("INSERT INTO {}.streamform_documents VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
                if client.execute(&query, &[&workspace, &name, &stored]).await? == 1 {
                    return Ok(true);
                }
                // A first attempt whose answer was lost has taken the name itself.
                let query = tables.sql(
                    "SELECT 1 FROM {}.streamform_documents WHERE workspace = $1 AND name = $2 AND stored = $3",
                );
                let ours = client.query_opt(&query, &[&workspace, &name, &stored]).await?;
                Ok(ours.is_some())
            }
            .boxed()
        })
    }

    fn document(&self, workspace: &str, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        let row = (workspace.to_owned(), name.to_owned());
        self.ask(move |client, tables| {
            let (workspace, name) = row.clone();
            async move {
                if !tables.are_there(client).await? {
                    return Ok(None);
                }
                let query = tables
                    .sql("SELECT stored FROM {}.streamform_documents WHERE workspace = $1 AND name = $2");
                let row = client.query_opt(&query, &[&workspace, &name]).await?;
                Ok(row.map(|row| row.get(0)))
            }
            .boxed()
        })
    }

    fn documents(&self, workspace: &str, prefix: &str) -> Result<Vec<String>, StateError> {
        let row = (workspace.to_owned(), prefix.to_owned());
        self.ask(move |client, tables| {
            let (workspace, prefix) = row.clone();
            async move {
                if !tables.are_there(client).await? {
                    return Ok(Vec::new());
                }
                let query = tables.sql(
                    "SELECT name FROM {}.streamform_documents WHERE workspace = $1 AND starts_with(name, $2) ORDER BY name",
                );
                let rows = client.query(&query, &[&workspace, &prefix]).await?;
                Ok(rows.iter().map(|row| row.get(0)).collect())
            }
            .boxed()
        })
    }

    fn replace_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<(), StateError> {
        let row = (workspace.to_owned(), name.to_owned(), stored.to_vec());
        self.ask(move |client, tables| {
            let (workspace, name, stored) = row.clone();
            async move {
                let query = tables
                    .sql("UPDATE {}.streamform_documents SET stored = $3 WHERE workspace = $1 AND name = $2");
                client.execute(&query, &[&workspace, &name, &stored]).await?;
                Ok(())
            }
            .boxed()
        })
    }

    fn remove_document(&self, workspace: &str, name: &str) -> Result<(), StateError> {
        let row = (workspace.to_owned(), name.to_owned());
        self.ask(move |client, tables| {
            let (workspace, name) = row.clone();
            async move {
                if tables.are_there(client).await? {
                    let query =
                        tables.sql("DELETE FROM {}.streamform_documents WHERE workspace = $1 AND name = $2");
                    client.execute(&query, &[&workspace, &name]).await?;
                }
                Ok(())
            }
            .boxed()
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
