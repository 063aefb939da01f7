//! `drift`

use clap::Args;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

use super::line;
use super::plan::Wanted;
use super::view::View;
use crate::cli::arguments::PlanningArgs;
use crate::cli::arguments::RunningArgs;
use crate::cli::arguments::VariableArgs;
use crate::cli::session::Opened;
use crate::cli::session::Surroundings;
use crate::engine::Planned;
use crate::report::DriftReport;

/// Show what was changed outside: where the real objects are not what the state records
///
/// Only reads: neither the state nor any object is written, and no lock is taken. The exit code is 0 if nothing differs, 2 if something does,
/// and 1 if the objects could not be read.
#[derive(Debug, Args)]
pub(in crate::cli) struct DriftArgs {
    /// Look only at this resource or module (can be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    target: Vec<String>,
    /// Look at everything but this resource or module and what depends on it (can be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    exclude: Vec<String>,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    running: RunningArgs,
    /// Print the result as one JSON document
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(super) fn run(surroundings: &Surroundings, args: &DriftArgs) -> u8 {
    // One document, not a stream: what is found on the way is part of it.
    let view = View::new(surroundings, args.running.compact_warnings, false);
    let planning = PlanningArgs {
        refresh_only: true,
        target: args.target.clone(),
        exclude: args.exclude.clone(),
        ..PlanningArgs::default()
    };
    let wanted = match Wanted::of(&planning, &args.running, false, "OperationTypePlan") {
        Ok(wanted) => wanted.read_only(),
        Err(found) => return fail(&view, args, &found, &Sources::default()),
    };
    let observer = match args.json {
        true => std::sync::Arc::new(()),
        false => view.observer(),
    };
    let mut opened = match surroundings.open(observer) {
        Ok(opened) => opened,
        Err(d) => return fail(&view, args, &(*d).into(), &Sources::default()),
    };
    if let Err(d) = args.running.state_file.settle(&mut opened.session, false) {
        return fail(&view, args, &(*d).into(), &Sources::default());
    }
    let code = match wanted.plan(&view, &mut opened, &args.variables) {
        Some(planned) => tell(&view, &opened, args, &planned),
        None => 1,
    };
    opened.close();
    code
}

fn tell(view: &View, opened: &Opened, args: &DriftArgs, planned: &Planned) -> u8 {
    let Some(plan) = planned
        .plan
        .as_ref()
        .filter(|_| !planned.diagnostics.has_errors())
    else {
        return fail(view, args, &planned.diagnostics, &planned.sources);
    };
    let checked = match opened.session.read_state() {
        Ok(state) => state
            .records()
            .filter(|r| r.mode == streamform_state::Mode::Managed && plan.covers(&r.address))
            .map(|r| usize::from(r.current.is_some()) + r.deposed.len())
            .sum(),
        Err(d) => return fail(view, args, &(*d).into(), &planned.sources),
    };
    let ui = view.ui();
    let report = DriftReport::of(plan, checked, ui.secrets());
    if args.json {
        let told = report.json(&planned.diagnostics, &planned.sources);
        ui.out(&line(format_args!("{told:#}")));
    } else {
        view.diagnostics(&planned.diagnostics, &planned.sources);
        ui.out(&report.text(&ui.style()));
    }
    if report.objects.is_empty() { 0 } else { 2 }
}

fn fail(view: &View, args: &DriftArgs, found: &Diagnostics, sources: &Sources) -> u8 {
    if args.json {
        let nothing = DriftReport {
            objects: Vec::new(),
            checked: 0,
        };
        view.ui()
            .out(&line(format_args!("{:#}", nothing.json(found, sources))));
    } else {
        view.diagnostics(found, sources);
    }
    1
}
