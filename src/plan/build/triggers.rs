//! `replace_triggered_by`: whether something that it names changes.
//!
//! What it names is settled by the plan alone, as in Terraform: that a resource is missing, or has no such instance, is told
//! when the block is planned, not when the configuration is checked.

use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::StepKind;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;

use super::resource::Ready;
use super::walk::Planner;
use crate::config::ResourceBlock;
use crate::eval::Repetition;
use crate::plan::Action;
use crate::plan::InstanceChange;

/// Whether an expression only goes from a name to a part of what it names.
fn leads_somewhere(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Traversal(_) => true,
        ExprKind::Index(of, _) | ExprKind::Relative(of, _) => leads_somewhere(of),
        _ => false,
    }
}

impl Planner<'_> {
    /// Whether something that `replace_triggered_by` names changes.
    ///
    /// # Errors
    /// When it names what the plan does not have.
    pub(super) fn is_triggered(&mut self, block: &ResourceBlock, one: &Ready) -> Result<bool, Diagnostics> {
        let mut hit = false;
        for expr in &block.lifecycle.replace_triggered_by {
            if !leads_somewhere(expr) {
                return Err(Diagnostic::error(
                    "Invalid replace_triggered_by expression",
                    "Unexpected expression found in replace_triggered_by.",
                )
                .at(expr.span)
                .into());
            }
            let mut references: Vec<Reference> = Vec::new();
            expr.for_each_reference(&mut |r| references.push(r.clone()));
            let dynamic = dynamic_key(&references, &one.repetition)?;
            for reference in references {
                let (resource, key) = match &reference.subject {
                    Subject::Resource(r) => (r, None),
                    Subject::ResourceInstance(r, k) => (r, Some(k.clone())),
                    _ => continue,
                };
                let module = self.world.module(one.module);
                let Some(named_block) = module.resources.get(resource) else {
                    let place = self.input.config.module_text(module.id);
                    return Err(Diagnostic::error(
                        "Reference to undeclared resource",
                        format!("A resource {resource} has not been declared in {place}"),
                    )
                    .at(reference.span)
                    .into());
                };
                let attribute = attribute_behind(expr);
                let repeated = named_block.count.is_some() || named_block.for_each.is_some();
                // A name with an attribute behind it means one instance; alone it means all of them.
                let key = match key.or_else(|| dynamic.clone()) {
                    None if attribute.is_some() || !repeated => Some(InstanceKey::None),
                    key => key,
                };
                let named = AbsResource {
                    module: self.world.address(one.module).clone(),
                    resource: resource.clone(),
                };
                let found = match &key {
                    Some(key) => {
                        let address = named.instance(key.clone());
                        self.planned.at(&self.changes, &address).into_iter().collect()
                    }
                    None => self.planned.of_block(&self.changes, &named).to_vec(),
                };
                let changes: Vec<&InstanceChange> =
                    found.iter().filter_map(|i| self.changes.get(*i)).collect();
                if changes.is_empty() {
                    return Err(self.no_change(module.id, resource, key));
                }
                hit |= changes.iter().any(|c| {
                    (c.action == Action::Update || c.action.is_replace())
                        && attribute.as_ref().is_none_or(|path| !same_at(c, path))
                });
            }
        }
        Ok(hit)
    }

    fn no_change(
        &self,
        module: crate::config::ModuleId,
        resource: &streamform_lang::addrs::Resource,
        key: Option<InstanceKey>,
    ) -> Diagnostics {
        let named = AbsResource {
            module: streamform_lang::addrs::ModuleInstance::root(),
            resource: resource.clone(),
        }
        .instance(key.unwrap_or(InstanceKey::None));
        let place = self.input.config.module_text(module);
        Diagnostic::error(
            format!("no change found for {named} in {place}"),
            "A replace_triggered_by argument names it, but this plan has no such instance before the resource itself is planned. Name a resource that has instances, with the key of one of them if it has \"count\" or \"for_each\"; a resource cannot be its own trigger.",
        )
        .into()
    }
}

/// `each.key` or `count.index` as the key of a reference.
fn dynamic_key(
    references: &[Reference],
    repetition: &Repetition,
) -> Result<Option<InstanceKey>, Diagnostics> {
    for reference in references {
        let missing =
            |summary: &str, detail: &str| Err(Diagnostic::error(summary, detail).at(reference.span).into());
        match (&reference.subject, &repetition.each, &repetition.count) {
            (Subject::EachKey | Subject::EachValue, Some((key, _)), _) => {
                return Ok(key.as_str().map(|s| InstanceKey::Str(s.into())));
            }
            (Subject::CountIndex, _, Some(index)) => {
                return Ok(index
                    .as_number()
                    .and_then(|i| i.as_i64())
                    .map(|i| InstanceKey::Int(i as u64)));
            }
            (Subject::EachKey | Subject::EachValue, None, _) => {
                return missing(
                    "Reference to \"each\" in context without for_each",
                    "The \"each\" object can be used only in \"resource\" blocks when the \"for_each\" argument is set.",
                );
            }
            (Subject::CountIndex, _, None) => {
                return missing(
                    "Reference to \"count\" in non-counted context",
                    "The \"count\" object can only be used in \"resource\" blocks when the \"count\" argument is set.",
                );
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a place is after the change what it was before.
fn same_at(change: &InstanceChange, path: &Path) -> bool {
    let of = |object: &Value| object.at(path).map(|v| v.clone().unmark_deep().0);
    of(&change.before) == of(&change.after)
}

/// The attributes behind the reference, if the expression goes on.
fn attribute_behind(expr: &Expr) -> Option<Path> {
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
