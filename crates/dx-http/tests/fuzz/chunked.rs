//! Chunked bodies: whole, cut, and against the oracle.
//!
//! Owns what is compared. Invariant: the content, where the body ends, and the byte at which it is
//! refused are the oracle's, however the body was cut.

use dx_http::Framing;

use super::body_runs::body_cut;
use super::input::Input;
use super::oracle::chunked::{Stop, walk};

/// Judges one input.
///
/// # Panics
/// When something is not the same.
pub fn check(input: &[u8]) {
    let Some(input) = Input::read(input) else { return };
    let Input { limits, bytes, .. } = &input;
    let run = |bytes, cuts: &[usize]| body_cut(Framing::Chunked, bytes, cuts, limits);
    let whole = run(bytes, &[]);
    assert_eq!(run(bytes, &input.cuts()), whole, "cut");
    if bytes.len() <= 512 {
        let every: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(run(bytes, &every), whole, "byte by byte");
    }
    let (walked, end) = walk(bytes, limits);
    let (content, found) = match &whole {
        Ok((content, Some(len))) => {
            assert_eq!(*len, walked.at, "where the body ends");
            (content, Ok(()))
        }
        Ok((content, None)) => (content, Err(Stop::More)),
        Err((content, error)) => (content, Err(Stop::Refused(error.status().code()))),
    };
    assert_eq!(found, end);
    assert!(*content == walked.content, "the content");
    if let Err(Stop::Refused(_)) = end {
        // The oracle stands before the byte that cannot be there.
        let up_to = &bytes[..walked.at];
        assert_eq!(run(up_to, &[]), Ok((walked.content, None)), "not before this byte");
        assert_eq!(run(&bytes[..=walked.at], &[]), whole, "at this byte");
    }
}
