//! Objects that could not be read because the credentials that they carry are no longer good.
//!
//! A topic keeps the API key with which it is reached. Where that key is replaced and the run ends before the topic has heard of
//! the new one, the next read is refused; yet the plan that follows is the very one that mends it. So such a refusal is an
//! error only if the plan leaves the credentials as they are.

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;

use super::walk::Planner;
use crate::plan::Action;
use crate::plan::InstanceChange;
use crate::plan::PlanMode;

/// Why an object could not be read.
pub(super) struct Unread {
    /// The errors.
    pub(super) why: Diagnostics,
    /// The attributes with the credentials.
    pub(super) access: Vec<Path>,
}

impl Planner<'_> {
    /// Judges the plan of an object that could not be read: mended by it, or an error.
    pub(super) fn settle_unread(&mut self, change: &mut InstanceChange) {
        let Some(unread) = self.unread.remove(&change.address) else {
            return;
        };
        let (before, after) = (plain(&change.before), plain(&change.after));
        let changes = |path: &&Path| before.at(path) != after.at(path);
        let mended = match change.action {
            Action::Update => unread.access.iter().any(|p| changes(&p)),
            // The old object is deleted with the credentials that the new one gets: they must be known by then.
            // Nothing is asked of the old object any more.
            Action::CreateThenForget => true,
            Action::DeleteThenCreate | Action::CreateThenDelete => {
                let known: Vec<&Path> = unread
                    .access
                    .iter()
                    .filter(changes)
                    .filter(|p| after.at(p).is_some_and(Value::is_wholly_known))
                    .collect();
                for path in &known {
                    if let (Some(Step::Attr(name)), Some(new)) = (path.steps().first(), change.after.at(path))
                    {
                        change.before = change.before.with_attr(name.clone(), new.clone());
                    }
                }
                !known.is_empty()
            }
            _ => false,
        };
        if !mended {
            self.diagnostics.extend(unread.why);
            return;
        }
        let address = &change.address;
        self.diagnostics.push(
            Diagnostic::warning(
                "Object not read",
                format!(
                    "The credentials that the state has for {address} are no longer accepted, so the object could not be read, and is taken to be what the state says. This plan gives it other credentials; the next one reads it."
                ),
            )
            .on(address.to_string()),
        );
    }

    /// Tells of objects that could not be read and that nothing mends.
    pub(super) fn tell_unread(&mut self) {
        let mode = self.input.options.mode;
        for (address, unread) in std::mem::take(&mut self.unread) {
            self.diagnostics.extend(unread.why);
            if mode != PlanMode::Normal {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Credentials in the state are no longer accepted",
                        format!("The state reaches {address} with credentials that are refused. An ordinary apply gives it those that the configuration has now: run that first."),
                    )
                    .on(address.to_string()),
                );
            }
        }
    }
}

fn plain(value: &Value) -> Value {
    value.clone().unmark_deep().0
}
