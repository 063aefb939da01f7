//! See `entries/state_json.rs`.
#![no_main]

#[path = "../entries/state_json.rs"]
mod state_json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| state_json::run(data));
