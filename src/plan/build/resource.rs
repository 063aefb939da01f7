//! Resource blocks during the walk: expansion, configuration, plan.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;
use streamform_provider::schema::Schema;

use super::ConfigValue;
use super::decode_instance;
use super::forbid_ephemeral;
use super::instance::InstancePlan;
use super::place_findings;
use super::prior;
use super::walk::Planner;
use super::walk::Progressed;
use crate::config::ModuleId;
use crate::config::ResourceBlock;
use crate::deps::NodeId;
use crate::eval::Expansion;
use crate::eval::ModuleInstanceId;
use crate::eval::Repetition;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::InstanceChange;
use crate::plan::PlanMode;

/// One instance of a block, ready to be planned.
pub(super) struct Ready {
    pub(super) module: ModuleInstanceId,
    pub(super) address: AbsInstance,
    pub(super) repetition: Repetition,
    pub(super) config: ConfigValue,
}

impl<'a> Planner<'a> {
    pub(super) fn start_resource(
        &mut self,
        node: NodeId,
        module: ModuleId,
        resource: &Resource,
    ) -> Progressed<'a> {
        let before = self.diagnostics.len();
        let failed = |p: &Self| {
            p.diagnostics
                .iter()
                .skip(before)
                .any(|d| d.severity == Severity::Error)
        };
        let Some(block) = self.input.config.module(module).resources.get(resource).cloned() else {
            return Progressed::Done;
        };
        let Some(schema) =
            self.input
                .registry
                .schema(&block.resolved_provider.provider, resource.mode, &resource.ty)
        else {
            // The static checks have told; a destroy of what is left in the state needs no configuration.
            return Progressed::Failed;
        };
        if self.input.options.mode != PlanMode::Normal {
            self.values_from_state(module, resource);
            return Progressed::Done;
        }
        let config = ConfigResource {
            module: self.input.config.module(module).path.clone(),
            resource: resource.clone(),
        };
        let decoder = self.decoders.get(&config, &block.body, &schema);
        let mut ready = Vec::new();
        for id in self.world.instances_of(module).to_vec() {
            let (expansion, found) = Expansion::of(
                block.count.as_deref(),
                block.for_each.as_deref(),
                &self.world.scope(id),
            );
            let broken = found.has_errors();
            self.diagnostics.extend(found);
            if let Expansion::Unknown(for_each) = expansion
                && !broken
            {
                self.diagnostics.push(unknown_expansion(for_each, &block));
            }
            let abs = AbsResource {
                module: self.world.address(id).clone(),
                resource: resource.clone(),
            };
            for (key, repetition) in expansion.instances() {
                let address = abs.instance(key);
                if !self.is_targeted(&address) {
                    continue;
                }
                if !self.conditions(
                    &block.lifecycle.preconditions,
                    id,
                    &address,
                    &repetition,
                    None,
                    "precondition",
                ) {
                    continue;
                }
                let scope = self.world.instance_scope(id, repetition.clone());
                let (config, found) = decode_instance(&decoder, &scope, &address.to_string());
                let broken = found.has_errors();
                self.diagnostics.extend(found);
                if broken {
                    continue;
                }
                if let Some(live) = self.providers.get(&block.resolved_provider) {
                    let marked = config.value.clone().mark_with_paths(&config.marks);
                    let mut found = live.provider.validate(resource.mode, &resource.ty, &marked);
                    found.extend(forbid_ephemeral(&config.marks, &schema.block));
                    let found = place_findings(
                        found,
                        Some(&block.body),
                        Some(block.header),
                        Some(&address.to_string()),
                    );
                    let broken = found.has_errors();
                    self.diagnostics.extend(found);
                    if broken {
                        continue;
                    }
                }
                ready.push(Ready {
                    module: id,
                    address,
                    repetition,
                    config,
                });
            }
            self.world.set_expansion(id, resource, expansion);
        }
        if failed(self) {
            return Progressed::Failed;
        }
        match resource.mode {
            Mode::Managed => {
                let dependencies = self.dependency_names(node);
                let forced = self.input.graph.is_create_before_destroy(node);
                for one in ready {
                    self.plan_one(&one, &block, &schema, &dependencies, forced);
                }
                if failed(self) {
                    Progressed::Failed
                } else {
                    Progressed::Done
                }
            }
            Mode::Data => self.start_data(node, ready, &block, &schema),
            Mode::Ephemeral => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Ephemeral resources are not available",
                        "Streamform cannot open ephemeral resources yet. Use a data source or a variable with \"ephemeral = true\" instead.",
                    )
                    .at(block.header),
                );
                Progressed::Failed
            }
        }
    }

    /// In a destroy or refresh-only plan: what the state says is what references see.
    fn values_from_state(&mut self, module: ModuleId, resource: &Resource) {
        for id in self.world.instances_of(module).to_vec() {
            let abs = AbsResource {
                module: self.world.address(id).clone(),
                resource: resource.clone(),
            };
            let config = abs.config();
            let found: Vec<(InstanceKey, Value)> = self
                .prior_of
                .get(&config)
                .into_iter()
                .flatten()
                .filter(|a| a.module == abs.module)
                .filter_map(|a| {
                    let prior = self.prior.get(a)?;
                    let object = prior.current.as_ref()?;
                    Some((a.key.clone(), prior::state_value(object, &prior.schema)))
                })
                .collect();
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

    fn plan_one(
        &mut self,
        one: &Ready,
        block: &Arc<ResourceBlock>,
        schema: &Arc<Schema>,
        dependencies: &[String],
        create_before_destroy: bool,
    ) {
        let Some(live) = self.providers.get(&block.resolved_provider).cloned() else {
            return;
        };
        let replace = if self.input.options.replace.contains(&one.address) {
            Some(ActionReason::ReplaceByRequest)
        } else {
            match self.is_triggered(block, one) {
                Ok(true) => Some(ActionReason::ReplaceByTriggers),
                Ok(false) => None,
                Err(found) => {
                    self.diagnostics.extend(found);
                    return;
                }
            }
        };
        let existing = self.prior.get(&one.address);
        let moved_from = existing.and_then(|p| p.moved_from.clone());
        let (change, found) = InstancePlan {
            address: &one.address,
            block,
            provider_config: &block.resolved_provider,
            provider: &live.provider,
            schema,
            config: &one.config,
            prior: existing.and_then(|p| p.current.as_ref()),
            replace,
            create_before_destroy,
            dependencies: dependencies.to_vec(),
        }
        .plan();
        self.diagnostics.extend(found);
        let Some(mut change) = change else { return };
        change.previous_address = moved_from;
        let value = change.after.clone();
        self.world.set_instance(
            one.module,
            &one.address.resource,
            one.address.key.clone(),
            value.clone(),
        );
        self.push(change);
        self.conditions(
            &block.lifecycle.postconditions,
            one.module,
            &one.address,
            &one.repetition,
            Some(&value),
            "postcondition",
        );
    }

    /// Whether something that `replace_triggered_by` names changes.
    fn is_triggered(&self, block: &ResourceBlock, one: &Ready) -> Result<bool, Diagnostics> {
        for expr in &block.lifecycle.replace_triggered_by {
            let mut references: Vec<Reference> = Vec::new();
            expr.for_each_reference(&mut |r| references.push(r.clone()));
            for reference in references {
                let (resource, key) = match &reference.subject {
                    Subject::Resource(r) => (r, None),
                    Subject::ResourceInstance(r, k) => (r, Some(k.clone())),
                    _ => continue,
                };
                let key = key.or_else(|| dynamic_key(expr, &one.repetition));
                let named = AbsResource {
                    module: self.world.address(one.module).clone(),
                    resource: resource.clone(),
                };
                let attribute = attribute_behind(expr);
                let triggers = |c: &InstanceChange| {
                    (c.action == Action::Update || c.action.is_replace())
                        && attribute.as_ref().is_none_or(|path| !same_at(c, path))
                };
                let hit = match key {
                    Some(key) => self
                        .change_of
                        .get(&named.instance(key))
                        .and_then(|i| self.changes.get(*i))
                        .is_some_and(triggers),
                    None => self
                        .changes_of
                        .get(&named)
                        .into_iter()
                        .flatten()
                        .filter_map(|i| self.changes.get(*i))
                        .any(triggers),
                };
                if hit {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    pub(super) fn push(&mut self, change: InstanceChange) {
        let at = self.changes.len();
        self.change_of.insert(change.address.clone(), at);
        self.changes_of
            .entry(change.address.abs_resource())
            .or_default()
            .push(at);
        if change.action != Action::NoOp {
            self.changing.insert(change.address.config());
        }
        self.changes.push(change);
    }

    /// The resource blocks that a block depends on directly, as the state names them.
    pub(super) fn dependency_names(&self, node: NodeId) -> Vec<String> {
        let mut names: Vec<String> = self
            .input
            .graph
            .resource_dependencies(node)
            .iter()
            .filter_map(|n| match self.input.graph.kind(*n) {
                crate::deps::NodeKind::Resource(module, resource) => Some(
                    ConfigResource {
                        module: self.input.config.module(*module).path.clone(),
                        resource: resource.clone(),
                    }
                    .to_string(),
                ),
                _ => None,
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// `each.key`, `each.value` or `count.index` as the key of a reference in `replace_triggered_by`.
fn dynamic_key(expr: &streamform_lang::syntax::Expr, repetition: &Repetition) -> Option<InstanceKey> {
    let mut keyed = false;
    expr.for_each_reference(&mut |r| {
        keyed |= matches!(
            r.subject,
            Subject::EachKey | Subject::EachValue | Subject::CountIndex
        );
    });
    if !keyed {
        return None;
    }
    if let Some((k, _)) = &repetition.each {
        return k.as_str().map(|s| InstanceKey::Str(s.into()));
    }
    repetition
        .count
        .as_ref()
        .and_then(|i| i.as_number()?.as_i64())
        .map(|i| InstanceKey::Int(i as u64))
}

/// Whether a place is after the change what it was before.
fn same_at(change: &InstanceChange, path: &Path) -> bool {
    let of = |object: &Value| object.at(path).map(|v| v.clone().unmark_deep().0);
    of(&change.before) == of(&change.after)
}

/// The attributes behind the reference, if the expression goes on.
fn attribute_behind(expr: &streamform_lang::syntax::Expr) -> Option<Path> {
    use streamform_lang::syntax::ExprKind;
    use streamform_lang::syntax::StepKind;
    let steps = match &expr.kind {
        ExprKind::Traversal(t) => {
            let consumed = t.reference.as_ref().ok()?.consumed;
            t.steps.get(consumed..)?
        }
        ExprKind::Relative(_, steps) => steps.as_slice(),
        _ => return None,
    };
    let names = steps
        .iter()
        .skip_while(|s| matches!(s.kind, StepKind::Index(_)))
        .map_while(|s| match &s.kind {
            StepKind::Attr(n) => Some(Step::Attr(n.clone())),
            StepKind::Index(_) => None,
        });
    let path = Path(names.collect());
    (!path.steps().is_empty()).then_some(path)
}

/// The teaching error for instances that cannot be known yet.
pub(super) fn unknown_expansion(for_each: bool, block: &ResourceBlock) -> Diagnostic {
    unknown_repetition(
        for_each,
        if for_each {
            block.for_each.as_ref()
        } else {
            block.count.as_ref()
        }
        .map_or(block.header, |e| e.span),
    )
}

/// The same for any block.
pub(super) fn unknown_repetition(for_each: bool, span: streamform_lang::diag::Span) -> Diagnostic {
    if for_each {
        Diagnostic::error(
            "Invalid for_each argument",
            "The \"for_each\" map includes keys derived from resource attributes that cannot be determined until apply, and so Streamform cannot determine the full set of keys that will identify the instances of this resource.\n\nWhen working with unknown values in for_each, it's better to define the map keys statically in your configuration and place apply-time results only in the map values.\n\nAlternatively, you could use the -target planning option to first apply only the resources that the for_each value depends on, and then apply a second time to fully converge.",
        )
        .at(span)
    } else {
        Diagnostic::error(
            "Invalid count argument",
            "The \"count\" value depends on resource attributes that cannot be determined until apply, so Streamform cannot predict how many instances will be created. To work around this, use the -target argument to first apply only the resources that the count depends on.",
        )
        .at(span)
    }
}
