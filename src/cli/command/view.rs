//! What `plan` and `apply` tell, to people or to a program that reads JSON.

use std::sync::Arc;

use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_state::StateView;

use crate::cli::environment::Looks;
use crate::cli::log;
use crate::cli::session::Surroundings;
use crate::engine::ApplyOutcome;
use crate::plan::Observer;
use crate::plan::Plan;
use crate::report::PlanReport;
use crate::report::Progress;
use crate::report::Ui;
use crate::report::apply_complete_text;
use crate::report::destroy_complete_text;
use crate::report::json::UiStream;
use crate::report::plan_text;

/// Where a run is told.
pub(super) enum View {
    /// To people.
    Human(Ui),
    /// As one JSON object a line.
    Json(Ui, Arc<UiStream>),
}

impl View {
    pub(super) fn new(surroundings: &Surroundings, compact_warnings: bool, json: bool) -> View {
        let ui = Looks {
            no_color: surroundings.no_color,
            compact_warnings,
        }
        .ui(json);
        if !json {
            return View::Human(ui);
        }
        let stream = UiStream::new(ui.clone(), Arc::new(|| jiff::Timestamp::now().to_string()));
        stream.version(env!("CARGO_PKG_VERSION"));
        View::Json(ui, stream)
    }

    /// The streams.
    pub(super) fn ui(&self) -> &Ui {
        match self {
            View::Human(ui) | View::Json(ui, _) => ui,
        }
    }

    /// The streams, if people read them.
    pub(super) fn human(&self) -> Option<&Ui> {
        match self {
            View::Human(ui) => Some(ui),
            View::Json(..) => None,
        }
    }

    /// Tells events as they happen.
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        log::listening(match self {
            View::Human(ui) => Progress::new(ui.clone()),
            View::Json(_, stream) => stream.clone(),
        })
    }

    /// Tells diagnostics.
    pub(super) fn diagnostics(&self, found: &Diagnostics, sources: &Sources) {
        match self {
            View::Human(ui) => ui.diagnostics(found, sources),
            View::Json(_, stream) => stream.diagnostics(found, sources),
        }
    }

    /// Tells why the run ends here.
    pub(super) fn fail(&self, found: impl Into<Diagnostics>) -> u8 {
        self.diagnostics(&found.into(), &Sources::default());
        1
    }

    /// Tells a plan.
    pub(super) fn plan(&self, plan: &Plan) {
        match self {
            View::Human(ui) => {
                let text = plan_text(&PlanReport::of(plan, ui.secrets()), &ui.style());
                // It may be long: no second copy of it.
                ui.out("\n");
                ui.out(text.trim_matches('\n'));
                ui.out("\n");
            }
            View::Json(_, stream) => stream.plan(plan),
        }
    }

    /// Tells the changes of a saved plan that is about to be applied, to programs.
    pub(super) fn planned(&self, plan: &Plan) {
        if let View::Json(_, stream) = self {
            stream.saved(plan);
        }
    }

    /// Tells the outputs that a refresh has left.
    pub(super) fn refreshed(&self, outcome: &ApplyOutcome) {
        match self {
            View::Human(ui) => outputs(ui, &outcome.state),
            View::Json(_, stream) => stream.outputs(&outcome.state),
        }
    }

    /// Tells what an apply without errors has done; `destroy` where the command is `destroy`.
    pub(super) fn applied(&self, outcome: &ApplyOutcome, destroy: bool) {
        match self {
            View::Human(ui) => {
                let style = ui.style();
                let done = if destroy {
                    destroy_complete_text(&outcome.done, &style)
                } else {
                    apply_complete_text(&outcome.done, &style)
                };
                ui.out(&format!("\n{done}"));
                if !destroy {
                    outputs(ui, &outcome.state);
                }
            }
            View::Json(_, stream) => stream.applied(&outcome.done, destroy, &outcome.state),
        }
    }
}

fn outputs(ui: &Ui, state: &StateView) {
    if state.outputs().is_empty() {
        return;
    }
    match super::output::text(state.outputs()) {
        Ok(text) => ui.out(&format!("\nOutputs:\n\n{text}")),
        Err(d) => _ = super::fail(ui, d),
    }
}
