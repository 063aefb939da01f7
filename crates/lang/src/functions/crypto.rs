//! Digests, passwords and random names.

use super::Function;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    Vec::new()
}
