//! `version`
use crate::cli::arguments::VersionArgs;
pub(super) fn run(_args: &VersionArgs) -> u8 {
    super::Console::new(&Default::default()).out(&format!("Streamform v{}", env!("CARGO_PKG_VERSION")));
    0
}
