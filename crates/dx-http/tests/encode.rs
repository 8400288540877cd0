//! Response heads: rows, and round trips through httparse and our own chunk decoder.
//!
//! Owns what is written. May not know how. Its one invariant: every head that can be built parses
//! as exactly one response with exactly one framing.

use dx_http::{BodyDecoder, BodyStep, ChunkedEncoder, Date, Framing, HeaderError, HeaderName};
use dx_http::{HeaderValue, Limits, ResponseFraming, ResponseHead, Status, Version};
use proptest::collection::vec;
use proptest::prelude::*;

const EPOCH: &str = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

#[test]
fn heads_are_written_as_asked_or_as_allowed() {
    use ResponseFraming::{Chunked, Length, None, UntilClose};
    use Version::{Http10, Http11};
    let rows = [
        (200, Http11, true, Length(0), "200 OK\r\ncontent-length: 0\r\nDATE"),
        (200, Http11, false, Length(7), "200 OK\r\ncontent-length: 7\r\nconnection: close\r\nDATE"),
        (
            404,
            Http10,
            true,
            Length(12),
            "404 Not Found\r\ncontent-length: 12\r\nconnection: keep-alive\r\nDATE",
        ),
        (200, Http11, true, Chunked, "200 OK\r\ntransfer-encoding: chunked\r\nDATE"),
        // 9112-6.1: not to HTTP/1.0.
        (200, Http10, true, Chunked, "200 OK\r\nconnection: close\r\nDATE"),
        (200, Http11, true, UntilClose, "200 OK\r\nconnection: close\r\nDATE"),
        // 9110-8.6 and 9112-6.1: none in 1xx and 204.
        (204, Http11, true, Length(5), "204 No Content\r\nDATE"),
        (204, Http11, true, Chunked, "204 No Content\r\nDATE"),
        (204, Http11, true, None, "204 No Content\r\nDATE"),
        (304, Http11, true, None, "304 Not Modified\r\nDATE"),
        (304, Http11, true, Length(5), "304 Not Modified\r\ncontent-length: 5\r\nDATE"),
        // A body without an end would swallow the next response.
        (200, Http11, true, None, "200 OK\r\ncontent-length: 0\r\nDATE"),
        (100, Http11, true, None, "100 Continue\r\n"),
        (101, Http11, true, Length(1), "101 Switching Protocols\r\nconnection: upgrade\r\n"),
        (
            426,
            Http11,
            false,
            Length(0),
            "426 Upgrade Required\r\ncontent-length: 0\r\nconnection: close, upgrade\r\nDATE",
        ),
        // 9112-4: the space stays without a reason.
        (299, Http11, true, Length(1), "299 \r\ncontent-length: 1\r\nDATE"),
    ];
    for (code, version, keep_alive, framing, expected) in rows {
        let head = ResponseHead {
            status: Status::new(code).unwrap(),
            version,
            keep_alive,
            content_type: Option::None,
            framing,
            date: &Date::from_unix(0),
            headers: &[],
        };
        let mut out = b"kept".to_vec();
        head.encode(&mut out);
        let expected = format!("keptHTTP/1.1 {}\r\n", expected.replace("DATE", EPOCH));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
    assert_eq!(dx_http::CONTINUE, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn names_and_values_cannot_split_a_response() {
    for name in ["", "a b", "a:", "a\r\n", "\u{e9}", "a\0", "(a)"] {
        assert_eq!(HeaderName::new(name), Err(HeaderError::InvalidName), "{name:?}");
    }
    for value in ["a\r\nb: c", "a\n", "\r", "a\0", "\u{7f}", " a", "a\t"] {
        assert_eq!(HeaderValue::new(value), Err(HeaderError::InvalidValue), "{value:?}");
    }
    assert_eq!(HeaderValue::new("").unwrap().as_bytes(), b"");
    assert_eq!(HeaderValue::new("a\tb \u{e9}").unwrap().as_bytes(), "a\tb \u{e9}".as_bytes());
    assert_eq!(HeaderName::new("X-A").unwrap().as_bytes(), b"x-a");
    for name in ["Content-Length", "transfer-encoding", "DATE", "Connection"] {
        assert!(HeaderName::new(name).unwrap().is_managed());
    }
    assert!(!HeaderName::from_static("content-type").is_managed());
    for bad in ["A", "a b", ""] {
        assert!(std::panic::catch_unwind(|| HeaderName::from_static(bad)).is_err(), "{bad:?}");
    }
    for bad in ["a\r", " a", "a ", "\u{7f}"] {
        assert!(std::panic::catch_unwind(|| HeaderValue::from_static(bad)).is_err(), "{bad:?}");
    }
}

fn framing() -> impl Strategy<Value = ResponseFraming> {
    prop_oneof![
        any::<u64>().prop_map(ResponseFraming::Length),
        Just(ResponseFraming::Chunked),
        Just(ResponseFraming::UntilClose),
        Just(ResponseFraming::None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_encoded_is_parsed_back(
        code in 100u16..=999,
        old: bool,
        keep_alive: bool,
        framing in framing(),
        headers in vec((vec(any::<u8>(), 0..12), vec(any::<u8>(), 0..20)), 0..20),
        names in vec("[a-zA-Z0-9!#^_|~-]{1,20}|content-length|date|connection", 0..8),
        content_type in "[!-~]{0,30}",
    ) {
        let (status, content_type) = (Status::new(code).unwrap(), HeaderValue::new(content_type));
        let content_type = content_type.unwrap();
        // Whatever the constructors let through must be harmless.
        let mut given: Vec<_> = headers
            .into_iter()
            .filter_map(|(name, value)| {
                Some((HeaderName::new(name).ok()?, HeaderValue::new(value).ok()?))
            })
            .collect();
        given.extend(names.iter().map(|name| {
            (HeaderName::new(name).unwrap(), HeaderValue::new(name).unwrap())
        }));
        let head = ResponseHead {
            status,
            version: if old { Version::Http10 } else { Version::Http11 },
            keep_alive,
            content_type: Some(&content_type),
            framing,
            date: &Date::from_unix(1),
            headers: &given,
        };
        let mut out = Vec::new();
        head.encode(&mut out);

        let mut parsed = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut parsed);
        prop_assert_eq!(response.parse(&out), Ok(httparse::Status::Complete(out.len())));
        prop_assert_eq!((response.version, response.code), (Some(1), Some(code)));
        prop_assert_eq!(response.reason, Some(status.reason()));
        let values = |name: &str| -> Vec<Vec<u8>> {
            let lines = response.headers.iter().filter(|line| line.name == name);
            lines.map(|line| line.value.to_vec()).collect()
        };
        let lengths = values("content-length");
        let chunked = values("transfer-encoding");
        match head.framing_sent() {
            ResponseFraming::Length(length) => {
                prop_assert_eq!(lengths, vec![length.to_string().into_bytes()]);
                prop_assert!(chunked.is_empty());
            }
            ResponseFraming::Chunked => {
                prop_assert!(lengths.is_empty() && !old);
                prop_assert_eq!(chunked, vec![b"chunked".to_vec()]);
            }
            _ => prop_assert!(lengths.is_empty() && chunked.is_empty()),
        }
        prop_assert!(values("date").len() == usize::from(code >= 200));
        prop_assert!(values("connection").len() <= 1);
        for (name, value) in given.iter().filter(|(name, _)| !name.is_managed()) {
            let name = std::str::from_utf8(name.as_bytes()).unwrap();
            prop_assert!(values(name).iter().any(|found| found == value.as_bytes()));
        }
    }

    #[test]
    fn chunks_come_back(pieces in vec(vec(any::<u8>(), 0..300), 0..6)) {
        let mut out = Vec::new();
        for piece in &pieces {
            ChunkedEncoder::chunk(&mut out, piece);
        }
        ChunkedEncoder::finish(&mut out);
        let (mut body, mut content, mut at) =
            (BodyDecoder::new(Framing::Chunked), Vec::new(), 0);
        while let BodyStep::Data { data, consumed } =
            body.decode(&out[at..], &Limits::default()).unwrap()
        {
            content.extend_from_slice(data);
            at += consumed;
        }
        prop_assert!(body.is_done());
        prop_assert_eq!(content, pieces.concat());
    }

    #[test]
    fn dates_match_httpdate(seconds in 0u64..253_402_300_800) {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        prop_assert_eq!(Date::from_unix(seconds).to_string(), httpdate::fmt_http_date(time));
    }
}

#[test]
fn dates_hold_at_the_edges_of_the_calendar() {
    for (seconds, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (u64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(Date::from_unix(seconds).as_str(), text);
    }
}
