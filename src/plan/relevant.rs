//! Which drift matters to a plan: the attributes that what changes is made from, directly or through local values, variables,
//! outputs and other resources.
//!
//! A plan that undoes a change shows it as its own change; that something was found changed is worth a word of its own only
//! where another object or an output changes because of it, or where an object is gone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::Subject;
use streamform_lang::syntax::Step;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Name;
use streamform_lang::value::Value;

use super::Action;
use super::InstanceChange;
use super::OutputChange;
use crate::config::Configuration;
use crate::config::Module;
use crate::config::walk::body_traversals;
use crate::config::walk::traversals;

/// Attributes of resource blocks that matter; an empty set: all of them.
type Relevant = BTreeMap<ConfigResource, BTreeSet<Name>>;

/// Which of the drift matters, and by which attributes. An object that is gone always does.
pub(super) fn relevant_drift(
    config: &Configuration,
    drift: &[InstanceChange],
    changes: &[InstanceChange],
    outputs: &[OutputChange],
) -> Vec<RelevantDrift> {
    if drift.is_empty() {
        return Vec::new();
    }
    let mut search = Search {
        config,
        found: Relevant::new(),
        seen: HashSet::new(),
        pending: Vec::new(),
    };
    let changing = changes.iter().filter(|c| c.action != Action::NoOp);
    let blocks: BTreeSet<ConfigResource> = changing.map(|c| c.address.config()).collect();
    for block in &blocks {
        search.block(block);
    }
    for output in outputs.iter().filter(|o| o.action != Action::NoOp) {
        if let Some(block) = config.root().outputs.get(&output.name) {
            search.expression(config.root(), &block.value);
        }
    }
    search.run();
    drift
        .iter()
        .enumerate()
        .filter_map(|(index, d)| {
            if d.after.is_null() {
                return Some(RelevantDrift {
                    index,
                    attributes: Vec::new(),
                });
            }
            let names = search.found.get(&d.address.config())?;
            let attributes: Vec<Name> = d
                .before
                .entries()?
                .iter()
                .filter(|(name, before)| {
                    (names.is_empty() || names.contains(name)) && differs(before, d.after.get(name))
                })
                .map(|(name, _)| name.clone())
                .collect();
            (!attributes.is_empty()).then_some(RelevantDrift { index, attributes })
        })
        .collect()
}

/// One entry of a plan's drift that matters to what the plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelevantDrift {
    /// Where it stands in the list.
    pub index: usize,
    /// The attributes that matter; none for an object that is gone.
    pub attributes: Vec<Name>,
}

fn differs(before: &Value, after: Option<&Value>) -> bool {
    after.is_none_or(|a| a.clone().unmark_deep().0 != before.clone().unmark_deep().0)
}

struct Search<'a> {
    config: &'a Configuration,
    found: Relevant,
    /// References that were followed already, by module and text.
    seen: HashSet<String>,
    pending: Vec<(&'a Module, &'a Traversal)>,
}

impl<'a> Search<'a> {
    fn expression(&mut self, module: &'a Module, expr: &'a streamform_lang::syntax::Expr) {
        traversals(expr, &mut |t| self.pending.push((module, t)));
    }

    /// Everything that a resource block is made from.
    fn block(&mut self, address: &ConfigResource) {
        let Some(module) = self.config.find(&address.module) else {
            return;
        };
        let Some(block) = module.resources.get(&address.resource) else {
            return;
        };
        body_traversals(&block.body, &mut |t| self.pending.push((module, t)));
        let others = block.count.iter().chain(&block.for_each);
        for expr in others.chain(&block.lifecycle.replace_triggered_by) {
            self.expression(module, expr);
        }
    }

    fn run(&mut self) {
        while let Some((module, t)) = self.pending.pop() {
            let Ok(reference) = &t.reference else { continue };
            let rest = t.steps.get(reference.consumed..).unwrap_or_default();
            let attribute = first_attribute(rest);
            let key = format!("{}|{}|{attribute:?}", module.path, reference.subject);
            if self.seen.insert(key) {
                self.follow(module, &reference.subject, attribute);
            }
        }
    }

    fn follow(&mut self, module: &'a Module, subject: &Subject, attribute: Option<&Name>) {
        match subject {
            Subject::Local(name) => {
                if let Some(local) = module.locals.get(name) {
                    self.expression(module, &local.value);
                }
            }
            Subject::Variable(name) => {
                let Some((parent, call)) = &module.parent else {
                    return;
                };
                let parent = self.config.module(*parent);
                let argument = parent.calls.get(call).and_then(|c| c.arguments.get(name));
                if let Some(argument) = argument {
                    self.expression(parent, &argument.expr);
                }
            }
            Subject::ModuleOutput(call, _, output) => self.outputs(module, call, Some(output)),
            Subject::Module(call) | Subject::ModuleInstance(call, _) => self.outputs(module, call, attribute),
            Subject::Resource(resource) | Subject::ResourceInstance(resource, _) => {
                let address = ConfigResource {
                    module: module.path.clone(),
                    resource: resource.clone(),
                };
                let new = !self.found.contains_key(&address);
                let names = self.found.entry(address).or_default();
                match attribute {
                    // All of them, once and for all.
                    None => names.clear(),
                    Some(name) if new || !names.is_empty() => _ = names.insert(name.clone()),
                    Some(_) => {}
                }
                let own = module.resources.get(resource).and_then(|block| {
                    let attributes = block.body.attributes.iter();
                    attributes
                        .into_iter()
                        .find(|a| Some(&a.name.name) == attribute)
                        .map(|a| &a.expr)
                });
                if let Some(expr) = own {
                    self.expression(module, expr);
                }
            }
            _ => {}
        }
    }

    fn outputs(&mut self, module: &'a Module, call: &Name, wanted: Option<&Name>) {
        let Some(child) = module.children.get(call).map(|c| self.config.module(*c)) else {
            return;
        };
        for (name, output) in &child.outputs {
            if wanted.is_none_or(|w| w == name) {
                self.expression(child, &output.value);
            }
        }
    }
}

fn first_attribute(rest: &[Step]) -> Option<&Name> {
    rest.iter().find_map(|s| match &s.kind {
        StepKind::Attr(name) => Some(name),
        StepKind::Index(_) => None,
    })
}
