//! `state list`

use clap::Args;
use streamform_lang::diag::Diagnostic;

use super::reading;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine::state;
use crate::report::Ui;

/// Bytes that are printed in one go.
const AT_ONCE: usize = 16 << 10;

/// List the addresses of all resource instances
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only the instance whose object has this id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only what these resources and modules hold
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    #[command(flatten)]
    state_file: StateFileArg,
}

pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &ListArgs) -> Result<(), Box<Diagnostic>> {
    let targets = state::parse_targets(&args.addresses)?;
    let mut session = reading(surroundings)?;
    args.state_file.settle(&mut session);
    let mut lines = String::new();
    state::list_instances(&session, &targets, args.id.as_deref(), |address| {
        lines.push_str(address);
        lines.push('\n');
        if lines.len() >= AT_ONCE {
            ui.out(&lines);
            lines.clear();
        }
    })?;
    ui.out(&lines);
    Ok(())
}
