//! `graph`
use crate::cli::arguments::GraphArgs;
use crate::cli::session::Surroundings;
pub(super) fn run(_s: &Surroundings, _args: &GraphArgs) -> u8 {
    1
}
