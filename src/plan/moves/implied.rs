//! Moves that nobody has to write: a block that gets `count` keeps its object as the first one, and one that loses it keeps
//! the first.

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;

use super::statement::Pattern;
use super::statement::Statement;
use crate::config::Configuration;

/// The statements that follow from `count`. A block that an explicit statement names is left alone.
pub(super) fn statements<'a>(
    config: &Configuration,
    addresses: impl Iterator<Item = &'a str>,
    explicit: &[Statement],
) -> Vec<Statement> {
    let mut found = Vec::new();
    let counted = config
        .modules
        .iter()
        .any(|m| m.resources.values().any(|r| r.count.is_some()));
    for text in addresses {
        // Most addresses tell by their last characters that they do not matter here.
        let matters = text.ends_with("[0]") || (counted && !text.ends_with(']'));
        if !matters {
            continue;
        }
        let Ok(address) = AbsInstance::parse(text) else {
            continue;
        };
        let Some(module) = config.find(&address.module.module()) else {
            continue;
        };
        let Some(block) = module
            .resources
            .get(&address.resource)
            .filter(|_| address.resource.mode == Mode::Managed)
        else {
            continue;
        };
        let key = match (&address.key, &block.count, &block.for_each) {
            (InstanceKey::None, Some(_), _) => InstanceKey::Int(0),
            (InstanceKey::Int(0), None, None) => InstanceKey::None,
            _ => continue,
        };
        let to = address.abs_resource().instance(key);
        let statement = Statement::exact(module.id, &address, &to);
        let whole = Pattern {
            resource: Some((address.resource.clone(), None)),
            ..statement.from.clone()
        };
        if explicit
            .iter()
            .any(|s| s.from.meets(&whole) || s.to.meets(&whole))
        {
            continue;
        }
        found.push(statement);
    }
    found
}
