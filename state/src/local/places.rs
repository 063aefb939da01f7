//! Where the states of a configuration lie, as its `backend "local"` block says it: Terraform's file, and our folder in its place.
//!
//! | settings | workspace | Terraform's file | our folder |
//! | --- | --- | --- | --- |
//! | none | `default` | `terraform.tfstate` | `streamform.state/default` |
//! | none | `prod` | `terraform.tfstate.d/prod/terraform.tfstate` | `streamform.state/prod` |
//! | `path = "a/b.tfstate"` | `default` | `a/b.tfstate` | `a/b.tfstate.streamform` |
//! | `workspace_dir = "w"` | `prod` | `w/prod/terraform.tfstate` | `w/prod` |
//!
//! A path that ends in one of Terraform's default names means our default name beside it.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use crate::StateError;
use crate::local::layout::workspaces;

/// The workspace that exists without being made.
pub const DEFAULT_WORKSPACE: &str = "default";
/// The folder of all states of a configuration that says nothing else.
const ROOT: &str = "streamform.state";
const FILE: &str = "terraform.tfstate";
const FILES: &str = "terraform.tfstate.d";
/// Of a folder that stands for a file with a name of its own.
const EXTENSION: &str = "streamform";

/// Where states lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// What both settings are relative to.
    pub base: PathBuf,
    /// `path`: the state of the default workspace.
    pub path: Option<PathBuf>,
    /// `workspace_dir`: the states of the others.
    pub workspace_dir: Option<PathBuf>,
}

impl Places {
    /// The places of a configuration that says nothing, in its folder.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Places {
            base: base.into(),
            ..Places::default()
        }
    }

    fn path(&self) -> PathBuf {
        self.base.join(self.path.as_deref().unwrap_or(Path::new(FILE)))
    }

    fn workspace_dir(&self) -> PathBuf {
        self.base
            .join(self.workspace_dir.as_deref().unwrap_or(Path::new(FILES)))
    }

    /// The folder below which each workspace but the default one has its own.
    fn named(&self) -> PathBuf {
        let dir = self.workspace_dir();
        if dir.file_name() == Some(OsStr::new(FILES)) {
            dir.with_file_name(ROOT)
        } else {
            dir
        }
    }

    /// The file in which Terraform would keep a workspace.
    pub fn file(&self, workspace: &str) -> PathBuf {
        if workspace == DEFAULT_WORKSPACE {
            self.path()
        } else {
            self.workspace_dir().join(workspace).join(FILE)
        }
    }

    /// The folder of the state of a workspace.
    pub fn folder(&self, workspace: &str) -> PathBuf {
        if workspace != DEFAULT_WORKSPACE {
            return self.named().join(workspace);
        }
        folder_of_file(&self.path())
    }

    /// All workspaces, sorted, the default one first.
    ///
    /// # Errors
    /// When their folder exists and cannot be read.
    pub fn workspaces(&self) -> Result<Vec<String>, StateError> {
        let mut names = workspaces(&self.named())?;
        names.retain(|n| n != DEFAULT_WORKSPACE);
        names.insert(0, DEFAULT_WORKSPACE.to_owned());
        Ok(names)
    }
}

/// The folder that stands for a state file (`-state=PATH`).
pub fn folder_of_file(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(name) if name != OsStr::new(FILE) => {
            let mut name = name.to_owned();
            name.push(".");
            name.push(EXTENSION);
            path.with_file_name(name)
        }
        _ => path.with_file_name(ROOT).join(DEFAULT_WORKSPACE),
    }
}

/// The file in which Terraform would keep the state of a folder: the other way round.
pub fn file_of_folder(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default();
    if folder.extension() == Some(OsStr::new(EXTENSION)) {
        return folder.with_extension("");
    }
    match folder.parent() {
        Some(root) if root.file_name() == Some(OsStr::new(ROOT)) => {
            if name == OsStr::new(DEFAULT_WORKSPACE) {
                root.with_file_name(FILE)
            } else {
                root.with_file_name(FILES).join(name).join(FILE)
            }
        }
        _ => folder.join(FILE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_place() {
        for (path, dir, workspace, file, folder) in [
            (
                None,
                None,
                "default",
                "b/terraform.tfstate",
                "b/streamform.state/default",
            ),
            (
                None,
                None,
                "prod",
                "b/terraform.tfstate.d/prod/terraform.tfstate",
                "b/streamform.state/prod",
            ),
            (
                Some("a/b.tfstate"),
                None,
                "default",
                "b/a/b.tfstate",
                "b/a/b.tfstate.streamform",
            ),
            (
                Some("../n/terraform.tfstate"),
                None,
                "default",
                "b/../n/terraform.tfstate",
                "b/../n/streamform.state/default",
            ),
            (
                Some("a/b"),
                None,
                "prod",
                "b/terraform.tfstate.d/prod/terraform.tfstate",
                "b/streamform.state/prod",
            ),
            (None, Some("w"), "prod", "b/w/prod/terraform.tfstate", "b/w/prod"),
            (
                None,
                Some("n/terraform.tfstate.d"),
                "prod",
                "b/n/terraform.tfstate.d/prod/terraform.tfstate",
                "b/n/streamform.state/prod",
            ),
            (
                None,
                Some("w"),
                "default",
                "b/terraform.tfstate",
                "b/streamform.state/default",
            ),
        ] {
            let places = Places {
                base: "b".into(),
                path: path.map(Into::into),
                workspace_dir: dir.map(Into::into),
            };
            assert_eq!(places.file(workspace), Path::new(file));
            assert_eq!(places.folder(workspace), Path::new(folder));
            assert_eq!(file_of_folder(Path::new(folder)), Path::new(file));
        }
    }

    #[test]
    fn the_default_workspace_is_always_there() {
        let base = tempfile::tempdir().unwrap();
        let places = Places::new(base.path());
        assert_eq!(places.workspaces().unwrap(), ["default"]);
        for name in ["prod", "default", "a"] {
            let folder = places.folder(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(".lock"), "").unwrap();
        }
        assert_eq!(places.workspaces().unwrap(), ["default", "a", "prod"]);
    }
}
