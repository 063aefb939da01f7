//! Where the states of a configuration are: what its `backend` block says, and what `init` has settled.
//!
//! A block without settings needs no `init`. Any other one is settled there and written down: a changed path would otherwise
//! show an empty state without a word, and the next apply would make everything a second time.

mod opening;
mod record;

use std::fmt;
use std::path::Path;

pub use opening::Environment;
pub use opening::Premises;
pub use record::BackendRecord;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::did_you_mean;
use streamform_state::Backend;
use streamform_state::Places;

use crate::config::BackendBlock;
use crate::config::BackendSettings;
use crate::config::BackendType;

/// The type of the backend that holds where nothing is said.
pub const LOCAL: &str = "local";

/// Why the settled backend is not the one that the configuration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// The one of this type was never settled.
    Initial(String),
    /// The block has changed.
    Changed,
    /// The block has another type: the former and the present one.
    TypeChanged(String, String),
    /// There is no block any more for what was one of this type.
    Unset(String),
}

impl Unsettled {
    /// Tells that `init` is needed.
    pub fn diagnostic(&self) -> Diagnostic {
        let mark = match self {
            Unsettled::Changed | Unsettled::TypeChanged(..) => ':',
            Unsettled::Initial(_) | Unsettled::Unset(_) => ',',
        };
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
        match self {
            Unsettled::Initial(ty) => write!(f, "Initial configuration of the requested backend \"{ty}\""),
            Unsettled::Changed => f.write_str("Backend configuration block has changed"),
            Unsettled::TypeChanged(before, now) => {
                write!(f, "Backend type changed from \"{before}\" to \"{now}\"")
            }
            Unsettled::Unset(ty) => write!(f, "Unsetting the previously set backend \"{ty}\""),
        }
    }
}

/// A type of backend that cannot be used. `unknown` is the title for types that do not exist anywhere.
pub fn unavailable_backend(backend: &BackendBlock, unknown: &str) -> Option<Diagnostic> {
    type_of(backend, unknown).err().map(|found| *found)
}

/// The type of a backend block.
///
/// # Errors
/// When there is none of that name.
pub fn backend_type(backend: &BackendBlock) -> Result<&'static BackendType, Box<Diagnostic>> {
    type_of(backend, "Invalid backend type")
}

fn type_of(backend: &BackendBlock, unknown: &str) -> Result<&'static BackendType, Box<Diagnostic>> {
    let ty = backend.ty.as_str();
    if let Some(found) = BackendType::named(ty) {
        return Ok(found);
    }
    let found = if BackendType::is_elsewhere(ty) {
        Diagnostic::error(
            "Backend is not available",
            format!(
                "The backend \"{ty}\" is Terraform's; Streamform does not have it. States can be kept in backends \"local\", \"pg\", \"s3\" and \"http\". Many stores of other kinds speak the protocol of S3."
            ),
        )
    } else {
        let lower = ty.to_lowercase();
        let hint = did_you_mean(&lower, ["local", "pg", "s3", "http"])
            .map(|meant| format!(" Did you mean \"{meant}\"?"))
            .unwrap_or_default();
        Diagnostic::error(unknown, format!("There is no backend type named \"{ty}\".{hint}"))
    };
    Err(Box::new(found.at(backend.type_span)))
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
    premises: &Premises,
    backend: Option<&BackendBlock>,
) -> Result<Backend, Box<Diagnostic>> {
    let record = BackendRecord::read(premises)?;
    let unsettled = match (backend, record) {
        (None, None) => return Ok(default_backend(&premises.base)),
        (None, Some(record)) => Unsettled::Unset(record.ty().to_owned()),
        (Some(backend), record) => {
            let ty = backend_type(backend).map_err(|mut found| {
                // Whoever shows this may not have the text of the file.
                found.subject = None;
                found
            })?;
            let block = backend.settings(ty);
            match (block, record) {
                (Ok(block), Some(record)) if record.is_of(ty, &block) => return record.backend(premises),
                (Ok(block), None) if is_default(ty, &block) => return Ok(default_backend(&premises.base)),
                (_, Some(record)) if record.ty() != ty.name => {
                    Unsettled::TypeChanged(record.ty().to_owned(), ty.name.to_owned())
                }
                (_, None) => Unsettled::Initial(ty.name.to_owned()),
                (_, Some(_)) => Unsettled::Changed,
            }
        }
    };
    Err(Box::new(unsettled.diagnostic()))
}

/// Whether these settings say what holds anyway.
fn is_default(ty: &BackendType, settings: &BackendSettings) -> bool {
    ty.name == LOCAL && settings.is_empty()
}

pub(super) fn unwritable(file: &Path, e: &std::io::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Cannot write here",
        format!("{} cannot be written: {e}.", file.display()),
    ))
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
        let premises = Premises::bare("b", data.path());
        let get = |backend: Option<Arc<BackendBlock>>| settled_backend(&premises, backend.as_deref());
        let told = |backend| {
            let found = get(backend).unwrap_err();
            let reason = found.detail.lines().next().unwrap().to_owned();
            (found.summary, reason)
        };
        let comma = "Backend initialization required, please run \"streamform init\"";
        let colon = "Backend initialization required: please run \"streamform init\"";
        let empty = || block("\"local\" {}");
        let path = || block("\"local\" {\n path = \"x\"\n}");
        let place = |backend, workspace| get(backend).unwrap().place(workspace);
        assert_eq!(place(None, "default"), "b/streamform.state/default");
        assert_eq!(place(empty(), "default"), "b/streamform.state/default");
        assert_eq!(
            told(path()),
            (
                comma.into(),
                "Reason: Initial configuration of the requested backend \"local\"".into()
            )
        );
        assert_eq!(
            get(block("\"nope\" {}")).unwrap_err().summary,
            "Invalid backend type"
        );
        assert_eq!(
            get(block("\"gcs\" {}")).unwrap_err().summary,
            "Backend is not available"
        );

        let of = |items: &[(&str, &str)]| -> BackendSettings {
            items
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).into()))
                .collect()
        };
        let local = BackendType::named(LOCAL).unwrap();
        let record = BackendRecord::new(local, of(&[("path", "x")]), of(&[("workspace_dir", "w")]));
        record.write(&premises).unwrap();
        assert_eq!(BackendRecord::read(&premises).unwrap(), Some(record));
        assert_eq!(place(path(), "default"), "b/x.streamform");
        assert_eq!(place(path(), "prod"), "b/w/prod");
        assert_eq!(
            told(empty()),
            (
                colon.into(),
                "Reason: Backend configuration block has changed".into()
            )
        );
        assert_eq!(
            told(block("\"http\" {}")),
            (
                colon.into(),
                "Reason: Backend type changed from \"local\" to \"http\"".into()
            )
        );
        assert_eq!(
            told(None),
            (
                comma.into(),
                "Reason: Unsetting the previously set backend \"local\"".into()
            )
        );
        BackendRecord::forget(&premises).unwrap();
        assert_eq!(place(None, "default"), "b/streamform.state/default");
        std::fs::write(data.path().join("backend.json"), "{\"version\": 1}").unwrap();
        assert_eq!(get(None).unwrap_err().summary, "Backend settings cannot be read");
    }
}
