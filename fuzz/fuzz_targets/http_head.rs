//! Any bytes as a head: the ways through the parser against each other and against an oracle.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dx_fuzz::http::head::check(input));
