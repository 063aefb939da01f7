//! `apply` and `destroy`
use super::Console;
use crate::cli::arguments::ApplyArgs;
use crate::cli::session::Surroundings;
use crate::engine;
use std::sync::Arc;
pub(super) fn run(surroundings: &Surroundings, args: &ApplyArgs, destroy: bool) -> u8 {
    let console = Console::new(&args.view);
    let mut opened = match surroundings.open(Arc::new(super::console::Printer)) {
        Ok(o) => o,
        Err(d) => return console.fail(d),
    };
    let made = match &args.plan_file {
        Some(p) => Ok(engine::restore(&opened.session, p)),
        None => super::plan::make(
            &mut opened,
            &args.planning,
            &args.variables,
            destroy,
            "OperationTypeApply",
        ),
    };
    let mut planned = match made {
        Ok(p) => p,
        Err((d, s)) => {
            console.diagnostics(&d, &s);
            opened.close();
            return 1;
        }
    };
    console.diagnostics(&planned.diagnostics, &planned.sources);
    if planned.diagnostics.has_errors() {
        planned.release();
        opened.close();
        return 1;
    }
    if let Some(plan) = &planned.plan {
        for c in &plan.changes {
            console.out(&format!("{} {}", c.action.symbol(), c.address));
        }
    }
    let sources = planned.sources.clone();
    let outcome = opened.run(engine::apply(&opened.session, planned));
    console.diagnostics(&outcome.diagnostics, &sources);
    console.out(&outcome.done.to_string());
    for (n, o) in outcome.state.outputs() {
        console.out(&format!(
            "{n} = {}",
            if o.sensitive {
                "<sensitive>"
            } else {
                o.value.as_str()
            }
        ));
    }
    opened.close();
    u8::from(outcome.diagnostics.has_errors())
}
