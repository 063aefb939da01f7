//! What has been worked out so far: module instances and the values in them.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use rustc_hash::FxHashMap as HashMap;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::functions::Surroundings;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use streamform_provider::Registry;

use super::Condition;
use super::Expansion;
use super::InstanceScope;
use super::Repetition;
use crate::config::Configuration;
use crate::config::Module;
use crate::config::ModuleId;

/// How one validation rule of an input variable ended.
#[derive(Clone, Debug)]
pub struct Validated {
    /// The module instance.
    pub module: ModuleInstanceId,
    /// The variable in it.
    pub variable: Name,
    /// How it ended.
    pub condition: Condition,
}

/// Names a module instance within its [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleInstanceId(pub u32);

/// What the world outside the configuration says.
#[derive(Clone, Debug, Default)]
pub struct WorldSettings {
    /// `terraform.workspace`
    pub workspace: String,
    /// `path.cwd`: where the command was started, absolute.
    pub cwd: PathBuf,
    /// What functions may use.
    pub surroundings: Surroundings,
    /// The providers of the program, for the functions that they bring.
    pub registry: Registry,
    /// Values of the root module's variables, already of their types. What is missing takes its default.
    pub variables: BTreeMap<Name, Value>,
    /// Where values of those variables stand, as far as a file of this run holds them.
    pub places: BTreeMap<Name, Span>,
    /// `terraform.applying`
    pub applying: bool,
    /// Nothing has a value: every module has one instance, whatever its `count` or `for_each`.
    pub validating: bool,
}

/// One instance of a module and what is known in it.
#[derive(Debug)]
pub(super) struct ModuleState {
    pub(super) address: ModuleInstance,
    pub(super) config: ModuleId,
    pub(super) parent: Option<(ModuleInstanceId, Name)>,
    /// `each` and `count` as the call's arguments see them.
    pub(super) repetition: Repetition,
    pub(super) variables: HashMap<Name, Value>,
    pub(super) locals: HashMap<Name, Value>,
    pub(super) outputs: HashMap<Name, Value>,
    pub(super) resources: HashMap<Resource, ResourceState>,
    pub(super) calls: HashMap<Name, CallState>,
}

/// The instances of a resource block in one module instance.
#[derive(Debug)]
pub(super) struct ResourceState {
    pub(super) expansion: Expansion,
    pub(super) instances: Instances,
    /// Instances that the block asks for and that this run leaves out, and that are not there.
    pub(super) absent: BTreeSet<InstanceKey>,
    /// All instances as one value, made when first asked for.
    pub(super) whole: OnceCell<Value>,
}

/// Values of instances. Most blocks have one instance, which needs no table.
#[derive(Debug, Default)]
pub(super) struct Instances {
    only: Option<Value>,
    keyed: HashMap<InstanceKey, Value>,
}

impl Instances {
    fn insert(&mut self, key: InstanceKey, value: Value) {
        match key {
            InstanceKey::None => self.only = Some(value),
            key => {
                self.keyed.insert(key, value);
            }
        }
    }

    pub(super) fn get(&self, key: &InstanceKey) -> Option<&Value> {
        match key {
            InstanceKey::None => self.only.as_ref(),
            key => self.keyed.get(key),
        }
    }
}

/// The instances of a module call in one module instance.
#[derive(Debug)]
pub(super) struct CallState {
    pub(super) expansion: Expansion,
    pub(super) instances: BTreeMap<InstanceKey, ModuleInstanceId>,
}

/// Everything that has been worked out so far.
pub struct World<'a> {
    pub(super) config: &'a Configuration,
    pub(super) settings: WorldSettings,
    pub(super) modules: Vec<ModuleState>,
    /// The instances of each module of the configuration.
    by_config: Vec<Vec<ModuleInstanceId>>,
    /// Validation rules since they were last taken.
    pub(super) validated: Vec<Validated>,
}

impl<'a> World<'a> {
    /// A world in which only the root module is known to exist.
    pub fn new(config: &'a Configuration, settings: WorldSettings) -> Self {
        let mut world = World {
            config,
            settings,
            modules: Vec::new(),
            by_config: vec![Vec::new(); config.modules.len()],
            validated: Vec::new(),
        };
        world.add(ModuleInstance::root(), config.root, None, Repetition::default());
        world
    }

    fn add(
        &mut self,
        address: ModuleInstance,
        config: ModuleId,
        parent: Option<(ModuleInstanceId, Name)>,
        repetition: Repetition,
    ) -> ModuleInstanceId {
        let id = ModuleInstanceId(self.modules.len() as u32);
        self.modules.push(ModuleState {
            address,
            config,
            parent,
            repetition,
            variables: HashMap::default(),
            locals: HashMap::default(),
            outputs: HashMap::default(),
            resources: HashMap::default(),
            calls: HashMap::default(),
        });
        self.by_config[config.0 as usize].push(id);
        id
    }

    /// How the validation rules ended that were evaluated since this was last asked.
    pub fn take_validated(&mut self) -> Vec<Validated> {
        std::mem::take(&mut self.validated)
    }

    /// The same world, over another borrow of the configuration that it was made with.
    pub(crate) fn of<'b>(self, config: &'b Configuration) -> World<'b> {
        World {
            config,
            settings: self.settings,
            modules: self.modules,
            by_config: self.by_config,
            validated: self.validated,
        }
    }

    /// The configuration.
    pub fn config(&self) -> &'a Configuration {
        self.config
    }

    /// What the world outside says.
    pub fn settings(&self) -> &WorldSettings {
        &self.settings
    }

    /// The known instances of a module of the configuration.
    pub fn instances_of(&self, module: ModuleId) -> &[ModuleInstanceId] {
        &self.by_config[module.0 as usize]
    }

    pub(super) fn state(&self, id: ModuleInstanceId) -> &ModuleState {
        &self.modules[id.0 as usize]
    }

    /// The address of a module instance.
    pub fn address(&self, id: ModuleInstanceId) -> &ModuleInstance {
        &self.state(id).address
    }

    /// The module that it is an instance of.
    pub fn module(&self, id: ModuleInstanceId) -> &'a Module {
        self.config.module(self.state(id).config)
    }

    /// Finds a module instance by address, if it is known.
    pub fn find(&self, address: &ModuleInstance) -> Option<ModuleInstanceId> {
        let mut at = ModuleInstanceId(0);
        for (name, key) in address.0.iter() {
            at = *self.state(at).calls.get(name)?.instances.get(key)?;
        }
        Some(at)
    }

    /// What expressions directly in a module see.
    pub fn scope(&self, module: ModuleInstanceId) -> InstanceScope<'_, 'a> {
        InstanceScope::new(self, module, Repetition::default())
    }

    /// What expressions in one instance of a block see.
    pub fn instance_scope(&self, module: ModuleInstanceId, repetition: Repetition) -> InstanceScope<'_, 'a> {
        InstanceScope::new(self, module, repetition)
    }

    /// Works out a local value in every instance of its module.
    pub fn evaluate_local(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let Some(local) = self.config.module(module).locals.get(name).cloned() else {
            return diagnostics;
        };
        for id in self.by_config[module.0 as usize].clone() {
            let (value, found) = streamform_lang::eval::evaluate(&local.value, &self.scope(id));
            diagnostics.extend(found);
            self.modules[id.0 as usize].locals.insert(name.clone(), value);
        }
        diagnostics
    }

    /// Works out a module call in every instance of the calling module: which instances the called module has.
    pub fn evaluate_call(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let Some(call) = self.config.module(module).calls.get(name).cloned() else {
            return diagnostics;
        };
        let child = self.config.module(module).children.get(name).copied();
        for id in self.by_config[module.0 as usize].clone() {
            let (expansion, found) =
                Expansion::of(call.count.as_deref(), call.for_each.as_deref(), &self.scope(id));
            diagnostics.extend(found);
            let mut instances = BTreeMap::new();
            if let Some(child) = child {
                let known = if self.settings.validating {
                    let repetition = Repetition::unknown(call.count.is_some(), call.for_each.is_some());
                    vec![(InstanceKey::None, repetition)]
                } else {
                    expansion.instances()
                };
                for (key, repetition) in known {
                    let address = self.address(id).child(name.clone(), key.clone());
                    let made = self.add(address, child, Some((id, name.clone())), repetition);
                    instances.insert(key, made);
                }
            }
            let expansion = match expansion {
                Expansion::Single => Expansion::Single,
                _ if self.settings.validating => Expansion::Unknown(call.for_each.is_some()),
                known => known,
            };
            self.modules[id.0 as usize]
                .calls
                .insert(name.clone(), CallState { expansion, instances });
        }
        diagnostics
    }

    /// The instances of a call, if it has been worked out.
    pub fn call_expansion(&self, module: ModuleInstanceId, name: &str) -> Option<&Expansion> {
        self.state(module).calls.get(name).map(|c| &c.expansion)
    }

    /// Says which instances a resource block has. Their values follow with [`World::set_instance`].
    pub fn set_expansion(&mut self, module: ModuleInstanceId, resource: &Resource, expansion: Expansion) {
        self.modules[module.0 as usize].resources.insert(
            resource.clone(),
            ResourceState {
                expansion,
                instances: Instances::default(),
                absent: BTreeSet::new(),
                whole: OnceCell::new(),
            },
        );
    }

    /// The instances of a resource block, if they are known.
    pub fn expansion(&self, module: ModuleInstanceId, resource: &Resource) -> Option<&Expansion> {
        self.state(module).resources.get(resource).map(|r| &r.expansion)
    }

    /// Gives the value of one resource instance, or a new one.
    pub fn set_instance(
        &mut self,
        module: ModuleInstanceId,
        resource: &Resource,
        key: InstanceKey,
        value: Value,
    ) {
        if let Some(state) = self.modules[module.0 as usize].resources.get_mut(resource) {
            state.instances.insert(key, value);
            state.whole = OnceCell::new();
        }
    }

    /// Says that an instance is not there and that this run does not make it: the whole resource is seen without it.
    pub fn set_absent(&mut self, module: ModuleInstanceId, resource: &Resource, key: InstanceKey) {
        if let Some(state) = self.modules[module.0 as usize].resources.get_mut(resource) {
            state.absent.insert(key);
            state.whole = OnceCell::new();
        }
    }

    /// The value of one resource instance, if it is there.
    pub fn instance(
        &self,
        module: ModuleInstanceId,
        resource: &Resource,
        key: &InstanceKey,
    ) -> Option<&Value> {
        self.state(module).resources.get(resource)?.instances.get(key)
    }

    /// The value of an input variable of a module instance, if it has been worked out.
    pub fn variable(&self, module: ModuleInstanceId, name: &str) -> Option<&Value> {
        self.state(module).variables.get(name)
    }

    /// The value of an output of a module instance, if it has been worked out.
    pub fn output(&self, module: ModuleInstanceId, name: &str) -> Option<&Value> {
        self.state(module).outputs.get(name)
    }

    pub(super) fn set_variable(&mut self, module: ModuleInstanceId, name: Name, value: Value) {
        self.modules[module.0 as usize].variables.insert(name, value);
    }

    pub(super) fn set_output(&mut self, module: ModuleInstanceId, name: Name, value: Value) {
        self.modules[module.0 as usize].outputs.insert(name, value);
    }

    /// All instances of a resource block as one value: the instance itself, a tuple by `count`, an object by `for_each`.
    pub(super) fn whole_resource(&self, module: ModuleInstanceId, resource: &Resource) -> Option<Value> {
        let state = self.state(module).resources.get(resource)?;
        Some(
            state
                .whole
                .get_or_init(|| match &state.expansion {
                    Expansion::Unknown(_) => Value::unknown(Type::Any),
                    Expansion::Single => state
                        .instances
                        .get(&InstanceKey::None)
                        .cloned()
                        .unwrap_or_else(|| Value::unknown(Type::Any)),
                    Expansion::Count(n) => Value::tuple((0..present(&state.absent, *n)).map(|i| {
                        state
                            .instances
                            .get(&InstanceKey::Int(i))
                            .cloned()
                            .unwrap_or_else(|| Value::unknown(Type::Any))
                    })),
                    Expansion::Each(items) => Value::object(items.iter().filter_map(|(k, _)| {
                        let key = InstanceKey::Str(k.clone());
                        if state.absent.contains(&key) {
                            return None;
                        }
                        let value = state.instances.get(&key).cloned();
                        Some((k.clone(), value.unwrap_or_else(|| Value::unknown(Type::Any))))
                    })),
                })
                .clone(),
        )
    }

    /// All outputs of one module instance as an object.
    fn outputs_object(&self, id: ModuleInstanceId) -> Value {
        let state = self.state(id);
        Value::object(self.module(id).outputs.keys().map(|name| {
            let value = state
                .outputs
                .get(name)
                .cloned()
                .unwrap_or_else(|| Value::unknown(Type::Any));
            (name.clone(), value)
        }))
    }

    /// All instances of a call as one value.
    pub(super) fn whole_call(&self, module: ModuleInstanceId, name: &str) -> Option<Value> {
        let call = self.state(module).calls.get(name)?;
        Some(match &call.expansion {
            Expansion::Unknown(_) => Value::unknown(Type::Any),
            Expansion::Single => match call.instances.get(&InstanceKey::None) {
                Some(id) => self.outputs_object(*id),
                None => Value::unknown(Type::Any),
            },
            Expansion::Count(_) => Value::tuple(call.instances.values().map(|id| self.outputs_object(*id))),
            Expansion::Each(_) => Value::object(call.instances.iter().filter_map(|(k, id)| match k {
                InstanceKey::Str(k) => Some((k.clone(), self.outputs_object(*id))),
                _ => None,
            })),
        })
    }

    /// One output of one instance of a call.
    pub(super) fn call_output(
        &self,
        module: ModuleInstanceId,
        name: &str,
        key: &InstanceKey,
        output: &str,
    ) -> Option<Value> {
        let call = self.state(module).calls.get(name)?;
        if matches!(call.expansion, Expansion::Unknown(_)) {
            return Some(Value::unknown(Type::Any));
        }
        let id = call.instances.get(key)?;
        self.state(*id).outputs.get(output).cloned()
    }
}

/// The number of instances by `count` that are there: without those at the end that are absent.
fn present(absent: &BTreeSet<InstanceKey>, count: u64) -> u64 {
    (0..count)
        .rev()
        .find(|i| !absent.contains(&InstanceKey::Int(*i)))
        .map_or(0, |last| last + 1)
}
