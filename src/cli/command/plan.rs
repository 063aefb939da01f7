//! `plan`, and what `apply` shares with it.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_state::LockWait;

use super::generated;
use super::init::unavailable_backend;
use super::view::View;
use crate::cli::arguments::PlanningArgs;
use crate::cli::arguments::RunningArgs;
use crate::cli::arguments::VariableArgs;
use crate::cli::environment::in_automation;
use crate::cli::session::Opened;
use crate::cli::session::Surroundings;
use crate::cli::variables;
use crate::config::Disk;
use crate::engine;
use crate::engine::GivenVariable;
use crate::engine::PlanRequest;
use crate::engine::Planned;
use crate::engine::history::Earlier;
use crate::plan::Action;
use crate::plan::PlanMode;
use crate::plan::Written;
use crate::plan::build::Decisions;
use crate::report::NextStep;
use crate::report::next_step_text;

/// Show what an apply would change
///
/// Reads the real objects, compares them with the configuration, and shows every change with its reason. Changes nothing.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub(in crate::cli) planning: PlanningArgs,
    #[command(flatten)]
    pub(in crate::cli) variables: VariableArgs,
    #[command(flatten)]
    pub(in crate::cli) running: RunningArgs,
    /// Save the plan to a file, to be applied later
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Write resource blocks for imports that have none to this file, which must not be there yet
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) generate_config_out: Option<PathBuf>,
    /// Exit with 2 if there are changes
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) detailed_exitcode: bool,
    /// Print a stream of JSON objects, one a line
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) json: bool,
}

/// What is asked for, apart from values of variables.
pub(super) struct Wanted {
    request: PlanRequest,
    running: Running,
}

/// [`RunningArgs`], understood.
pub(super) struct Running {
    parallelism: usize,
    lock_wait: LockWait,
}

impl Running {
    pub(super) fn of(args: &RunningArgs) -> Result<Running, Diagnostics> {
        let parallelism = match args.parallelism {
            // As Terraform: 0 is the default.
            None | Some(0) => 10,
            Some(n) => usize::try_from(n).map_err(|_| {
                Diagnostic::error(
                    "Invalid parallelism value",
                    format!("The parallelism must be a positive value. Not {n}."),
                )
            })?,
        };
        Ok(Running {
            parallelism,
            lock_wait: args.lock.wait()?,
        })
    }

    pub(super) fn settle(&self, opened: &mut Opened) {
        opened.session.parallelism = self.parallelism;
        opened.session.lock_wait = self.lock_wait;
    }
}

/// Options that ask for kinds of plan that do not go together; `command`: it is `destroy` itself.
fn mode_conflicts(planning: &PlanningArgs, command: bool) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut refuse = |summary: &str, detail: &str| found.push(Diagnostic::error(summary, detail));
    let no_refresh = planning.refresh == Some(false);
    if command && planning.destroy {
        refuse(
            "Invalid mode option",
            "The -destroy option is not valid for \"streamform destroy\", because this command always works in destroy mode. Leave it out.",
        );
    } else if command && planning.refresh_only {
        refuse(
            "Invalid mode option",
            "The -refresh-only option is not valid for \"streamform destroy\". To bring the state up to date, run \"streamform apply -refresh-only\".",
        );
    } else if planning.destroy && planning.refresh_only {
        refuse(
            "Incompatible plan mode options",
            "The -destroy and -refresh-only options are mutually-exclusive.",
        );
    }
    if planning.refresh_only && no_refresh {
        refuse(
            "Incompatible refresh options",
            "It doesn't make sense to use -refresh-only at the same time as -refresh=false, because Streamform would have nothing to do.",
        );
    }
    if planning.minimal_refresh && (planning.refresh_only || no_refresh) {
        refuse(
            "Incompatible refresh options",
            "-minimal-refresh reads the objects that would change, -refresh-only reads all of them and -refresh=false none. Use one of the three.",
        );
    }
    if !planning.replace.is_empty() && (command || planning.destroy || planning.refresh_only) {
        refuse(
            "Unsupported plan mode",
            "Forcing resource instance replacement (with -replace=...) is allowed only in normal planning mode.",
        );
    }
    if !planning.target.is_empty() && !planning.exclude.is_empty() {
        refuse(
            "Invalid combination of arguments",
            "The -target and -exclude options are mutually-exclusive: name what is to be planned, or what is not.",
        );
    }
    found
}

/// Understands `-adopt` and `-forget`.
pub(super) fn decisions(planning: &PlanningArgs) -> Result<Decisions, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut decisions = Decisions::default();
    for text in &planning.adopt {
        let parts = split_choice(text).map(|(address, id)| (AbsInstance::parse(address), id));
        match parts {
            Some((Ok(address), id)) => decisions.adopt.push((address, id.to_owned())),
            Some((Err(e), _)) => found.push(Diagnostic::error(
                format!("Invalid address to adopt an object for \"{text}\""),
                e.to_string(),
            )),
            None => found.push(Diagnostic::error(
                format!("Invalid -adopt option \"{text}\""),
                "The option names a resource instance and the ID of the object that an interrupted run has made for it: -adopt='ADDRESS=ID'.",
            )),
        }
    }
    for text in &planning.forget {
        match AbsInstance::parse(text) {
            Ok(address) => decisions.forget.push(address),
            Err(e) => found.push(Diagnostic::error(
                format!("Invalid address to forget an interrupted change of \"{text}\""),
                e.to_string(),
            )),
        }
    }
    for (address, _) in &decisions.adopt {
        if decisions.forget.contains(address) {
            found.push(Diagnostic::error(
                "Contradicting decisions",
                format!("-adopt says what an interrupted run has made for {address}, and -forget that it was nothing. Use one of them."),
            ));
        }
    }
    if found.has_errors() {
        Err(found)
    } else {
        Ok(decisions)
    }
}

/// Address and ID of `ADDRESS=ID`. A key in the address may hold an equals sign itself.
fn split_choice(text: &str) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '=' if !quoted => {
                let (address, id) = (&text[..at], &text[at + 1..]);
                return (!address.is_empty() && !id.is_empty()).then_some((address, id));
            }
            _ => {}
        }
    }
    None
}

impl Wanted {
    /// Understands the arguments; `operation` is what the lock of the state tells others.
    pub(super) fn of(
        planning: &PlanningArgs,
        running: &RunningArgs,
        destroy: bool,
        operation: &str,
    ) -> Result<Wanted, Diagnostics> {
        let mut diagnostics = mode_conflicts(planning, destroy);
        let destroy = destroy || planning.destroy;
        let refresh = planning.refresh.unwrap_or(true);
        let mut refuse = |summary: String, detail: String| {
            diagnostics.push(Diagnostic::error(summary, detail));
        };
        let mut addresses = |texts: &[String], what: &str| {
            let mut found = Vec::new();
            for text in texts {
                match Target::parse(text) {
                    Ok(t) => found.push(t),
                    Err(e) => refuse(format!("Invalid {what} \"{text}\""), e.to_string()),
                }
            }
            found
        };
        let targets = addresses(&planning.target, "target");
        let excludes = addresses(&planning.exclude, "exclude");
        let allow_destroy = addresses(&planning.allow_destroy, "address to be destroyed");
        let mut replace = Vec::new();
        for text in &planning.replace {
            let problem = match AbsInstance::parse(text) {
                Ok(a) if a.resource.mode != Mode::Managed => {
                    "Only managed resources can be used with the -replace=... option.".to_owned()
                }
                Ok(a) => {
                    replace.push(a);
                    continue;
                }
                Err(e) => e.to_string(),
            };
            refuse(format!("Invalid force-replace address \"{text}\""), problem);
        }
        let decisions = match decisions(planning) {
            Ok(decisions) => decisions,
            Err(found) => {
                diagnostics.extend(found);
                Decisions::default()
            }
        };
        let running = match Running::of(running) {
            Ok(running) if !diagnostics.has_errors() => running,
            Ok(_) => return Err(diagnostics),
            Err(found) => {
                diagnostics.extend(found);
                return Err(diagnostics);
            }
        };
        let request = PlanRequest {
            mode: match (destroy, planning.refresh_only) {
                (true, _) => PlanMode::Destroy,
                (_, true) => PlanMode::RefreshOnly,
                _ => PlanMode::Normal,
            },
            refresh,
            targets,
            excludes,
            minimal_refresh: planning.minimal_refresh,
            replace,
            allow_destroy,
            allow_deferral: planning.allow_deferral,
            read_only: false,
            variables: Vec::new(),
            generate_config: false,
            operation: operation.to_owned(),
            decisions,
            moved_back: Vec::new(),
            earlier: false,
        };
        Ok(Wanted { request, running })
    }

    /// What the user has decided about interrupted changes.
    pub(super) fn decisions(&self) -> &Decisions {
        &self.request.decisions
    }

    /// The same without writing or locking anything.
    pub(super) fn read_only(mut self) -> Wanted {
        self.request.read_only = true;
        self
    }

    /// Makes the plan of the configuration in the current folder. What was found is told already if there is none.
    pub(super) fn plan(self, view: &View, opened: &mut Opened, args: &VariableArgs) -> Option<Planned> {
        self.running.settle(opened);
        let session = &opened.session;
        let loaded = engine::load(&Disk::new(&session.base), Path::new("."), &session.registry);
        let mut sources = loaded.config.sources.clone();
        let mut found = unavailable_backend(&loaded.config, "Invalid backend type");
        if sources.iter().next().is_none() && self.request.mode != PlanMode::Destroy {
            let detail = if self.request.operation == "OperationTypeApply" {
                "Apply requires configuration to be present. Applying without a configuration would mark everything for destruction, which is normally not what is desired. If you would like to destroy everything, run \"streamform destroy\" instead. Otherwise, create a configuration file (.tf file) and try again."
            } else {
                "Plan requires configuration to be present. Planning without a configuration would mark everything for destruction, which is normally not what is desired. If you would like to destroy everything, run plan with the -destroy option. Otherwise, create a configuration file (.tf file) and try again."
            };
            found.push(Diagnostic::error("No configuration files", detail));
        }
        let (mut given, problems) =
            variables::collect(&session.base, args, std::env::vars_os(), &mut sources);
        found.extend(problems);
        if found.has_errors() {
            let mut all = loaded.diagnostics;
            all.extend(found);
            view.diagnostics(&all.tidy(), &sources);
            return None;
        }
        if !loaded.diagnostics.has_errors() && view.human().is_some() {
            match variables::ask(view.ui(), opened, &loaded.config, &given, args) {
                Ok(typed) => given.extend(typed),
                Err(d) => {
                    view.fail(*d);
                    return None;
                }
            }
        }
        let session = &opened.session;
        let request = PlanRequest {
            variables: given,
            ..self.request
        };
        tracing::debug!(modules = loaded.config.modules.len(), mode = ?request.mode, "configuration is read");
        let mut planned = opened.run(true, engine::plan(session, loaded, sources, request));
        if let Some(plan) = &planned.plan {
            tracing::info!(changes = %plan.summary(), errored = plan.errored, "plan is made");
        }
        found.extend(std::mem::take(&mut planned.diagnostics));
        planned.diagnostics = found;
        Some(planned)
    }
}

impl Wanted {
    /// Makes the plan of an earlier version. Values in `more` win over those of the version.
    pub(super) fn plan_again(
        self,
        opened: &mut Opened,
        earlier: &Earlier,
        more: Vec<GivenVariable>,
        sources: Sources,
    ) -> Planned {
        self.running.settle(opened);
        let mut variables = earlier.variables.clone();
        variables.extend(more);
        let request = PlanRequest {
            variables,
            moved_back: earlier.moved_back.clone(),
            earlier: true,
            ..self.request
        };
        let loaded = earlier.loaded.clone();
        opened.run(true, engine::plan(&opened.session, loaded, sources, request))
    }
}

pub(super) fn run(surroundings: &Surroundings, args: &PlanArgs) -> u8 {
    let view = View::new(surroundings, args.running.compact_warnings, args.json);
    let mut wanted = match Wanted::of(&args.planning, &args.running, false, "OperationTypePlan") {
        Ok(wanted) => wanted,
        Err(found) => return view.fail(found),
    };
    if let Some(path) = args
        .generate_config_out
        .as_deref()
        .filter(|p| !p.as_os_str().is_empty())
    {
        if let Err(d) = generated::may_write(path, wanted.request.mode) {
            return view.fail(d);
        }
        wanted.request.generate_config = true;
    }
    let mut opened = match surroundings.open(view.observer()) {
        Ok(opened) => opened,
        Err(d) => return view.fail(d),
    };
    if let Err(d) = args.running.state_file.settle(&mut opened.session, false) {
        return view.fail(*d);
    }
    view.diagnostics(&args.running.state_file.deprecated(), &Sources::default());
    let code = match wanted.plan(&view, &mut opened, &args.variables) {
        Some(planned) => {
            let wishes = Wishes {
                out: args.out.as_deref(),
                generate_config_out: args.generate_config_out.as_deref(),
                detailed_exitcode: args.detailed_exitcode,
            };
            tell(&view, &opened, wishes, planned)
        }
        None => 1,
    };
    opened.close();
    code
}

/// What becomes of a plan that is not carried out now.
#[derive(Clone, Copy, Default)]
pub(super) struct Wishes<'a> {
    /// It is saved here.
    pub(super) out: Option<&'a Path>,
    /// Blocks for imports are written here.
    generate_config_out: Option<&'a Path>,
    /// The exit code says whether there are changes.
    detailed_exitcode: bool,
}

impl<'a> Wishes<'a> {
    /// To be saved.
    pub(super) fn saved(out: &'a Path) -> Self {
        Wishes {
            out: Some(out),
            ..Wishes::default()
        }
    }
}

/// Shows a plan and saves it, if that is asked for; the result is the exit code.
pub(super) fn tell(view: &View, opened: &Opened, wishes: Wishes<'_>, mut planned: Planned) -> u8 {
    planned.release();
    // A plan that leaves something out is not to be saved as if it were all.
    let held = std::mem::take(&mut planned.held);
    planned.diagnostics.extend(held);
    if let Some(plan) = &planned.plan {
        show_plan(view, plan, &planned.diagnostics);
    }
    // Also where the plan has errors: what was written may be what is to be mended.
    let written = wishes
        .generate_config_out
        .filter(|_| !planned.generated.is_empty());
    if let Some(path) = written
        && let Err(d) = generated::write(path, &planned.generated)
    {
        planned.diagnostics.push(*d);
    }
    view.diagnostics(&planned.diagnostics, &planned.sources);
    // An empty name is none.
    let out = wishes.out.filter(|out| !out.as_os_str().is_empty());
    // One with errors is written, too: it can be shown, and no older plan is left in its place. Nothing applies it.
    let to_write = |plan: &crate::plan::Plan| plan.errored || !planned.diagnostics.has_errors();
    if let (Some(out), true) = (out, planned.plan.as_deref().is_some_and(to_write))
        && let Err(d) = write_plan(view, opened, &planned, out)
    {
        return view.fail(*d);
    }
    let Some(plan) = planned
        .plan
        .as_ref()
        .filter(|_| !planned.diagnostics.has_errors())
    else {
        return 1;
    };
    // What is deferred is a reason to come back.
    let changes = does_something(plan) || !plan.deferred.is_empty();
    if let Some(ui) = view.human().filter(|_| changes && !in_automation()) {
        let next = match out {
            Some(out) => NextStep::Saved(&out.to_string_lossy()),
            None => NextStep::NotSaved,
        };
        ui.out(&next_step_text(next, written, &ui.style()));
    }
    // The process is about to end: taking a large plan apart piece by piece would only cost time.
    std::mem::forget(planned);
    if wishes.detailed_exitcode && changes { 2 } else { 0 }
}

/// Saves a plan.
fn write_plan(view: &View, opened: &Opened, planned: &Planned, out: &Path) -> Result<(), Box<Diagnostic>> {
    let saved = planned.to_save(&opened.session.workspace);
    match saved.map(|s| s.write(out, opened.session.key.as_ref())) {
        Some(Err(e)) => {
            return Err(Box::new(Diagnostic::error(
                "Failed to write plan file",
                format!("The plan was not saved: {}.", e.to_string().trim_end_matches('.')),
            )));
        }
        Some(Ok(Written::SecretsInClear)) => view.diagnostics(
            &Diagnostic::warning(
                "Plan file holds secrets in clear",
                format!(
                    "There is no key to seal it with, because you have no home folder and the environment names no key. Only you may read {}; delete it when it is applied.",
                    out.display()
                ),
            )
            .help("STREAMFORM_STATE_KEY_FILE=state.key")
            .into(),
            &Sources::default(),
        ),
        _ => {}
    }
    Ok(())
}

/// Shows a plan; one with errors only as far as it has anything to show.
pub(super) fn show_plan(view: &View, plan: &crate::plan::Plan, found: &Diagnostics) {
    let nothing = || plan.summary() == crate::plan::Summary::default();
    if !(found.has_errors() && nothing()) {
        view.plan(plan);
    }
}

/// Whether applying the plan would do anything, if only to the state.
pub(super) fn does_something(plan: &crate::plan::Plan) -> bool {
    // As in Terraform, objects that only move are no reason to ask in a plan that only refreshes.
    plan.has_changes()
        || (plan.mode == PlanMode::RefreshOnly && plan.drift.iter().any(|d| d.action != Action::NoOp))
}

#[cfg(test)]
mod tests {
    use super::split_choice;

    #[test]
    fn a_choice_is_split_at_the_first_equals_sign_outside_of_a_key() {
        assert_eq!(split_choice("a.b=lkc-1"), Some(("a.b", "lkc-1")));
        assert_eq!(split_choice("a.b[0]=x=y"), Some(("a.b[0]", "x=y")));
        assert_eq!(
            split_choice(r#"a.b["k=\"v"]=id"#),
            Some((r#"a.b["k=\"v"]"#, "id"))
        );
        for bad in ["", "a.b", "=id", "a.b=", r#"a.b["x=y"]"#] {
            assert_eq!(split_choice(bad), None, "{bad}");
        }
    }
}
