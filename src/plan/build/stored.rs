//! Managed resources in plans that change none of them by their configuration: destroys, and plans that only refresh.

use std::collections::HashMap;
use std::sync::Arc;

use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::value::Value;

use super::prior;
use super::walk::Planner;
use crate::config::ModuleId;
use crate::config::ResourceBlock;
use crate::eval::Expansion;

impl Planner<'_> {
    /// In a destroy or refresh-only plan: what the state says is what references see.
    pub(super) fn values_from_state(&mut self, module: ModuleId, resource: &Resource) {
        let block = ConfigResource {
            module: self.input.config.module(module).path.clone(),
            resource: resource.clone(),
        };
        // Once for all instances of the module: it may have thousands.
        let mut stored: HashMap<&ModuleInstance, Vec<(InstanceKey, Value)>> = HashMap::new();
        for address in self.prior_of.get(&block).into_iter().flatten() {
            if let Some(prior) = self.prior.get(address)
                && let Some(object) = &prior.current
            {
                let value = prior::state_value(object, &prior.schema);
                let of_module = stored.entry(&address.module).or_default();
                of_module.push((address.key.clone(), value));
            }
        }
        for id in self.world.instances_of(module).to_vec() {
            let found = stored.remove(self.world.address(id)).unwrap_or_default();
            let expansion = match found.first().map(|(k, _)| k) {
                None => Expansion::Unknown(false),
                Some(InstanceKey::None) => Expansion::Single,
                Some(InstanceKey::Int(_)) => Expansion::Count(
                    found
                        .iter()
                        .map(|(k, _)| if let InstanceKey::Int(i) = k { i + 1 } else { 0 })
                        .max()
                        .unwrap_or(0),
                ),
                Some(InstanceKey::Str(_)) => Expansion::Each(
                    found
                        .iter()
                        .filter_map(|(k, v)| match k {
                            InstanceKey::Str(s) => Some((s.clone(), v.clone())),
                            _ => None,
                        })
                        .collect(),
                ),
            };
            self.world.set_expansion(id, resource, expansion);
            for (key, value) in found {
                self.world.set_instance(id, resource, key, value);
            }
        }
    }

    /// In a refresh-only plan: whether the conditions of what is there hold. One that does not is a warning.
    pub(super) fn judge_stored(&mut self, module: ModuleId, block: &Arc<ResourceBlock>) {
        let rules = &block.lifecycle;
        if rules.preconditions.is_empty() && rules.postconditions.is_empty() {
            return;
        }
        for id in self.world.instances_of(module).to_vec() {
            let (expansion, found) = Expansion::of(
                block.count.as_deref(),
                block.for_each.as_deref(),
                &self.world.scope(id),
            );
            if found.has_errors() {
                self.diagnostics.extend(found);
                continue;
            }
            let resource = AbsResource {
                module: self.world.address(id).clone(),
                resource: block.address.clone(),
            };
            for (key, repetition) in expansion.instances() {
                let address = resource.instance(key);
                let stored = self.prior.get(&address).and_then(|prior| {
                    let object = prior.current.as_ref().filter(|o| !o.current.is_null())?;
                    Some(prior::state_value(object, &prior.schema))
                });
                if !self.is_targeted(&address) {
                    continue;
                }
                self.conditions(
                    &rules.preconditions,
                    id,
                    &address,
                    &repetition,
                    None,
                    "precondition",
                );
                if let Some(value) = &stored {
                    let rules = &rules.postconditions;
                    self.conditions(rules, id, &address, &repetition, Some(value), "postcondition");
                }
            }
        }
    }
}
