//! From request bytes to reply bytes: the step both floors share.
//!
//! Owns tokenising (httparse), the comparison of the path, and the unfinished head between two
//! reads. Knows no socket. Invariant: the replies do not depend on how the input was split.

use std::mem::MaybeUninit;

use crate::limits::{HEAD_BYTES_MAX, HEADERS_MAX};
use crate::reply::Replies;

/// The peer sent something that is no request head, or a head that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Appends one reply to `out` for each complete request at the start of `input`; returns how
/// many bytes those requests take.
///
/// # Errors
///
/// [`Refused`] on bytes that httparse does not accept. Replies to the requests before them are
/// in `out` by then.
pub fn serve(input: &[u8], replies: &Replies, out: &mut Vec<u8>) -> Result<usize, Refused> {
    let mut at = 0;
    while at < input.len() {
        // Uninitialised, because clearing 32 headers would cost more than the comparison.
        let mut headers = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(&input[at..], &mut headers) {
            Ok(httparse::Status::Complete(length)) => at += length,
            Ok(httparse::Status::Partial) => break,
            Err(_) => return Err(Refused),
        }
        let reply = match request.path {
            Some("/") => replies.hello(),
            _ => replies.not_found(),
        };
        out.extend_from_slice(reply);
    }
    Ok(at)
}

/// Keeps `tail`, the start of an unfinished head, in `carry`; an empty tail frees the memory, so
/// that an idle connection owns none.
///
/// # Errors
///
/// [`Refused`] when the tail is longer than [`HEAD_BYTES_MAX`].
pub fn keep(tail: &[u8], carry: &mut Vec<u8>) -> Result<(), Refused> {
    if tail.len() > HEAD_BYTES_MAX {
        return Err(Refused);
    }
    if tail.is_empty() {
        *carry = Vec::new();
    } else {
        carry.clear();
        carry.extend_from_slice(tail);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    const ROOT: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    const OTHER: &[u8] = b"GET /other HTTP/1.1\r\nhost: a\r\naccept: */*\r\n\r\n";

    #[test]
    fn bad_heads_are_refused_after_the_good_ones_are_answered() {
        let replies = Replies::new(UNIX_EPOCH);
        let mut out = Vec::new();
        let input = [ROOT, b"GET / HTTP/1.1\r\nbad header\r\n\r\n"].concat();
        assert_eq!(serve(&input, &replies, &mut out), Err(Refused));
        assert_eq!(out, replies.hello());
        assert_eq!(keep(&[b'a'; HEAD_BYTES_MAX + 1], &mut Vec::new()), Err(Refused));
        assert_eq!(keep(&[b'a'; HEAD_BYTES_MAX], &mut Vec::new()), Ok(()));
    }

    proptest! {
        #[test]
        fn replies_do_not_depend_on_the_split(
            roots in prop::collection::vec(any::<bool>(), 0..20),
            lengths in prop::collection::vec(1_usize..100, 1..100),
        ) {
            let replies = Replies::new(UNIX_EPOCH);
            let (mut input, mut expected) = (Vec::new(), Vec::new());
            for root in roots {
                input.extend_from_slice(if root { ROOT } else { OTHER });
                expected.extend_from_slice(
                    if root { replies.hello() } else { replies.not_found() });
            }
            let (mut out, mut carry, mut rest) = (Vec::new(), Vec::new(), &input[..]);
            for length in lengths.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at(rest.len().min(*length));
                rest = later;
                let joined = [&carry[..], now].concat();
                let used = serve(&joined, &replies, &mut out).unwrap();
                keep(&joined[used..], &mut carry).unwrap();
            }
            prop_assert_eq!(out, expected);
            prop_assert!(carry.is_empty());
        }
    }
}
