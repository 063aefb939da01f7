//! Addresses from text, as users type them behind `-target` or in a state command.

use super::AbsInstance;
use super::AbsProviderConfig;
use super::AbsResource;
use super::InstanceKey;
use super::Mode;
use super::ModuleInstance;
use super::ModulePath;
use super::ProviderAddr;
use super::Resource;
use crate::value::Name;

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct AddressError {
    /// What is wrong, as a full sentence.
    pub detail: String,
}

/// What `-target`, `-exclude`, `state list` and their like can name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A module call or one instance of it, and all inside. A call without a key means every instance.
    Module(ModuleInstance),
    /// A resource block: all its instances (with [`InstanceKey::None`] also the one without a key).
    Resource(AbsResource),
    /// One instance.
    Instance(AbsInstance),
}

impl Target {
    /// Whether an instance is meant by this target. Module steps without a key match every key.
    pub fn covers(&self, instance: &AbsInstance) -> bool {
        match self {
            Target::Module(m) => module_covers(m, &instance.module, false),
            Target::Resource(r) => {
                r.resource == instance.resource && module_covers(&r.module, &instance.module, true)
            }
            Target::Instance(i) => {
                i.resource == instance.resource
                    && i.key == instance.key
                    && module_covers(&i.module, &instance.module, true)
            }
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Module(m) => m.fmt(f),
            Target::Resource(r) => r.fmt(f),
            Target::Instance(i) => i.fmt(f),
        }
    }
}

fn module_covers(pattern: &ModuleInstance, module: &ModuleInstance, exact: bool) -> bool {
    (if exact {
        pattern.0.len() == module.0.len()
    } else {
        pattern.0.len() <= module.0.len()
    }) && pattern
        .0
        .iter()
        .zip(module.0.iter())
        .all(|((pn, pk), (n, k))| pn == n && (*pk == InstanceKey::None || pk == k))
}

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, what: impl std::fmt::Display) -> Result<T, AddressError> {
        Err(AddressError {
            detail: format!("{what} in the address {:?}.", self.text),
        })
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn name(&mut self) -> Result<Name, AddressError> {
        self.plain_name().map(Name::from)
    }

    pub(super) fn plain_name(&mut self) -> Result<&'a str, AddressError> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|(i, c)| {
                !(c.is_alphanumeric() || *c == '_' || (*c == '-' && *i > 0))
                    || (*i == 0 && c.is_ascii_digit())
            })
            .map_or(rest.len(), |(i, _)| i);
        if end == 0 {
            return self.fail("A name is missing or begins with a character that names cannot have");
        }
        self.at += end;
        Ok(&rest[..end])
    }

    pub(super) fn dot(&mut self) -> Result<(), AddressError> {
        if self.rest().starts_with('.') {
            self.at += 1;
            Ok(())
        } else if self.rest().is_empty() {
            self.fail("Something is missing at the end: a resource type must be followed by a resource name,")
        } else {
            self.fail(format_args!("Unexpected {:?}", self.rest()))
        }
    }

    /// Goes behind a key that need not be understood; `None` when it is none.
    pub(super) fn plain_key(&mut self) -> Option<()> {
        let inside = self.rest().strip_prefix('[')?;
        let end = match inside.strip_prefix('"') {
            Some(quoted) if memchr::memchr(b'\\', quoted.as_bytes()).is_none() => {
                1 + memchr::memchr(b'"', quoted.as_bytes())? + 1
            }
            Some(_) => {
                let whole = self.at;
                self.key().ok()?;
                return (self.at > whole).then_some(());
            }
            None => {
                let end = inside.find(']')?;
                inside[..end].parse::<u64>().ok()?;
                end
            }
        };
        if !inside[end..].starts_with(']') {
            return None;
        }
        self.at += 1 + end + 1;
        Some(())
    }

    pub(super) fn key(&mut self) -> Result<InstanceKey, AddressError> {
        let Some(inner) = self.rest().strip_prefix('[') else {
            return Ok(InstanceKey::None);
        };
        if let Some(quoted) = inner.strip_prefix('"') {
            let mut out = String::new();
            let mut chars = quoted.char_indices();
            while let Some((i, c)) = chars.next() {
                match c {
                    '"' => {
                        if !quoted[i + 1..].starts_with(']') {
                            return self.fail("A closing bracket is missing behind an instance key");
                        }
                        self.at += 2 + i + 2;
                        let out = out.replace("$${", "${").replace("%%{", "%{");
                        return Ok(InstanceKey::Str(out.into()));
                    }
                    '\\' => match chars.next() {
                        Some((_, 'n')) => out.push('\n'),
                        Some((_, 'r')) => out.push('\r'),
                        Some((_, 't')) => out.push('\t'),
                        Some((_, c @ ('"' | '\\'))) => out.push(c),
                        _ => return self.fail("An escape that strings do not have"),
                    },
                    c => out.push(c),
                }
            }
            return self.fail("A closing quote is missing");
        }
        let Some(end) = inner.find(']') else {
            return self.fail("A closing bracket is missing");
        };
        let Ok(index) = inner[..end].parse::<u64>() else {
            return self.fail(format_args!(
                "The instance key {:?} is neither a whole number nor a quoted string",
                &inner[..end]
            ));
        };
        self.at += end + 2;
        Ok(InstanceKey::Int(index))
    }

    fn module(&mut self) -> Result<ModuleInstance, AddressError> {
        let mut steps = Vec::new();
        while self.rest().starts_with("module.") {
            self.at += "module.".len();
            let name = self.name()?;
            let key = self.key()?;
            steps.push((name, key));
            if self.rest().is_empty() {
                break;
            }
            self.dot()?;
        }
        Ok(ModuleInstance(steps.into()))
    }
}

/// What an address of a resource cannot begin with.
const RESERVED: &[&str] = &[
    "arg",
    "count",
    "each",
    "lazy",
    "local",
    "path",
    "self",
    "template",
    "terraform",
    "var",
];

impl Target {
    /// Parses what a user types to name something.
    ///
    /// # Errors
    /// When the text is no address.
    pub fn parse(text: &str) -> Result<Target, AddressError> {
        let mut r = Reader { text, at: 0 };
        let module = r.module()?;
        if r.rest().is_empty() && !module.is_root() {
            return Ok(Target::Module(module));
        }
        let mut first = r.name()?;
        let mode = match first.as_str() {
            "data" => Mode::Data,
            "ephemeral" => Mode::Ephemeral,
            _ => Mode::Managed,
        };
        if mode != Mode::Managed || first.as_str() == "resource" {
            r.dot()?;
            first = r.name()?;
        } else if RESERVED.contains(&first.as_str()) {
            return r.fail(format_args!(
                "The keyword \"{first}\" is reserved and cannot be used to target a resource address. If you are targeting a resource type that uses a reserved keyword, please prefix your address with \"resource.\""
            ));
        }
        r.dot()?;
        let name = r.name()?;
        let keyed = r.rest().starts_with('[');
        let key = r.key()?;
        if !r.rest().is_empty() {
            return r.fail(format_args!("Unexpected {:?}", r.rest()));
        }
        let resource = Resource {
            mode,
            ty: first,
            name,
        };
        Ok(if keyed {
            Target::Instance(AbsInstance {
                module,
                resource,
                key,
            })
        } else {
            Target::Resource(AbsResource { module, resource })
        })
    }
}

impl AbsInstance {
    /// Parses the address of one instance; without a key it is the only instance of its block.
    ///
    /// # Errors
    /// When the text is no address, or names a module.
    pub fn parse(text: &str) -> Result<AbsInstance, AddressError> {
        match Target::parse(text)? {
            Target::Instance(i) => Ok(i),
            Target::Resource(r) => Ok(r.instance(InstanceKey::None)),
            Target::Module(_) => Err(AddressError {
                detail: format!("The address {text:?} names a module, not a resource instance."),
            }),
        }
    }
}

impl AbsProviderConfig {
    /// Parses what [`AbsProviderConfig`] prints: `module.a.provider["host/ns/type"].alias`.
    ///
    /// # Errors
    /// When the text is no such address.
    pub fn parse(text: &str) -> Result<AbsProviderConfig, AddressError> {
        let bad = |what: &str| AddressError {
            detail: format!("{what} in the provider address {text:?}."),
        };
        let at = text
            .find("provider[\"")
            .ok_or_else(|| bad("There is no provider[\"…\"]"))?;
        let mut module = ModulePath::root();
        let mut steps = text[..at].split('.').filter(|s| !s.is_empty());
        while let Some(word) = steps.next() {
            match (word, steps.next()) {
                ("module", Some(name)) => module = module.child(name),
                _ => return Err(bad("Only module calls may stand before the provider")),
            }
        }
        let rest = &text[at + "provider[\"".len()..];
        let (source, alias) = rest
            .split_once("\"]")
            .ok_or_else(|| bad("A closing bracket is missing"))?;
        let provider = ProviderAddr::parse(source).map_err(|detail| AddressError { detail })?;
        let alias = match alias {
            "" => None,
            a => Some(
                a.strip_prefix('.')
                    .filter(|a| !a.is_empty())
                    .ok_or_else(|| bad("Unexpected text"))?
                    .into(),
            ),
        };
        Ok(AbsProviderConfig::new(module, provider, alias))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_they_are_read() {
        for text in [
            "a_b.c",
            "a_b.c[3]",
            "data.a.b[\"x\"]",
            "module.m.a.b",
            "module.m[\"k.e\\\"y\"].module.n[0].data.a.b-c[\"$${x}\"]",
            "ephemeral.a.b",
        ] {
            assert_eq!(
                AbsInstance::parse(text).map(|a| a.to_string()),
                Ok(text.to_owned())
            );
        }
        assert!(matches!(Target::parse("module.a[0]"), Ok(Target::Module(_))));
    }

    #[test]
    fn provider_addresses_print_as_they_are_read() {
        for text in [
            "provider[\"registry.terraform.io/a/b\"]",
            "module.m.module.n.provider[\"h.io/a/b\"].east",
        ] {
            assert_eq!(
                AbsProviderConfig::parse(text).map(|a| a.to_string()),
                Ok(text.to_owned())
            );
        }
        assert!(AbsProviderConfig::parse("x.provider[\"a/b\"]").is_err());
    }

    #[test]
    fn bad_addresses_are_refused() {
        for text in [
            "", "a", "a.", "a.b[", "a.b[x]", "a.b[\"x]", "module.", "a.b.c", "1a.b", "data.a", "a.b[0]x",
        ] {
            assert!(AbsInstance::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_module_target_covers_what_is_inside() {
        let inside = AbsInstance::parse("module.m[1].module.n.a.b[0]").unwrap();
        for yes in [
            "module.m",
            "module.m[1]",
            "module.m[1].module.n",
            "module.m.module.n.a.b",
            "module.m[1].module.n.a.b[0]",
        ] {
            assert!(Target::parse(yes).unwrap().covers(&inside), "{yes}");
        }
        for no in [
            "module.m[0]",
            "module.n",
            "module.m.a.b",
            "module.m[1].module.n.a.b[1]",
        ] {
            assert!(!Target::parse(no).unwrap().covers(&inside), "{no}");
        }
    }
}
