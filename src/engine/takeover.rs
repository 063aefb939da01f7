//! A state that Terraform has kept where there is none of ours yet: noticed before everything is made a second time, and taken
//! over when the user wants it.

use std::path::Path;
use std::path::PathBuf;

use streamform_lang::diag::Diagnostic;
use streamform_state::DEFAULT_WORKSPACE;
use streamform_state::ForeignState;
use streamform_state::Mode;
use streamform_state::StateView;

use super::Session;
use super::session::state_error;
use super::state::push_onto_nothing;
use super::workspaces::is_workspace_name;
use super::workspaces::list_workspaces;
use super::workspaces::within;

/// A state of Terraform's that nobody has taken over.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The workspace that it is of.
    pub workspace: String,
    /// The file that Terraform keeps it in.
    pub file: PathBuf,
    /// What the file says.
    pub state: ForeignState,
}

impl Waiting {
    /// How many managed objects it has, deposed ones included.
    pub fn objects(&self) -> usize {
        let managed = self.state.view.records().filter(|r| r.mode == Mode::Managed);
        managed.map(|r| r.objects().count()).sum()
    }

    /// What it is, in words: `12 objects in terraform.tfstate`.
    pub fn described(&self) -> String {
        let objects = match self.objects() {
            1 => "1 object".to_owned(),
            n => format!("{n} objects"),
        };
        format!("{objects} in {}", shown(&self.file))
    }
}

/// A path without the `./` of a command that works where it was started.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// Terraform's state of the session's workspace, if it has managed objects and ours, which is handed in, has nothing.
///
/// # Errors
/// When there is a file and it cannot be read.
fn waiting(session: &Session, ours: &StateView) -> Result<Option<Waiting>, Box<Diagnostic>> {
    if !ours.is_empty() || session.unusable.is_some() {
        return Ok(None);
    }
    let found = session.backend.foreign(&session.workspace);
    let Some((place, bytes)) = found.map_err(|e| Box::new(state_error(&e)))? else {
        return Ok(None);
    };
    let file = PathBuf::from(place);
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(unreadable(&file, "It is no text."));
    };
    // Terraform leaves an empty file behind when it moves a state elsewhere.
    if text.trim().is_empty() {
        return Ok(None);
    }
    let state = ForeignState::from_v4_text(&text).map_err(|e| unreadable(&file, &e.to_string()))?;
    // It was taken over once, and everything was destroyed since.
    let known =
        ours.serial() > 0 && ours.lineage() == state.view.lineage() && ours.serial() >= state.view.serial();
    let found = Waiting {
        workspace: session.workspace.clone(),
        file,
        state,
    };
    Ok(Some(found).filter(|w| !known && w.objects() > 0))
}

fn unreadable(file: &Path, why: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Terraform's state cannot be read",
        format!(
            "There is a file {} where Terraform keeps the state of this configuration, and Streamform has none yet. It cannot be read, so it is not known which objects exist already. {why}",
            shown(file)
        ),
    ))
}

/// Terraform's states of all workspaces that wait to be taken over.
///
/// # Errors
/// When one cannot be read.
pub fn all_waiting(session: &Session) -> Result<Vec<Waiting>, Box<Diagnostic>> {
    let mut names = vec![DEFAULT_WORKSPACE.to_owned()];
    if session.unusable.is_none() && session.backend.local_folder(DEFAULT_WORKSPACE).is_none() {
        names.extend(list_workspaces(&session.backend)?);
    }
    // Terraform keeps each of the others in a folder of its name: beside that of any of them.
    let some = session.backend.local_folder("some");
    let some = some.map(|folder| streamform_state::file_of_folder(&folder));
    let folders = some.as_deref().and_then(Path::parent).and_then(Path::parent);
    let entries = folders.and_then(|folders| std::fs::read_dir(folders).ok());
    let others = entries.into_iter().flatten().flatten();
    names.extend(others.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        is_workspace_name(&name).then_some(name)
    }));
    names.sort();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let session = within(session, &session.backend, &name);
        found.extend(waiting(&session, &session.read_state()?)?);
    }
    Ok(found)
}

/// Refuses to go on where everything would be made a second time.
///
/// # Errors
/// When Terraform has managed objects here that nobody has taken over.
pub fn none_waits(session: &Session, ours: &StateView) -> Result<(), Box<Diagnostic>> {
    let Some(found) = waiting(session, ours)? else {
        return Ok(());
    };
    let version = match found.state.terraform_version.as_str() {
        "" => String::new(),
        version => format!(", written by Terraform {version}"),
    };
    Err(Box::new(
        Diagnostic::error(
            "The state is still with Terraform",
            format!(
                "Terraform manages {} (serial {}{version}), and Streamform has no state here yet. Without it, every one of these objects would be made a second time.\n\nTake the state over with init; nothing is downloaded, and the file stays as it is. If the file has nothing to do with this configuration, move it away.",
                found.described(),
                found.state.view.serial()
            ),
        )
        .help("streamform init -migrate-state"),
    ))
}

/// Takes a state over. The file stays as it is.
///
/// # Errors
/// When our state cannot be written.
pub fn take_over(session: &Session, waiting: &Waiting) -> Result<(), Box<Diagnostic>> {
    push_onto_nothing(
        &within(session, &session.backend, &waiting.workspace),
        &waiting.state,
    )
}
