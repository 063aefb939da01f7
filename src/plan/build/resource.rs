//! Resource blocks during the walk: expansion, configuration, plan.

use std::collections::HashSet;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Severity;
use streamform_lang::eval::describe_unknown;
use streamform_lang::value::Value;
use streamform_provider::schema;
use streamform_provider::schema::Schema;

use super::ConfigValue;
use super::decode_instance;
use super::deferral::count_unknown;
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
use crate::plan::ActionReason;
use crate::plan::DeferralReason;
use crate::plan::PlanMode;

/// One instance of a block, ready to be planned, read or opened.
pub struct Ready {
    /// The module instance that it stands in.
    pub module: ModuleInstanceId,
    /// Its address.
    pub address: AbsInstance,
    /// What `count` or `for_each` give it.
    pub repetition: Repetition,
    /// Its configuration.
    pub config: ConfigValue,
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
        let mode = self.input.options.mode;
        let ephemeral = resource.mode == Mode::Ephemeral;
        if mode == PlanMode::Destroy && ephemeral && self.is_superfluous(node) {
            return Progressed::Done;
        }
        if (mode == PlanMode::Destroy && !ephemeral)
            || (mode == PlanMode::RefreshOnly && resource.mode == Mode::Managed)
        {
            self.values_from_state(module, resource);
            if mode == PlanMode::RefreshOnly {
                self.judge_stored(module, &block);
            }
            return Progressed::Done;
        }
        let config = ConfigResource {
            module: self.input.config.module(module).path.clone(),
            resource: resource.clone(),
        };
        if let Some(span) = names_itself(&block) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Self-referential block",
                    format!("Configuration for {config} may not refer to itself."),
                )
                .at(span),
            );
            return Progressed::Failed;
        }
        if let Some((reason, explanation)) = self.must_defer(node, &block) {
            for id in self.world.instances_of(module).to_vec() {
                let abs = AbsResource {
                    module: self.world.address(id).clone(),
                    resource: resource.clone(),
                };
                self.defer_resource(node, abs, reason, explanation.clone());
                let unknown = Expansion::Unknown(block.for_each.is_some());
                self.world.set_expansion(id, resource, unknown);
            }
            return Progressed::Done;
        }
        let uncertain = self.may_defer() && self.uses_uncertain(node);
        let decoder = schema::Decoder::new(&block.body, &schema.block, &[]);
        let mut ready = Vec::new();
        let mut there = HashSet::new();
        for id in self.world.instances_of(module).to_vec() {
            let (expansion, found) = Expansion::of(
                block.count.as_deref(),
                block.for_each.as_deref(),
                &self.world.scope(id),
            );
            let broken = found.has_errors();
            self.diagnostics.extend(found);
            let abs = AbsResource {
                module: self.world.address(id).clone(),
                resource: resource.clone(),
            };
            if let Expansion::Unknown(for_each) = expansion
                && !broken
            {
                if self.may_defer() {
                    let reason = DeferralReason::InstanceCountUnknown;
                    let why = count_unknown(for_each, "its instances");
                    self.defer_resource(node, abs.clone(), reason, why);
                } else {
                    let mut told = unknown_expansion(for_each, &block);
                    if let Some(expr) = block.count.as_ref().or(block.for_each.as_ref()) {
                        told = told.with_values(describe_unknown(expr, &self.world.scope(id)));
                        let targets = targets_of(expr, &abs.module);
                        if !targets.is_empty() {
                            told = told.help(format!("streamform apply {}", targets.join(" ")));
                        }
                    }
                    self.diagnostics.push(told);
                }
            }
            let mut deferred = Vec::new();
            let mut untargeted = Vec::new();
            for (key, repetition) in expansion.instances() {
                let address = abs.instance(key);
                there.insert(address.clone());
                if !self.is_targeted(&address) {
                    self.unjudged(&block, &address);
                    untargeted.push(address);
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
                let (config, found) = decode_instance(&decoder, &scope, &address);
                let broken = found.has_errors();
                self.diagnostics.extend(found);
                if broken {
                    continue;
                }
                if uncertain && !config.value.is_wholly_known() {
                    self.defer_instance(node, address.clone());
                    deferred.push(address);
                    continue;
                }
                if let Some(live) = self.providers.get(&block.resolved_provider) {
                    let marked = config.value.clone().mark_with_paths(&config.marks);
                    let mut found = live.provider.validate(resource.mode, &resource.ty, &marked);
                    if !ephemeral {
                        found.extend(forbid_ephemeral(&config.marks, &schema.block));
                    }
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
            self.leave(id, untargeted);
            for address in deferred {
                let unknown = Value::unknown(schema.block.implied_type());
                self.world.set_instance(id, resource, address.key, unknown);
            }
        }
        if failed(self) {
            return Progressed::Failed;
        }
        match resource.mode {
            Mode::Managed => {
                let config = ConfigResource {
                    module: self.input.config.module(module).path.clone(),
                    resource: resource.clone(),
                };
                match self.imports_of(&config, &there) {
                    None => return Progressed::Failed,
                    Some(targets) if !targets.is_empty() => {
                        return self.start_imports(node, targets, ready, &block, &schema);
                    }
                    Some(_) => self.plan_ready(node, ready, &block, &schema),
                }
                if failed(self) {
                    Progressed::Failed
                } else {
                    Progressed::Done
                }
            }
            Mode::Data => self.start_data(node, ready, &block, &schema),
            Mode::Ephemeral => self.start_ephemeral(node, ready, &block, &schema),
        }
    }

    /// Instances that targets leave out are what the state says; one that is not there yet is no instance to anyone.
    fn leave(&mut self, module: ModuleInstanceId, untargeted: Vec<AbsInstance>) {
        for address in untargeted {
            let stored = self.prior.get(&address).and_then(|prior| {
                let object = prior.current.as_ref().filter(|o| !o.current.is_null())?;
                Some(prior::state_value(object, &prior.schema))
            });
            match stored {
                Some(value) => self
                    .world
                    .set_instance(module, &address.resource, address.key, value),
                None => self.world.set_absent(module, &address.resource, address.key),
            }
        }
    }

    /// Plans the instances of a block.
    pub(super) fn plan_ready(
        &mut self,
        node: NodeId,
        ready: Vec<Ready>,
        block: &Arc<ResourceBlock>,
        schema: &Arc<Schema>,
    ) {
        let dependencies = self.dependency_names(node);
        let forced = self.is_created_first(node);
        for one in ready {
            self.plan_one(&one, block, schema, &dependencies, forced);
        }
    }

    /// Whether an error was found since there were so many diagnostics.
    pub(super) fn has_errors_since(&self, before: usize) -> bool {
        self.diagnostics
            .iter()
            .skip(before)
            .any(|d| d.severity == Severity::Error)
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
        let replace = match self.is_triggered(block, one) {
            Ok(true) => Some(ActionReason::ReplaceByTriggers),
            Ok(false) => {
                let asked = self.input.options.replace.contains(&one.address);
                asked.then_some(ActionReason::ReplaceByRequest)
            }
            Err(found) => {
                self.diagnostics.extend(found);
                return;
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
            forgets: self.is_kept(&one.address, Some(block), false),
            dependencies: dependencies.to_vec(),
        }
        .plan();
        self.diagnostics.extend(found);
        let Some(mut change) = change else { return };
        change.previous_address = moved_from;
        change.importing = self.imported.get(&one.address).cloned();
        self.settle_unread(&mut change);
        if change.action.deletes() {
            self.guard(&mut change, Some(block));
        }
        let value = change.after.clone();
        self.world.set_instance(
            one.module,
            &one.address.resource,
            one.address.key.clone(),
            value.clone(),
        );
        self.changes.push(change);
        self.conditions(
            &block.lifecycle.postconditions,
            one.module,
            &one.address,
            &one.repetition,
            Some(&value),
            "postcondition",
        );
    }

    /// The resource blocks that a block depends on directly, as the state names them. What is ephemeral or has no instances is not in
    /// the state: what it needs stands for it.
    pub(super) fn dependency_names(&self, node: NodeId) -> Vec<String> {
        let graph = self.input.graph;
        let mut names = Vec::new();
        let mut absent = Vec::new();
        let mut seen = HashSet::new();
        let mut next = Some(node);
        while let Some(node) = next {
            for used in graph.resource_dependencies(node).iter() {
                let crate::deps::NodeKind::Resource(module, resource) = graph.kind(*used) else {
                    continue;
                };
                if !seen.insert(*used) {
                    continue;
                }
                if resource.mode == Mode::Ephemeral {
                    absent.push(*used);
                    continue;
                }
                if self.is_empty(*module, resource) {
                    absent.push(*used);
                }
                let config = ConfigResource {
                    module: self.input.config.module(*module).path.clone(),
                    resource: resource.clone(),
                };
                names.push(config.to_string());
            }
            next = absent.pop();
        }
        names.sort();
        names.dedup();
        names
    }
}

impl Planner<'_> {
    /// Whether a block turned out to have no instance at all.
    fn is_empty(&self, module: ModuleId, resource: &Resource) -> bool {
        let mut modules = self.world.instances_of(module).iter();
        modules.all(|id| {
            self.world
                .expansion(*id, resource)
                .is_some_and(Expansion::is_empty)
        })
    }
}

/// Where `count` or `for_each` of a block names the block itself.
fn names_itself(block: &ResourceBlock) -> Option<streamform_lang::diag::Span> {
    let mut found = None;
    for expr in [&block.count, &block.for_each].into_iter().flatten() {
        expr.for_each_reference(&mut |r| {
            if let Subject::Resource(named) | Subject::ResourceInstance(named, _) = &r.subject
                && *named == block.address
            {
                found.get_or_insert(r.span);
            }
        });
    }
    found
}

/// What to apply first so that an expression is known: `-target=…` for each resource that it names.
fn targets_of(
    expr: &streamform_lang::syntax::Expr,
    module: &streamform_lang::addrs::ModuleInstance,
) -> Vec<String> {
    let mut targets = Vec::new();
    expr.for_each_reference(&mut |r| {
        let (resource, key) = match &r.subject {
            Subject::Resource(resource) => (resource, InstanceKey::None),
            Subject::ResourceInstance(resource, key) => (resource, key.clone()),
            _ => return,
        };
        let address = AbsInstance {
            module: module.clone(),
            resource: resource.clone(),
            key,
        }
        .to_string();
        // For a shell: keys have quotes of their own.
        let target = if address.contains('"') {
            format!("-target='{address}'")
        } else {
            format!("-target={address}")
        };
        if resource.mode == Mode::Managed && !targets.contains(&target) {
            targets.push(target);
        }
    });
    targets
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
