//! Any bytes as a head, to dx-http and to httparse: all differences are on a list.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dx_fuzz::http::differential::check(input));
