//! Whether a provider keeps its word: a plan within the configuration, a result within the plan.

use streamform_lang::value::Kind;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::Attribute;
use super::Block;
use super::NestedBlock;
use crate::protocol::Findings;
use crate::protocol::ProviderDiagnostic;

/// Checks a planned object against the configuration: what is configured must be planned so (or stay as it was), and
/// nothing but computed attributes may be added. `lenient` (see [`Provider::lenient`](crate::Provider::lenient)) leaves
/// out everything but whether there is an object at all.
pub fn plan_valid(prior: &Value, config: &Value, planned: &Value, block: &Block, lenient: bool) -> Findings {
    let mut run = Run {
        findings: Findings::new(),
        summary: "Provider produced invalid plan",
    };
    let root = Path::root();
    if config.is_null() != planned.is_null() {
        run.report(
            &root,
            if config.is_null() {
                "planned for existence but config wants absence"
            } else {
                "planned for absence but config wants existence"
            },
        );
    } else if !lenient {
        run.plan_block(prior, config, planned, block, &root);
    }
    run.findings
}

/// Checks the object after an apply against the planned one: what was known must be so, what was unknown may be anything.
pub fn consistent(planned: &Value, actual: &Value, block: &Block) -> Findings {
    let mut run = Run {
        findings: Findings::new(),
        summary: "Provider produced inconsistent result after apply",
    };
    run.same_block(planned, actual, block, &Path::root());
    run.findings
}

struct Run {
    findings: Findings,
    summary: &'static str,
}

fn member(object: &Value, name: &str, ty: impl FnOnce() -> Type) -> Value {
    object.get(name).cloned().unwrap_or_else(|| Value::null(ty()))
}

impl Run {
    fn report(&mut self, at: &Path, problem: &str) {
        let place = at.to_string();
        let place = if place.is_empty() {
            String::new()
        } else {
            format!(".{place}: ")
        };
        self.findings.push(
            ProviderDiagnostic::error(
                self.summary,
                format!("{place}{problem}. This is a mistake in the provider, not in the configuration."),
            )
            .at(at.clone()),
        );
    }

    fn plan_block(&mut self, prior: &Value, config: &Value, planned: &Value, block: &Block, at: &Path) {
        if planned.is_null() || !planned.is_known() || !config.is_known() {
            return;
        }
        for (name, a) in &block.attributes {
            let [p, c, n] = [prior, config, planned].map(|v| member(v, name, || a.ty.clone()));
            self.plan_attribute(&p, &c, &n, a, &at.child(Step::Attr(name.clone())));
        }
        for (name, b) in &block.blocks {
            let [p, c, n] = [prior, config, planned].map(|v| member(v, name, || b.implied_type()));
            self.plan_nested(&p, &c, &n, b, &at.child(Step::Attr(name.clone())));
        }
    }

    fn plan_attribute(&mut self, prior: &Value, config: &Value, planned: &Value, a: &Attribute, at: &Path) {
        if planned == config {
            return;
        }
        let kept = planned == prior && !prior.is_null();
        if kept && !config.is_null() || a.computed && (config.is_null() || a.nested.is_some()) {
            return;
        }
        if a.computed && !config.is_known() && !a.optional {
            return;
        }
        // Structural attributes are checked by what they hold, where some of it is computed.
        if let Some(nested) = &a.nested
            && nested.attributes.iter().any(|(_, a)| a.computed)
            && planned.is_null() == config.is_null()
        {
            return;
        }
        self.report(
            at,
            if a.sensitive {
                "sensitive planned value does not match config value"
            } else if prior.is_null() {
                "planned value does not match config value"
            } else {
                "planned value matches neither config value nor prior value"
            },
        );
    }

    fn plan_nested(&mut self, prior: &Value, config: &Value, planned: &Value, b: &NestedBlock, at: &Path) {
        if !config.is_known() || !planned.is_known() {
            return;
        }
        match (config.kind(), planned.kind()) {
            (Kind::Object(_), Kind::Object(_)) if !matches!(b.implied_type(), Type::Any) => {
                self.plan_block(prior, config, planned, &b.block, at);
            }
            (Kind::Map(c), Kind::Map(n)) => {
                for (key, config) in &c.items {
                    let at = at.child(Step::Key(key.clone()));
                    match planned.get(key) {
                        Some(planned) => {
                            let prior = member(prior, key, || b.block.implied_type());
                            self.plan_block(&prior, config, planned, &b.block, &at);
                        }
                        None => self.report(&at, "block in config is missing from plan"),
                    }
                }
                for (key, _) in n.items.iter().filter(|(k, _)| config.get(k).is_none()) {
                    self.report(
                        &at.child(Step::Key(key.clone())),
                        "block in plan is not in config",
                    );
                }
            }
            _ => {
                let (c, n) = (
                    config.items().unwrap_or_default(),
                    planned.items().unwrap_or_default(),
                );
                if c.len() != n.len() {
                    self.report(
                        at,
                        &format!(
                            "block count in plan ({}) disagrees with count in config ({})",
                            n.len(),
                            c.len()
                        ),
                    );
                } else if !matches!(config.kind(), Kind::Set(_)) {
                    for (i, (c, n)) in c.iter().zip(n).enumerate() {
                        let null = Value::null(b.block.implied_type());
                        let p = prior.items().and_then(|p| p.get(i)).unwrap_or(&null);
                        self.plan_block(p, c, n, &b.block, &at.child(Step::Index(i)));
                    }
                }
            }
        }
    }

    fn same_block(&mut self, planned: &Value, actual: &Value, block: &Block, at: &Path) {
        if planned.is_null() != actual.is_null() {
            let problem = if planned.is_null() {
                "was absent, but now present"
            } else {
                "was present, but now absent"
            };
            if planned.is_known() {
                self.report(at, problem);
            }
            return;
        }
        if planned.is_null() || !planned.is_known() || planned == actual {
            return;
        }
        for (name, a) in &block.attributes {
            let [p, n] = [planned, actual].map(|v| member(v, name, || a.ty.clone()));
            if !compatible(&p, &n) {
                self.report(
                    &at.child(Step::Attr(name.clone())),
                    &if a.sensitive || !p.deep_marks().is_empty() || !n.deep_marks().is_empty() {
                        "inconsistent values for sensitive attribute".to_owned()
                    } else {
                        format!("was {p:?}, but now {n:?}")
                    },
                );
            }
        }
        for (name, b) in &block.blocks {
            let [p, n] = [planned, actual].map(|v| member(v, name, || b.implied_type()));
            self.same_nested(&p, &n, b, &at.child(Step::Attr(name.clone())));
        }
    }

    fn same_nested(&mut self, planned: &Value, actual: &Value, b: &NestedBlock, at: &Path) {
        if !planned.is_known() || planned == actual {
            return;
        }
        match (planned.kind(), actual.kind()) {
            (Kind::Object(_) | Kind::Null(_), Kind::Object(_) | Kind::Null(_)) => {
                self.same_block(planned, actual, &b.block, at);
            }
            (Kind::Map(p), Kind::Map(n)) => {
                for (key, planned) in &p.items {
                    let at = at.child(Step::Key(key.clone()));
                    match actual.get(key) {
                        Some(actual) => self.same_block(planned, actual, &b.block, &at),
                        None => self.report(&at, "block has vanished"),
                    }
                }
                for (key, _) in n.items.iter().filter(|(k, _)| planned.get(k).is_none()) {
                    self.report(&at.child(Step::Key(key.clone())), "new block has appeared");
                }
            }
            (Kind::Set(p), Kind::Set(n)) => {
                let lost = p.items.iter().any(|p| !n.items.iter().any(|n| compatible(p, n)));
                if lost {
                    self.report(
                        at,
                        "a planned set element does not correlate with any element in actual",
                    );
                } else if p.items.len() < n.items.len()
                    || planned.is_wholly_known() && p.items.len() != n.items.len()
                {
                    self.report(
                        at,
                        &format!(
                            "block set length changed from {} to {}",
                            p.items.len(),
                            n.items.len()
                        ),
                    );
                }
            }
            _ => {
                let (p, n) = (
                    planned.items().unwrap_or_default(),
                    actual.items().unwrap_or_default(),
                );
                if p.len() == n.len() {
                    for (i, (p, n)) in p.iter().zip(n).enumerate() {
                        self.same_block(p, n, &b.block, &at.child(Step::Index(i)));
                    }
                } else {
                    self.report(
                        at,
                        &format!("block count changed from {} to {}", p.len(), n.len()),
                    );
                }
            }
        }
    }
}

/// Whether a planned value can have become this one.
fn compatible(planned: &Value, actual: &Value) -> bool {
    if planned.is_wholly_known() {
        return planned.clone().unmark_deep().0 == actual.clone().unmark_deep().0;
    }
    match (planned.kind(), actual.kind()) {
        (Kind::Unknown(u), _) => !(u.refinement.not_null && actual.is_null()),
        (Kind::List(p), Kind::List(n)) => {
            p.items.len() == n.items.len() && p.items.iter().zip(&n.items).all(|(p, n)| compatible(p, n))
        }
        (Kind::Tuple(p), Kind::Tuple(n)) => {
            p.len() == n.len() && p.iter().zip(n.iter()).all(|(p, n)| compatible(p, n))
        }
        (Kind::Map(p), Kind::Map(n)) => {
            p.items.len() == n.items.len()
                && p.items
                    .iter()
                    .zip(&n.items)
                    .all(|((k, p), (l, n))| k == l && compatible(p, n))
        }
        (Kind::Object(p), Kind::Object(n)) => {
            p.len() == n.len()
                && p.iter()
                    .zip(n.iter())
                    .all(|((k, p), (l, n))| k == l && compatible(p, n))
        }
        (Kind::Set(p), Kind::Set(n)) => p.items.iter().all(|p| n.items.iter().any(|n| compatible(p, n))),
        _ => false,
    }
}
