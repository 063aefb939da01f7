//! Which provisioners an instance has.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;

use super::removed_block;
use crate::config::Configuration;
use crate::config::ModuleId;
use crate::config::Provisioner;

/// The provisioners of an instance and the module that they stand in: those of its block or, where that is gone, of the `removed`
/// block that speaks of it. They may be none.
pub fn provisioners_of<'c>(
    config: &'c Configuration,
    instance: &AbsInstance,
) -> (ModuleId, &'c [Arc<Provisioner>]) {
    if let Some(block) = config.resource(&instance.config()) {
        let module = config
            .find(&instance.module.module())
            .map_or(config.root, |m| m.id);
        return (module, &block.provisioners);
    }
    let Some(block) = removed_block(config, instance).filter(|b| !b.provisioners.is_empty()) else {
        return (config.root, &[]);
    };
    let module = config
        .modules
        .iter()
        .find(|m| m.removed.iter().any(|r| Arc::ptr_eq(r, block)))
        .map_or(config.root, |m| m.id);
    (module, &block.provisioners)
}
