//! Where the objects of a state are.
//!
//! ```text
//! <key>                                  Terraform's state of the default workspace, which is left alone
//! <key>.streamform/                      ours
//!   lock                                 who may write
//!   manifest.json                        the newest snapshot, and where the last run ended
//!   log/<number of commit>               one commit each
//!   snapshots/<serial>-<commit>.jsonl    copies
//!   documents/<name>                     what is kept beside the state
//!   set-aside/…                          what a restore has replaced
//! <workspace_key_prefix>/<workspace>/<key>.streamform/
//! ```

/// The folder of one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    folder: String,
}

impl Place {
    /// Of the state whose object Terraform would call so.
    pub(super) fn beside(key: &str) -> Self {
        Self {
            folder: format!("{key}.streamform"),
        }
    }

    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    pub(super) fn lock(&self) -> String {
        format!("{}/lock", self.folder)
    }

    pub(super) fn manifest(&self) -> String {
        format!("{}/manifest.json", self.folder)
    }

    pub(super) fn log(&self) -> String {
        format!("{}/log", self.folder)
    }

    /// The commit of a number.
    pub(super) fn commit(&self, seq: u64) -> String {
        format!("{}/log/{seq:020}", self.folder)
    }

    pub(super) fn snapshots(&self) -> String {
        format!("{}/snapshots", self.folder)
    }

    pub(super) fn snapshot(&self, name: &str) -> String {
        format!("{}/snapshots/{name}", self.folder)
    }

    pub(super) fn set_aside(&self) -> String {
        format!("{}/set-aside", self.folder)
    }

    /// Where an object of this state is put aside.
    pub(super) fn aside(&self, key: &str) -> String {
        let rest = key.strip_prefix(&self.folder).unwrap_or(key);
        format!("{}/{}", self.set_aside(), rest.trim_start_matches('/'))
    }

    pub(super) fn documents(&self) -> String {
        format!("{}/documents", self.folder)
    }

    pub(super) fn document(&self, name: &str) -> String {
        format!("{}/documents/{name}", self.folder)
    }
}
