//! Functions on text.

use super::Function;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    Vec::new()
}
