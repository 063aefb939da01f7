//! What may be referred to from a place, beyond what the module declares.

use streamform_lang::value::Name;

use crate::config::ResourceBlock;

/// The place that an expression stands in.
#[derive(Clone, Default)]
pub(super) struct Scope<'a> {
    /// The block has `for_each`.
    pub(super) each: bool,
    /// The block has `count`.
    pub(super) count: bool,
    /// `self` is this resource.
    pub(super) itself: Option<&'a ResourceBlock>,
    /// The `check` block around.
    pub(super) check: Option<&'a Name>,
}
