//! Everything in `examples/`, on an emulator.

use crate::sandbox::Sandbox;

#[test]
fn the_command_says_its_version() {
    Sandbox::new().ok(["version"]).says("Streamform v");
}
