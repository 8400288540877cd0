//! What fuzzing has found worth keeping, through the bodies of the targets.
//!
//! Owns the list of targets. May not know what they compare. Its one invariant: the folders in
//! `corpora/` and the targets are the same.

mod fuzz;

use std::path::{Path, PathBuf};

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora")
}

#[test]
fn every_kept_input_is_judged_the_same() {
    fuzz::kept::check_all(
        &corpora(),
        &[
            ("http_chunked", fuzz::chunked::check),
            ("http_differential", fuzz::differential::check),
            ("http_head", fuzz::head::check),
        ],
    );
}

/// A difference that nothing shows would be an excuse that nobody needs.
#[test]
fn every_difference_on_the_list_is_shown_by_a_kept_input() {
    let mut shown = Vec::new();
    fuzz::kept::for_each(&corpora().join("http_differential"), |input| {
        shown.extend(fuzz::differential::difference(input));
    });
    for (error, clause, _) in fuzz::differential::STRICTER {
        assert!(shown.contains(error), "{error:?}, {clause}");
    }
}
