//! `-replace`: what was asked for and cannot be found.

use streamform_lang::addrs::InstanceKey;
use streamform_lang::diag::Diagnostic;

use super::walk::Planner;
use crate::plan::Action;

impl Planner<'_> {
    /// Warns of `-replace` addresses without a key where only instances with keys were planned.
    pub(super) fn incomplete_replacements(&mut self) {
        let mut found = Vec::new();
        for wanted in &self.input.options.replace {
            if wanted.key != InstanceKey::None || self.planned.at(&self.changes, wanted).is_some() {
                continue;
            }
            let of_block = self.planned.of_block(&self.changes, &wanted.abs_resource());
            let planned: Vec<String> = of_block
                .iter()
                .filter_map(|i| self.changes.get(*i))
                .filter(|c| c.address.key != InstanceKey::None)
                .filter(|c| !matches!(c.action, Action::Delete | Action::Forget))
                .map(|c| format!("    -replace={:?}", c.address.to_string()))
                .collect();
            let advice = match planned.as_slice() {
                [] => continue,
                [_] => {
                    "To force replacement of the single declared instance, use the following option instead"
                }
                _ => {
                    "To force replacement of particular instances, use one or more of the following options instead"
                }
            };
            found.push(Diagnostic::warning(
                "Incompletely-matched force-replace resource instance",
                format!(
                    "Your force-replace request for {wanted} doesn't match any resource instances because it lacks an instance key.\n\n{advice}:\n{}",
                    planned.join("\n")
                ),
            ));
        }
        self.diagnostics.extend(found.into_iter().collect());
    }
}
