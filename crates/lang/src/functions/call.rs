//! Finding a function by its name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Function;
use super::collection;
use super::crypto;
use super::encoding;
use super::filesystem;
use super::network;
use super::numeric;
use super::string;
use super::time;
use super::types;

static TABLE: LazyLock<BTreeMap<&'static str, Function>> = LazyLock::new(|| {
    [
        string::functions,
        encoding::functions,
        crypto::functions,
        time::functions,
        filesystem::functions,
        collection::functions,
        numeric::functions,
        types::functions,
        network::functions,
    ]
    .into_iter()
    .flat_map(|room| room())
    .map(|f| (f.name, f))
    .collect()
});

/// The built-in function of that name; `core::` in front of a name changes nothing.
pub fn lookup(name: &str) -> Option<&'static Function> {
    TABLE.get(name.strip_prefix("core::").unwrap_or(name))
}

/// The names of all built-in functions, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().copied()
}
