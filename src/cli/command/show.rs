//! `show`
use crate::cli::arguments::ShowArgs;
use crate::cli::session::Surroundings;
pub(super) fn run(_s: &Surroundings, _args: &ShowArgs) -> u8 {
    1
}
