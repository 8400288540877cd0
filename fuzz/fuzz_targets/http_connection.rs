//! Any bytes, raw or as a recipe for requests, as a whole connection to the real server, against an
//! oracle.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dx_fuzz::reactor::connection::check(input));
