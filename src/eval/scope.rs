//! What expressions in one instance of a block see.

use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::did_you_mean;
use streamform_lang::eval::Scope;
use streamform_lang::functions::Function;
use streamform_lang::functions::Surroundings;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::Expansion;
use super::ModuleInstanceId;
use super::Repetition;
use super::World;
use super::WorldSettings;
use crate::config::Module;

/// The view from one place of the configuration.
pub struct InstanceScope<'w, 'a> {
    world: &'w World<'a>,
    module: ModuleInstanceId,
    repetition: Repetition,
    /// `self`
    object: Option<Value>,
    /// A variable that is being checked and is not in the world yet.
    variable: Option<(String, Value)>,
}

impl<'w, 'a> InstanceScope<'w, 'a> {
    pub(super) fn new(world: &'w World<'a>, module: ModuleInstanceId, repetition: Repetition) -> Self {
        InstanceScope {
            world,
            module,
            repetition,
            object: None,
            variable: None,
        }
    }

    /// With a value for `self`.
    #[must_use]
    pub fn with_self(mut self, object: Value) -> Self {
        self.object = Some(object);
        self
    }

    /// With a value for one input variable.
    #[must_use]
    pub(super) fn with_variable(mut self, name: &str, value: Value) -> Self {
        self.variable = Some((name.to_owned(), value));
        self
    }

    fn error<T>(
        &self,
        reference: &Reference,
        summary: &str,
        detail: impl Into<String>,
    ) -> Result<T, Diagnostics> {
        Err(Diagnostic::error(summary, detail).at(reference.span).into())
    }

    fn missing(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        // Reported where it failed, or found by the static checks; here it would only repeat.
        let _ = reference;
        Ok(Value::unknown(Type::Any))
    }

    fn invalid_key(
        &self,
        reference: &Reference,
        what: &str,
        expansion: &Expansion,
        key: &InstanceKey,
    ) -> Result<Value, Diagnostics> {
        let has = |n: usize| match n {
            0 => "has no instances".to_owned(),
            1 => "has 1 instance".to_owned(),
            n => format!("has {n} instances"),
        };
        let detail = match (expansion, key) {
            (Expansion::Single, _) => format!(
                "{what} has neither \"count\" nor \"for_each\" set, so it has only one instance and cannot be indexed."
            ),
            (Expansion::Count(n), InstanceKey::Int(i)) => format!(
                "The given key does not identify an element in this collection value: {what} {}, so there is no element with index {i}.",
                has(*n as usize)
            ),
            (Expansion::Each(items), InstanceKey::Str(k)) => format!(
                "The given key does not identify an element in this collection value: {what} {} and none of them has the key {k:?}.",
                has(items.len())
            ),
            _ => "The given key does not identify an element in this collection value.".to_owned(),
        };
        self.error(reference, "Invalid index", detail)
    }
}

impl Scope for InstanceScope<'_, '_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let world = self.world;
        let state = world.state(self.module);
        match &reference.subject {
            Subject::Variable(name) => {
                if let Some((n, v)) = &self.variable
                    && n == name.as_str()
                {
                    return Ok(v.clone());
                }
                match state.variables.get(name) {
                    Some(v) => Ok(v.clone()),
                    None => self.missing(reference),
                }
            }
            Subject::Local(name) => match state.locals.get(name) {
                Some(v) => Ok(v.clone()),
                None => self.missing(reference),
            },
            Subject::Resource(resource) => match world.whole_resource(self.module, resource) {
                Some(v) => Ok(v),
                None => self.missing(reference),
            },
            Subject::ResourceInstance(resource, key) => {
                let Some(found) = state.resources.get(resource) else { return self.missing(reference) };
                match &found.expansion {
                    Expansion::Unknown(_) => Ok(Value::unknown(Type::Any)),
                    // A single object may have list-like type `any`: let the ordinary index rules speak.
                    expansion => match found.instances.get(key) {
                        Some(v) => Ok(v.clone()),
                        None if expansion.repetition(key).is_some() => self.missing(reference),
                        None => self.invalid_key(reference, &resource.to_string(), expansion, key),
                    },
                }
            }
            Subject::Module(name) => match world.whole_call(self.module, name) {
                Some(v) => Ok(v),
                None => self.missing(reference),
            },
            Subject::ModuleInstance(name, key) => {
                let Some(call) = state.calls.get(name) else { return self.missing(reference) };
                match &call.expansion {
                    Expansion::Unknown(_) => Ok(Value::unknown(Type::Any)),
                    // As in Terraform no value of a module is known yet, and what has no value has no wrong keys.
                    Expansion::Single if world.settings().validating && *key != InstanceKey::None => {
                        Ok(Value::unknown(Type::Any))
                    }
                    expansion if expansion.repetition(key).is_none() => {
                        self.invalid_key(reference, &format!("module.{name}"), expansion, key)
                    }
                    _ => {
                        let whole = world.whole_call(self.module, name);
                        let one = whole.as_ref().and_then(|w| match key {
                            InstanceKey::None => Some(w),
                            InstanceKey::Int(i) => w.items().and_then(|x| x.get(*i as usize)),
                            InstanceKey::Str(s) => w.get(s),
                        });
                        one.cloned().map_or_else(|| self.missing(reference), Ok)
                    }
                }
            }
            Subject::ModuleOutput(name, key, output) => {
                let Some(call) = state.calls.get(name) else { return self.missing(reference) };
                match &call.expansion {
                    Expansion::Unknown(_) => Ok(Value::unknown(Type::Any)),
                    Expansion::Single if world.settings().validating && *key != InstanceKey::None => {
                        Ok(Value::unknown(Type::Any))
                    }
                    expansion if expansion.repetition(key).is_none() => match (expansion, key) {
                        (Expansion::Count(_) | Expansion::Each(_), InstanceKey::None) => self.error(
                            reference,
                            "Unsupported attribute",
                            format!("module.{name} is {}, so its outputs can be reached only through one of its instances, for example module.{name}[{}].{output}, or through a splat or for expression.",
                                if matches!(expansion, Expansion::Count(_)) { "a list of object, known by index because it has \"count\"" } else { "an object by key because it has \"for_each\"" },
                                if matches!(expansion, Expansion::Count(_)) { "0" } else { "each.key" }),
                        ),
                        _ => self.invalid_key(reference, &format!("module.{name}"), expansion, key),
                    },
                    _ => match world.call_output(self.module, name, key, output) {
                        Some(v) => Ok(v),
                        None => self.missing(reference),
                    },
                }
            }
            Subject::EachKey => match &self.repetition.each {
                Some((k, _)) => Ok(k.clone()),
                None => self.error(reference, "Reference to \"each\" in context without for_each", "The \"each\" object can be used only in \"module\" or \"resource\" blocks, and only when the \"for_each\" argument is set."),
            },
            Subject::EachValue => match &self.repetition.each {
                Some((_, v)) => Ok(v.clone()),
                None => self.error(reference, "each.value cannot be used in this context", "A reference to \"each.value\" has been used in a context in which it is unavailable, such as when the configuration no longer contains the value in its \"for_each\" expression. Remove this reference to each.value in your configuration to work around this error."),
            },
            Subject::CountIndex => match &self.repetition.count {
                Some(i) => Ok(i.clone()),
                None => self.error(reference, "Reference to \"count\" in non-counted context", "The \"count\" object can only be used in \"module\", \"resource\", and \"data\" blocks, and only when the \"count\" argument is set."),
            },
            Subject::Path(name) => path(name, world.module(self.module), &world.settings, reference),
            Subject::Terraform(name) => terraform(name, &world.settings, reference),
            Subject::SelfObject => match &self.object {
                Some(v) => Ok(v.clone()),
                None => self.error(reference, "Invalid \"self\" reference", "The \"self\" object is not available in this context. This object can be used only in resource provisioner, connection, and postcondition blocks."),
            },
            Subject::Other(root, _) => self.error(
                reference,
                "Invalid reference",
                format!("The object {root:?} cannot be used here."),
            ),
        }
    }

    fn surroundings(&self) -> &Surroundings {
        &self.world.settings.surroundings
    }

    fn provider_function(&self, provider: &str, function: &str) -> Result<&'static Function, String> {
        let required = &self.world.module(self.module).required_providers;
        let Some(declared) = required.get(provider) else {
            return Err(format!(
                "There is no function named \"provider::{provider}::{function}\". Ensure that provider name {provider:?} is declared in this module's required_providers block, and that this provider offers a function named {function:?}."
            ));
        };
        let factory = self.world.settings.registry.get(&declared.source);
        let offered = factory.map_or(&[][..], |f| f.functions());
        offered.iter().find(|f| f.name == function).ok_or_else(|| {
            let hint = did_you_mean(function, offered.iter().map(|f| f.name))
                .map(|name| format!(" Did you mean {name:?}?"))
                .unwrap_or_default();
            format!("The function {function:?} is not available from the provider {provider:?}.{hint}")
        })
    }
}

/// `path.module` and its like, in a module.
pub(super) fn path(
    name: &Name,
    module: &Module,
    settings: &WorldSettings,
    reference: &Reference,
) -> Result<Value, Diagnostics> {
    match name.as_str() {
        "module" => {
            let dir = module.dir.to_string_lossy().into_owned();
            Ok(Value::string(if dir.is_empty() { ".".to_owned() } else { dir }))
        }
        "root" => Ok(Value::string(".")),
        "cwd" => Ok(Value::string(settings.cwd.to_string_lossy().into_owned())),
        other => Err(Diagnostic::error(
            "Invalid \"path\" attribute",
            format!(
                "The \"path\" object does not have an attribute named {other:?}. It has \"module\", \"root\" and \"cwd\"."
            ),
        )
        .at(reference.span)
        .into()),
    }
}

/// `terraform.workspace` and its like.
pub(super) fn terraform(
    name: &Name,
    settings: &WorldSettings,
    reference: &Reference,
) -> Result<Value, Diagnostics> {
    match name.as_str() {
        "workspace" => Ok(Value::string(settings.workspace.clone())),
        "applying" => Ok(Value::bool(settings.applying).with_marks(Marks::EPHEMERAL)),
        other => Err(Diagnostic::error(
            "Invalid \"terraform\" attribute",
            format!(
                "The \"terraform\" object does not have an attribute named {other:?}. The only supported attributes are \"workspace\", the name of the current workspace, and \"applying\"."
            ),
        )
        .at(reference.span)
        .into()),
    }
}
