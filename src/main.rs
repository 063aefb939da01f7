//! The `streamform` command.
fn main() {}
