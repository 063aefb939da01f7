//! What the provisioners of an object see that is about to be deleted: the object itself, and nothing of its module, which may
//! be on its way out, too.

use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::Scope;
use streamform_lang::functions::Surroundings;
use streamform_lang::value::Value;

use super::Repetition;
use super::World;
use super::scope::path;
use super::scope::terraform;
use crate::config::ModuleId;

/// The view from a destroy-time provisioner.
pub struct DestroyScope<'w, 'a> {
    world: &'w World<'a>,
    module: ModuleId,
    repetition: Repetition,
    object: Value,
}

impl<'w, 'a> DestroyScope<'w, 'a> {
    /// The view on `object` from a block of `module`.
    pub fn new(world: &'w World<'a>, module: ModuleId, repetition: Repetition, object: Value) -> Self {
        DestroyScope {
            world,
            module,
            repetition,
            object,
        }
    }
}

impl Scope for DestroyScope<'_, '_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let settings = self.world.settings();
        let found = match &reference.subject {
            Subject::SelfObject => Some(self.object.clone()),
            Subject::EachKey => self.repetition.each.as_ref().map(|(key, _)| key.clone()),
            Subject::CountIndex => self.repetition.count.clone(),
            Subject::Path(name) => {
                return path(name, self.world.config().module(self.module), settings, reference);
            }
            Subject::Terraform(name) => return terraform(name, settings, reference),
            _ => None,
        };
        found.ok_or_else(|| {
            Diagnostic::error(
                "Invalid reference from destroy provisioner",
                "Destroy-time provisioners may only reference attributes of the related resource, via \"self\", \"count.index\", or \"each.key\".",
            )
            .at(reference.span)
            .into()
        })
    }

    fn surroundings(&self) -> &Surroundings {
        &self.world.settings().surroundings
    }
}
