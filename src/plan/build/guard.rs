//! `prevent_destroy` and `destroy = false`, also of objects whose block is gone.
//!
//! While a block is there, it alone says whether its objects are guarded: an argument that is taken out, or set to false, lifts
//! the guard, and a reviewer sees it. A block that is taken away says nothing. The record remembers what it said, so an object
//! outside this process is not lost with a deleted file. `-allow-destroy` names what may go all the same.

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Span;

use super::walk::Planner;
use crate::config::ResourceBlock;
use crate::plan::InstanceChange;
use crate::plan::removed_block;

impl Planner<'_> {
    /// Marks a change that would destroy a guarded object, and takes down the error. The rest of the plan goes on.
    pub(super) fn guard(&mut self, change: &mut InstanceChange, block: Option<&ResourceBlock>) {
        let allowed = &self.input.options.allow_destroy;
        // The leftover of a replacement is not what was guarded: its successor is.
        if change.deposed.is_some() || allowed.iter().any(|t| t.covers(&change.address)) {
            return;
        }
        let refusal = match block {
            Some(block) if block.lifecycle.prevent_destroy => prevented(&change.address, block.header),
            None if change.prevent_destroy && self.is_outside(change) => remembered(&change.address),
            _ => return,
        };
        change.explanation = Some(match block {
            Some(_) => "Guarded by prevent_destroy: this plan cannot be applied.".to_owned(),
            None => "Guarded: prevent_destroy was set when it was last applied, and the state remembers it. This plan cannot be applied.".to_owned(),
        });
        self.guarded.push(refusal);
    }

    /// Whether an object is forgotten instead of deleted (`destroy = false`): its block says so or, where that is gone, said so when
    /// the object was last applied. A `removed` block that wants it destroyed says something else.
    pub(super) fn is_kept(
        &self,
        address: &AbsInstance,
        block: Option<&ResourceBlock>,
        remembered: bool,
    ) -> bool {
        let kept = match block {
            Some(block) => block.lifecycle.skip_destroy,
            None => remembered && removed_block(self.input.config, address).is_none_or(|b| !b.destroy),
        };
        let allowed = &self.input.options.allow_destroy;
        kept && !allowed.iter().any(|t| t.covers(address))
    }

    /// Whether there is anything to lose: what lives in the state alone is no more than its configuration.
    fn is_outside(&self, change: &InstanceChange) -> bool {
        let live = self.providers.get(&change.provider);
        live.is_none_or(|l| l.provider.effects_outside(&change.address.resource.ty))
    }
}

/// Why an object stays whose block is gone.
pub(super) fn kept() -> String {
    "Kept: destroy = false was set when it was last applied, and the state remembers it. To destroy it, write a removed block with \"destroy = true\", or name it with the -allow-destroy option.".to_owned()
}

/// The refusal to destroy what the configuration guards.
fn prevented(address: &AbsInstance, header: Span) -> Diagnostic {
    Diagnostic::error(
        "Instance cannot be destroyed",
        format!(
            "Resource {address} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed. To avoid this error and continue with the plan, either disable lifecycle.prevent_destroy or reduce the scope of the plan using the -target option."
        ),
    )
    .at(header)
    .on(address.to_string())
}

/// The refusal to destroy what the state remembers as guarded.
fn remembered(address: &AbsInstance) -> Diagnostic {
    Diagnostic::error(
        "Instance cannot be destroyed",
        format!(
            "Resource {address} had lifecycle.prevent_destroy set when it was last applied. Its block is no longer in the configuration, but taking a block away does not take its guard away: the state remembers it, and the plan calls for this resource to be destroyed.\n\nTo keep the object, put its block back. To keep the object and no longer manage it, write a removed block with \"destroy = false\". To destroy it after all, name it with the -allow-destroy option."
        ),
    )
    .on(address.to_string())
    .help(format!("-allow-destroy='{address}'"))
}
