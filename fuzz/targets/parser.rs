//! See `entries/parser.rs`.
#![no_main]

#[path = "../entries/parser.rs"]
mod parser;

libfuzzer_sys::fuzz_target!(|data: &[u8]| parser::run(data));
