//! One statement: what stands there stands here now.

use std::fmt;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Span;
use streamform_lang::value::Name;

use crate::config::Module;
use crate::config::ModuleId;

/// What moves as one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everything in a module instance.
    Module,
    /// All instances of a resource.
    Resource,
    /// One instance.
    Instance,
}

/// An address in which some instance keys may be left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Module calls from the root on; no key: every instance.
    pub(super) modules: Vec<(Name, Option<InstanceKey>)>,
    /// The resource in that module, if it is not the module itself; no key: every instance.
    pub(super) resource: Option<(Resource, Option<InstanceKey>)>,
}

impl Pattern {
    /// One instance.
    fn exact(address: &AbsInstance) -> Pattern {
        let modules = address.module.0.iter();
        Pattern {
            modules: modules
                .map(|(name, key)| (name.clone(), Some(key.clone())))
                .collect(),
            resource: Some((address.resource.clone(), Some(address.key.clone()))),
        }
    }

    /// The resource, if it is one.
    pub(super) fn resource(&self) -> Option<&Resource> {
        self.resource.as_ref().map(|(r, _)| r)
    }

    /// Whether one and the same object could be meant by both.
    pub(super) fn meets(&self, other: &Pattern) -> bool {
        self.modules.len() == other.modules.len()
            && self.in_same_module(other)
            && match (&self.resource, &other.resource) {
                (None, None) => true,
                (Some((a, ka)), Some((b, kb))) => a == b && fits(ka, kb),
                _ => false,
            }
    }

    /// Whether what is meant could lie inside the module that `other` means.
    pub(super) fn lies_in(&self, other: &Pattern) -> bool {
        let deeper = self.modules.len() > other.modules.len()
            || (self.modules.len() == other.modules.len() && self.resource.is_some());
        other.resource.is_none() && deeper && self.in_same_module(other)
    }

    /// Whether the modules agree as far as both name them.
    fn in_same_module(&self, other: &Pattern) -> bool {
        self.modules
            .iter()
            .zip(&other.modules)
            .all(|((a, ka), (b, kb))| a == b && fits(ka, kb))
    }

    fn selects_module(&self, module: &ModuleInstance) -> bool {
        self.modules
            .iter()
            .zip(module.0.iter())
            .all(|((a, wanted), (b, key))| a == b && wanted.as_ref().is_none_or(|w| w == key))
    }
}

fn fits(a: &Option<InstanceKey>, b: &Option<InstanceKey>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// Prints `module.m[*].t.a[0]`: a star where every key is meant.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |f: &mut fmt::Formatter<'_>, key: &Option<InstanceKey>| match key {
            None => f.write_str("[*]"),
            Some(k) => write!(f, "{k}"),
        };
        for (i, (name, k)) in self.modules.iter().enumerate() {
            write!(f, "{}module.{name}", if i > 0 { "." } else { "" })?;
            key(f, k)?;
        }
        if let Some((resource, k)) = &self.resource {
            write!(f, "{}{resource}", if self.modules.is_empty() { "" } else { "." })?;
            key(f, k)?;
        }
        Ok(())
    }
}

/// What stands at `from` stands at `to` now.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// The module that says so.
    pub(super) module: ModuleId,
    /// How many module calls lead to it: so many steps of both addresses are its own instance.
    pub(super) depth: usize,
    pub(super) from: Pattern,
    pub(super) to: Pattern,
    /// The block; none where it follows from `count`, or from a rollback.
    pub(super) span: Option<Span>,
}

impl Statement {
    /// What no block says: what stands at one address stands at another.
    pub(super) fn exact(module: ModuleId, from: &AbsInstance, to: &AbsInstance) -> Statement {
        Statement {
            module,
            depth: 0,
            from: Pattern::exact(from),
            to: Pattern::exact(to),
            span: None,
        }
    }

    /// The `moved` blocks of a module.
    pub(super) fn of(module: &Module) -> impl Iterator<Item = Statement> {
        module.moved.iter().map(|block| {
            let (from, to) = patterns(module, &block.from, &block.to);
            Statement {
                module: module.id,
                depth: module.path.0.len(),
                from,
                to,
                span: Some(block.header),
            }
        })
    }

    /// What moves as one piece.
    pub(super) fn reach(&self) -> Reach {
        match &self.from.resource {
            None => Reach::Module,
            Some((_, None)) => Reach::Resource,
            Some((_, Some(_))) => Reach::Instance,
        }
    }

    /// Where an instance gets to; none if the statement does not mean it.
    pub(super) fn destination(&self, at: &AbsInstance) -> Option<AbsInstance> {
        let steps = self.from.modules.len();
        if at.module.0.len() < steps || !self.from.selects_module(&at.module) {
            return None;
        }
        let (resource, key, rest) = match (&self.from.resource, &self.to.resource) {
            (Some((from, from_key)), Some((to, to_key))) => {
                if at.module.0.len() != steps
                    || at.resource != *from
                    || from_key.as_ref().is_some_and(|k| *k != at.key)
                {
                    return None;
                }
                let key = to_key.clone().unwrap_or_else(|| at.key.clone());
                (to.clone(), key, &[][..])
            }
            _ => (at.resource.clone(), at.key.clone(), &at.module.0[steps..]),
        };
        let last = self.to.modules.len().wrapping_sub(1);
        let modules = self.to.modules.iter().enumerate().map(|(i, (name, key))| {
            let key = match key {
                Some(key) => key.clone(),
                // The last call of a whole module keeps the keys of its old name, the module of the statement its own.
                None if i == last && i >= self.depth => at.module.0[steps - 1].1.clone(),
                None => at.module.0[i].1.clone(),
            };
            (name.clone(), key)
        });
        Some(AbsInstance {
            module: ModuleInstance(modules.chain(rest.iter().cloned()).collect()),
            resource,
            key,
        })
    }

    /// Both addresses in one instance of the module that the statement stands in.
    pub(super) fn within(&self, module: &ModuleInstance) -> (Pattern, Pattern) {
        let bind = |pattern: &Pattern| {
            let mut pattern = pattern.clone();
            for (step, (_, key)) in pattern.modules.iter_mut().zip(module.0.iter()) {
                step.1 = Some(key.clone());
            }
            pattern
        };
        (bind(&self.from), bind(&self.to))
    }

    /// Why an object cannot move so: it would have another mode. `at` is the first that would. Whether it can have another
    /// type is for the provider to say.
    pub(super) fn unfit(&self, at: &AbsInstance) -> Option<Diagnostic> {
        let (from, to) = (self.from.resource()?, self.to.resource()?);
        if from.mode == to.mode {
            return None;
        }
        let found = Diagnostic::error(
            "Invalid \"moved\" addresses",
            format!(
                "The statement says that {at} has become {to}. A managed object cannot become a data source, nor the other way round: name two \"resource\" blocks."
            ),
        );
        Some(found.at_opt(self.span).on(at.to_string()))
    }
}

/// Both addresses of a block as patterns. If one names a single instance, so does the other.
fn patterns(module: &Module, from: &Target, to: &Target) -> (Pattern, Pattern) {
    let one = match (from, to) {
        (Target::Module(a), Target::Module(b)) => [a, b]
            .iter()
            .any(|m| m.0.last().is_some_and(|(_, k)| *k != InstanceKey::None)),
        _ => matches!(from, Target::Instance(_)) || matches!(to, Target::Instance(_)),
    };
    (pattern(module, from, one), pattern(module, to, one))
}

fn pattern(module: &Module, target: &Target, one: bool) -> Pattern {
    let (steps, resource) = match target {
        Target::Module(m) => (m, None),
        Target::Resource(r) => (
            &r.module,
            Some((r.resource.clone(), one.then_some(InstanceKey::None))),
        ),
        Target::Instance(i) => (&i.module, Some((i.resource.clone(), Some(i.key.clone())))),
    };
    let own = module.path.0.iter().map(|name| (name.clone(), None));
    let mut modules: Vec<(Name, Option<InstanceKey>)> = own
        .chain(
            steps
                .0
                .iter()
                .map(|(name, key)| (name.clone(), Some(key.clone()))),
        )
        .collect();
    if resource.is_none()
        && !one
        && let Some(last) = modules.last_mut()
    {
        last.1 = None;
    }
    Pattern { modules, resource }
}
