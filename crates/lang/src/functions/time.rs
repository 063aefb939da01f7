//! Functions on dates and times.

use super::Function;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    Vec::new()
}
