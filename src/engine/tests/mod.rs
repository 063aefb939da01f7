//! The engine as a whole: plans and applies in this process.

mod actions;
mod as_terraform;
mod cloud;
mod desk;
mod failures;
mod laws;
mod order;
mod reads;
mod refactoring;
mod saved;
mod twins;
