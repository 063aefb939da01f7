//! `state show`

use clap::Args;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;

use super::reading;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine::state::read_state;
use crate::report::Ui;
use crate::report::instance_text;

/// Show one resource instance
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Its address
    address: String,
    #[command(flatten)]
    state_file: StateFileArg,
}

pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &ShowArgs) -> Result<(), Box<Diagnostic>> {
    let mut session = reading(surroundings)?;
    args.state_file.settle(&mut session);
    let instance = AbsInstance::parse(&args.address).map_err(|e| {
        Box::new(
            Diagnostic::error(
                format!("Error parsing instance address: {}", args.address),
                format!("{e} This command requires that the address references one specific instance."),
            )
            .help("streamform state list"),
        )
    })?;
    let state = read_state(&session)?;
    let address = instance.to_string();
    let Some(text) = instance_text(&state, &address, &session.registry, ui.secrets(), &ui.style()) else {
        return Err(Box::new(
            Diagnostic::error(
                "No instance found for the given address!",
                "This command requires that the address references one specific instance that the state knows.",
            )
            .help("streamform state list"),
        ));
    };
    ui.out(&text);
    Ok(())
}
