//! The command, run as its users run it: one binary for all integration tests, so that there is one thing to link.

mod architecture;
mod bad_input;
mod examples;
mod faults;
mod import;
mod json_syntax;
mod kill;
mod provider_corpus;
mod provisioners;
mod refactoring;
mod remote_state;
mod sandbox;
mod state_commands;
mod tutorial;
