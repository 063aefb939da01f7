//! Applying a plan.

use std::sync::Arc;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_state::StateView;
use streamform_state::Store;

use super::Planned;
use super::Session;
use super::history;
use super::history::Counts;
use super::history::Status;
use super::provisioners;
use super::rescue;
use super::scope;
use super::session::state_error;
use crate::exec;
use crate::exec::ApplyInput;
use crate::plan::Summary;

/// What came of an apply.
pub struct ApplyOutcome {
    /// Everything that was found.
    pub diagnostics: Diagnostics,
    /// What was done.
    pub done: Summary,
    /// The state afterwards.
    pub state: StateView,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// Applies a plan that was just made or taken up. The state is let go of at the end, whatever happens.
pub async fn apply(session: &Session, planned: Planned) -> ApplyOutcome {
    let failed = |diagnostics: Diagnostics| ApplyOutcome {
        diagnostics,
        done: Summary::default(),
        state: StateView::empty(""),
        stopped: false,
    };
    let (Some(plan), Some(store)) = (planned.plan, planned.store) else {
        return failed(Diagnostic::error("Nothing to apply", "There is no plan.").into());
    };
    if plan.errored {
        let found = Diagnostic::error("Plan with errors", "A plan that has errors cannot be applied.");
        return failed(found.into());
    }
    let found = provisioners::refuse(&planned.loaded.config, &plan, &store.view());
    if found.has_errors() {
        return failed(found);
    }
    let files_read = planned.files_read;
    let record = history::Planned {
        plan: &plan,
        files: &planned.loaded.config.snapshot,
        root: &planned.loaded.root,
        read: files_read.so_far(),
        run: &planned.run,
        occasion: planned.occasion,
    };
    // What may change something outside must be told also if this process does not come to its end.
    let recording = if plan.has_changes() || store.changed() {
        history::begin(session, &store, &record)
    } else {
        Ok(None)
    };
    let mut settings = session.settings(&plan.timestamp, true, planned.variables);
    settings.surroundings.files_read = Some(Arc::clone(&files_read));
    let applied = exec::apply(ApplyInput {
        plan: Arc::clone(&plan),
        config: &planned.loaded.config,
        graph: &planned.loaded.graph,
        registry: &session.registry,
        store,
        settings,
        providers: planned.providers,
        parallelism: session.parallelism,
        run: planned.run.clone(),
        clock: Arc::clone(&session.clock),
        observer: Arc::clone(&session.observer),
        stop: session.stop.clone(),
        commands: Arc::clone(&session.commands),
        decisions: planned.decisions,
    })
    .await;
    let mut diagnostics = applied.diagnostics;
    let notes = [scope::incomplete(&plan), scope::to_be_continued(&plan)];
    if !planned.refreshing {
        diagnostics.extend(notes.into_iter().flatten().collect());
    }
    let failed = applied.store_error.as_ref().map(state_error);
    diagnostics.extend(failed.into_iter().collect());
    let unsaved = applied.unsaved.is_some();
    if let Some(unsaved) = applied.unsaved {
        diagnostics.push(match unsaved {
            Ok(rescued) => rescue::keep(session, rescued),
            Err(e) => state_error(&e),
        });
    }
    let state = applied.state;
    let status = match (diagnostics.has_errors(), applied.stopped) {
        (_, true) => Status::Stopped,
        (true, _) => Status::Failed,
        (false, false) => Status::Complete,
    };
    // (Where something still holds the store, the next run ends the version.)
    if let Some(store) = &applied.store
        && let Err(e) = recording
            .and_then(|begun| match begun {
                // Only what was found has changed the state.
                None if store.changed() => history::begin(session, store, &record),
                begun => Ok(begun),
            })
            .and_then(|begun| {
                let done = Some(Counts::from(&applied.done));
                let read = files_read.so_far();
                begun.map_or(Ok(()), |b| b.end(session, store, status, done, &read))
            })
    {
        diagnostics.push(history::not_written(&e));
    }
    // A store that does not take what it has is left as it is: the next run does what would have to be done here.
    let finished = applied.store.filter(|_| !unsaved).map(Store::finish);
    if let Some(Err(e)) = finished {
        diagnostics.push(state_error(&e));
    }
    ApplyOutcome {
        diagnostics: diagnostics.tidy(),
        done: applied.done,
        state,
        stopped: applied.stopped,
    }
}
