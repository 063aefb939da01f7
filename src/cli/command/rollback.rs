//! `rollback`

use std::path::PathBuf;

use clap::Args;
use streamform_lang::diag::Diagnostic;

use super::apply::Approval;
use super::apply::carry_out;
use super::plan::Wanted;
use super::plan::Wishes;
use super::plan::tell;
use super::view::View;
use crate::cli::arguments::PlanningArgs;
use crate::cli::arguments::RunningArgs;
use crate::cli::arguments::VariableArgs;
use crate::cli::session::Opened;
use crate::cli::session::Surroundings;
use crate::cli::variables;
use crate::engine::history;
use crate::engine::history::Kind;
use crate::plan::PlanMode;
use crate::report::rollback_text;

/// Plan an earlier version again, and go back to it
///
/// Plans the configuration and the variables of that version against the objects as they are now, shows the plan, asks, and
/// carries it out. The files in the folder stay as they are.
#[derive(Debug, Args)]
pub(in crate::cli) struct RollbackArgs {
    /// Do not ask before changing anything
    #[arg(long, help_heading = "Running")]
    auto_approve: bool,
    /// Save the plan to a file instead, to be applied later
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Output",
        conflicts_with = "auto_approve"
    )]
    out: Option<PathBuf>,
    /// Print a stream of JSON objects, one a line
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// The number of the version
    #[arg(value_name = "VERSION")]
    version: u64,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    running: RunningArgs,
}

pub(super) fn run(surroundings: &Surroundings, args: &RollbackArgs) -> u8 {
    let view = View::new(surroundings, args.running.compact_warnings, args.json);
    if args.json && args.out.is_none() && !args.auto_approve {
        return view.fail(Diagnostic::error(
            "Plan file or auto-approve required",
            "Streamform cannot ask for interactive approval when -json is set. You can either save the plan with -out, or enable the -auto-approve option.",
        ));
    }
    let mut opened = match surroundings.open(view.observer()) {
        Ok(opened) => opened,
        Err(d) => return view.fail(*d),
    };
    let code = go_back(&view, &mut opened, args);
    opened.close();
    code
}

fn go_back(view: &View, opened: &mut Opened, args: &RollbackArgs) -> u8 {
    if let Err(d) = args
        .running
        .state_file
        .settle(&mut opened.session, args.out.is_none())
    {
        return view.fail(*d);
    }
    let earlier = match history::earlier(&opened.session, args.version) {
        Ok(earlier) => earlier,
        Err(d) => return view.fail(*d),
    };
    if args.out.is_some() && earlier.reads_files() {
        return view.fail(
            Diagnostic::error(
                "Plan of this version cannot be saved",
                "Functions such as file and templatefile read files in the configuration of that version. They are kept in the history, and a plan file does not hold them.",
            )
            .help(format!("streamform rollback {}", args.version)),
        );
    }
    let operation = if args.out.is_some() {
        "OperationTypePlan"
    } else {
        "OperationTypeApply"
    };
    let destroy = earlier.mode == PlanMode::Destroy;
    let wanted = match Wanted::of(&PlanningArgs::default(), &args.running, destroy, operation) {
        Ok(wanted) => wanted,
        Err(found) => return view.fail(found),
    };
    let mut sources = earlier.loaded.config.sources.clone();
    // Values of the environment and of files in the folder belong to the newer configuration.
    let here = opened.session.base.clone();
    let (more, problems) = variables::given(&here, &args.variables, &mut sources);
    if problems.has_errors() {
        return view.fail(problems);
    }
    opened.session = earlier.session(&opened.session);
    let mut planned = wanted.plan_again(opened, &earlier, more, sources);
    if let Err(d) = earlier.found_all(&planned.files_read.so_far()) {
        planned.release();
        return view.fail(*d);
    }
    if let Some(ui) = view.human() {
        ui.out(&format!("\n{}", rollback_text(&earlier, &ui.style())));
    }
    planned.occasion = Some((Kind::Rollback, format!("to version {}", args.version)));
    match &args.out {
        Some(out) => tell(view, opened, Wishes::saved(out), planned),
        None => {
            let approval = Approval::of(args.auto_approve, args.variables.input);
            carry_out(view, opened, approval, planned)
        }
    }
}
