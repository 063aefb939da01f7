//! Plans that do not take in everything: what is told of them, and which objects a small refresh reads.

use std::sync::Arc;

use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;

use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::build;
use crate::plan::build::PlanInput;
use crate::plan::build::PlanOptions;

/// Told with a plan that `-target` or `-exclude` limits.
pub(super) fn limited(options: &PlanOptions) -> Option<Diagnostic> {
    let flag = match (options.targets.is_empty(), options.excludes.is_empty()) {
        (true, true) => return None,
        (false, _) => "-target",
        (true, false) => "-exclude",
    };
    Some(Diagnostic::warning(
        "Resource targeting is in effect",
        format!(
            "You are creating a plan with the {flag} option, which means that the result of this plan may not represent all of the changes requested by the current configuration.\n\nThe {flag} option is not for routine use, and is provided only for exceptional situations such as recovering from errors or mistakes, or when Streamform specifically suggests to use it as part of an error message."
        ),
    ))
}

/// Told after an apply of such a plan.
pub(super) fn incomplete(plan: &Plan) -> Option<Diagnostic> {
    if !plan.is_limited() {
        return None;
    }
    let flag = if plan.targets.is_empty() {
        "-exclude"
    } else {
        "-target"
    };
    Some(Diagnostic::warning(
        "Applied changes may be incomplete",
        format!(
            "The plan was created with the {flag} option in effect, so some changes requested in the configuration may have been ignored and the output values may not be fully updated. Run the following command to verify that no other changes are pending:\n    streamform plan\n\nNote that the {flag} option is not suitable for routine use, and is provided only for exceptional situations such as recovering from errors or mistakes, or when Streamform specifically suggests to use it as part of an error message."
        ),
    ))
}

/// Told after an apply that left something for the next one.
pub(super) fn to_be_continued(plan: &Plan) -> Option<Diagnostic> {
    let first = plan.deferred.first()?;
    let others = match plan.deferred.len() - 1 {
        0 => String::new(),
        1 => " and one other".to_owned(),
        n => format!(" and {n} others"),
    };
    Some(
        Diagnostic::warning(
            "Some changes were deferred",
            format!(
                "What {}{others} depend on was not known when the plan was made, so nothing was done for them. Apply again: what is known now is planned then.",
                first.address
            ),
        )
        .help("streamform apply -allow-deferral"),
    )
}

/// The objects of the state that a plan without a read would change (`-minimal-refresh`): only these are worth a read.
pub(super) async fn worth_a_read(input: &PlanInput<'_>) -> Arc<HashSet<AbsInstance>> {
    let mut wanted: HashSet<AbsInstance> = HashSet::default();
    loop {
        let options = PlanOptions {
            refresh: !wanted.is_empty(),
            reads_only: Some(Arc::new(wanted.clone())),
            ..input.options.clone()
        };
        let built = build::build(PlanInput {
            config: input.config,
            graph: input.graph,
            registry: input.registry,
            state: input.state.clone(),
            moves: input.moves.clone(),
            open_intents: Vec::new(),
            settings: input.settings.clone(),
            options,
            observer: &(),
        })
        .await;
        let changing = built
            .plan
            .changes
            .into_iter()
            .filter(|c| c.mode() == Mode::Managed && c.action != Action::NoOp && !c.before.is_null());
        let before = wanted.len();
        wanted.extend(changing.map(|c| c.address));
        // What was read may change what depends on it.
        if built.plan.errored || wanted.len() == before {
            return Arc::new(wanted);
        }
    }
}
