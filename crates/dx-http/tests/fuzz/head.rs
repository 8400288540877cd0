//! Heads: every way through the parser against each other, and against the oracle.
//!
//! Owns what is compared. Invariant: the quick pass, the lines one by one, and every cut come to
//! the same verdict, the same length and the same parts.

use dx_http::{Framing, Head, Version};

use super::head_runs::{HeadVerdict, head_cut, head_whole};
use super::input::Input;
use super::oracle::head::{Body, Request, Verdict, judge};

/// Judges one input.
///
/// # Panics
/// When something is not the same.
pub fn check(input: &[u8]) {
    let Some(input) = Input::read(input) else { return };
    let Input { limits, seed, bytes } = &input;
    let whole = head_whole(bytes, limits);
    // One byte is no line, but from then on the head is not fresh: it is read by lines alone.
    assert_eq!(head_cut(bytes, &[1.min(bytes.len())], limits), whole, "by lines");
    assert_eq!(head_cut(bytes, &input.cuts(), limits), whole, "cut");
    if bytes.len() <= 256 {
        let every: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(head_cut(bytes, &every, limits), whole, "byte by byte");
    }
    // Where a head lies must not matter to a pass over blocks.
    let before = usize::from(seed % 64);
    let moved = [&vec![b'\n'; before][..], bytes].concat();
    assert_eq!(head_whole(&moved[before..], limits), whole, "moved");
    if let Ok(Some((_, len))) = &whole {
        assert_eq!(head_whole(&bytes[..*len], limits), whole, "what follows decides nothing");
        assert_eq!(head_whole(&bytes[..len - 1], limits), Ok(None), "a byte less");
    }
    assert_eq!(as_judged(&whole, bytes), judge(bytes, limits), "the oracle");
}

/// What the parser found, in the oracle's words.
fn as_judged(verdict: &HeadVerdict, bytes: &[u8]) -> Verdict {
    match verdict {
        Ok(None) => Verdict::More,
        Err(error) => Verdict::Refused(error.status().code()),
        Ok(Some((head, len))) => {
            assert_eq!(head.len as usize, *len);
            Verdict::Head(request(head, bytes))
        }
    }
}

/// A head, spelled out.
fn request(head: &Head, bytes: &[u8]) -> Request {
    let text = |span: dx_http::Span| span.of(bytes).to_vec();
    let lines = head.headers.iter().map(|line| (text(line.name), text(line.value)));
    let name = head.method.as_str();
    assert!(name.is_empty() || name.as_bytes() == head.method_token.of(bytes));
    Request {
        len: head.len as usize,
        method: text(head.method_token),
        target: text(head.target),
        modern: head.version == Version::Http11,
        path: text(head.path),
        query: head.query.map(text),
        host: head.host.map(text),
        fields: lines.collect(),
        body: match head.framing {
            Framing::None => Body::None,
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked,
        },
        keep_alive: head.keep_alive,
        expect_continue: head.expect_continue,
        upgrade: head.upgrade,
    }
}
