//! What can go wrong with the state store, said so that a user knows what to type next.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::HolderInfo;

/// An error of the state store. The message says what failed, where, and what to do; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Somebody else holds the lock.
    #[error(
        "The state in {place} is locked by another process.\n\n{}\n\nA lock protects the state from being written by two at the \
         same time. Wait until the other one is done, or give -lock-timeout=60s to wait for it. {}",
        lock_info(.holder.as_deref()), .after_a_kill.advice(.holder.as_deref())
    )]
    Locked {
        /// The state: a folder, or another place in words.
        place: String,
        /// Who holds it, where that could be read.
        holder: Option<Box<HolderInfo>>,
        /// What becomes of the lock of a process that was killed.
        after_a_kill: AfterAKill,
    },
    /// The lock that `force-unlock` names is not the one that is there.
    #[error(
        "The lock in {} has the ID {found}, not {asked}. Nothing was changed. Check the ID and the \
         folder that you run in.", .path.display()
    )]
    OtherLock {
        /// The state's folder.
        path: PathBuf,
        /// The ID that was asked for.
        asked: String,
        /// The ID that is there.
        found: String,
    },
    /// `force-unlock` found no lock.
    #[error("The state in {} is not locked.", .path.display())]
    NotLocked {
        /// The state's folder.
        path: PathBuf,
    },
    /// This run does not hold the lock any more that it held when it opened the state.
    #[error(
        "The lock of the state in {place} is not ours any more: {detail}. Nothing that this run does from here on can be written \
         there. What it had begun is noted in the state, and the next run looks it up: make a new plan.{}", held_by(.by.as_deref())
    )]
    LockLost {
        /// The state, or its lock.
        place: String,
        /// Why.
        detail: String,
        /// Who holds it now, where that is known.
        by: Option<Box<HolderInfo>>,
    },
    /// A place on the network could not be used.
    #[error("The state {place} could not be {verb}.\n\nThe reason: {detail}.")]
    Remote {
        /// The place, without what opens it.
        place: String,
        /// What could not be done: read, written, …
        verb: &'static str,
        /// The cause.
        detail: String,
    },
    /// There is only one state.
    #[error(
        "The backend of {place} keeps one state, that of the workspace \"default\". Select it with \
         \"streamform workspace select default\", or use another backend."
    )]
    NoWorkspaces {
        /// The place.
        place: String,
    },
    /// A crash has left results that the server never got, and somebody else has gone on since.
    #[error(
        "A run on this machine was interrupted before it could send its results to \
         {place}. They are in {}. Since then another run has changed the state there, so they cannot simply be sent. Nothing was \
         changed. To see them, use \"streamform state list -state\" on that folder; to go on without them, move the folder away.",
        .journal.display()
    )]
    UnsentResults {
        /// The place.
        place: String,
        /// The folder of the journal.
        journal: PathBuf,
    },
    /// A file with the results of a run whose store failed does not read.
    #[error(
        "The file {} should hold results that an earlier run could not write into the state, and is damaged. Nothing was changed. \
         Remove it to go on without: what that run had begun is looked up.", .path.display()
    )]
    RescueDamaged {
        /// The file.
        path: PathBuf,
    },
    /// A document that was sent is not on the server any more.
    #[error(
        "The state that was sent to {place} last is not there any more: the server has no document. It may have been removed, or the \
         server lost it. Nothing was changed. The journal on this machine, {}, still has the state of serial {serial}: \
         `streamform state restore` sends it again. To begin with an empty state instead, move that folder away.",
        .journal.display()
    )]
    DocumentGone {
        /// The place.
        place: String,
        /// The folder of the journal.
        journal: PathBuf,
        /// The serial of the state in it.
        serial: u64,
    },
    /// A file or folder could not be read.
    #[error("The state file {} could not be read. Check that it exists and that you may read it.", .path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error(
        "The state file {} could not be written. Check free space and permissions. What was committed before is safe.",
        .path.display()
    )]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The log could not take a commit. The entries stay in the view and are written again with the next commit.
    #[error(
        "The results could not be written to the log {}. They are kept in memory and written again with the next result. Check \
         free space and permissions; start nothing new until a write succeeds.", .path.display()
    )]
    AppendLog {
        /// The log file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file was written by a newer version of this program.
    #[error(
        "The state file {} has format version {found}; this streamform reads up to {supported}. It was written by a newer \
         streamform: upgrade this one. Nothing was changed.", .path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version that this program knows.
        supported: u64,
    },
    /// A log is damaged before its end.
    #[error(
        "The log {} is damaged at byte {offset}, and not in the way that a killed process leaves behind. Nothing was \
         changed.{}", .path.display(), restore_hint(.snapshot.as_deref())
    )]
    CorruptLog {
        /// The log file.
        path: PathBuf,
        /// Where the first bad frame begins.
        offset: u64,
        /// The newest snapshot that reads well.
        snapshot: Option<PathBuf>,
    },
    /// A snapshot, the manifest or another checked file is damaged.
    #[error(
        "The state file {} is damaged: {detail}. Nothing was changed. Run `streamform state restore` to go back to the \
         newest snapshot that reads well.", .path.display()
    )]
    CorruptFile {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        detail: String,
    },
    /// One stored item is damaged.
    #[error(
        "The stored {kind} `{id}` in {} is damaged: {detail}. Nothing was changed. Run `streamform state restore` to go \
         back to the newest snapshot that reads well.", .path.display()
    )]
    CorruptItem {
        /// The file or folder.
        path: PathBuf,
        /// What it is: resource, output, …
        kind: &'static str,
        /// Its name.
        id: String,
        /// What does not hold.
        detail: String,
    },
    /// The parts of the store contradict each other.
    #[error(
        "The state in {} contradicts itself: {detail}. Some of its files were lost, put back from an older copy, or \
         damaged. Nothing was changed.{}", .path.display(), restore_hint(.snapshot.as_deref())
    )]
    Contradiction {
        /// The state's folder.
        path: PathBuf,
        /// What contradicts what.
        detail: String,
        /// The newest snapshot that reads well.
        snapshot: Option<PathBuf>,
    },
    /// The working store could not be opened.
    #[error(
        "The working store {} could not be opened: {detail}. The log and the snapshots beside it are not touched. Run \
         `streamform state restore` to build it anew from them.", .path.display()
    )]
    OpenWorkingStore {
        /// Its folder.
        path: PathBuf,
        /// What the store said.
        detail: String,
    },
    /// The working store failed while it was read or written.
    #[error(
        "The working store {} failed: {detail}. Everything that was committed is safe in the log beside it; the next run \
         takes it from there.", .path.display()
    )]
    WorkingStore {
        /// Its folder.
        path: PathBuf,
        /// What the store said.
        detail: String,
    },
    /// There is no snapshot to restore from.
    #[error("There is no snapshot in {} to restore the state from.{}", .path.display(), wanted(*.serial))]
    NoSnapshot {
        /// The folder of the snapshots.
        path: PathBuf,
        /// The serial that was asked for.
        serial: Option<u64>,
    },
    /// The place where the state is kept has no snapshots.
    #[error(
        "The state in {place} has no snapshots to go back to: the database keeps one copy of it. If that is damaged, `streamform state \
         restore` without a serial keeps what reads well; to go back to an earlier state, use the backups of the database."
    )]
    NoSnapshotsThere {
        /// The place.
        place: String,
    },
    /// A sealed item cannot be opened with the keys at hand.
    #[error(
        "The {kind} `{id}` is sealed with the key {key}, which is not the one at hand{}. {} Then run the command again.",
        at(.at_hand.as_deref()), key_advice(.key)
    )]
    Unseal {
        /// What it is: resource, output, …
        kind: &'static str,
        /// Its name.
        id: String,
        /// Name of the key that sealed it.
        key: String,
        /// Where the keys that were tried come from.
        at_hand: Option<String>,
    },
    /// What was sealed for this purpose is not what is there.
    #[error("What should be {purpose} is damaged: its seal is broken.")]
    BrokenSeal {
        /// What it was sealed for.
        purpose: String,
    },
    /// A key cannot be had from its source.
    #[error("The key that seals secrets cannot be had from {key}: {detail}.")]
    KeyFile {
        /// The source: a file, a passphrase, a command, …
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A value has no stored form.
    #[error("The {kind} `{id}` could not be written as JSON.")]
    Encode {
        /// What it is: resource, output, …
        kind: &'static str,
        /// Its name.
        id: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// A setting of a backend cannot be used.
    #[error("The settings of the backend \"{backend}\" cannot be used: {detail}.")]
    Settings {
        /// The type of the backend.
        backend: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A database could not be reached, or failed.
    #[error("The database {place} could not be used: {detail}. What was committed before is safe.")]
    Database {
        /// The database, without a password.
        place: String,
        /// What it says.
        detail: String,
    },
    /// A key that only this machine has is no key for a state that others use.
    #[error(
        "The state in {place} is for others, too, and the key that would seal its secrets was made by this program on this machine: \
         nobody else could read them. Give the same key everywhere: a passphrase in STREAMFORM_STATE_PASSPHRASE, or one of the other \
         sources of keys that docs/secrets.md describes."
    )]
    KeyNotShared {
        /// Where the state is.
        place: String,
    },
    /// A state in Terraform's JSON format could not be read.
    #[error("Unsupported state file format\n\n{detail}")]
    ForeignState {
        /// What is wrong, and where.
        detail: String,
    },
}

impl StateError {
    /// What is wrong in a few words: the title over the message.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "Error acquiring the state lock",
            Self::OtherLock { .. } | Self::NotLocked { .. } => "Failed to unlock state",
            Self::LockLost { .. } => "State lock lost",
            Self::NoWorkspaces { .. } => "workspaces not supported",
            Self::DocumentGone { .. } => "State is gone",
            Self::UnsentResults { .. } => "Results of an interrupted run were not sent",
            Self::Remote { .. } | Self::Database { .. } | Self::Settings { .. } => {
                "Error accessing the state"
            }
            _ => "State cannot be used",
        }
    }

    pub(crate) fn locked_here(folder: &Path, holder: Option<HolderInfo>) -> Self {
        Self::Locked {
            place: folder.display().to_string(),
            holder: holder.map(Box::new),
            after_a_kill: AfterAKill::IsGone,
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::ReadFile {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::WriteFile {
            path: path.to_owned(),
            source,
        }
    }

    /// Names the newest snapshot that reads well, where the message has a place for it.
    pub(crate) fn pointing_to(mut self, newest: impl FnOnce() -> Option<PathBuf>) -> Self {
        if let Self::CorruptLog { snapshot, .. } | Self::Contradiction { snapshot, .. } = &mut self
            && snapshot.is_none()
        {
            *snapshot = newest();
        }
        self
    }

    pub(crate) fn corrupt(path: &Path, detail: impl Into<String>) -> Self {
        Self::CorruptFile {
            path: path.to_owned(),
            detail: detail.into(),
        }
    }
}

fn lock_info(holder: Option<&HolderInfo>) -> String {
    match holder {
        Some(holder) => format!("Lock Info:\n{holder}"),
        None => "Lock Info: the holder has not written who it is.".into(),
    }
}

fn held_by(holder: Option<&HolderInfo>) -> String {
    holder.map_or_else(String::new, |holder| format!("\n\nLock Info:\n{holder}"))
}

/// What becomes of the lock of a process that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAKill {
    /// The kernel releases it.
    IsGone,
    /// The server releases it when it notices that the connection is gone.
    GoesWithItsSession,
    /// It runs out, without a sign of life in so many seconds.
    RunsOut(u64),
    /// It stays until somebody clears it.
    Stays,
}

impl AfterAKill {
    fn advice(self, holder: Option<&HolderInfo>) -> String {
        match self {
            Self::IsGone => "If it was killed, its lock is gone already: the kernel releases it.".into(),
            Self::GoesWithItsSession => {
                "If it was killed, its lock is gone already: the database releases it with the connection (if its whole machine \
                 vanished, after 35 seconds)."
                    .into()
            }
            Self::RunsOut(seconds) => format!(
                "If it was killed, its lock runs out by itself: without a sign of life from it, in {seconds} seconds."
            ),
            Self::Stays => format!(
                "If it was killed, clear its lock: streamform force-unlock {}",
                holder.map_or("ID", |holder| holder.id.as_str())
            ),
        }
    }
}

fn restore_hint(snapshot: Option<&Path>) -> String {
    match snapshot {
        Some(path) => format!(
            " Run `streamform state restore` to go back to the newest snapshot that reads well: {}",
            path.display()
        ),
        None => " There is no snapshot that reads well.".into(),
    }
}

fn wanted(serial: Option<u64>) -> String {
    serial.map_or_else(String::new, |serial| {
        format!(" None has the serial {serial}; `streamform state restore -list` lists them.")
    })
}

fn at(keys: Option<&str>) -> String {
    keys.map_or_else(String::new, |keys| format!(" ({keys})"))
}

/// What to do about a key that is not at hand.
fn key_advice(key: &str) -> &'static str {
    if key.contains("passphrase") {
        "Set STREAMFORM_STATE_PASSPHRASE to the passphrase that it was sealed with (STREAMFORM_STATE_PASSPHRASE_OLD if the state has \
         another key since)."
    } else {
        "Put the key file in place (it is made on the machine that wrote the state first), or name where the key comes from with \
         STREAMFORM_STATE_KEY_FILE, STREAMFORM_STATE_AGE_IDENTITY or STREAMFORM_STATE_KEY_COMMAND (or the same name with _OLD if the \
         state has another key since)."
    }
}
