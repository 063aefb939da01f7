//! `state pull`

use streamform_lang::diag::Diagnostic;

use super::super::line;
use super::reading;
use crate::cli::session::Surroundings;
use crate::config::version::COMPATIBLE_VERSION;
use crate::engine;
use crate::report::Ui;

pub(super) fn run(ui: &Ui, surroundings: &Surroundings) -> Result<(), Box<Diagnostic>> {
    let session = reading(surroundings)?;
    let state = session.read_state()?;
    engine::none_waits(&session, &state)?;
    if state.serial() == 0 && state.is_empty() {
        return Ok(());
    }
    let text = state.to_v4_text(COMPATIBLE_VERSION).map_err(|e| {
        Box::new(Diagnostic::error(
            "State cannot be used",
            format!("It cannot be written as a state file: {e}."),
        ))
    })?;
    ui.out_in_clear(&line(text.trim_end()));
    Ok(())
}
