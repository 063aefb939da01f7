//! What a configuration asks for and this version cannot do: refused before anything is planned, because leaving it out
//! would delete what is to stay, or report as done what was not.

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_state::StateView;

use crate::config::Configuration;
use crate::config::When;
use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::PlanMode;

/// Refuses `import` blocks for objects that are not there.
pub(super) fn unavailable(config: &Configuration, state: &StateView, mode: PlanMode) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if mode != PlanMode::Normal {
        return diagnostics;
    }
    let stored: Vec<AbsInstance> = state
        .records()
        .filter_map(|r| AbsInstance::parse(&r.address).ok())
        .collect();
    for module in &config.modules {
        for block in &module.imports {
            if !stored.iter().any(|a| a.config() == block.resource) {
                diagnostics.push(
                    Diagnostic::error(
                        "Import blocks are not available",
                        format!(
                            "Streamform cannot carry out import blocks yet: a second object would be made for {}.",
                            block.resource
                        ),
                    )
                    .at(block.span),
                );
            }
        }
    }
    diagnostics
}

/// Refuses the changes of a plan that would run a provisioner.
pub(super) fn provisioners(config: &Configuration, plan: &Plan) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for change in &plan.changes {
        let replaces = change.action.is_replace();
        let (makes, deletes) = (
            replaces || change.action == Action::Create,
            replaces || change.action == Action::Delete,
        );
        let Some(block) = config.resource(&change.address.config()) else {
            continue;
        };
        let runs = block.provisioners.iter().find(|p| match p.when {
            When::Create => makes,
            When::Destroy => deletes,
        });
        if let Some(provisioner) = runs {
            diagnostics.push(
                Diagnostic::error(
                    "Provisioners are not available",
                    format!(
                        "Streamform cannot run provisioners yet, and what \"{}\" does would be left undone. Nothing was changed.",
                        provisioner.ty
                    ),
                )
                .at(provisioner.header)
                .on(change.address.to_string()),
            );
        }
    }
    diagnostics
}
