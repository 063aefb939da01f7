//! Functions on lists, sets, tuples, maps and objects.

mod equal;
mod keyed;
mod sequence;
mod sets;

use super::Function;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    [sequence::functions, keyed::functions, sets::functions]
        .into_iter()
        .flat_map(|room| room())
        .collect()
}

#[cfg(test)]
mod tests;
