//! Names of providers and of their configurations.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::ModulePath;
use crate::value::Name;

/// A provider: `registry.terraform.io/confluentinc/confluent`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderAddr {
    /// Registry host.
    pub host: Name,
    /// Namespace, usually an organization.
    pub namespace: Name,
    /// Type: the usual local name.
    pub ty: Name,
}

/// The registry host that a source without a host means.
pub const DEFAULT_HOST: &str = "registry.terraform.io";

impl ProviderAddr {
    /// `terraform.io/builtin/terraform`, home of `terraform_data`.
    pub fn builtin() -> Self {
        ProviderAddr {
            host: "terraform.io".into(),
            namespace: "builtin".into(),
            ty: "terraform".into(),
        }
    }

    /// `registry.terraform.io/hashicorp/NAME`, which an undeclared local name means.
    pub fn implied(name: &str) -> Self {
        if name == "terraform" {
            return Self::builtin();
        }
        Self::undeclared(name)
    }

    /// What a local name means that `providers` arguments use and nothing declares: also `terraform` is one like others there.
    pub fn undeclared(name: &str) -> Self {
        ProviderAddr {
            host: DEFAULT_HOST.into(),
            namespace: "hashicorp".into(),
            ty: name.into(),
        }
    }

    /// Parses a source address: `type`, `namespace/type` or `host/namespace/type`; upper case is folded.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(source: &str) -> Result<Self, String> {
        let lower = source.to_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        let valid = |p: &str| {
            !p.is_empty()
                && !p.starts_with(['-', '_'])
                && !p.ends_with(['-', '_'])
                && p.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        };
        let (host, rest) = match parts.as_slice() {
            [ty] => (DEFAULT_HOST, ["hashicorp", ty]),
            [ns, ty] => (DEFAULT_HOST, [*ns, ty]),
            [host, ns, ty] => (*host, [*ns, ty]),
            _ => {
                return Err(
                    "The \"source\" attribute must be in the format \"[hostname/][namespace/]name\".".into(),
                );
            }
        };
        if let Some(bad) = rest.iter().find(|p| !valid(p)) {
            return Err(format!(
                "The part {bad:?} of the provider source {source:?} must contain only letters, digits, dashes and underscores, and may not begin or end with a dash or underscore."
            ));
        }
        if host.is_empty()
            || !host
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | ':'))
        {
            return Err(format!(
                "{host:?} is not a valid hostname in the provider source {source:?}."
            ));
        }
        Ok(ProviderAddr {
            host: host.into(),
            namespace: rest[0].into(),
            ty: rest[1].into(),
        })
    }

    /// The short form for messages: the host is left out where it is the default one.
    pub fn for_display(&self) -> String {
        if self.host == DEFAULT_HOST {
            format!("{}/{}", self.namespace, self.ty)
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for ProviderAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.ty)
    }
}

/// A provider configuration as a module calls it: `confluent` or `confluent.east`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalProviderConfig {
    /// Local name.
    pub name: Name,
    /// Alias, none for the default configuration.
    pub alias: Option<Name>,
}

impl fmt::Display for LocalProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(a) => write!(f, "{}.{a}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// A provider configuration, wherever it is used: `module.a.provider["host/ns/type"].alias`.
///
/// Its parts are shared: every resource block and every planned change has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AbsProviderConfig(Arc<ProviderConfigParts>);

/// What makes up the address of a provider configuration.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderConfigParts {
    /// The module whose `provider` block it is.
    pub module: ModulePath,
    /// The provider.
    pub provider: ProviderAddr,
    /// Alias, none for the default configuration.
    pub alias: Option<Name>,
}

impl AbsProviderConfig {
    /// The configuration of a provider in a module; without an alias, the default one.
    pub fn new(module: ModulePath, provider: ProviderAddr, alias: Option<Name>) -> Self {
        AbsProviderConfig(Arc::new(ProviderConfigParts {
            module,
            provider,
            alias,
        }))
    }
}

impl Deref for AbsProviderConfig {
    type Target = ProviderConfigParts;
    fn deref(&self) -> &ProviderConfigParts {
        &self.0
    }
}

impl fmt::Display for AbsProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "provider[\"{}\"]", self.provider)?;
        match &self.alias {
            Some(a) => write!(f, ".{a}"),
            None => Ok(()),
        }
    }
}
