//! Request heads that are all there and as they should be, in one pass.
//!
//! Owns the quick way through a head. May not refuse one: what it does not take, for whatever
//! reason, `parser.rs` judges line by line. Its one invariant: what it takes, `parser.rs` takes
//! with the same outcome.

use crate::field::Field;
use crate::grammar::{self, TOKEN};
use crate::limits::SPAN_MAX;
use crate::scan::{self, Form, Walker, Work};
use crate::seen::Seen;
use crate::{Head, Limits, request_line};

/// The length of the head that `buf` begins with; `None` if it is not whole, not valid, or merely
/// unusual. Then `head` and `seen` mean nothing. It is not judged as a whole.
#[inline(always)]
pub(crate) fn parse(
    buf: &[u8],
    limits: &Limits,
    head: &mut Head,
    seen: &mut Seen,
) -> Option<usize> {
    scan::with_best(Whole { buf, limits, head, seen })
}

struct Whole<'a> {
    buf: &'a [u8],
    limits: &'a Limits,
    head: &'a mut Head,
    /// Lent, as it is written in small pieces: to return it would be to wait for all of them.
    seen: &'a mut Seen,
}

impl Work for Whole<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn with<F: Form>(self, form: F) -> Self::Output {
        let Self { buf, limits, head, seen } = self;
        // What lies beyond the limit is not there for this; then the head is not whole.
        let buf = &buf[..buf.len().min(limits.head_max.min(SPAN_MAX) as usize)];
        let headers_max = usize::from(limits.headers_max);
        let mut walker = Walker::new(buf, form);
        let end = walker.stop(0);
        let mut start = line(buf, end)?;
        if start > limits.request_line_max as usize {
            return None;
        }
        request_line::parse(&buf[..end], 0, head).ok()?;
        loop {
            let mut name_end = walker.other(start);
            if !is(buf, name_end, b':') {
                if name_end == start && is(buf, start, b'\r') {
                    return line(buf, start);
                }
                // Few names have anything but letters and dashes; the plain walk knows all.
                name_end += grammar::run(buf.get(name_end..)?, TOKEN);
                if !is(buf, name_end, b':') {
                    return None;
                }
            }
            if name_end == start || head.headers.len() >= headers_max {
                return None;
            }
            let mut end = walker.stop(name_end + 1);
            let next = loop {
                match line(buf, end) {
                    Some(next) => break next,
                    // The rare HTAB is allowed and costs one round more.
                    None if is(buf, end, b'\t') => end = walker.stop(end + 1),
                    None => return None,
                }
            };
            seen.field(buf, Field::new(buf, start, name_end, end), head);
            start = next;
        }
    }
}

#[inline(always)]
fn is(buf: &[u8], at: usize, byte: u8) -> bool {
    buf.get(at) == Some(&byte)
}

/// Where the next line begins, if the CRLF of this one is at `end`.
#[inline(always)]
fn line(buf: &[u8], end: usize) -> Option<usize> {
    let crlf = buf.get(end..)?.first_chunk()?;
    (u16::from_ne_bytes(*crlf) == u16::from_ne_bytes(*b"\r\n")).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::scan::tests::with_each;
    use crate::{HeadError, HeadParser};

    /// One head by one form, judged; the length, or what it was refused for.
    #[derive(Clone)]
    struct Once<'b>(&'b [u8], &'b Limits);

    type Judged = Result<(usize, Head), HeadError>;

    impl Work for Once<'_> {
        type Output = Option<Judged>;

        fn with<F: Form>(self, form: F) -> Self::Output {
            let Self(buf, limits) = self;
            let (mut head, mut seen) = (Head::default(), Seen::default());
            let len = Whole { buf, limits, head: &mut head, seen: &mut seen }.with(form)?;
            head.len = len as u32;
            Some(seen.judge(buf, &mut head).map(|()| (len, head)))
        }
    }

    /// The oracle: what the lines come to, one by one; `None` for a head that is not whole.
    fn by_lines(buf: &[u8], limits: &Limits) -> Option<Judged> {
        HeadParser::parse_plainly(buf, limits).transpose()
    }

    /// Whether the quick way took it.
    fn holds(buf: &[u8], limits: &Limits) -> bool {
        let plain = by_lines(buf, limits);
        let found = with_each(&Once(buf, limits));
        let taken = found.iter().filter(|(_, quick)| quick.is_some()).count();
        assert!(taken == 0 || taken == found.len(), "{}", buf.escape_ascii());
        for (form, quick) in found.into_iter().filter(|(_, quick)| quick.is_some()) {
            assert_eq!(quick, plain, "{form}: {}", buf.escape_ascii());
        }
        taken > 0
    }

    const HEAD: &[u8] = b"GET /a HTTP/1.1\r\nHost: a.example\r\nX_1: \r\nAccept:\t*/*; q=1 \t\r\n\
        Cookie: a=b; c=\xC3\xA4; d=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\tf\r\n\
        Connection: keep-alive\r\n\r\nGET / HTTP/1.1\r\n";

    #[test]
    fn the_usual_head_is_taken_at_every_alignment_and_only_whole() {
        let limits = Limits::default();
        let len = HEAD.len() - 16;
        for shift in 0..130 {
            let line = format!("x: {}\r\nHost", "y".repeat(shift));
            let at = HEAD.windows(4).position(|word| word == b"Host").expect("it is there");
            let head = [&HEAD[..at], line.as_bytes(), &HEAD[at + 4..]].concat();
            let end = len + line.len() - 4;
            assert!(holds(&head, &limits), "{shift}");
            assert!(holds(&head[..end], &limits), "{shift}");
            for cut in 0..end {
                assert!(!holds(&head[..cut], &limits), "{shift} {cut}");
            }
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        let limits = Limits::default();
        for place in 0..HEAD.len() - 16 {
            for byte in 0..=255 {
                let mut head = HEAD.to_vec();
                head[place] = byte;
                holds(&head, &limits);
                head.insert(place, HEAD[place]);
                holds(&head, &limits);
            }
        }
    }

    /// What fuzzing has kept was chosen by the form of the machine it ran on.
    #[test]
    fn kept_inputs_are_taken_alike_by_every_form() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpora/http_head");
        let mut taken = 0;
        for entry in std::fs::read_dir(folder).expect("it is there") {
            let input = std::fs::read(entry.expect("readable").path()).expect("readable");
            // Three bytes say how a target reads the rest.
            taken += usize::from(holds(input.get(3..).unwrap_or_default(), &Limits::default()));
        }
        assert!(taken > 20, "{taken}");
    }

    #[test]
    fn limits_are_kept_to_the_byte() {
        let len = HEAD.len() as u32 - 16;
        for head_max in 0..len + 2 {
            let limits = Limits { head_max, ..Limits::default() };
            assert_eq!(holds(HEAD, &limits), head_max >= len);
        }
        for request_line_max in 0..20 {
            let limits = Limits { request_line_max, ..Limits::default() };
            assert_eq!(holds(HEAD, &limits), request_line_max >= 17);
        }
        for headers_max in 0..8 {
            let limits = Limits { headers_max, ..Limits::default() };
            assert_eq!(holds(HEAD, &limits), headers_max >= 5);
        }
        let long = [b"GET / HTTP/1.1\r\nHost: ", &vec![b'a'; 70_000][..], b"\r\n\r\n"].concat();
        assert!(!holds(&long, &Limits { head_max: u32::MAX, ..Limits::default() }));
    }

    /// Pieces that reach deep into a head.
    const PIECES: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n",
        b"Host: a\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b": ",
        b":",
        b" ",
        b"\t",
        b"\0",
        b"-",
        b"_",
        b"a",
        b"x-1: y\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close, x\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: a\r\n",
        b"Host:\r\n",
        b"\x7F",
        b"\x80",
        b"\xFF",
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        b"POST /p?q HTTP/1.0\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"GET http://b/ HTTP/1.1\r\n",
    ];

    fn head() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            12 => select(PIECES).prop_map(<[u8]>::to_vec),
            1 => prop::collection::vec(any::<u8>(), 1..4),
        ];
        let pieces = prop::collection::vec(piece, 0..16);
        (any::<bool>(), pieces, any::<bool>()).prop_map(|(begun, pieces, ended)| {
            let begin: &[u8] = if begun { b"GET / HTTP/1.1\r\nHost: a\r\n" } else { b"" };
            let end: &[u8] = if ended { b"\r\n\r\n" } else { b"" };
            [begin, &pieces.concat(), end].concat()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8192))]

        #[test]
        fn what_is_taken_is_what_the_lines_come_to(
            head in head(),
            start in 0usize..70,
            sizes in prop_oneof![Just((400, 400, 9)), (1u32..60, 1u32..200, 0u16..4)],
        ) {
            let (request_line_max, head_max, headers_max) = sizes;
            let limits = Limits { request_line_max, head_max, headers_max, ..Limits::default() };
            // Where a head lies must not matter.
            let moved = [&vec![b'\n'; start][..], &head].concat();
            holds(&moved[start..], &limits);
        }
    }
}
