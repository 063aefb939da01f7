//! Plan files, packed and unpacked.

use std::sync::Arc;
use std::sync::LazyLock;

use streamform::plan::SavedPlan;
use streamform_lang::addrs::ProviderAddr;
use streamform_provider::Registry;
use streamform_provider::builtin::BuiltinFactory;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::default();
    registry.add(ProviderAddr::builtin(), Arc::new(BuiltinFactory::default()));
    registry
});

/// Whatever the bytes are, there is a plan or a word on why there is none.
pub(crate) fn run(data: &[u8]) {
    if data.first() == Some(&b'{') {
        if let Ok(text) = std::str::from_utf8(data) {
            let _ = SavedPlan::from_json(text, &REGISTRY);
        }
    } else {
        let _ = SavedPlan::from_bytes("p", data, &REGISTRY, None);
    }
}
