//! Objects of the state that the configuration does not ask for: they are deleted.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::value::Value;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::schema;

use super::guard::kept;
use super::place_findings;
use super::prior::Prior;
use super::prior::PriorObject;
use super::prior::absent;
use super::walk::Planner;
use crate::eval::Expansion;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::InstanceChange;
use crate::plan::PlanMode;
use crate::plan::removed_block;

impl Planner<'_> {
    /// Plans everything of the state that the walk did not plan.
    pub(super) fn plan_orphans(&mut self) {
        // Nothing below asks for what was there before: it need not be copied.
        let priors = std::mem::take(&mut self.prior);
        let mode = self.input.options.mode;
        for (address, prior) in &priors {
            if !self.is_targeted(address) || self.is_left(address) {
                continue;
            }
            if mode != PlanMode::RefreshOnly {
                for (key, object) in &prior.deposed {
                    if self.is_forgotten(address) {
                        self.forget(address, prior, object, Some(key.clone()));
                    } else if !object.current.is_null() {
                        self.delete(address, prior, object, Some(key.clone()), None);
                    }
                }
            }
            if self.planned.at(&self.changes, address).is_some() {
                continue;
            }
            let Some(object) = &prior.current else {
                continue;
            };
            if mode == PlanMode::RefreshOnly {
                continue;
            }
            if address.resource.mode == Mode::Data {
                self.forget(address, prior, object, None);
                continue;
            }
            if self.is_forgotten(address) {
                self.forget(address, prior, object, None);
                continue;
            }
            if object.current.is_null() {
                continue;
            }
            let reason = if mode == PlanMode::Destroy {
                None
            } else {
                Some(self.why_orphaned(address))
            };
            self.delete(address, prior, object, None, reason);
        }
        self.prior = priors;
    }

    /// Objects that the plan says nothing about: targets leave them out, or nothing but reading was asked for.
    pub(super) fn untouched(&mut self) -> Vec<InstanceChange> {
        let options = &self.input.options;
        let limited = !options.targets.is_empty()
            || !options.excludes.is_empty()
            || !options.held.is_empty()
            || !self.deferred.is_empty();
        if options.mode != PlanMode::RefreshOnly && !limited {
            return Vec::new();
        }
        let mut planned = std::mem::take(&mut self.planned);
        self.prior
            .iter()
            .filter(|(address, _)| planned.at(&self.changes, address).is_none())
            .filter_map(|(address, prior)| {
                let object = prior.current.as_ref().filter(|o| !o.current.is_null())?;
                let value = object.current.clone().mark_with_paths(&object.marks);
                Some(InstanceChange {
                    after: value.clone(),
                    ..self.deletion(address, prior, object, Action::NoOp, None, value)
                })
            })
            .collect()
    }

    fn why_orphaned(&self, address: &AbsInstance) -> ActionReason {
        let config = address.config();
        if self.input.moves.origin(address).is_some() && self.input.config.resource(&config).is_none() {
            return ActionReason::DeleteBecauseNoMoveTarget;
        }
        // A call that is gone takes its resource blocks with it; what names the module is an instance of it that is gone.
        if self.input.config.resource(&config).is_none() {
            return ActionReason::DeleteBecauseNoResourceConfig;
        }
        let Some(module) = self.world.find(&address.module) else {
            return ActionReason::DeleteBecauseNoModule;
        };
        match (self.world.expansion(module, &address.resource), &address.key) {
            (Some(Expansion::Count(_)), InstanceKey::Int(_)) => ActionReason::DeleteBecauseCountIndex,
            (Some(Expansion::Each(_)), InstanceKey::Str(_)) => ActionReason::DeleteBecauseEachKey,
            _ => ActionReason::DeleteBecauseWrongRepetition,
        }
    }

    fn delete(
        &mut self,
        address: &AbsInstance,
        prior: &Prior,
        object: &PriorObject,
        deposed: Option<String>,
        reason: Option<ActionReason>,
    ) {
        let block = self.input.config.resource(&address.config()).cloned();
        if self.is_kept(address, block.as_deref(), object.skip_destroy) {
            let mut change = self.forgotten(address, prior, object, deposed, reason);
            change.explanation = block.is_none().then(kept);
            return self.changes.push(change);
        }
        let Some(live) = self.providers.get(&prior.provider).cloned() else {
            return;
        };
        let none = absent(&prior.schema);
        let response = live.provider.plan(PlanRequest {
            type_name: address.resource.ty.to_string(),
            prior: object.current.clone(),
            config: none.clone(),
            proposed: none,
            private: object.private.clone(),
        });
        let text = address.to_string();
        let found = place_findings(response.findings, None, None, Some(&text));
        let broken = found.has_errors();
        self.diagnostics.extend(found);
        if broken {
            return;
        }
        let before = schema::mark_sensitive(
            &prior.schema.block,
            object.current.clone().mark_with_paths(&object.marks),
        );
        let change = self.deletion(address, prior, object, Action::Delete, reason, before);
        let mut change = InstanceChange {
            deposed,
            after_private: response.private,
            ..change
        };
        self.guard(&mut change, block.as_deref());
        self.changes.push(change);
    }

    /// Whether a `removed` block wants an object to stay and only to leave the state.
    pub(super) fn is_forgotten(&self, address: &AbsInstance) -> bool {
        self.input.options.mode == PlanMode::Normal
            && address.resource.mode == Mode::Managed
            && removed_block(self.input.config, address).is_some_and(|block| !block.destroy)
            && self.input.config.resource(&address.config()).is_none()
    }

    fn forget(
        &mut self,
        address: &AbsInstance,
        prior: &Prior,
        object: &PriorObject,
        deposed: Option<String>,
    ) {
        let reason = (address.resource.mode == Mode::Managed).then(|| self.why_orphaned(address));
        let change = self.forgotten(address, prior, object, deposed, reason);
        self.changes.push(change);
    }

    fn forgotten(
        &self,
        address: &AbsInstance,
        prior: &Prior,
        object: &PriorObject,
        deposed: Option<String>,
        reason: Option<ActionReason>,
    ) -> InstanceChange {
        let before = schema::mark_sensitive(
            &prior.schema.block,
            object.current.clone().mark_with_paths(&object.marks),
        );
        let change = self.deletion(address, prior, object, Action::Forget, reason, before);
        InstanceChange { deposed, ..change }
    }

    /// In a plan that only refreshes: what does nothing but move is told beside what has changed.
    pub(super) fn tell_moved(&mut self) {
        for (_, to) in self.input.moves.all() {
            let told = self.drift.iter().any(|d| d.address == *to && d.deposed.is_none());
            let Some(prior) = self.prior.get(to).filter(|_| !told).cloned() else {
                continue;
            };
            let Some(object) = &prior.current else { continue };
            let value = schema::mark_sensitive(
                &prior.schema.block,
                object.current.clone().mark_with_paths(&object.marks),
            );
            // What has another type now is written anew.
            let converted = prior
                .moved_from
                .as_ref()
                .is_some_and(|f| f.resource.ty != to.resource.ty);
            let action = if converted { Action::Update } else { Action::NoOp };
            let change = InstanceChange {
                after: value.clone(),
                ..self.deletion(to, &prior, object, action, None, value)
            };
            self.drift.push(change);
        }
    }

    fn deletion(
        &self,
        address: &AbsInstance,
        prior: &Prior,
        object: &PriorObject,
        action: Action,
        reason: Option<ActionReason>,
        before: Value,
    ) -> InstanceChange {
        let options = &self.input.options;
        InstanceChange {
            address: address.clone(),
            // A destroy is planned from a state that a refresh has brought up to date, moves included.
            previous_address: (options.mode != PlanMode::Destroy || !options.refresh)
                .then(|| prior.moved_from.clone())
                .flatten(),
            deposed: None,
            provider: prior.provider.clone(),
            schema: Arc::clone(&prior.schema),
            action,
            reason,
            explanation: None,
            before,
            after: absent(&prior.schema),
            replace_paths: Vec::new(),
            before_private: object.private.clone(),
            after_private: None,
            dependencies: object.dependencies.clone(),
            create_before_destroy: object.create_before_destroy,
            prevent_destroy: object.prevent_destroy,
            skip_destroy: object.skip_destroy,
            importing: None,
        }
    }
}
