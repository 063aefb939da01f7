//! `plan`

use std::path::Path;
use std::sync::Arc;

use super::Console;
use crate::cli::arguments::PlanArgs;
use crate::cli::arguments::PlanningArgs;
use crate::cli::arguments::VariableArgs;
use crate::cli::session::Opened;
use crate::cli::session::Surroundings;
use crate::cli::session::duration;
use crate::cli::session::invalid_duration;
use crate::cli::variables;
use crate::config::Disk;
use crate::engine;
use crate::engine::PlanRequest;
use crate::engine::Planned;
use crate::plan::PlanMode;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_state::LockWait;

/// Makes a plan of the configuration in the current folder.
pub(super) fn make(
    opened: &mut Opened,
    planning: &PlanningArgs,
    variables: &VariableArgs,
    destroy: bool,
    operation: &str,
) -> Result<Planned, (Diagnostics, Sources)> {
    let request = request(opened, planning, destroy, operation).map_err(|d| (d, Sources::default()))?;
    let session = &opened.session;
    let loaded = engine::load(&Disk::new(&session.base), Path::new("."), &session.registry);
    let mut sources = loaded.config.sources.clone();
    let (given, found) = variables::collect(&session.base, variables, std::env::vars(), &mut sources);
    if found.has_errors() {
        let mut all = loaded.diagnostics.clone();
        all.extend(found);
        return Err((all, sources));
    }
    let request = PlanRequest {
        variables: given,
        ..request
    };
    let mut planned = opened.run(engine::plan(session, loaded, sources, request));
    let mut all = found;
    all.extend(std::mem::take(&mut planned.diagnostics));
    planned.diagnostics = all;
    Ok(planned)
}

fn request(
    opened: &mut Opened,
    planning: &PlanningArgs,
    destroy: bool,
    operation: &str,
) -> Result<PlanRequest, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let mut targets = Vec::new();
    for text in &planning.target {
        match Target::parse(text) {
            Ok(t) => targets.push(t),
            Err(e) => diagnostics.push(Diagnostic::error("Invalid target address", e.to_string())),
        }
    }
    let mut replace = Vec::new();
    for text in &planning.replace {
        match AbsInstance::parse(text) {
            Ok(a) => replace.push(a),
            Err(e) => diagnostics.push(Diagnostic::error("Invalid force-replace address", e.to_string())),
        }
    }
    match duration(&planning.lock_timeout) {
        Some(d) if d.is_zero() => opened.session.lock_wait = LockWait::No,
        Some(d) => opened.session.lock_wait = LockWait::UpTo(d),
        None => diagnostics.push(invalid_duration("-lock-timeout", &planning.lock_timeout)),
    }
    if planning.parallelism == 0 {
        diagnostics.push(Diagnostic::error(
            "Invalid -parallelism",
            "At least one operation must be allowed at once.",
        ));
    }
    opened.session.parallelism = planning.parallelism;
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    Ok(PlanRequest {
        mode: if destroy || planning.destroy {
            PlanMode::Destroy
        } else if planning.refresh_only {
            PlanMode::RefreshOnly
        } else {
            PlanMode::Normal
        },
        refresh: planning.refresh,
        targets,
        replace,
        variables: Vec::new(),
        operation: operation.to_owned(),
    })
}

pub(super) fn run(surroundings: &Surroundings, args: &PlanArgs) -> u8 {
    let console = Console::new(&args.view);
    let mut opened = match surroundings.open(Arc::new(super::console::Printer)) {
        Ok(o) => o,
        Err(d) => return console.fail(d),
    };
    let made = make(
        &mut opened,
        &args.planning,
        &args.variables,
        false,
        "OperationTypePlan",
    );
    let mut planned = match made {
        Ok(p) => p,
        Err((d, s)) => {
            console.diagnostics(&d, &s);
            opened.close();
            return 1;
        }
    };
    planned.release();
    console.diagnostics(&planned.diagnostics, &planned.sources);
    let code = match &planned.plan {
        Some(plan) if !planned.diagnostics.has_errors() => {
            for c in &plan.changes {
                console.out(&format!("{} {}", c.action.symbol(), c.address));
            }
            console.out(&plan.summary().to_string());
            if let Some(out) = &args.out
                && let Some(saved) = planned.to_save(&opened.session.workspace)
                && let Err(e) = saved.write(out)
            {
                console.fail(Diagnostic::error("Failed to write plan file", e.to_string()));
            }
            if args.detailed_exitcode && plan.has_changes() {
                2
            } else {
                0
            }
        }
        _ => 1,
    };
    opened.close();
    code
}
