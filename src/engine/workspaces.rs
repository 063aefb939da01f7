//! Workspaces: several states of one configuration, and which of them is the current one.

use std::path::Path;
use std::path::PathBuf;

use streamform_lang::diag::Diagnostic;
use streamform_state::Backend;
use streamform_state::DEFAULT_WORKSPACE;
use streamform_state::ForeignState;
use streamform_state::Mode;
use streamform_state::StateView;

use super::Session;
use super::backend::unwritable;
use super::history::record_changes;
use super::session::state_error;
use super::state::recorded;

/// Whether a workspace may be called so: it is the name of a folder, and a part of web addresses.
pub fn is_workspace_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.~$&+:=@".contains(c))
}

fn selection(data: &Path) -> PathBuf {
    data.join("environment")
}

/// The workspace that was selected last.
///
/// # Errors
/// When the note of it cannot be read.
pub fn selected_workspace(data: &Path) -> Result<String, Box<Diagnostic>> {
    let file = selection(data);
    match std::fs::read_to_string(&file) {
        Ok(name) if name.trim().is_empty() => Ok(DEFAULT_WORKSPACE.to_owned()),
        Ok(name) => Ok(name.trim().to_owned()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(DEFAULT_WORKSPACE.to_owned()),
        Err(e) => Err(Box::new(Diagnostic::error(
            "Selected workspace cannot be read",
            format!("{} cannot be read: {e}.", file.display()),
        ))),
    }
}

/// Selects a workspace.
///
/// # Errors
/// When the note of it cannot be written.
pub fn select_workspace(data: &Path, name: &str) -> Result<(), Box<Diagnostic>> {
    let file = selection(data);
    std::fs::create_dir_all(data)
        .and_then(|()| std::fs::write(&file, name))
        .map_err(|e| unwritable(&file, &e))
}

/// All workspaces, sorted, the default one first.
///
/// # Errors
/// When their folder cannot be read.
pub fn list_workspaces(backend: &Backend) -> Result<Vec<String>, Box<Diagnostic>> {
    backend.workspaces().map_err(|e| Box::new(state_error(&e)))
}

/// The same session in another workspace.
pub(super) fn within(session: &Session, backend: &Backend, workspace: &str) -> Session {
    Session {
        backend: backend.clone(),
        workspace: workspace.to_owned(),
        unusable: None,
        ..session.clone()
    }
}

/// Makes a workspace, empty or with a copy of a state.
///
/// # Errors
/// When its state cannot be written.
pub fn create_workspace(
    session: &Session,
    backend: &Backend,
    name: &str,
    contents: Option<&StateView>,
) -> Result<(), Box<Diagnostic>> {
    let made = within(session, backend, name);
    fill(&made, contents, "OperationTypeWorkspaceNew")
}

/// Writes a state into a place, over what is there.
fn fill(session: &Session, contents: Option<&StateView>, operation: &str) -> Result<(), Box<Diagnostic>> {
    let run = uuid::Uuid::new_v4().to_string();
    let mut store = session.open_state(operation, &run)?;
    if let Some(view) = contents {
        let copy = ForeignState {
            terraform_version: String::new(),
            view: view.clone(),
        };
        let entries = copy.replacing(&store.view());
        let changes = record_changes(&entries, &store.view());
        store.commit(entries).map_err(|e| Box::new(state_error(&e)))?;
        recorded(session, &store, (operation, &run), changes);
    }
    store.finish().map(drop).map_err(|e| Box::new(state_error(&e)))
}

/// Addresses of the objects that a state manages, as `state list` has them.
pub fn managed_objects(state: &StateView) -> Vec<String> {
    state
        .records()
        .filter(|r| r.mode == Mode::Managed)
        .map(|r| r.address.clone())
        .collect()
}

/// Deletes a workspace with its state. It must not be in use.
///
/// # Errors
/// When it manages objects and `force` is not given, when somebody else holds its lock, or it cannot be removed.
pub fn delete_workspace(
    session: &Session,
    backend: &Backend,
    name: &str,
    force: bool,
) -> Result<Vec<String>, Box<Diagnostic>> {
    let doomed = within(session, backend, name);
    let store = doomed.open_state("OperationTypeWorkspaceDelete", "workspace")?;
    let objects = managed_objects(&store.view());
    store.finish().map_err(|e| Box::new(state_error(&e)))?;
    if !objects.is_empty() && !force {
        let list: Vec<String> = objects.iter().map(|o| format!("  - {o}")).collect();
        return Err(Box::new(
            Diagnostic::error(
                "Workspace is not empty",
                format!(
                    "Workspace \"{name}\" is currently tracking the following resource instances:\n{}\n\nDeleting this workspace would cause Streamform to lose track of any associated remote objects, which would then require you to delete them manually outside of Streamform. You should destroy these objects with Streamform before deleting the workspace.\n\nIf you want to delete this workspace anyway, and have Streamform forget about these managed objects, use the -force option to disable this safety check.",
                    list.join("\n")
                ),
            )
            .help("-force"),
        ));
    }
    backend.delete(name).map_err(|e| Box::new(state_error(&e)))?;
    Ok(objects)
}

/// What moving states from one place to another would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// Workspaces that have a state to move, and what they are called at the new place.
    pub moved: Vec<(String, String)>,
    /// Those at the new place that have another state already.
    pub taken: Vec<String>,
    /// Others that stay behind: the new place has room for one state only.
    pub left: Vec<String>,
}

/// Finds out what there is to move.
///
/// # Errors
/// When a state cannot be read, or what became of an interrupted change is not known yet.
pub fn find_migration(session: &Session, from: &Backend, to: &Backend) -> Result<Migration, Box<Diagnostic>> {
    let mut found = Migration::default();
    for name in list_workspaces(from)? {
        let old = within(session, from, &name);
        if !old.state_exists()? {
            continue;
        }
        // Where there is only one state, that of the selected workspace goes there, as with Terraform.
        let there = if to.has_workspaces() {
            name.clone()
        } else {
            DEFAULT_WORKSPACE.to_owned()
        };
        if from.place(&name) == to.place(&there) {
            continue;
        }
        let old = old.read_state()?;
        if old.serial() == 0 {
            continue;
        }
        if !to.has_workspaces() && name != session.workspace {
            found.left.push(name);
            continue;
        }
        let new = within(session, to, &there).read_state()?;
        if new.serial() > 0 && (new.lineage() != old.lineage() || new.serial() > old.serial()) {
            found.taken.push(there.clone());
        }
        found.moved.push((name, there));
    }
    Ok(found)
}

/// Copies states from one place to another. The old ones stay where they are.
///
/// # Errors
/// As [`find_migration`], or when a new state cannot be written.
pub fn migrate(
    session: &Session,
    from: &Backend,
    to: &Backend,
    names: &[(String, String)],
) -> Result<(), Box<Diagnostic>> {
    let mut moves = names.iter();
    moves.try_for_each(|(name, there)| copy_as(session, (from, name), (to, there)))
}

/// Copies a state from one place to another, over what is there.
///
/// # Errors
/// When one cannot be read or the other not be written, or what became of an interrupted change is not known yet.
pub fn copy_state(
    session: &Session,
    from: &Backend,
    to: &Backend,
    workspace: &str,
) -> Result<(), Box<Diagnostic>> {
    copy_as(session, (from, workspace), (to, workspace))
}

fn copy_as(
    session: &Session,
    (from, workspace): (&Backend, &str),
    (to, there): (&Backend, &str),
) -> Result<(), Box<Diagnostic>> {
    let from = within(session, from, workspace);
    if !from.state_exists()? {
        return Ok(());
    }
    let store = from.open_state("OperationTypeMigrate", "workspace")?;
    let open = store.open_intents();
    if let Some(intent) = open.first() {
        return Err(Box::new(Diagnostic::error(
            "State with open changes cannot be copied",
            format!(
                "An interrupted run has left a change of {} whose outcome is not known yet. Run plan or apply once where the state is now: it looks the outcome up.",
                intent.address
            ),
        )));
    }
    let view = store.view();
    let to = within(session, to, there);
    fill(&to, Some(&view), "OperationTypeMigrate")?;
    store.finish().map(drop).map_err(|e| Box::new(state_error(&e)))
}

/// The state in a file of Terraform's, or in the folder that stands for it.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn state_of_file(session: &Session, path: &Path) -> Result<StateView, Box<Diagnostic>> {
    match std::fs::read_to_string(path) {
        Ok(text) => ForeignState::from_v4_text(&text).map(|s| s.view).map_err(|e| {
            let mut found = state_error(&e);
            found.detail = format!("In {}: {}", path.display(), found.detail);
            Box::new(found)
        }),
        Err(e) => {
            let folder = streamform_state::folder_of_file(path);
            if e.kind() == std::io::ErrorKind::NotFound && folder.exists() {
                return within(session, &Backend::folder(folder), &session.workspace).read_state();
            }
            Err(Box::new(Diagnostic::error(
                "Failed to read state file",
                format!("The state file {} could not be read: {e}.", path.display()),
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_everywhere() {
        for good in ["default", "prod-1", "a_b.c", "x~", "a:b@c"] {
            assert!(is_workspace_name(good), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ä", "a?"] {
            assert!(!is_workspace_name(bad), "{bad}");
        }
    }

    #[test]
    fn the_selection_is_remembered() {
        let data = tempfile::tempdir().unwrap();
        let data = data.path().join("not/there/yet");
        assert_eq!(selected_workspace(&data).unwrap(), "default");
        select_workspace(&data, "prod").unwrap();
        assert_eq!(selected_workspace(&data).unwrap(), "prod");
    }
}
