//! Feeding the bytes of a head whole and cut.
//!
//! Owns how a parser is driven. May not know any expectation. Its one invariant: a cut run
//! starts from a fresh parser and gives it the growing buffer a connection would.

use dx_http::{Head, HeadError, HeadParser, Limits, Progress};

/// What parsing the bytes of one head came to: `None` if it is not complete.
pub type HeadVerdict = Result<Option<(Head, usize)>, HeadError>;

/// Parses `bytes` handed over at once.
pub fn head_whole(bytes: &[u8], limits: &Limits) -> HeadVerdict {
    head_cut(bytes, &[], limits)
}

/// Parses `bytes` as a buffer that grows to each of `cuts` (ascending) and then to its end.
pub fn head_cut(bytes: &[u8], cuts: &[usize], limits: &Limits) -> HeadVerdict {
    let (mut parser, mut head) = (HeadParser::default(), Head::default());
    for &end in cuts.iter().chain([&bytes.len()]) {
        // An unfinished head must keep nothing in `head`.
        head = Head::default();
        match parser.parse(&bytes[..end], limits, &mut head) {
            Ok(Progress::Complete { len }) => return Ok(Some((head, len))),
            Ok(Progress::NeedMore) => {}
            Err(error) => {
                let again = parser.parse(&bytes[..end], limits, &mut head);
                assert_eq!(again, Err(error), "the same bytes give the same error");
                return Err(error);
            }
        }
    }
    assert_eq!(head.len, 0);
    Ok(None)
}
