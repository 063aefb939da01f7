//! Names of things, as types: text only at the borders.

mod order;
mod parse;
mod provider;
mod reference;

use std::fmt;
use std::sync::Arc;

pub use order::Listed;
pub use parse::AddressError;
pub use parse::Target;
pub use provider::AbsProviderConfig;
pub use provider::DEFAULT_HOST;
pub use provider::LocalProviderConfig;
pub use provider::ProviderAddr;
pub use reference::Reference;
pub use reference::Subject;

use crate::value::Name;
use crate::value::Value;

/// Which instance of a block that may have several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InstanceKey {
    /// The only one: no `count`, no `for_each`.
    #[default]
    None,
    /// One of `count`.
    Int(u64),
    /// One of `for_each`.
    Str(Name),
}

impl InstanceKey {
    /// The key as a value of the language; nothing for [`InstanceKey::None`].
    pub fn to_value(&self) -> Option<Value> {
        match self {
            InstanceKey::None => None,
            InstanceKey::Int(i) => Some(Value::number(*i as usize)),
            InstanceKey::Str(s) => Some(Value::string(s.clone())),
        }
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Prints `[3]`, `["key"]` or nothing. Quotes, backslashes, line ends and template starts are escaped as in the language.
impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstanceKey::None => Ok(()),
            InstanceKey::Int(i) => write!(f, "[{i}]"),
            InstanceKey::Str(s) => {
                f.write_str("[\"")?;
                let mut rest = s.chars().peekable();
                while let Some(c) = rest.next() {
                    match c {
                        '"' => f.write_str("\\\"")?,
                        '\\' => f.write_str("\\\\")?,
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        '\t' => f.write_str("\\t")?,
                        '$' | '%' if rest.peek() == Some(&'{') => write!(f, "{c}{c}")?,
                        c => write!(f, "{c}")?,
                    }
                }
                f.write_str("\"]")
            }
        }
    }
}

/// A module of the configuration, as a path of call names; the empty path is the root module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModulePath(pub Arc<[Name]>);

impl ModulePath {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }
    /// Whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
    /// The module called `name` in this one.
    #[must_use]
    pub fn child(&self, name: impl Into<Name>) -> Self {
        ModulePath(self.0.iter().cloned().chain([name.into()]).collect())
    }
    /// The module that calls this one, and the name of the call.
    pub fn parent(&self) -> Option<(ModulePath, Name)> {
        let (last, rest) = self.0.split_last()?;
        Some((ModulePath(rest.into()), last.clone()))
    }
}

/// Prints `module.a.module.b`, or nothing for the root.
impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, n) in self.0.iter().enumerate() {
            write!(f, "{}module.{n}", if i > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

/// One expansion of a module: call names with instance keys; empty for the root module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleInstance(pub Arc<[(Name, InstanceKey)]>);

impl ModuleInstance {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }
    /// Whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
    /// An instance of the call `name` in this one.
    #[must_use]
    pub fn child(&self, name: impl Into<Name>, key: InstanceKey) -> Self {
        ModuleInstance(self.0.iter().cloned().chain([(name.into(), key)]).collect())
    }
    /// The configuration module that this is an instance of.
    pub fn module(&self) -> ModulePath {
        ModulePath(self.0.iter().map(|(n, _)| n.clone()).collect())
    }
    /// Whether `self` is `other` or lies inside it.
    pub fn is_within(&self, other: &ModuleInstance) -> bool {
        self.0.starts_with(&other.0)
    }
}

/// Prints `module.a[0].module.b["x"]`, or nothing for the root.
impl fmt::Display for ModuleInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (n, k)) in self.0.iter().enumerate() {
            write!(f, "{}module.{n}{k}", if i > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

/// How a resource block is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// `data`: read, never changed. First, because Terraform sorts data resources first.
    Data,
    /// `resource`: made, changed, deleted.
    Managed,
    /// `ephemeral`: opened for a run, never stored.
    Ephemeral,
}

/// A resource block within its module: `aws_x.y`, `data.aws_x.y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// Kind of block.
    pub mode: Mode,
    /// Resource type.
    pub ty: Name,
    /// Name.
    pub name: Name,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::Managed => {}
            Mode::Data => f.write_str("data.")?,
            Mode::Ephemeral => f.write_str("ephemeral.")?,
        }
        write!(f, "{}.{}", self.ty, self.name)
    }
}

/// A resource block of a configuration module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigResource {
    /// The module.
    pub module: ModulePath,
    /// The block in it.
    pub resource: Resource,
}

impl fmt::Display for ConfigResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}", self.resource)
    }
}

/// A resource block in one instance of its module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AbsResource {
    /// The module instance.
    pub module: ModuleInstance,
    /// The block in it.
    pub resource: Resource,
}

impl AbsResource {
    /// One instance of it.
    pub fn instance(&self, key: InstanceKey) -> AbsInstance {
        AbsInstance {
            module: self.module.clone(),
            resource: self.resource.clone(),
            key,
        }
    }
    /// The block in the configuration.
    pub fn config(&self) -> ConfigResource {
        ConfigResource {
            module: self.module.module(),
            resource: self.resource.clone(),
        }
    }
}

impl fmt::Display for AbsResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}", self.resource)
    }
}

/// One resource instance: what a state record belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AbsInstance {
    /// The module instance.
    pub module: ModuleInstance,
    /// The block in it.
    pub resource: Resource,
    /// Which instance of the block.
    pub key: InstanceKey,
}

impl AbsInstance {
    /// The block, without the key.
    pub fn abs_resource(&self) -> AbsResource {
        AbsResource {
            module: self.module.clone(),
            resource: self.resource.clone(),
        }
    }
    /// The block in the configuration.
    pub fn config(&self) -> ConfigResource {
        ConfigResource {
            module: self.module.module(),
            resource: self.resource.clone(),
        }
    }
    /// The order of reports, as Terraform has it: what lies in fewer modules first.
    pub fn cmp_in_reports(&self, other: &AbsInstance) -> std::cmp::Ordering {
        (self.module.0.len().cmp(&other.module.0.len())).then_with(|| self.cmp(other))
    }
}

impl fmt::Display for AbsInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}{}", self.resource, self.key)
    }
}
