//! What fuzzing has found worth keeping, through the body of the target.
//!
//! Owns the list of targets. May not know what they compare. Its one invariant: the folders in
//! `corpora/` and the targets are the same.

mod fuzz;
#[path = "../../dx-http/tests/fuzz/kept.rs"]
mod kept;

use std::path::Path;

#[test]
fn every_kept_input_is_answered_the_same() {
    kept::check_all(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora"),
        &[("http_connection", fuzz::connection::check)],
    );
}
