//! Arbitrary bytes in arbitrary cuts.
//!
//! Owns inputs nobody would write by hand. May not know what is right. Its one invariant: a verdict
//! is the same whole and cut, and the same for every longer input once it is final.

#[path = "common/body.rs"]
mod body_runs;
#[path = "common/head.rs"]
mod head_runs;

use body_runs::body_cut;
use dx_http::{Framing, Limits};
use head_runs::{head_cut, head_whole};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Pieces that reach deep into a head, so that random joins are not refused at the first byte.
const HEAD_PIECES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "POST /a?b HTTP/1.0\r\n",
    "GET",
    " ",
    "/",
    "HTTP/1.1",
    "\r\n",
    "\r",
    "\n",
    "Host: a\r\n",
    "Host:",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    ":",
    "a",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "\t",
    ",",
    "\0",
    "x: y\r\n",
    "\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "http://",
    "[::1]",
    "%",
    "?",
    "#",
];

const BODY_PIECES: &[&str] = &[
    "0\r\n",
    "\r\n",
    "5\r\nhello\r\n",
    "1",
    "a",
    "f",
    ";",
    "a=b",
    "\"",
    "\\",
    " ",
    "=",
    "\r",
    "\n",
    "A: b\r\n",
    ":",
    "\0",
    "0\r\n\r\n",
    "1;a=\"b\"\r\nx\r\n",
    "ffffffffffffffff",
];

fn joined(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn with_cuts(
    bytes: impl Strategy<Value = Vec<u8>>,
) -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    bytes.prop_flat_map(|bytes| {
        let places: Vec<usize> = (0..=bytes.len()).collect();
        let most = places.len();
        (Just(bytes), subsequence(places, 0..=most))
    })
}

/// Limits so small that random inputs reach them.
fn limits() -> impl Strategy<Value = Limits> {
    let small = (1u32..60, 1u32..120, 0u16..4, 0u8..3, 0u32..12, 0u32..24);
    prop_oneof![
        Just(Limits::default()),
        small.prop_map(|(line, head, headers, empty, chunk, overhead)| Limits {
            request_line_max: line,
            head_max: head,
            headers_max: headers,
            empty_lines_max: empty,
            chunk_line_max: chunk,
            chunk_overhead_max: overhead,
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn heads_from_pieces((bytes, cuts) in with_cuts(joined(HEAD_PIECES)), limits in limits()) {
        let whole = head_whole(&bytes, &limits);
        prop_assert_eq!(&head_cut(&bytes, &cuts, &limits), &whole);
        // The oracle of segmentation: the verdict is that of the shortest prefix that has one.
        let first = (0..=bytes.len())
            .map(|end| head_whole(&bytes[..end], &limits))
            .find(|verdict| !matches!(verdict, Ok(None)));
        prop_assert_eq!(first.unwrap_or(Ok(None)), whole);
    }

    #[test]
    fn heads_from_anything((bytes, cuts) in with_cuts(vec(any::<u8>(), 0..200))) {
        let limits = Limits::default();
        prop_assert_eq!(head_cut(&bytes, &cuts, &limits), head_whole(&bytes, &limits));
    }

    #[test]
    fn bodies_from_pieces((bytes, cuts) in with_cuts(joined(BODY_PIECES)), limits in limits()) {
        let whole = body_cut(Framing::Chunked, &bytes, &[], &limits);
        prop_assert_eq!(body_cut(Framing::Chunked, &bytes, &cuts, &limits), whole);
    }

    #[test]
    fn bodies_from_anything((bytes, cuts) in with_cuts(vec(any::<u8>(), 0..200))) {
        let limits = Limits::default();
        let whole = body_cut(Framing::Chunked, &bytes, &[], &limits);
        prop_assert_eq!(body_cut(Framing::Chunked, &bytes, &cuts, &limits), whole);
    }

    /// Spans are read from buffers they were not made for.
    #[test]
    fn spans_read_anything(start: u16, len: u16, buf in vec(any::<u8>(), 0..300)) {
        let found = dx_http::Span { start, len }.of(&buf).to_vec();
        let end = usize::from(start) + usize::from(len);
        let inside = end <= buf.len();
        let expected = if inside { buf[usize::from(start)..end].to_vec() } else { vec![] };
        prop_assert_eq!(found, expected);
    }
}
