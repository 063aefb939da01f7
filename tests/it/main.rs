//! The command, run as its users run it: one binary for all integration tests, so that there is one thing to link.

mod architecture;
mod bad_input;
mod console;
mod deferral;
mod drift;
mod examples;
mod faults;
mod fuzz_seeds;
mod guard;
mod import;
mod json_syntax;
mod machine_output;
mod mistakes;
mod plan_modes;
mod provider_corpus;
mod provisioners;
mod refactoring;
mod remote_state;
mod sandbox;
mod small_commands;
mod state_commands;
mod survival;
mod takeover;
mod terraform_state;
mod tutorial;
mod workspaces;
