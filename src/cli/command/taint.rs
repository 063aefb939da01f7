//! `taint` and `untaint`

use clap::Args;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_state::ObjectStatus;

use super::fail;
use super::line;
use super::state::writing;
use crate::cli::arguments::IgnoredArgs;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArgs;
use crate::cli::session::Surroundings;
use crate::engine::state::Marked;
use crate::engine::state::mark_object;
use crate::report::Ui;

/// Which object, and what if it is not there.
#[derive(Debug, Args)]
pub(in crate::cli) struct TaintArgs {
    /// Succeed even if there is no such resource instance
    #[arg(long)]
    allow_missing: bool,
    /// The resource instance
    #[arg(value_name = "ADDRESS")]
    address: String,
    #[command(flatten)]
    state_file: StateFileArgs,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    ignored: IgnoredArgs,
}

pub(super) fn taint(surroundings: &Surroundings, args: &TaintArgs) -> u8 {
    run(surroundings, args, ObjectStatus::Tainted)
}

pub(super) fn untaint(surroundings: &Surroundings, args: &TaintArgs) -> u8 {
    run(surroundings, args, ObjectStatus::Ready)
}

fn run(surroundings: &Surroundings, args: &TaintArgs, status: ObjectStatus) -> u8 {
    let ui = surroundings.ui();
    match mark(&ui, surroundings, args, status) {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

fn mark(
    ui: &Ui,
    surroundings: &Surroundings,
    args: &TaintArgs,
    status: ObjectStatus,
) -> Result<(), Box<Diagnostic>> {
    let address = AbsInstance::parse(&args.address).map_err(|e| {
        Box::new(
            Diagnostic::error(
                "Invalid address",
                format!("{e} A resource instance is needed here."),
            )
            .help("streamform state list"),
        )
    })?;
    let mut session = writing(surroundings, &args.lock)?;
    args.state_file.settle(&mut session, true)?;
    match mark_object(&session, &address, status)? {
        Marked::Done if status.is_ready() => ui.out(&line(format_args!(
            "Resource instance {address} has been successfully untainted."
        ))),
        Marked::Done => ui.out(&line(format_args!(
            "Resource instance {address} has been marked as tainted."
        ))),
        Marked::Missing(_) if args.allow_missing => {
            let warning = Diagnostic::warning(
                "No such resource instance",
                format!(
                    "Resource instance {address} was not found, but this is not an error because -allow-missing was set."
                ),
            );
            ui.diagnostics(&Diagnostics::from(warning), &Sources::default());
        }
        Marked::Missing(found) => return Err(found),
    }
    Ok(())
}
