//! Everything that a run needs to know of the world.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use streamform_lang::diag::Diagnostic;
use streamform_lang::functions::KeptFiles;
use streamform_lang::functions::Surroundings;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_provider::Registry;
use streamform_state::Backend;
use streamform_state::HolderInfo;
use streamform_state::LockWait;
use streamform_state::Scope;
use streamform_state::SealKey;
use streamform_state::Snapshot;
use streamform_state::StateError;
use streamform_state::StateView;
use streamform_state::Store;

use super::history::Keep;
use super::rescue;
use crate::eval::WorldSettings;
use crate::exec::CommandRunner;
use crate::exec::Stop;
use crate::plan::Observer;

/// Gives the present as RFC 3339 in UTC.
pub type Clock = Arc<dyn Fn() -> String + Send + Sync>;

/// What a command works with.
#[derive(Clone)]
pub struct Session {
    /// Where the command runs: configuration paths are relative to it.
    pub base: PathBuf,
    /// Where the command was started, absolute (`path.cwd`).
    pub cwd: PathBuf,
    /// The user's home, for `~` in file names.
    pub home: Option<PathBuf>,
    /// Where the states of the configuration are kept.
    pub backend: Backend,
    /// Why the state cannot be used: its backend is not settled.
    pub unusable: Option<Diagnostic>,
    /// The key that seals secrets in the state and in plan files; none: they are kept in the clear.
    pub key: Option<SealKey>,
    /// Folders for results that the state does not take, in the order in which they are tried. The first is that of the
    /// configuration.
    pub rescue: Vec<PathBuf>,
    /// Files as functions shall find them, in place of those that are there.
    pub kept_files: Option<Arc<KeptFiles>>,
    /// The workspace.
    pub workspace: String,
    /// The providers of the program.
    pub registry: Registry,
    /// `user@host`, for the lock.
    pub who: String,
    /// How long to wait for a lock that somebody else holds. Writing always locks.
    pub lock_wait: LockWait,
    /// The present.
    pub clock: Clock,
    /// Told what happens.
    pub observer: Arc<dyn Observer>,
    /// Asked to stop.
    pub stop: Stop,
    /// Runs the programs of provisioners.
    pub commands: Arc<dyn CommandRunner>,
    /// How many operations may be under way at once.
    pub parallelism: usize,
    /// How much of the history is kept.
    pub history: Keep,
}

impl Session {
    /// What functions may use in a plan (or, with `applying`, in an apply) made at `plan_time`: empty where there is no
    /// plan.
    pub fn surroundings(&self, plan_time: &str, applying: bool) -> Surroundings {
        Surroundings {
            base_dir: self.base.clone(),
            home_dir: self.home.clone(),
            timestamp: applying.then(|| (self.clock)()),
            plan_timestamp: (!plan_time.is_empty()).then(|| plan_time.to_owned()),
            impure: applying,
            files_read: None,
            kept_files: self.kept_files.clone(),
        }
    }

    /// What the module tree is evaluated with, in a plan (or, with `applying`, in an apply) made at `plan_time`.
    pub(super) fn settings(
        &self,
        plan_time: &str,
        applying: bool,
        variables: BTreeMap<Name, Value>,
    ) -> WorldSettings {
        WorldSettings {
            workspace: self.workspace.clone(),
            cwd: self.cwd.clone(),
            registry: self.registry.clone(),
            surroundings: self.surroundings(plan_time, applying),
            variables,
            places: BTreeMap::new(),
            applying,
            validating: false,
        }
    }

    fn usable(&self) -> Result<(), Box<Diagnostic>> {
        match &self.unusable {
            None => Ok(()),
            Some(why) => Err(Box::new(why.clone())),
        }
    }

    /// Clears the lock that a dead process has left.
    ///
    /// # Errors
    /// When `id` is not that of the lock, there is none, or its process is alive.
    pub fn unlock(&self, id: &str) -> Result<(), Box<Diagnostic>> {
        self.usable()?;
        let Err(e) = self.backend.force_unlock(&self.workspace, id) else {
            return Ok(());
        };
        let mut told = state_error(&e);
        told.summary = match &e {
            StateError::NotLocked { .. } if self.backend.local_folder(&self.workspace).is_some() => {
                "Failed to unlock state: LocalState not locked"
            }
            _ => "Failed to unlock state",
        }
        .to_owned();
        Err(Box::new(told))
    }

    /// Opens the state for writing, and makes it if there is none.
    ///
    /// # Errors
    /// When somebody else holds its lock, or it cannot be read.
    pub fn open_state(&self, operation: &str, run: &str) -> Result<Store, Box<Diagnostic>> {
        self.open_part(operation, run, &Scope::Whole)
    }

    /// Opens the state for writing only a part of it, where the backend can lock parts; else all of it.
    ///
    /// # Errors
    /// As [`Session::open_state`].
    pub(super) fn open_part(
        &self,
        operation: &str,
        run: &str,
        part: &Scope,
    ) -> Result<Store, Box<Diagnostic>> {
        self.usable()?;
        let mut store = self
            .locking(|wait| {
                let holder = HolderInfo::new(operation, self.who.clone(), run, (self.clock)());
                self.states().open_part(&self.workspace, holder, wait, part)
            })
            .map_err(|e| Box::new(state_error(&e)))?;
        if let Some(why) = store.repaired() {
            self.observer.event(crate::plan::Event::Notice(Diagnostic::warning(
                "State repaired",
                format!("One of the two copies of the state could not be read and was built anew from the other one; nothing is lost. The reason: {why}"),
            )));
        }
        if let Some(dead) = store.taken_over() {
            self.observer.event(crate::plan::Event::Notice(Diagnostic::warning(
                "Lock of an interrupted run taken over",
                format!("The last run did not end in order, and its process is gone:\n\n{dead}\n\nWhat it had begun is looked up before anything else is done."),
            )));
        }
        if matches!(part, Scope::Whole) {
            rescue::take_in(self, &mut store)?;
        }
        Ok(store)
    }

    /// Does what needs the lock. Whoever has to wait for it longer than an instant is told for whom.
    pub(super) fn locking<T>(
        &self,
        work: impl Fn(LockWait) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        /// As long as Terraform waits before it says that it does.
        const INSTANT: Duration = Duration::from_millis(400);
        let limit = match self.lock_wait {
            LockWait::UpTo(limit) if limit > INSTANT => limit,
            wait => return work(wait),
        };
        let done = work(LockWait::UpTo(INSTANT));
        let Some(holder) = done.as_ref().err().and_then(in_the_way) else {
            return done;
        };
        self.observer
            .event(crate::plan::Event::Notice(waiting(holder, limit)));
        work(LockWait::UpTo(limit - INSTANT))
    }

    /// The state for reading; empty if there is none. Works while another process writes it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_state(&self) -> Result<StateView, Box<Diagnostic>> {
        self.usable()?;
        self.states()
            .read(&self.workspace)
            .map_err(|e| Box::new(state_error(&e)))
    }

    /// The state for reading, with what runs that are not alive any more have left open.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Box<Diagnostic>> {
        self.usable()?;
        self.states()
            .snapshot(&self.workspace)
            .map_err(|e| Box::new(state_error(&e)))
    }

    /// Whether there is a state, be it an empty one.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub fn state_exists(&self) -> Result<bool, Box<Diagnostic>> {
        self.usable()?;
        self.backend
            .exists(&self.workspace)
            .map_err(|e| Box::new(state_error(&e)))
    }

    /// The backend, sealing with the session's key.
    pub(super) fn states(&self) -> Backend {
        self.backend.clone().sealed(self.key.clone())
    }
}

/// For whom a run waits, and how long at most.
fn waiting(holder: Option<&HolderInfo>, limit: Duration) -> Diagnostic {
    let who = holder.map_or_else(
        || "Another process holds it.".to_owned(),
        |h| {
            format!(
                "{} (process {}) holds it for {} since {}.",
                h.who, h.pid, h.operation, h.created
            )
        },
    );
    Diagnostic::warning(
        "Waiting for the state lock",
        format!("{who} This run goes on as soon as it is free, and gives up after {limit:?}."),
    )
}

/// The holder of a lock that could not be had, if that is what is wrong.
fn in_the_way(e: &StateError) -> Option<Option<&HolderInfo>> {
    match e {
        StateError::Locked { holder, .. } => Some(holder.as_deref()),
        _ => None,
    }
}

/// An error of the state as a diagnostic.
pub(super) fn state_error(e: &StateError) -> Diagnostic {
    Diagnostic::error(e.title(), told(e))
}

/// The text of an error of the state, with its causes.
pub(super) fn told(e: &StateError) -> String {
    let mut detail = e.to_string();
    let mut source = std::error::Error::source(e);
    while let Some(s) = source {
        let text = s.to_string();
        if !detail.contains(&text) {
            detail.push_str(": ");
            detail.push_str(&text);
        }
        source = s.source();
    }
    detail
}

/// The present by the system's clock, as RFC 3339 in UTC with seconds: what a command puts into [`Session::clock`].
pub fn timestamp() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}
