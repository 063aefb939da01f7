//! Where the parts of a state lie on disk.
//!
//! ```text
//! streamform.state/           one folder a project
//!   default/                  one folder a workspace: a state
//!     .lock                   who may write; empty when nobody
//!     manifest.json           lineage, serial, number and digest of everything, outside the working store
//!     log/<first commit>.log  commits since the newest snapshot
//!     snapshots/<serial>-<commit>.jsonl
//!     working/                the working store (sled)
//!     set-aside/              what a restore or a repair replaced
//! ```

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::StateError;
use crate::durable;

/// Paths of one state.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    dir: PathBuf,
    /// The working store, where it is not the one in `dir`.
    working: Option<PathBuf>,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            working: None,
        }
    }

    /// The same, with a copy of the working store in the place of the working store.
    pub(crate) fn with_working(self, copy: &Path) -> Self {
        Self {
            working: Some(copy.to_owned()),
            ..self
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.dir.join(".lock")
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.dir.join("manifest.json")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// The log segment whose first commit has this number.
    pub(crate) fn segment(&self, first: u64) -> PathBuf {
        self.logs().join(format!("{first:020}.log"))
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    /// The snapshot of a serial after a commit.
    pub(crate) fn snapshot(&self, serial: u64, seq: u64) -> PathBuf {
        self.snapshots().join(format!("{serial:010}-{seq:020}.jsonl"))
    }

    pub(crate) fn working(&self) -> PathBuf {
        self.working.clone().unwrap_or_else(|| self.dir.join("working"))
    }

    /// Where files that were replaced are put.
    pub(crate) fn set_aside(&self) -> PathBuf {
        self.dir.join("set-aside")
    }

    /// Whether there is anything of a state but its lock and its documents.
    pub(crate) fn holds_state(&self) -> bool {
        [self.manifest(), self.logs(), self.snapshots()]
            .iter()
            .any(|path| path.exists())
    }

    /// Makes the folder of the state, readable by its owner alone.
    pub(crate) fn create(&self) -> Result<(), StateError> {
        durable::create_folder(&self.dir)
    }
}

/// The folder of a workspace's state below `root`, which is usually `streamform.state`. The workspace that exists without being
/// made is called `default`.
pub fn workspace_dir(root: &Path, workspace: &str) -> PathBuf {
    root.join(workspace)
}

/// The workspaces that have a state below `root`, sorted. One that was only just locked for the first time counts.
///
/// # Errors
/// When `root` exists and cannot be read.
pub fn workspaces(root: &Path) -> Result<Vec<String>, StateError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StateError::read(root, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| StateError::read(root, error))?;
        if Layout::new(&entry.path()).lock().is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The files of a folder whose name ends in `suffix`, sorted by name; none when the folder is not there.
pub(crate) fn files_with_suffix(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>, StateError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StateError::read(folder, error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| StateError::read(folder, error))?.path();
        if path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.ends_with(suffix))
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
