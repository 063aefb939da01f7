//! See `entries/evaluator.rs`.
#![no_main]

#[path = "../entries/evaluator.rs"]
mod evaluator;

libfuzzer_sys::fuzz_target!(|data: &[u8]| evaluator::run(data));
