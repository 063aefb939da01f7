//! Functions that read files and render templates.

use super::Function;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    Vec::new()
}
