//! `removed` blocks: what leaves the configuration, and whether its objects are deleted or only forgotten.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;

use super::InstanceChange;
use crate::config::Configuration;
use crate::config::Module;
use crate::config::RemovedBlock;
use crate::plan::Action;

/// The `removed` block that speaks of an instance, if there is one. Of several the one that removes a whole module counts,
/// the outermost first; then the first as written.
///
/// Its provisioners ([`RemovedBlock::provisioners`]) are for whoever deletes the object to run.
pub fn removed_block<'c>(config: &'c Configuration, address: &AbsInstance) -> Option<&'c Arc<RemovedBlock>> {
    let steps = &address.module.0;
    let mut found: Option<(usize, &Arc<RemovedBlock>)> = None;
    // Only modules on the way to the instance can speak of it, and a caller comes before those that it calls.
    let mut module = Some(config.root());
    for depth in 0..=steps.len() {
        let Some(here) = module else { break };
        let relative = (!here.removed.is_empty()).then(|| AbsInstance {
            module: ModuleInstance(steps[depth..].into()),
            ..address.clone()
        });
        let covers = |target: &Target| relative.as_ref().is_some_and(|r| target.covers(r));
        for block in here.removed.iter().filter(|b| covers(&b.from)) {
            let rank = match &block.from {
                Target::Module(m) => depth + m.0.len(),
                _ => usize::MAX,
            };
            if found.is_none_or(|(best, _)| rank < best) {
                found = Some((rank, block));
            }
        }
        module = steps
            .get(depth)
            .and_then(|(name, _)| here.children.get(name))
            .map(|id| config.module(*id));
    }
    found.map(|(_, block)| block)
}

/// `removed` blocks for what the configuration still has.
pub fn still_there(config: &Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for module in &config.modules {
        for block in &module.removed {
            let Some((what, name, at)) = declared(config, module, &block.from) else {
                continue;
            };
            diagnostics.push(
                Diagnostic::error(
                    format!("Removed {what} still exists"),
                    format!(
                        "The \"removed\" block at {} declares that {name} was removed, but it is still declared in configuration. Delete one of the two blocks.",
                        config.sources.place(block.from_span)
                    ),
                )
                .at(at),
            );
        }
    }
    diagnostics
}

fn declared(
    config: &Configuration,
    module: &Module,
    target: &Target,
) -> Option<(&'static str, String, Span)> {
    let (steps, resource) = match target {
        Target::Module(m) => (m, None),
        Target::Resource(r) => (&r.module, Some(&r.resource)),
        Target::Instance(i) => (&i.module, Some(&i.resource)),
    };
    let (last, way) = match resource {
        Some(_) => (None, &steps.0[..]),
        None => steps.0.split_last().map(|(last, way)| (Some(last), way))?,
    };
    let mut here = module;
    for (name, _) in way {
        here = config.module(*here.children.get(name)?);
    }
    let prefix = if here.path.is_root() {
        String::new()
    } else {
        format!("{}.", here.path)
    };
    if let Some(resource) = resource {
        let block = here.resources.get(resource)?;
        return Some(("resource", format!("{prefix}{resource}"), block.header));
    }
    let (name, _) = last?;
    let call = here.calls.get(name)?;
    Some(("module", format!("{prefix}module.{name}"), call.header))
}

/// The warning that objects will be left to themselves.
pub(super) fn forgotten<'p>(changes: impl IntoIterator<Item = &'p InstanceChange>) -> Option<Diagnostic> {
    let list: String = changes
        .into_iter()
        .filter(|c| c.mode() == streamform_lang::addrs::Mode::Managed)
        .filter_map(|c| {
            let which = match c.action {
                Action::Forget => "",
                Action::CreateThenForget => " (the object that is replaced)",
                _ => return None,
            };
            let address = super::build::shown_address(&c.address, c.deposed.as_deref());
            Some(format!("\n - {address}{which}"))
        })
        .collect();
    (!list.is_empty()).then(|| {
        Diagnostic::warning(
            "Some objects will no longer be managed by Streamform",
            format!(
                "If you apply this plan, Streamform will discard its tracking information for the following objects, but it will not delete them:{list}\n\nAfter applying this plan, Streamform will no longer manage these objects. You will need to import them into Streamform to manage them again."
            ),
        )
    })
}
