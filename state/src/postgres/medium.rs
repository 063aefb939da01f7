//! A state in a database, a part of it locked, open for writing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio_postgres::Client;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::link::Link;
use super::link::Trouble;
use super::lock;
use super::schema::Tables;
use super::settings::PostgresSettings;
use crate::RawJson;
use crate::StateError;
use crate::backend::Medium;
use crate::backend::Refused;
use crate::contents::Commit;
use crate::contents::Standing;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;
use crate::steps::step;

/// So long it is tried to reach the server again after the connection broke.
const PATIENCE: Duration = Duration::from_secs(10);

type Parameter<'a> = &'a (dyn ToSql + Sync);

/// The connection of a run, and the number of its lock.
pub(super) struct Rows {
    pub(super) link: Link,
    pub(super) statements: Statements,
    pub(super) settings: PostgresSettings,
    pub(super) tables: Tables,
    pub(super) workspace: String,
    pub(super) place: String,
    pub(super) fence: i64,
    /// Lineage and serial as the store knows them.
    pub(super) known: Standing,
    pub(super) released: bool,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("place", &self.place)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

/// The statements of a commit, prepared once a run.
#[derive(Clone)]
pub(super) struct Statements {
    state: Statement,
    fence: Statement,
    before: Statement,
    put: Statement,
    remove: Statement,
    stand: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client, tables: &Tables) -> Result<Self, Trouble> {
        let prepare = async |text: &str| client.prepare(&tables.sql(text)).await;
        Ok(Self {
            state: prepare(
                "SELECT seq, lineage, serial, count, digest FROM {}.streamform_states WHERE workspace = $1 FOR UPDATE",
            )
            .await?,
            fence: prepare("SELECT 1 FROM {}.streamform_locks WHERE fence = $1 AND workspace = $2").await?,
            before: prepare(
                "SELECT i.digest FROM {}.streamform_items i JOIN unnest($2::text[], $3::text[]) AS t (kind, id) \
                 ON i.kind = t.kind AND i.id = t.id WHERE i.workspace = $1",
            )
            .await?,
            put: prepare(
                "INSERT INTO {}.streamform_items (workspace, kind, id, envelope, digest, version) \
                 SELECT $1, t.kind, t.id, t.envelope, t.digest, $6 \
                 FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS t (kind, id, envelope, digest) \
                 ON CONFLICT (workspace, kind, id) DO UPDATE \
                 SET envelope = excluded.envelope, digest = excluded.digest, version = excluded.version",
            )
            .await?,
            remove: prepare(
                "DELETE FROM {}.streamform_items i USING unnest($2::text[], $3::text[]) AS t (kind, id) \
                 WHERE i.workspace = $1 AND i.kind = t.kind AND i.id = t.id",
            )
            .await?,
            stand: prepare(
                "UPDATE {}.streamform_states SET seq = $2, lineage = $3, serial = $4, count = $5, digest = $6 \
                 WHERE workspace = $1",
            )
            .await?,
        })
    }
}

/// A commit as columns. Of several items of one name the last counts.
struct Columns {
    run_standing: Standing,
    kinds: Vec<&'static str>,
    ids: Vec<String>,
    put: Put,
    remove: (Vec<&'static str>, Vec<String>),
}

#[derive(Default)]
struct Put {
    kinds: Vec<&'static str>,
    ids: Vec<String>,
    envelopes: Vec<RawJson>,
    digests: Vec<u128>,
}

impl Columns {
    fn of(commit: &Commit) -> Self {
        let last: BTreeMap<(Kind, &str), Option<&RawJson>> = commit
            .items
            .iter()
            .map(|Item(kind, id, text)| ((*kind, id.as_str()), text.as_ref()))
            .collect();
        let mut columns = Self {
            run_standing: commit.standing.clone(),
            kinds: Vec::with_capacity(last.len()),
            ids: Vec::with_capacity(last.len()),
            put: Put::default(),
            remove: (Vec::new(), Vec::new()),
        };
        for ((kind, id), text) in last {
            columns.kinds.push(kind.name());
            columns.ids.push(id.to_owned());
            match text {
                Some(text) => {
                    columns.put.kinds.push(kind.name());
                    columns.put.ids.push(id.to_owned());
                    columns.put.envelopes.push(text.clone());
                    columns.put.digests.push(digest(kind, id, text));
                }
                None => {
                    columns.remove.0.push(kind.name());
                    columns.remove.1.push(id.to_owned());
                }
            }
        }
        columns
    }
}

/// Everything that one attempt to commit needs.
struct Attempt {
    columns: Columns,
    known: Standing,
    workspace: String,
    place: String,
    fence: i64,
    tables: Tables,
}

impl Attempt {
    /// One transaction, in two round trips: what is read is asked for at once, and so is what is written.
    async fn run(&self, client: &Client, statements: &Statements) -> Result<Standing, Trouble> {
        let done = self.transact(client, statements).await;
        if done.is_err() && !client.is_closed() {
            let _ = client.batch_execute("ROLLBACK").await;
        }
        done
    }

    async fn transact(&self, client: &Client, statements: &Statements) -> Result<Standing, Trouble> {
        let columns = &self.columns;
        let here: [Parameter<'_>; 1] = [&self.workspace];
        let lock: [Parameter<'_>; 2] = [&self.fence, &self.workspace];
        let names: [Parameter<'_>; 3] = [&self.workspace, &columns.kinds, &columns.ids];
        let (begun, state, fence, before) = futures_util::join!(
            client.batch_execute("BEGIN"),
            client.query_opt(&statements.state, &here),
            client.query_opt(&statements.fence, &lock),
            client.query(&statements.before, &names),
        );
        begun?;
        let (Some(state), Some(_)) = (state?, fence?) else {
            let locks = lock::held(client, &self.tables, &self.workspace).await?;
            return Err(lock::lost(&self.place, locks).into());
        };
        let standing = self.stand(&state, &before?)?;
        let envelopes: Vec<&str> = columns.put.envelopes.iter().map(RawJson::as_str).collect();
        let digests: Vec<String> = columns.put.digests.iter().map(|d| format!("{d:032x}")).collect();
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (seq, serial, count) = (
            number(standing.seq),
            number(standing.serial),
            number(standing.count),
        );
        let put: [Parameter<'_>; 6] = [
            &self.workspace,
            &columns.put.kinds,
            &columns.put.ids,
            &envelopes,
            &digests,
            &seq,
        ];
        let remove: [Parameter<'_>; 3] = [&self.workspace, &columns.remove.0, &columns.remove.1];
        let stand: [Parameter<'_>; 6] = [
            &self.workspace,
            &seq,
            &standing.lineage,
            &serial,
            &count,
            &standing.digest,
        ];
        let (put, removed, stood, committed) = futures_util::join!(
            client.execute(&statements.put, &put),
            client.execute(&statements.remove, &remove),
            client.execute(&statements.stand, &stand),
            client.batch_execute("COMMIT"),
        );
        // (The COMMIT of a transaction that failed says nothing of it: the statements before do.)
        put?;
        removed?;
        stood?;
        committed?;
        Ok(standing)
    }

    /// Where the state stands after this commit: what stands there now, and the difference that this one makes. Others may
    /// have committed other parts since.
    fn stand(
        &self,
        state: &tokio_postgres::Row,
        before: &[tokio_postgres::Row],
    ) -> Result<Standing, StateError> {
        let number = |at: usize| u64::try_from(state.get::<_, i64>(at)).unwrap_or_default();
        let sum = |text: &str| {
            u128::from_str_radix(text, 16).map_err(|_| StateError::Contradiction {
                path: self.place.clone().into(),
                detail: "a digest is no number: rows were changed by another program".into(),
                snapshot: None,
            })
        };
        let wanted = &self.columns.run_standing;
        let mut digest = sum(state.get(4))?;
        for row in before {
            digest = digest.wrapping_sub(sum(row.get(0))?);
        }
        for added in &self.columns.put.digests {
            digest = digest.wrapping_add(*added);
        }
        let count = (number(3) + self.columns.put.ids.len() as u64).saturating_sub(before.len() as u64);
        let raised = wanted.serial.wrapping_sub(self.known.serial);
        let lineage: String = state.get(1);
        // `state push` gives another identity; everybody else counts on.
        let (lineage, serial) = if wanted.lineage == self.known.lineage && raised <= 1 {
            (lineage, number(2) + raised)
        } else {
            (wanted.lineage.clone(), wanted.serial)
        };
        Ok(Standing {
            seq: number(0) + 1,
            lineage,
            serial,
            count,
            digest: format!("{digest:032x}"),
        })
    }
}

impl Rows {
    fn attempt(&self, attempt: &Arc<Attempt>) -> Result<Standing, Trouble> {
        let attempt = Arc::clone(attempt);
        let statements = self.statements.clone();
        self.link
            .call(move |client| async move { attempt.run(client, &statements).await }.boxed())
    }

    /// Connects anew and takes up the lock, if nobody has taken it over meanwhile.
    fn reattach(&mut self) -> Result<(), StateError> {
        let began = Instant::now();
        loop {
            let found = Link::open(&self.settings).and_then(|link| {
                let (tables, place) = (self.tables.clone(), self.place.clone());
                let (workspace, fence) = (self.workspace.clone(), self.fence);
                let statements = link
                    .call(move |client| {
                        async move {
                            lock::reattach(client, &tables, &place, &workspace, fence).await?;
                            Statements::prepare(client, &tables).await
                        }
                        .boxed()
                    })
                    .map_err(|trouble| trouble.told(&self.place))?;
                Ok((link, statements))
            });
            match found {
                Ok((link, statements)) => {
                    self.link = link;
                    self.statements = statements;
                    return Ok(());
                }
                Err(error @ StateError::Database { .. }) if began.elapsed() > PATIENCE => return Err(error),
                Err(StateError::Database { .. }) => std::thread::sleep(Duration::from_millis(200)),
                Err(error) => return Err(error),
            }
        }
    }

    fn release(&mut self) {
        if std::mem::replace(&mut self.released, true) {
            return;
        }
        step("database: before the lock is given back");
        let clear = |link: &Link| {
            let query = self
                .tables
                .sql("DELETE FROM {}.streamform_locks WHERE fence = $1");
            let fence = self.fence;
            link.call(move |client| async move { Ok(client.execute(&query, &[&fence]).await?) }.boxed())
        };
        // What is left behind is a dead holder's lock: the next one takes it over and says so.
        if clear(&self.link).is_err_and(|trouble| trouble.is_broken())
            && let Ok(link) = Link::open(&self.settings)
        {
            let _ = clear(&link);
        }
    }
}

impl Medium for Rows {
    fn append(&mut self, commit: Commit) -> Result<Standing, Refused> {
        let attempt = Arc::new(Attempt {
            columns: Columns::of(&commit),
            known: self.known.clone(),
            workspace: self.workspace.clone(),
            place: self.place.clone(),
            fence: self.fence,
            tables: self.tables.clone(),
        });
        step("database: before a commit");
        let done = match self.attempt(&attempt) {
            // Whether it was committed is not known: to commit it once more changes nothing but two counters.
            Err(trouble) if trouble.is_broken() => match self.reattach() {
                Ok(()) => self
                    .attempt(&attempt)
                    .map_err(|trouble| trouble.told(&self.place)),
                Err(error) => Err(error),
            },
            done => done.map_err(|trouble| trouble.told(&self.place)),
        };
        step("database: after a commit");
        match done {
            Ok(standing) => {
                self.known = standing.clone();
                Ok(standing)
            }
            Err(error) => Err(Refused {
                error,
                items: commit.items,
            }),
        }
    }

    fn finish(mut self: Box<Self>, _standing: &Standing) -> Result<(), StateError> {
        self.release();
        Ok(())
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.release();
    }
}
