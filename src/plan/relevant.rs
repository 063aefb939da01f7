//! Attributes that matter to a plan: those that what changes is made from, directly or through local values, variables and
//! outputs, and the drift among them.
//!
//! A plan that undoes a change shows it as its own change; that something was found changed is worth a word of its own only
//! where another object or an output changes because of it, or where an object is gone.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::fmt::Write as _;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Subject;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::Step;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Name;
use streamform_lang::value::Value;

use super::Action;
use super::Plan;
use super::PlanMode;
use crate::config::Configuration;
use crate::config::Module;
use crate::config::walk::body_traversals;
use crate::config::walk::traversals;

/// A part of a resource that what changes is made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RelevantAttribute {
    /// The resource as it is referred to: without keys where all instances of a block or of a module are meant.
    pub resource: AbsInstance,
    /// What is used of it; nothing: all of it.
    pub path: Vec<RelevantStep>,
}

/// A step of the path to an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RelevantStep {
    Name(Name),
    Index(i64),
    /// By a key that is neither a text nor a whole number.
    Other,
}

impl RelevantAttribute {
    fn is_of(&self, instance: &AbsInstance) -> bool {
        let fits = |key: &InstanceKey, of: &InstanceKey| *key == InstanceKey::None || key == of;
        let (modules, others) = (&self.resource.module.0, &instance.module.0);
        self.resource.resource == instance.resource
            && fits(&self.resource.key, &instance.key)
            && modules.len() == others.len()
            && modules
                .iter()
                .zip(others.iter())
                .all(|((name, key), (other, of))| name == other && fits(key, of))
    }

    fn uses(&self, attribute: &Name) -> bool {
        let first = self.path.iter().find_map(|step| match step {
            RelevantStep::Name(name) => Some(name),
            _ => None,
        });
        first.is_none_or(|name| name == attribute)
    }
}

/// One entry of a plan's drift that matters to what the plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelevantDrift {
    /// Where it stands in the list.
    pub index: usize,
    /// The attributes that matter; none for an object that is gone.
    pub attributes: Vec<Name>,
}

/// Which of a plan's drift matters, and by which attributes. An object that is gone always does.
pub(super) fn relevant_drift(plan: &Plan, config: &Configuration) -> Vec<RelevantDrift> {
    if plan.drift.is_empty() {
        return Vec::new();
    }
    let relevant = relevant_attributes(plan, config);
    let of = |(index, drift): (usize, &super::InstanceChange)| {
        if drift.after.is_null() {
            return Some(RelevantDrift {
                index,
                attributes: Vec::new(),
            });
        }
        let used: Vec<&RelevantAttribute> = relevant.iter().filter(|r| r.is_of(&drift.address)).collect();
        let attributes: Vec<Name> = drift
            .before
            .entries()?
            .iter()
            .filter(|(name, before)| {
                used.iter().any(|r| r.uses(name)) && differs(before, drift.after.get(name))
            })
            .map(|(name, _)| name.clone())
            .collect();
        (!attributes.is_empty()).then_some(RelevantDrift { index, attributes })
    };
    plan.drift.iter().enumerate().filter_map(of).collect()
}

fn differs(before: &Value, after: Option<&Value>) -> bool {
    after.is_none_or(|a| a.clone().unmark_deep().0 != before.clone().unmark_deep().0)
}

/// What the changes of a plan are made from.
pub(crate) fn relevant_attributes(plan: &Plan, config: &Configuration) -> BTreeSet<RelevantAttribute> {
    let mut search = Search {
        config,
        found: BTreeSet::new(),
        seen: HashSet::new(),
        pending: Vec::new(),
    };
    let mut blocks = HashSet::new();
    let mut modules = BTreeSet::from([ModuleInstance::root()]);
    // What only reads goes through all modules; what has targets leaves the others out.
    let read = plan
        .untouched
        .iter()
        .filter(|_| plan.mode == PlanMode::RefreshOnly);
    for c in plan.changes.iter().chain(read) {
        if c.action != Action::Delete && c.action != Action::Forget {
            for n in 1..=c.address.module.0.len() {
                modules.insert(ModuleInstance(c.address.module.0[..n].into()));
            }
        }
        if c.action != Action::NoOp && blocks.insert(c.address.abs_resource()) {
            search.block(&c.address.module, &c.address.resource, None);
        }
    }
    for o in plan.outputs.iter().filter(|o| o.action != Action::NoOp) {
        search.output(&ModuleInstance::root(), &o.name);
    }
    // States keep no outputs of called modules, so these are new in every plan but one that destroys.
    for module in modules.iter().filter(|m| !m.is_root()) {
        let names = config.find(&module.module()).into_iter();
        for name in names.flat_map(|m| m.outputs.keys()) {
            search.output(module, name);
        }
    }
    search.run();
    search.found
}

/// A reference as it is met: in which module instance (without keys where all instances are meant), in which resource block.
struct Met<'a> {
    module: ModuleInstance,
    block: Option<Resource>,
    traversal: &'a Traversal,
}

struct Search<'a> {
    config: &'a Configuration,
    found: BTreeSet<RelevantAttribute>,
    seen: HashSet<String>,
    pending: Vec<Met<'a>>,
}

impl<'a> Search<'a> {
    fn module(&self, module: &ModuleInstance) -> Option<&'a Module> {
        self.config.find(&module.module())
    }

    fn expression(&mut self, module: &ModuleInstance, block: Option<&Resource>, expr: &'a Expr) {
        traversals(expr, &mut |traversal| {
            self.pending.push(Met {
                module: module.clone(),
                block: block.cloned(),
                traversal,
            });
        });
    }

    /// What an output of a module is made from.
    fn output(&mut self, module: &ModuleInstance, name: &Name) {
        if let Some(output) = self.module(module).and_then(|m| m.outputs.get(name)) {
            self.expression(module, None, &output.value);
        }
    }

    /// What a resource block is made from, or one attribute of it.
    fn block(&mut self, module: &ModuleInstance, resource: &Resource, attribute: Option<&Name>) {
        let Some(block) = self.module(module).and_then(|m| m.resources.get(resource)) else {
            return;
        };
        let mut met = |traversal| {
            self.pending.push(Met {
                module: module.clone(),
                block: Some(resource.clone()),
                traversal,
            });
        };
        match attribute {
            None => body_traversals(&block.body, &mut met),
            Some(name) => part(&block.body, name, &mut met),
        }
    }

    fn run(&mut self) {
        while let Some(met) = self.pending.pop() {
            let Ok(reference) = &met.traversal.reference else {
                continue;
            };
            let rest = met.traversal.steps.get(reference.consumed..).unwrap_or_default();
            let mut key = format!("{}|", met.module);
            if let (Subject::EachKey | Subject::EachValue | Subject::CountIndex, Some(block)) =
                (&reference.subject, &met.block)
            {
                _ = write!(key, "{block}|");
            }
            _ = write!(key, "{}{:?}", reference.subject, path(rest));
            if self.seen.insert(key) {
                self.follow(&met, &reference.subject, rest);
            }
        }
    }

    fn follow(&mut self, met: &Met<'a>, subject: &Subject, rest: &[Step]) {
        let module = &met.module;
        let Some(here) = self.module(module) else {
            return;
        };
        match subject {
            Subject::Variable(name) => {
                let Some(((call, _), above)) = module.0.split_last() else {
                    return;
                };
                let above = ModuleInstance(above.into());
                let argument = self
                    .module(&above)
                    .and_then(|m| m.calls.get(call))
                    .and_then(|c| c.arguments.get(name));
                if let Some(argument) = argument {
                    self.expression(&above, None, &argument.expr);
                }
            }
            Subject::Local(name) => {
                if let Some(local) = here.locals.get(name) {
                    self.expression(module, None, &local.value);
                }
            }
            Subject::ModuleOutput(name, key, output) => {
                self.output(&module.child(name.clone(), key.clone()), output);
            }
            Subject::Module(name) => self.outputs(&module.child(name.clone(), InstanceKey::None), rest),
            Subject::ModuleInstance(name, key) => {
                self.outputs(&module.child(name.clone(), key.clone()), rest);
            }
            Subject::Resource(resource) => self.resource(module, resource, &InstanceKey::None, rest),
            Subject::ResourceInstance(resource, key) => self.resource(module, resource, key, rest),
            Subject::EachKey | Subject::EachValue | Subject::CountIndex => {
                let block = met.block.as_ref().and_then(|r| here.resources.get(r));
                if let Some(block) = block {
                    for expr in block.for_each.iter().chain(&block.count) {
                        self.expression(module, None, expr);
                    }
                }
            }
            Subject::SelfObject | Subject::Path(_) | Subject::Terraform(_) | Subject::Other(..) => {}
        }
    }

    /// A module as a whole: what `rest` names of it, else all its outputs.
    fn outputs(&mut self, module: &ModuleInstance, rest: &[Step]) {
        let named = first_name(rest);
        let names: Vec<Name> = match named {
            Some(name) => vec![name.clone()],
            None => (self.module(module).into_iter())
                .flat_map(|m| m.outputs.keys().cloned())
                .collect(),
        };
        for name in names {
            self.output(module, &name);
        }
    }

    fn resource(&mut self, module: &ModuleInstance, resource: &Resource, key: &InstanceKey, rest: &[Step]) {
        self.found.insert(RelevantAttribute {
            resource: AbsInstance {
                module: module.clone(),
                resource: resource.clone(),
                key: key.clone(),
            },
            path: path(rest),
        });
        self.block(module, resource, first_name(rest));
    }
}

/// The references in what a body says of one attribute or block.
fn part<'a>(body: &'a Body, name: &Name, f: &mut dyn FnMut(&'a Traversal)) {
    for a in body.attributes.iter().filter(|a| a.name.name == *name) {
        traversals(&a.expr, f);
    }
    for b in body.blocks.iter().filter(|b| b.kind.name == *name) {
        body_traversals(&b.body, f);
    }
}

fn first_name(steps: &[Step]) -> Option<&Name> {
    steps.iter().find_map(|s| match &s.kind {
        StepKind::Attr(name) => Some(name),
        StepKind::Index(_) => None,
    })
}

fn path(steps: &[Step]) -> Vec<RelevantStep> {
    let step = |s: &Step| match &s.kind {
        StepKind::Attr(name) => RelevantStep::Name(name.clone()),
        StepKind::Index(key) => match (key.as_str(), key.as_number().and_then(|n| n.as_i64())) {
            (Some(text), _) => RelevantStep::Name(text.into()),
            (None, Some(index)) => RelevantStep::Index(index),
            (None, None) => RelevantStep::Other,
        },
    };
    steps.iter().map(step).collect()
}
