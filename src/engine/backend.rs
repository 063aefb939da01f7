//! Where the states of a configuration are: what its `backend` block says, and what `init` has settled.
//!
//! A block without settings needs no `init`. Any other one is settled there and written down: a changed path would otherwise
//! show an empty state without a word, and the next apply would make everything a second time.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use streamform_lang::diag::Diagnostic;
use streamform_state::Backend;
use streamform_state::Places;

use crate::config::BackendBlock;
use crate::config::BackendConstants;

/// Arguments of the local backend.
pub const LOCAL_ARGUMENTS: [&str; 2] = ["path", "workspace_dir"];

/// Backends that Terraform 1.11 has, `local` apart.
const ELSEWHERE: [&str; 10] = [
    "azurerm",
    "consul",
    "cos",
    "gcs",
    "http",
    "kubernetes",
    "oss",
    "pg",
    "remote",
    "s3",
];

/// What `init` has settled, kept in the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendRecord {
    version: u32,
    #[serde(rename = "type")]
    ty: String,
    /// The settings of the block.
    block: BackendConstants,
    /// All settings: those of the block, and of `-backend-config`.
    settings: BackendConstants,
}

const VERSION: u32 = 1;

/// Why the settled backend is not the one that the configuration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// It was never settled.
    Initial,
    /// The block has changed.
    Changed,
    /// There is no block any more.
    Unset,
}

impl Unsettled {
    /// Tells that `init` is needed.
    pub fn diagnostic(self) -> Diagnostic {
        let mark = if self == Unsettled::Changed { ':' } else { ',' };
        Diagnostic::error(
            format!("Backend initialization required{mark} please run \"streamform init\""),
            format!(
                "Reason: {self}\n\nThe \"backend\" block says where the state is kept. Its settings are settled by init, so that a changed setting does not quietly mean another, empty state. Run \"streamform init\" with either the \"-reconfigure\" or the \"-migrate-state\" flag to use the current configuration. Nothing was changed so far."
            ),
        )
    }
}

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unsettled::Initial => "Initial configuration of the requested backend \"local\"",
            Unsettled::Changed => "Backend configuration block has changed",
            Unsettled::Unset => "Unsetting the previously set backend \"local\"",
        })
    }
}

/// A type of backend that cannot be used. `unknown` is the title for types that do not exist anywhere.
pub fn unavailable_backend(backend: &BackendBlock, unknown: &str) -> Option<Diagnostic> {
    let ty = backend.ty.as_str();
    let found = match ty {
        "local" => return None,
        _ if ELSEWHERE.contains(&ty) => Diagnostic::error(
            "Backend is not available yet",
            format!(
                "The state can be kept on this machine only so far: the backend \"{ty}\" is not available yet. Remove the block, or write backend \"local\" {{}}."
            ),
        ),
        _ => Diagnostic::error(unknown, format!("There is no backend type named \"{ty}\".")),
    };
    Some(found.at(backend.type_span))
}

impl BackendRecord {
    /// What is to be settled.
    pub fn new(block: BackendConstants, more: BackendConstants) -> Self {
        let mut settings = block.clone();
        settings.extend(more);
        BackendRecord {
            version: VERSION,
            ty: "local".to_owned(),
            block,
            settings,
        }
    }

    /// Whether the block is still the one that was settled.
    pub fn is_of(&self, block: &BackendConstants) -> bool {
        self.block == *block
    }

    /// Where the states are.
    pub fn backend(&self, base: &Path) -> Backend {
        Backend::local(places(base, &self.settings))
    }

    /// Whether this says what holds anyway.
    pub fn is_default(&self) -> bool {
        self.settings.is_empty()
    }

    fn file(data: &Path) -> PathBuf {
        data.join("backend.json")
    }

    /// What was settled; none if nothing was.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(data: &Path) -> Result<Option<Self>, Box<Diagnostic>> {
        let file = Self::file(data);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unreadable(&file, &e.to_string())),
        };
        let record: BackendRecord =
            serde_json::from_str(&text).map_err(|_| unreadable(&file, "it does not have its form"))?;
        if record.version > VERSION {
            return Err(unreadable(
                &file,
                "it was written by a newer version of this program",
            ));
        }
        Ok(Some(record))
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, data: &Path) -> Result<(), Box<Diagnostic>> {
        let file = Self::file(data);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        std::fs::create_dir_all(data)
            .and_then(|()| std::fs::write(&file, text + "\n"))
            .map_err(|e| unwritable(&file, &e))
    }

    /// Forgets what was settled.
    ///
    /// # Errors
    /// When the file is there and cannot be removed.
    pub fn forget(data: &Path) -> Result<(), Box<Diagnostic>> {
        let file = Self::file(data);
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(unwritable(&file, &e)),
            _ => Ok(()),
        }
    }
}

fn unreadable(file: &Path, why: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "Backend settings cannot be read",
            format!(
                "What init has settled is kept in {}, which cannot be read: {why}.",
                file.display()
            ),
        )
        .help("streamform init -reconfigure"),
    )
}

pub(super) fn unwritable(file: &Path, e: &std::io::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Cannot write here",
        format!("{} cannot be written: {e}.", file.display()),
    ))
}

/// Where states with these settings are.
fn places(base: &Path, settings: &BackendConstants) -> Places {
    Places {
        base: base.to_owned(),
        path: settings.get("path").map(PathBuf::from),
        workspace_dir: settings.get("workspace_dir").map(PathBuf::from),
    }
}

/// Where states are if nothing is settled: in the folder of the configuration.
pub fn default_backend(base: &Path) -> Backend {
    Backend::local(Places::new(base))
}

/// Where the states are that a command is to use.
///
/// # Errors
/// When `init` is needed first, or the backend is one that cannot be used.
pub fn settled_backend(
    base: &Path,
    data: &Path,
    backend: Option<&BackendBlock>,
) -> Result<Backend, Box<Diagnostic>> {
    let record = BackendRecord::read(data)?;
    let unsettled = match (backend, record) {
        (None, None) => return Ok(default_backend(base)),
        (None, Some(_)) => Unsettled::Unset,
        (Some(backend), record) => {
            if let Some(mut found) = unavailable_backend(backend, "Invalid backend type") {
                // Whoever shows this may not have the text of the file.
                found.subject = None;
                return Err(Box::new(found));
            }
            let block = backend.constants(&LOCAL_ARGUMENTS);
            match (block, record) {
                (Ok(block), Some(record)) if record.is_of(&block) => return Ok(record.backend(base)),
                (Ok(block), None) if block.is_empty() => return Ok(default_backend(base)),
                (_, None) => Unsettled::Initial,
                (_, Some(_)) => Unsettled::Changed,
            }
        }
    };
    Err(Box::new(unsettled.diagnostic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Snapshot;
    use crate::config::root_backend;
    use std::sync::Arc;

    fn block(body: &str) -> Option<Arc<BackendBlock>> {
        let mut files = Snapshot::default();
        files.add(
            Path::new("main.tf"),
            format!("terraform {{\n  backend {body}\n}}\n"),
        );
        root_backend(&files, Path::new("."))
    }

    #[test]
    fn what_is_settled_must_be_what_is_asked_for() {
        let data = tempfile::tempdir().unwrap();
        let base = Path::new("b");
        let get = |backend: Option<Arc<BackendBlock>>| settled_backend(base, data.path(), backend.as_deref());
        let summary = |backend| get(backend).unwrap_err().summary;
        let empty = || block("\"local\" {}");
        let path = || block("\"local\" {\n path = \"x\"\n}");
        let place = |backend, workspace| get(backend).unwrap().place(workspace);
        assert_eq!(place(None, "default"), "b/streamform.state/default");
        assert_eq!(place(empty(), "default"), "b/streamform.state/default");
        assert_eq!(
            summary(path()),
            "Backend initialization required, please run \"streamform init\""
        );
        assert_eq!(summary(block("\"nope\" {}")), "Invalid backend type");
        assert_eq!(summary(block("\"s3\" {}")), "Backend is not available yet");

        let of = |items: &[(&str, &str)]| -> BackendConstants {
            items
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let record = BackendRecord::new(of(&[("path", "x")]), of(&[("workspace_dir", "w")]));
        record.write(data.path()).unwrap();
        assert_eq!(BackendRecord::read(data.path()).unwrap(), Some(record));
        assert_eq!(place(path(), "default"), "b/x.streamform");
        assert_eq!(place(path(), "prod"), "b/w/prod");
        assert_eq!(
            summary(empty()),
            "Backend initialization required: please run \"streamform init\""
        );
        assert_eq!(
            summary(None),
            "Backend initialization required, please run \"streamform init\""
        );
        BackendRecord::forget(data.path()).unwrap();
        assert_eq!(place(None, "default"), "b/streamform.state/default");
        std::fs::write(BackendRecord::file(data.path()), "{\"version\": 1}").unwrap();
        assert_eq!(summary(None), "Backend settings cannot be read");
    }
}
