//! Where states are kept: one handle for this machine's folders, databases and object stores alike.
//!
//! What a state *is* (items, digests, sealing, what an entry changes) is the same everywhere and lives in [`Store`] and its
//! contents. What differs stands behind two traits: a [`Keeper`] knows the states of all workspaces, a [`Medium`] is one of
//! them, locked and open for writing.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::Check;
use crate::Finding;
use crate::HolderInfo;
use crate::HttpSettings;
use crate::Intent;
use crate::LockWait;
use crate::Places;
use crate::PostgresSettings;
use crate::Rekeyed;
use crate::Restored;
use crate::S3Settings;
use crate::Scope;
use crate::SealKey;
use crate::SnapshotInfo;
use crate::StateError;
use crate::StateView;
use crate::Store;
use crate::check;
use crate::check::Examined;
use crate::contents::Commit;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::document;
use crate::http::HttpKeeper;
use crate::item::Codec;
use crate::item::Item;
use crate::local::LocalKeeper;
use crate::object::ObjectKeeper;
use crate::postgres::PostgresKeeper;

/// The place where the states of a configuration are kept, one for each workspace. Cheap to clone.
#[derive(Clone)]
pub struct Backend {
    keeper: Arc<dyn Keeper>,
    codec: Codec,
}

impl Backend {
    /// Folders on this machine, as the settings of a `local` backend name them.
    pub fn local(places: Places) -> Self {
        Self::new(LocalKeeper::Places(places))
    }

    /// One folder on this machine, whatever the workspace is called (`-state=FILE`).
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self::new(LocalKeeper::Folder(folder.into()))
    }

    /// A PostgreSQL database. It is not asked anything yet.
    pub fn postgres(settings: PostgresSettings) -> Self {
        Self::new(PostgresKeeper::new(settings))
    }

    /// A bucket of an object store that speaks the protocol of S3.
    pub fn s3(settings: S3Settings) -> Self {
        Self::new(ObjectKeeper::new(settings))
    }

    /// A document behind an address, as Terraform's `http` backend keeps it.
    pub fn http(settings: HttpSettings) -> Self {
        Self::new(HttpKeeper::new(settings))
    }

    pub(crate) fn new(keeper: impl Keeper + 'static) -> Self {
        Self {
            keeper: Arc::new(keeper),
            codec: Codec::default(),
        }
    }

    /// The same place; what holds secrets is sealed with `key` when it is written, and opened with it when it is read. Without
    /// a key it is written in the clear.
    #[must_use]
    pub fn sealed(self, key: Option<SealKey>) -> Self {
        Self {
            codec: Codec::new(key),
            ..self
        }
    }

    pub(crate) fn with_codec(&self, codec: Codec) -> Self {
        Self {
            keeper: Arc::clone(&self.keeper),
            codec,
        }
    }

    pub(crate) fn codec(&self) -> &Codec {
        &self.codec
    }

    pub(crate) fn keeper(&self) -> &dyn Keeper {
        &*self.keeper
    }

    /// The place of a workspace's state in words that hold no secret: a folder, or the address of a database.
    pub fn place(&self, workspace: &str) -> String {
        self.keeper.place(workspace)
    }

    /// The folder of a workspace's state, if it is kept in one on this machine.
    pub fn local_folder(&self, workspace: &str) -> Option<PathBuf> {
        self.keeper.local_folder(workspace)
    }

    /// Whether there can be more than one state: one for each workspace.
    pub fn has_workspaces(&self) -> bool {
        self.keeper.has_workspaces()
    }

    /// All workspaces, sorted, the default one first. It is always there.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub fn workspaces(&self) -> Result<Vec<String>, StateError> {
        self.keeper.workspaces()
    }

    /// Whether the workspace has a state, be it an empty one.
    ///
    /// # Errors
    /// When the place cannot be asked.
    pub fn exists(&self, workspace: &str) -> Result<bool, StateError> {
        self.keeper.exists(workspace)
    }

    /// Opens a workspace's state for writing, and makes it when it is not there. Blocks while it waits for the lock.
    ///
    /// # Errors
    /// When another process holds the lock, when it cannot be read, or when what was read does not hold together.
    pub fn open(&self, workspace: &str, holder: HolderInfo, wait: LockWait) -> Result<Store, StateError> {
        self.is_for_others(workspace)?;
        let opened = self.keeper.open(workspace, &holder, wait, &self.codec)?;
        Ok(Store::over(opened, self.codec.clone(), holder.run))
    }

    /// Whether parts of a state can be locked, so that several runs can write one state at the same time.
    pub fn locks_parts(&self) -> bool {
        self.keeper.locks_parts()
    }

    /// Like [`Backend::open`]; where [`Backend::locks_parts`], only `scope` is locked, and open intents are those within it.
    ///
    /// # Errors
    /// As there.
    pub fn open_part(
        &self,
        workspace: &str,
        holder: HolderInfo,
        wait: LockWait,
        scope: &Scope,
    ) -> Result<Store, StateError> {
        self.is_for_others(workspace)?;
        let opened = self
            .keeper
            .open_part(workspace, &holder, wait, &self.codec, scope)?;
        Ok(Store::over(opened, self.codec.clone(), holder.run))
    }

    /// What is sealed with a key that was made without being asked for on this machine could be read by nobody else.
    fn is_for_others(&self, workspace: &str) -> Result<(), StateError> {
        if self.keeper.is_shared() && self.codec.key().is_some_and(SealKey::is_machine_made) {
            return Err(StateError::KeyNotShared {
                place: self.place(workspace),
            });
        }
        Ok(())
    }

    /// Like [`Backend::read`], with the intents that no run which is alive is working on: those of runs that were killed.
    ///
    /// # Errors
    /// As there.
    pub fn snapshot(&self, workspace: &str) -> Result<Snapshot, StateError> {
        self.keeper.snapshot(workspace, &self.codec)
    }

    /// A workspace's state as of its last commit. Needs no lock and never waits for one. A state that is not there yet is
    /// empty, with an empty lineage.
    ///
    /// # Errors
    /// When it cannot be read or does not hold together.
    pub fn read(&self, workspace: &str) -> Result<StateView, StateError> {
        self.keeper.read(workspace, &self.codec)
    }

    /// What Terraform keeps where a workspace's state would be, if it keeps something there: its place in words, and the text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn foreign(&self, workspace: &str) -> Result<Option<(String, Vec<u8>)>, StateError> {
        self.keeper.foreign(workspace)
    }

    /// Removes a workspace's state with all that belongs to it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn delete(&self, workspace: &str) -> Result<(), StateError> {
        self.keeper.delete(workspace)
    }

    /// Who holds the lock of a workspace's state at this moment, or of a part of it.
    ///
    /// # Errors
    /// When the place cannot be asked.
    pub fn holders(&self, workspace: &str) -> Result<Vec<HolderInfo>, StateError> {
        self.keeper.holders(workspace)
    }

    /// Clears the lock that a dead holder has left.
    ///
    /// # Errors
    /// When `id` is not the lock's, when there is none, or when its holder is known to be alive.
    pub fn force_unlock(&self, workspace: &str, id: &str) -> Result<HolderInfo, StateError> {
        self.keeper.force_unlock(workspace, id)
    }

    /// Looks at everything that belongs to a workspace's state, alone with it, and changes nothing.
    ///
    /// # Errors
    /// When another process holds the lock, or the place cannot be asked at all. What is damaged is no error but a finding.
    pub fn check(&self, workspace: &str, holder: &HolderInfo, wait: LockWait) -> Result<Check, StateError> {
        let examined = self.keeper.check(workspace, holder, wait, &self.codec)?;
        let mut findings = examined.findings;
        let view = examined.state.map(|(view, intents)| {
            check::records(&view, &intents, &mut findings);
            view
        });
        self.check_documents(workspace, &mut findings);
        Ok(Check {
            place: self.place(workspace),
            view,
            findings,
        })
    }

    fn check_documents(&self, workspace: &str, findings: &mut Vec<Finding>) {
        const PART: &str = "documents";
        let names = match self.documents(workspace, "") {
            Ok(names) => names,
            Err(error) => return findings.push(Finding::wrong(PART, error.to_string())),
        };
        let before = findings.len();
        for name in &names {
            if let Err(error) = self.document(workspace, name) {
                findings.push(
                    Finding::wrong(PART, error.to_string()).advise("The state itself does not need it."),
                );
            }
        }
        if findings.len() == before {
            findings.push(Finding::well(
                PART,
                match names.len() {
                    0 => "There are none".to_owned(),
                    many => format!("{} read well", check::count(many, "document")),
                },
            ));
        }
    }

    /// Whether the states there have copies of themselves to go back to. Where they have none, [`Backend::restore`] keeps what reads
    /// well.
    pub fn keeps_copies(&self) -> bool {
        self.keeper.keeps_copies()
    }

    /// The copies that a workspace's state has of itself, newest first, and of each how many records it holds, or why it
    /// cannot be used.
    ///
    /// # Errors
    /// When the state is kept where there are none, or the place cannot be read.
    pub fn snapshots(&self, workspace: &str) -> Result<Vec<KeptSnapshot>, StateError> {
        self.keeper.snapshots(workspace, &self.codec)
    }

    /// Replaces a workspace's state by one of its snapshots: that of `serial`, or the newest that reads well together with as
    /// much of the log after it as reads well. The files that were there are set aside.
    ///
    /// # Errors
    /// When another process holds the lock, when no snapshot fits, or when something cannot be written.
    pub fn restore(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        serial: Option<u64>,
    ) -> Result<Restored, StateError> {
        self.keeper.restore(workspace, holder, wait, serial, &self.codec)
    }

    /// Keeps a text beside a workspace's state, under a name that nothing has yet, durable when it returns. `false`: the name
    /// is taken, and nothing was written. Names are made of `a-z`, `0-9`, `-`, `_`, `.` and `/`. `secret`: sealed, if there is a key.
    ///
    /// # Errors
    /// When it cannot be written, or there is no key to seal it with.
    pub fn create_document(
        &self,
        workspace: &str,
        name: &str,
        text: &str,
        secret: bool,
    ) -> Result<bool, StateError> {
        let stored = document::encode(&self.codec, name, text, secret)?;
        self.keeper.create_document(workspace, name, stored.as_bytes())
    }

    /// A text that was kept so; `None` when there is none of that name.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is sealed with another key.
    pub fn document(&self, workspace: &str, name: &str) -> Result<Option<String>, StateError> {
        match self.keeper.document(workspace, name)? {
            None => Ok(None),
            Some(stored) => document::decode(&self.codec, &self.place(workspace), name, &stored).map(Some),
        }
    }

    /// The names of all such texts that begin with `prefix`, sorted.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub fn documents(&self, workspace: &str, prefix: &str) -> Result<Vec<String>, StateError> {
        self.keeper.documents(workspace, prefix)
    }

    /// Removes such a text, if it is there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_document(&self, workspace: &str, name: &str) -> Result<(), StateError> {
        self.keeper.remove_document(workspace, name)
    }
}

/// A copy that a state has of itself.
#[derive(Debug)]
pub struct KeptSnapshot {
    /// The file.
    pub info: SnapshotInfo,
    /// How many records it holds, or why it cannot be used.
    pub records: Result<usize, StateError>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("keeper", &self.keeper)
            .finish_non_exhaustive()
    }
}

/// A state as of its last commit.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The state.
    pub view: StateView,
    /// What runs that are not alive any more had begun, where the backend can tell; else nothing.
    pub left_open: Vec<Intent>,
}

/// Keeps the states of all workspaces. The methods are those of [`Backend`].
pub(crate) trait Keeper: fmt::Debug + Send + Sync {
    fn place(&self, workspace: &str) -> String;

    fn local_folder(&self, _workspace: &str) -> Option<PathBuf> {
        None
    }

    /// Whether others than the user of this machine use it.
    fn is_shared(&self) -> bool {
        false
    }

    fn locks_parts(&self) -> bool {
        false
    }

    fn keeps_copies(&self) -> bool {
        true
    }

    fn has_workspaces(&self) -> bool {
        true
    }

    fn workspaces(&self) -> Result<Vec<String>, StateError>;

    fn exists(&self, workspace: &str) -> Result<bool, StateError>;

    fn foreign(&self, _workspace: &str) -> Result<Option<(String, Vec<u8>)>, StateError> {
        Ok(None)
    }

    fn open(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Opened, StateError>;

    /// Who cannot lock a part locks the whole.
    fn open_part(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
        _scope: &Scope,
    ) -> Result<Opened, StateError> {
        self.open(workspace, holder, wait, codec)
    }

    fn read(&self, workspace: &str, codec: &Codec) -> Result<StateView, StateError>;

    fn snapshot(&self, workspace: &str, codec: &Codec) -> Result<Snapshot, StateError> {
        Ok(Snapshot {
            view: self.read(workspace, codec)?,
            left_open: Vec::new(),
        })
    }

    fn delete(&self, workspace: &str) -> Result<(), StateError>;

    fn holders(&self, workspace: &str) -> Result<Vec<HolderInfo>, StateError>;

    fn force_unlock(&self, workspace: &str, id: &str) -> Result<HolderInfo, StateError>;

    /// Where nothing more can be looked at: whether the state can be read.
    fn check(
        &self,
        workspace: &str,
        _holder: &HolderInfo,
        _wait: LockWait,
        codec: &Codec,
    ) -> Result<Examined, StateError> {
        let mut examined = Examined::default();
        match self.snapshot(workspace, codec) {
            Ok(Snapshot { view, left_open }) => {
                let text = format!("It can be read, with serial {}", view.serial);
                examined.findings.push(Finding::well("state", text));
                examined.state = Some((view, left_open));
            }
            Err(error) => examined.findings.push(Finding::wrong("state", error.to_string())),
        }
        Ok(examined)
    }

    fn snapshots(&self, workspace: &str, _codec: &Codec) -> Result<Vec<KeptSnapshot>, StateError> {
        Err(StateError::NoSnapshotsThere {
            place: self.place(workspace),
        })
    }

    fn restore(
        &self,
        workspace: &str,
        _holder: &HolderInfo,
        _wait: LockWait,
        _serial: Option<u64>,
        _codec: &Codec,
    ) -> Result<Restored, StateError> {
        Err(StateError::NoSnapshotsThere {
            place: self.place(workspace),
        })
    }

    /// Writes a document in the place of the one that is there, in one step: nobody finds neither.
    fn replace_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<(), StateError>;

    /// Seals copies of the state (snapshots, backups) with the codec's own key; it opens older ones, too. Without copies nothing is
    /// to be done.
    fn reseal_copies(
        &self,
        _workspace: &str,
        _holder: &HolderInfo,
        _wait: LockWait,
        _codec: &Codec,
    ) -> Result<Rekeyed, StateError> {
        Ok(Rekeyed::default())
    }

    /// `false` when the name is taken.
    fn create_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<bool, StateError>;

    fn document(&self, workspace: &str, name: &str) -> Result<Option<Vec<u8>>, StateError>;

    fn documents(&self, workspace: &str, prefix: &str) -> Result<Vec<String>, StateError>;

    fn remove_document(&self, workspace: &str, name: &str) -> Result<(), StateError>;
}

/// A state that was opened for writing.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) contents: Contents,
    pub(crate) medium: Box<dyn Medium>,
    /// The dead holder whose lock was taken over.
    pub(crate) taken_over: Option<HolderInfo>,
    /// What was found damaged and is made anew from the rest.
    pub(crate) repaired: Option<StateError>,
}

/// A state that is locked and open. Dropping it releases the lock; nothing that was appended is lost by that.
pub(crate) trait Medium: fmt::Debug + Send {
    /// Makes a commit durable, all of it or nothing. What comes back is where the state stands now: more than the commit says
    /// where somebody else works on another part of the same state.
    fn append(&mut self, commit: Commit) -> Result<Standing, Refused>;

    /// Nothing older than what this run leaves is to be needed to read the state: where copies are kept, a full one is made at its
    /// end.
    fn copy_whole(&mut self) {}

    /// The end of a run, which left the state at `standing`: tidies up and releases the lock.
    fn finish(self: Box<Self>, standing: &Standing) -> Result<(), StateError>;
}

/// A commit that could not be made durable, and what was in it.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: StateError,
    pub(crate) items: Vec<Item>,
}

#[cfg(test)]
mod tests;
