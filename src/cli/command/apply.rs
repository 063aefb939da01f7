//! `apply` and `destroy`.

use std::path::PathBuf;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;

use super::plan::Running;
use super::plan::Wanted;
use super::plan::does_something;
use super::plan::show_plan;
use super::view::View;
use crate::cli::arguments::PlanningArgs;
use crate::cli::arguments::RunningArgs;
use crate::cli::arguments::VariableArgs;
use crate::cli::environment::may_ask;
use crate::cli::session::Answer;
use crate::cli::session::Opened;
use crate::cli::session::Surroundings;
use crate::cli::variables;
use crate::engine;
use crate::engine::DESTROY;
use crate::engine::Planned;
use crate::engine::REFRESH;
use crate::plan::PlanMode;

/// Create, change and delete objects so that they are what the configuration says
///
/// Makes a plan, shows it, asks, and carries it out; or carries out a plan that was saved before. An interrupted apply loses nothing:
/// the next one looks up what became of the calls that were under way.
#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArgs {
    /// Do not ask before changing anything
    #[arg(long, help_heading = "Running")]
    auto_approve: bool,
    /// Print a stream of JSON objects, one a line
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// A plan saved with `plan -out`: it is carried out without asking
    #[arg(value_name = "PLAN")]
    plan_file: Option<PathBuf>,
    #[command(flatten)]
    planning: PlanningArgs,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    running: RunningArgs,
}

/// Bring the state up to date with the real objects
///
/// A whole plan is made, so that its errors are told; of it only what was found and the outputs that are known are written.
#[derive(Debug, Args)]
pub(in crate::cli) struct RefreshArgs {
    /// Print a stream of JSON objects, one a line
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Read only this resource or module and what it needs (can be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    target: Vec<String>,
    /// Read everything but this resource or module and what depends on it (can be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    exclude: Vec<String>,
    /// Say which object an interrupted run has made, where it cannot be told: ADDRESS=ID (can be repeated)
    #[arg(long, value_name = "ADDRESS=ID", help_heading = "Planning")]
    adopt: Vec<String>,
    /// Say that an interrupted run has made nothing of this address that counts, where it cannot be told (can be repeated)
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    forget: Vec<String>,
    /// Leave what cannot be read yet, such as unknown instances
    #[arg(long, help_heading = "Planning")]
    allow_deferral: bool,
    /// What it does anyway
    #[arg(long, hide = true)]
    refresh_only: bool,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    running: RunningArgs,
}

/// `refresh`: as in Terraform a whole plan, and of it only what was found.
pub(super) fn refresh(surroundings: &Surroundings, args: RefreshArgs) -> u8 {
    let args = ApplyArgs {
        auto_approve: true,
        json: args.json,
        plan_file: None,
        planning: PlanningArgs {
            target: args.target,
            exclude: args.exclude,
            adopt: args.adopt,
            forget: args.forget,
            allow_deferral: args.allow_deferral,
            ..PlanningArgs::default()
        },
        variables: args.variables,
        running: args.running,
    };
    carry(surroundings, &args, false, REFRESH)
}

pub(super) fn run(surroundings: &Surroundings, args: &ApplyArgs, destroy: bool) -> u8 {
    let operation = if destroy { DESTROY } else { "OperationTypeApply" };
    carry(surroundings, args, destroy, operation)
}

fn carry(surroundings: &Surroundings, args: &ApplyArgs, destroy: bool, operation: &str) -> u8 {
    let view = View::new(surroundings, args.running.compact_warnings, args.json);
    if let Some(d) = refusal(args, destroy) {
        return view.fail(d);
    }
    let understood = Wanted::of(&args.planning, &args.running, destroy, operation)
        .and_then(|wanted| Ok((wanted, Running::of(&args.running)?)));
    let (wanted, running) = match understood {
        Ok(understood) => understood,
        Err(found) => return view.fail(found),
    };
    let mut opened = match surroundings.open(view.observer()) {
        Ok(opened) => opened,
        Err(d) => return view.fail(d),
    };
    if let Err(d) = args.running.state_file.settle(&mut opened.session, true) {
        return view.fail(*d);
    }
    view.diagnostics(&args.running.state_file.deprecated(), &Sources::default());
    let planned = match &args.plan_file {
        Some(path) => {
            running.settle(&mut opened);
            let session = &opened.session;
            let mut planned = engine::restore(session, path, |sources| {
                variables::collect(&session.base, &args.variables, std::env::vars_os(), sources)
            });
            planned.decisions = wanted.decisions().clone();
            Some(planned)
        }
        None => wanted.plan(&view, &mut opened, &args.variables),
    };
    let code = match planned {
        Some(planned) => carry_out(&view, &opened, approval(args), planned),
        None => 1,
    };
    opened.close();
    code
}

/// Arguments that do not go together.
fn refusal(args: &ApplyArgs, destroy: bool) -> Option<Diagnostic> {
    if let (true, Some(path)) = (destroy, &args.plan_file) {
        return Some(
            Diagnostic::error(
                "Destroy can't be called with a plan file",
                "A plan that was made with plan -destroy is carried out by apply.",
            )
            .help(format!("streamform apply \"{}\"", path.display())),
        );
    }
    if args.json && args.plan_file.is_none() && !args.auto_approve {
        return Some(Diagnostic::error(
            "Plan file or auto-approve required",
            "Streamform cannot ask for interactive approval when -json is set. You can either apply a saved plan file, or enable the -auto-approve option.",
        ));
    }
    None
}

/// Who says that a plan may be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// The user, once the plan is shown.
    Asked,
    /// Nobody may be asked.
    Impossible,
    /// The user has said so beforehand; the plan is shown.
    Given,
    /// It is a saved plan, which was looked at when it was made.
    Saved,
}

fn approval(args: &ApplyArgs) -> Approval {
    if args.plan_file.is_some() {
        Approval::Saved
    } else {
        Approval::of(args.auto_approve, args.variables.input)
    }
}

impl Approval {
    /// Of `-auto-approve` and `-input`.
    pub(super) fn of(auto_approve: bool, input: Option<bool>) -> Approval {
        if auto_approve {
            Approval::Given
        } else if input.unwrap_or(true) && may_ask() {
            Approval::Asked
        } else {
            Approval::Impossible
        }
    }
}

/// Shows a plan, asks, and carries it out.
pub(super) fn carry_out(view: &View, opened: &Opened, approval: Approval, mut planned: Planned) -> u8 {
    match planned.plan.as_ref() {
        Some(_) if planned.refreshing => {}
        Some(plan) if approval != Approval::Saved => show_plan(view, plan, &planned.diagnostics),
        // Who applies a saved plan has seen it; a program that reads the stream is told what is coming.
        Some(plan) => view.planned(plan),
        None => {}
    }
    let (refreshing, destroying) = (planned.refreshing, planned.destroying);
    let asks = matches!(approval, Approval::Asked | Approval::Impossible)
        && planned.plan.as_deref().is_some_and(does_something);
    if !asks && !refreshing && !planned.diagnostics.has_errors() {
        // Nobody decides by what the checks say of the plan, and the apply judges them again.
        let found = std::mem::take(&mut planned.diagnostics);
        planned.diagnostics = found.into_iter().filter(|d| !is_of_check(d)).collect();
    }
    let held = std::mem::take(&mut planned.held);
    let mut found = planned.diagnostics.clone();
    found.extend(held.clone());
    view.diagnostics(&found, &planned.sources);
    let plan = match &planned.plan {
        Some(plan) if !planned.diagnostics.has_errors() => plan.clone(),
        _ => {
            planned.release();
            return 1;
        }
    };
    if asks && let Err(code) = approve(view, opened, approval, plan.mode) {
        planned.release();
        return code;
    }
    if opened.session.stop.is_set() {
        planned.release();
        return view.fail(Diagnostic::error(
            "Interrupted",
            "The run was interrupted before anything was changed.",
        ));
    }
    let sources = planned.sources.clone();
    let told = std::mem::take(&mut planned.diagnostics);
    let mut outcome = opened.run(false, engine::apply(&opened.session, planned));
    // What the plan has told and the apply tells again: once is enough.
    outcome.diagnostics = outcome
        .diagnostics
        .into_iter()
        .filter(|d| d.severity == Severity::Error || is_judged_again(d) || !told.iter().any(|t| t == d))
        .collect();
    view.diagnostics(&outcome.diagnostics, &sources);
    if outcome.diagnostics.has_errors() || outcome.stopped {
        return 1;
    }
    if refreshing {
        view.refreshed(&outcome);
    } else {
        view.applied(&outcome, destroying);
    }
    // What waits for a decision was told before; everything else is done.
    u8::from(held.has_errors())
}

/// Whether it tells how an assertion of a `check` block ended.
fn is_of_check(found: &Diagnostic) -> bool {
    matches!(
        found.summary.as_str(),
        "Check block assertion failed" | "Check block assertion known after apply"
    )
}

/// Whether it comes from a condition, which the apply evaluates once more, and not from the configuration alone.
fn is_judged_again(found: &Diagnostic) -> bool {
    is_of_check(found) || found.summary.starts_with("Error message refers to ")
}

/// Asks; the error is the exit code.
fn approve(view: &View, opened: &Opened, approval: Approval, mode: PlanMode) -> Result<(), u8> {
    if approval == Approval::Impossible {
        return Err(view.fail(
            Diagnostic::error(
                "Approval required",
                "The changes must be approved, but questions are turned off by -input=false or TF_INPUT. Approve them beforehand, or apply a saved plan.",
            )
            .help("-auto-approve"),
        ));
    }
    let ui = view.ui();
    let (question, name) = match mode {
        PlanMode::Normal => (
            "Do you want to perform these actions?\n  Streamform will perform the actions described above.\n  Only 'yes' will be accepted to approve.",
            "Apply",
        ),
        PlanMode::Destroy => (
            "Do you really want to destroy all resources?\n  Streamform will destroy all your managed infrastructure, as shown above.\n  There is no undo. Only 'yes' will be accepted to confirm.",
            "Destroy",
        ),
        PlanMode::RefreshOnly => (
            "Would you like to update the state to reflect these detected changes?\n  Streamform will write these changes to the state without modifying any real infrastructure.\n  There is no undo. Only 'yes' will be accepted to confirm.",
            "Apply",
        ),
    };
    match opened.ask(ui, &format!("\n{question}\n\n  Enter a value: ")) {
        Answer::Line(line) if line == "yes" => Ok(()),
        Answer::Line(_) => {
            ui.err(&format!("\n{name} cancelled.\n"));
            Err(1)
        }
        Answer::End => {
            ui.err("\n");
            Err(view.fail(
                Diagnostic::error(
                    "Error asking for approval",
                    "Standard input ended before an answer.",
                )
                .help("-auto-approve"),
            ))
        }
        Answer::Interrupted => {
            ui.err(&format!("\n\n{name} cancelled: interrupted.\n"));
            Err(1)
        }
    }
}
