//! Taking a saved plan up again.

use std::path::Path;
use std::sync::Arc;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::functions::FilesRead;
use streamform_state::Store;

use super::GivenVariable;
use super::Planned;
use super::Session;
use super::inputs;
use super::load;
use super::parts;
use super::parts::Taken;
use super::rescue;
use super::session::state_error;
use crate::plan::Plan;
use crate::plan::SavedPlan;
use crate::plan::build::Decisions;
use crate::plan::build::LiveProviders;
use crate::plan::marked_values;

/// Takes up a saved plan: loads the configuration that it holds, locks the state and makes sure that it is still the one
/// that the plan was made for.
///
/// `given` collects values for variables, among them those of ephemeral ones, which no file keeps.
pub fn restore(
    session: &Session,
    path: &Path,
    given: impl FnOnce(&mut Sources) -> (Vec<GivenVariable>, Diagnostics),
) -> Planned {
    let nothing = || {
        load(
            &crate::config::Snapshot::default(),
            Path::new("."),
            &session.registry,
        )
    };
    let saved = match SavedPlan::read(path, &session.registry, session.key.as_ref()) {
        Ok(saved) => saved,
        Err(e) => {
            let found = Diagnostic::error(
                format!("Failed to load {:?} as a plan file", path.display().to_string()),
                format!("{}.", sentence(e.to_string().trim_end_matches('.'))),
            );
            return Planned::failed(nothing(), Sources::default(), found.into());
        }
    };
    marked_values(&saved.plan, |value| session.observer.secret(value));
    if saved.plan.errored {
        let found = Diagnostic::error(
            "Cannot apply incomplete plan",
            "There were errors when this plan was made, so it is not all that was to be done. It can only be shown. Mend what is wrong, and make a new plan.",
        );
        return Planned::failed(nothing(), Sources::default(), found.into());
    }
    let loaded = load(&saved.files, Path::new(&saved.root), &session.registry);
    let mut sources = loaded.config.sources.clone();
    let mut diagnostics = loaded.diagnostics.clone();
    if saved.workspace != session.workspace {
        diagnostics.push(Diagnostic::error(
            "Plan file is for another workspace",
            format!(
                "The plan was made in the workspace \"{}\", and the current one is \"{}\". Select the workspace of the plan, or make a new plan.",
                saved.workspace, session.workspace
            ),
        ));
    }
    let around = session.surroundings(&saved.plan.timestamp, false);
    let changed = saved.looked_at.other_now(&around);
    if !changed.is_empty() {
        diagnostics.push(files_changed(&changed));
    }
    if diagnostics.has_errors() {
        return Planned::failed(loaded, sources, diagnostics);
    }
    let run = uuid::Uuid::new_v4().to_string();
    let opened = if session.backend.locks_parts() && !rescue::any(session) {
        open_part(session, &saved.plan, &run)
    } else {
        open_whole(session, &saved.plan, &run)
    };
    let store = match opened {
        Ok(store) => store,
        Err(e) => {
            diagnostics.push(*e);
            return Planned::failed(loaded, sources, diagnostics);
        }
    };
    let (given, found) = given(&mut sources);
    diagnostics.extend(found);
    let (variables, found) =
        inputs::resolve_saved(&loaded.config, &mut sources, &saved.plan.variables, &given);
    diagnostics.extend(found);
    variables
        .values()
        .for_each(|value| session.observer.secret(value));
    if diagnostics.has_errors() {
        let mut planned = Planned::failed(loaded, sources, diagnostics.tidy());
        planned.store = Some(store);
        planned.release();
        return planned;
    }
    Planned {
        plan: Some(saved.plan),
        loaded,
        sources,
        diagnostics,
        variables,
        store: Some(store),
        providers: LiveProviders::default(),
        run,
        refreshing: false,
        destroying: false,
        generated: Vec::new(),
        decisions: Decisions::default(),
        held: Diagnostics::new(),
        files_read: Arc::new(FilesRead::going_on_from(saved.looked_at)),
        occasion: None,
    }
}

/// Told where functions would not find in files what they found when the plan was made.
fn files_changed(changed: &[String]) -> Diagnostic {
    Diagnostic::error(
        "Files have changed since the plan",
        format!(
            "The plan was made from files that functions such as file, templatefile and fileset have looked at, and they do not find the same any more:\n{}\n\nNothing was changed. Make a new plan, or put the files back as they were.",
            parts::listed(changed)
        ),
    )
}

fn other_lineage() -> Diagnostic {
    Diagnostic::error(
        "Saved plan does not match the given state",
        "The given plan file can not be applied because it was created from a different state lineage.",
    )
}

/// Locks what a plan is going to write. It holds as long as the records that it was made from are the same.
fn open_part(session: &Session, plan: &Plan, run: &str) -> Result<Store, Box<Diagnostic>> {
    match parts::take(session, plan, "OperationTypeApply", run)? {
        Taken::Locked(store) => Ok(*store),
        Taken::Stale(changed) => Err(Box::new(parts::stale(&changed))),
        Taken::OtherState => Err(Box::new(other_lineage())),
    }
}

/// Locks the state. A plan holds as long as nothing at all was written since.
fn open_whole(session: &Session, plan: &Plan, run: &str) -> Result<Store, Box<Diagnostic>> {
    let store = session.open_state("OperationTypeApply", run)?;
    let view = store.view();
    // (A state that was never written gets a lineage anew each time it is opened.)
    let fresh = plan.serial == 0 && view.serial() == 0 && view.is_empty();
    if fresh || (view.lineage() == plan.lineage && view.serial() == plan.serial) {
        return Ok(store);
    }
    let found = if view.lineage() != plan.lineage && !plan.lineage.is_empty() {
        other_lineage()
    } else {
        Diagnostic::error(
            "Saved plan is stale",
            "The given plan file can no longer be applied because the state was changed by another operation after the plan was created. Make a new plan.",
        )
    };
    store.finish().map_err(|e| Box::new(state_error(&e)))?;
    Err(Box::new(found))
}

/// The text with a capital at its start.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|c| c.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
