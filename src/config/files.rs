//! Where files come from: a folder on disk, or a snapshot inside a saved plan.

use std::collections::BTreeMap;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

/// A file or folder that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no such file or folder.
    #[error("there is nothing at {0}")]
    Missing(PathBuf),
    /// It is not UTF-8.
    #[error("{path} is not encoded in UTF-8")]
    Encoding {
        /// The path.
        path: PathBuf,
        /// The text, with a sign for what is none.
        text: Arc<str>,
        /// Where the first such sign is.
        at: u32,
    },
    /// It is there but cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Read access to configuration files. Paths are relative to where the command runs.
pub trait Files {
    /// The names of the files (not folders) in a folder, sorted.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be read.
    fn read_dir(&self, dir: &Path) -> Result<Vec<String>, FilesError>;

    /// The text of a file.
    ///
    /// # Errors
    /// When there is no such file, it cannot be read, or it is not UTF-8.
    fn read(&self, path: &Path) -> Result<Arc<str>, FilesError>;
}

/// The file system below a base folder.
#[derive(Clone, Debug)]
pub struct Disk {
    base: PathBuf,
}

impl Disk {
    /// Paths are relative to `base`.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Disk { base: base.into() }
    }
}

fn unreadable(path: &Path, source: io::Error) -> FilesError {
    match source.kind() {
        io::ErrorKind::NotFound => FilesError::Missing(path.to_owned()),
        _ => FilesError::Unreadable {
            path: path.to_owned(),
            source,
        },
    }
}

impl Files for Disk {
    fn read_dir(&self, dir: &Path) -> Result<Vec<String>, FilesError> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.base.join(dir)).map_err(|e| unreadable(dir, e))? {
            let entry = entry.map_err(|e| unreadable(dir, e))?;
            // A symbolic link counts as what it leads to; a name that is not UTF-8 cannot be a configuration file.
            if let Ok(name) = entry.file_name().into_string()
                && !entry.path().is_dir()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, path: &Path) -> Result<Arc<str>, FilesError> {
        let bytes = std::fs::read(self.base.join(path)).map_err(|e| unreadable(path, e))?;
        String::from_utf8(bytes)
            .map(Into::into)
            .map_err(|e| FilesError::Encoding {
                path: path.to_owned(),
                at: u32::try_from(e.utf8_error().valid_up_to()).unwrap_or_default(),
                text: String::from_utf8_lossy(e.as_bytes()).into(),
            })
    }
}

/// Configuration files kept in memory, by path with `/` between the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Path → text.
    pub files: BTreeMap<String, Arc<str>>,
}

impl Snapshot {
    /// Adds a file.
    pub fn add(&mut self, path: &Path, text: impl Into<Arc<str>>) {
        self.files.insert(key(path), text.into());
    }
}

/// The path as a snapshot keeps it: `./a/../b` is `b`, the current folder is the empty text.
fn key(path: &Path) -> String {
    let clean = clean(path);
    let parts: Vec<String> = clean
        .components()
        .filter(|c| *c != Component::CurDir)
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/").replace("//", "/")
}

/// The shortest path that names the same place without looking at the disk; `.` for the current folder.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::RootDir)) => {}
            part => out.push(part),
        }
    }
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}

impl Files for Snapshot {
    fn read_dir(&self, dir: &Path) -> Result<Vec<String>, FilesError> {
        let folder = key(dir);
        let prefix = match folder.as_str() {
            "" => String::new(),
            f => format!("{f}/"),
        };
        let mut found = false;
        let mut names = Vec::new();
        for path in self.files.range(prefix.clone()..).map(|(p, _)| p) {
            let Some(rest) = path.strip_prefix(&prefix) else {
                break;
            };
            found = true;
            if !rest.contains('/') {
                names.push(rest.to_owned());
            }
        }
        if found || prefix.is_empty() {
            Ok(names)
        } else {
            Err(FilesError::Missing(dir.to_owned()))
        }
    }

    fn read(&self, path: &Path) -> Result<Arc<str>, FilesError> {
        self.files
            .get(&key(path))
            .cloned()
            .ok_or_else(|| FilesError::Missing(path.to_owned()))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Snapshot {
    fn from(files: [(&str, &str); N]) -> Self {
        let mut snapshot = Snapshot::default();
        for (path, text) in files {
            snapshot.add(Path::new(path), text);
        }
        snapshot
    }
}
