//! Any bytes as a chunked body, in any cuts, against an oracle.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dx_fuzz::http::chunked::check(input));
