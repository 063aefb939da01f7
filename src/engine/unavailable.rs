//! What a configuration asks for and this version cannot do: refused before anything is done, because leaving it out
//! would delete what is to stay, or report as done what was not.

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;

use crate::config::Configuration;
use crate::config::When;
use crate::plan::Action;
use crate::plan::Plan;

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
