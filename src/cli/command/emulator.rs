//! `emulator`
use crate::cli::arguments::EmulatorArgs;
pub(super) fn run(_args: &EmulatorArgs) -> u8 {
    1
}
