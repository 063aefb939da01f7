//! Checking a configuration with nothing but itself: no state, no variables, no API.

use std::collections::BTreeMap;
use std::collections::HashSet;

use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::eval::Scope;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::schema;

use super::Loaded;
use super::Session;
use super::provisioners;
use crate::config::CheckRule;
use crate::config::Configuration;
use crate::config::ModuleId;
use crate::deps::NodeKind;
use crate::eval::Expansion;
use crate::eval::INVALID_MESSAGE;
use crate::eval::Repetition;
use crate::eval::World;
use crate::eval::WorldSettings;
use crate::eval::evaluate_condition;
use crate::eval::evaluate_message;
use crate::eval::import_targets;
use crate::plan::build::evaluate_provider;
use crate::plan::build::forbid_ephemeral;
use crate::plan::build::place_findings;

/// Checks everything that can be checked without values: every block of every module once, whatever its `count` or
/// `for_each`.
pub fn validate(session: &Session, loaded: &Loaded) -> Diagnostics {
    let mut diagnostics = loaded.diagnostics.clone();
    // What has errors of this kind has no order; an import block alone has no blocks to put in order.
    if loaded.graph.order().is_empty() && diagnostics.has_errors() {
        return diagnostics;
    }
    let config = &*loaded.config;
    let found = provisioners::check(session, config);
    diagnostics.extend(
        found
            .into_iter()
            .filter(|d| !is_told(&loaded.diagnostics, d))
            .collect(),
    );
    let variables: BTreeMap<_, _> = config
        .root()
        .variables
        .iter()
        .map(|(n, v)| (n.clone(), Value::unknown(v.ty.without_optional())))
        .collect();
    let settings = WorldSettings {
        validating: true,
        ..session.settings("", false, variables)
    };
    let used_providers = config.used_providers();
    let mut world = World::new(config, settings);
    let mut bad = HashSet::new();
    for node in loaded.graph.order() {
        if loaded.graph.dependencies(*node).iter().any(|d| bad.contains(d)) {
            bad.insert(*node);
            continue;
        }
        let found = match loaded.graph.kind(*node) {
            NodeKind::Variable(m, n) => world.evaluate_variable(*m, n),
            NodeKind::Local(m, n) => world.evaluate_local(*m, n),
            NodeKind::Output(m, n) => {
                let mut found = Diagnostics::new();
                for id in world.instances_of(*m) {
                    for rule in output_conditions(config, *m, n) {
                        found.extend(evaluate_condition(rule, &world.scope(*id)).1);
                    }
                }
                found.extend(world.evaluate_output(*m, n));
                found
            }
            NodeKind::Call(m, n) => world.evaluate_call(*m, n),
            NodeKind::Resource(m, r) => resource(session, &mut world, *m, r),
            NodeKind::Provider(address) if !used_providers.contains(address) => Diagnostics::new(),
            NodeKind::Provider(address) => {
                match evaluate_provider(&world, &session.registry, address, &*session.observer) {
                    Ok((_, _, found)) | Err(found) => found,
                }
            }
            NodeKind::Check(m, n) => {
                let mut found = Diagnostics::new();
                for id in world.instances_of(*m) {
                    for rule in config
                        .module(*m)
                        .checks
                        .get(n)
                        .map(|c| c.asserts.as_slice())
                        .unwrap_or_default()
                    {
                        // What is asserted is looked at when it is checked.
                        found.extend(evaluate_message(rule, &world.scope(*id)).1);
                    }
                }
                found
            }
            NodeKind::Hub => Diagnostics::new(),
        };
        if found.has_errors() {
            bad.insert(*node);
        }
        diagnostics.extend(
            found
                .into_iter()
                .filter(|d| !is_told(&loaded.diagnostics, d))
                .collect(),
        );
    }
    for import in &config.root().imports {
        let found = import_targets(import, &world).1;
        diagnostics.extend(
            found
                .into_iter()
                .filter(|d| !is_told(&loaded.diagnostics, d))
                .collect(),
        );
    }
    diagnostics.tidy()
}

/// What a configuration has wrong by itself. Whatever a command finds with values, state and targets is told only where there is
/// nothing of this kind: as in Terraform, where every plan begins with this check.
pub(super) fn wrong_by_itself(session: &Session, loaded: &Loaded) -> Option<Diagnostics> {
    let found = validate(session, loaded);
    found.has_errors().then_some(found)
}

/// Whether the static checks have told a problem already: they refuse something at the same place, and what is evaluated there
/// follows from it.
pub(super) fn is_told(told: &Diagnostics, found: &streamform_lang::diag::Diagnostic) -> bool {
    told.iter().any(|d| {
        d.severity == Severity::Error
            && match (d.subject, found.context.or(found.subject)) {
                (Some(a), Some(b)) => a.file == b.file && a.start < b.end && b.start < a.end,
                _ => false,
            }
    })
}

fn output_conditions<'a>(config: &'a Configuration, module: ModuleId, name: &Name) -> &'a [CheckRule] {
    let output = config.module(module).outputs.get(name);
    output.map_or(&[], |o| o.preconditions.as_slice())
}

fn resource(
    session: &Session,
    world: &mut World<'_>,
    module: ModuleId,
    resource: &streamform_lang::addrs::Resource,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let config = world.config();
    let Some(block) = config.module(module).resources.get(resource) else {
        return diagnostics;
    };
    let provider = &block.resolved_provider.provider;
    let Some(factory) = session.registry.get(provider) else {
        return diagnostics;
    };
    let Some(schema) = factory.schema(resource.mode, &resource.ty) else {
        return diagnostics;
    };
    let instance = factory.instance();
    for id in world.instances_of(module).to_vec() {
        let (expansion, found) = Expansion::of(
            block.count.as_deref(),
            block.for_each.as_deref(),
            &world.scope(id),
        );
        diagnostics.extend(found);
        let single = matches!(expansion, Expansion::Single);
        let repetition = Repetition::unknown(block.count.is_some(), block.for_each.is_some());
        let scope = world.instance_scope(id, repetition.clone());
        let (value, found) = schema::decode(&block.body, &schema.block, &scope, &[]);
        let failed = found.has_errors();
        diagnostics.extend(found);
        if !failed {
            let mut found = instance.validate(resource.mode, &resource.ty, &value);
            let (_, marks) = value.unmark_with_paths();
            found.extend(forbid_ephemeral(&marks, &schema.block));
            let address = streamform_lang::addrs::ConfigResource {
                module: config.module(module).path.clone(),
                resource: resource.clone(),
            }
            .to_string();
            diagnostics.extend(place_findings(
                found,
                Some(&block.body),
                Some(block.header),
                Some(&address),
            ));
        }
        let object = Value::unknown(schema.block.implied_type());
        // Whether a message is text, and may be shown, is seen where it is needed.
        let mut judge = |rule, scope: &dyn Scope| {
            let (_, found) = evaluate_condition(rule, scope);
            let of_message = |d: &Diagnostic| d.summary == INVALID_MESSAGE || d.severity == Severity::Warning;
            let kept = found.into_iter().filter(|d| !of_message(d));
            diagnostics.extend(kept.collect());
        };
        for rule in &block.lifecycle.preconditions {
            judge(rule, &world.instance_scope(id, repetition.clone()));
        }
        for rule in &block.lifecycle.postconditions {
            let scope = world
                .instance_scope(id, repetition.clone())
                .with_self(object.clone());
            judge(rule, &scope);
        }
        world.set_expansion(
            id,
            resource,
            if single {
                Expansion::Single
            } else {
                Expansion::Unknown(block.for_each.is_some())
            },
        );
        if single {
            let value = if resource.mode == Mode::Ephemeral {
                Value::unknown(Type::Any)
            } else {
                object
            };
            world.set_instance(id, resource, streamform_lang::addrs::InstanceKey::None, value);
        }
    }
    diagnostics
}
