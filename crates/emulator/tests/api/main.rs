//! The emulator over real HTTP on 127.0.0.1.

mod client;
mod control_plane;
mod credentials;
mod durability;
mod faults;
mod flink;
mod kafka;
mod registry;
