//! See `entries/plan_file.rs`.
#![no_main]

#[path = "../entries/plan_file.rs"]
mod plan_file;

libfuzzer_sys::fuzz_target!(|data: &[u8]| plan_file::run(data));
