//! What is wrong with moves, told when the instances of the configuration are known.

use std::collections::HashMap;

use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::value::Name;

use super::Moves;
use super::statement::Pattern;
use crate::config::Configuration;
use crate::eval::Expansion;
use crate::eval::World;

impl Moves {
    /// Finds statements that say nothing, contradict each other, lead in circles, or speak of what the configuration
    /// still has. `expanded`: the world knows the instances of resource blocks too.
    pub fn validate(&self, world: &World<'_>, expanded: bool) -> Diagnostics {
        let config = world.config();
        let mut diagnostics = Diagnostics::new();
        let mut by_from: HashMap<String, (Span, String)> = HashMap::new();
        let mut by_to: HashMap<String, (Span, String)> = HashMap::new();
        for statement in &self.statements {
            let Some(span) = statement.span else { continue };
            for id in world.instances_of(statement.module) {
                let (from, to) = statement.within(world.address(*id));
                let kind = Kind::of(&from);
                let (from_text, to_text) = (told(&from), told(&to));
                if from == to {
                    diagnostics.push(
                        Diagnostic::error(
                            "Redundant move statement",
                            format!(
                                "This statement declares a move from {from_text} to the same address, which is the same as not declaring this move at all."
                            ),
                        )
                        .at(span),
                    );
                    continue;
                }
                if let Some(at) = declared(world, &from, expanded) {
                    diagnostics.push(
                        Diagnostic::error(
                            "Moved object still exists",
                            format!(
                                "This statement declares a move from {from_text}, but that {} is still declared at {}.\n\nChange your configuration so that this {} will be declared as {to_text} instead.",
                                kind.long(),
                                place(config, at),
                                kind.short()
                            ),
                        )
                        .at(span),
                    );
                }
                match by_from.get(&from_text) {
                    Some((at, other)) if *other != to_text => diagnostics.push(
                        Diagnostic::error(
                            "Ambiguous move statements",
                            format!(
                                "A statement at {} declared that {from_text} moved to {other}, but this statement instead declares that it moved to {to_text}.\n\nEach {} can move to only one destination {}.",
                                place(config, *at),
                                kind.long(),
                                kind.short()
                            ),
                        )
                        .at(span),
                    ),
                    Some(_) => {}
                    None => {
                        by_from.insert(from_text.clone(), (span, to_text.clone()));
                    }
                }
                match by_to.get(&to_text) {
                    Some((at, other)) if *other != from_text => diagnostics.push(
                        Diagnostic::error(
                            "Ambiguous move statements",
                            format!(
                                "A statement at {} declared that {other} moved to {to_text}, but this statement instead declares that {from_text} moved there.\n\nEach {} can have moved from only one source {}.",
                                place(config, *at),
                                kind.long(),
                                kind.short()
                            ),
                        )
                        .at(span),
                    ),
                    Some(_) => {}
                    None => {
                        by_to.insert(to_text, (span, from_text));
                    }
                }
            }
        }
        // A circle is often only what follows from the mistakes above.
        if !diagnostics.has_errors() {
            diagnostics.extend(self.circles(config));
        }
        diagnostics
    }

    fn circles(&self, config: &Configuration) -> Diagnostics {
        self.cycles
            .iter()
            .map(|cycle| {
                let members = || cycle.iter().filter_map(|i| self.statements.get(*i));
                let mut lines: Vec<String> = members()
                    .map(|s| {
                        let at = s.span.map_or_else(|| "from count".to_owned(), |span| place(config, span));
                        format!("\n  - {at}: {} → {}", s.from, s.to)
                    })
                    .collect();
                lines.sort();
                Diagnostic::error(
                    "Cyclic dependency in move statements",
                    format!(
                        "The following chained move statements form a cycle, and so there is no final location to move objects to:{}\n\nA chain of move statements must end with an address that doesn't appear in any other statements, and which typically also refers to an object still declared in the configuration.",
                        lines.concat()
                    ),
                )
            })
            .collect()
    }
}

/// What kind of object an address means.
#[derive(Clone, Copy)]
enum Kind {
    Call,
    ModuleInstance,
    Resource,
    ResourceInstance,
}

impl Kind {
    fn of(pattern: &Pattern) -> Kind {
        match (&pattern.resource, pattern.modules.last()) {
            (Some((_, None)), _) => Kind::Resource,
            (Some((_, Some(_))), _) => Kind::ResourceInstance,
            (None, Some((_, Some(_)))) => Kind::ModuleInstance,
            (None, _) => Kind::Call,
        }
    }

    fn long(self) -> &'static str {
        match self {
            Kind::Call => "module call",
            Kind::ModuleInstance => "module instance",
            Kind::Resource => "resource",
            Kind::ResourceInstance => "resource instance",
        }
    }

    fn short(self) -> &'static str {
        match self {
            Kind::Call => "call",
            Kind::Resource => "resource",
            Kind::ModuleInstance | Kind::ResourceInstance => "instance",
        }
    }
}

/// The address as a user writes it: what means every instance has no key.
fn told(pattern: &Pattern) -> String {
    let mut plain = pattern.clone();
    for (_, key) in &mut plain.modules {
        key.get_or_insert(InstanceKey::None);
    }
    if let Some((_, key)) = &mut plain.resource {
        key.get_or_insert(InstanceKey::None);
    }
    plain.to_string()
}

/// `main.tf:3,1`
fn place(config: &Configuration, span: Span) -> String {
    let column = config
        .sources
        .get(span.file)
        .map_or(1, |f| f.position(span.start).column);
    format!("{},{column}", config.sources.place(span))
}

/// Where the configuration declares what an address means, if it does.
fn declared(world: &World<'_>, pattern: &Pattern, expanded: bool) -> Option<Span> {
    match &pattern.resource {
        Some((resource, key)) => resource_declared(world, &pattern.modules, resource, key.as_ref(), expanded),
        None => {
            let ((name, key), parents) = pattern.modules.split_last()?;
            call_declared(world, parents, name, key.as_ref())
        }
    }
}

fn instance(steps: &[(Name, Option<InstanceKey>)]) -> ModuleInstance {
    ModuleInstance(
        steps
            .iter()
            .map(|(name, key)| (name.clone(), key.clone().unwrap_or_default()))
            .collect(),
    )
}

fn resource_declared(
    world: &World<'_>,
    modules: &[(Name, Option<InstanceKey>)],
    resource: &Resource,
    key: Option<&InstanceKey>,
    expanded: bool,
) -> Option<Span> {
    let module = world.find(&instance(modules))?;
    let block = world.module(module).resources.get(resource)?;
    let Some(key) = key else {
        return Some(block.header);
    };
    let many = block.count.as_ref().or(block.for_each.as_ref());
    let there = match (many, key) {
        (None, InstanceKey::None) => true,
        (None, _) | (Some(_), InstanceKey::None) => false,
        (Some(_), key) => expanded && has(world.expansion(module, resource)?, key),
    };
    there.then(|| many.map_or(block.header, |e| e.span))
}

fn call_declared(
    world: &World<'_>,
    parents: &[(Name, Option<InstanceKey>)],
    name: &Name,
    key: Option<&InstanceKey>,
) -> Option<Span> {
    let module = world.find(&instance(parents))?;
    let call = world.module(module).calls.get(name)?;
    let Some(key) = key else {
        return Some(call.header);
    };
    let many = call.count.as_ref().or(call.for_each.as_ref());
    let there = match (many, key) {
        (None, InstanceKey::None) => true,
        (None, _) | (Some(_), InstanceKey::None) => false,
        (Some(_), key) => has(world.call_expansion(module, name)?, key),
    };
    there.then(|| many.map_or(call.header, |e| e.span))
}

fn has(expansion: &Expansion, key: &InstanceKey) -> bool {
    match (expansion, key) {
        (Expansion::Single, InstanceKey::None) => true,
        (Expansion::Count(n), InstanceKey::Int(i)) => i < n,
        (Expansion::Each(items), InstanceKey::Str(k)) => items.iter().any(|(name, _)| name == k),
        _ => false,
    }
}
