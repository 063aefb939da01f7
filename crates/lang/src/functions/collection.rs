//! Functions on lists, sets, maps, tuples and objects.

use super::Function;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    Vec::new()
}
