//! A second opinion: whatever is accepted here, httparse accepts and reads the same way.
//!
//! Owns requests that are nearly right. May not be the source of truth: httparse is laxer, so only
//! acceptance is compared. Its one invariant: enough inputs are accepted to give that meaning.

use dx_http::{Head, HeadParser, Limits, Progress, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Duplicate(Index, Index),
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let header = (
        select(&["A", "accept", "User-Agent", "X-1", "Cookie", "Via", "~!#"][..]),
        select(&[":", ": ", ":\t ", ":  "][..]),
        "[ -~\t]{0,40}",
        select(&["", " ", "\t"][..]),
    )
        .prop_map(|(name, colon, value, end)| format!("{name}{colon}{value}{end}\r\n"));
    let framing = select(
        &[
            "",
            "",
            "Content-Length: 7\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Expect: 100-continue\r\n",
        ][..],
    );
    (
        select(&["GET", "POST", "HEAD", "OPTIONS", "M-SEARCH", "get"][..]),
        select(&["/", "/a/b?c=d", "/%20?", "http://x/y", "/~a;b=c"][..]),
        select(&["1.1", "1.0"][..]),
        vec(header, 0..6),
        framing,
    )
        .prop_map(|(method, target, version, headers, framing)| {
            let headers = headers.concat();
            // RFC 9112 section 6.1: chunks do not exist in HTTP/1.0.
            let old = version == "1.0" && framing.starts_with('T');
            let framing = if old { "" } else { framing };
            format!("{method} {target} HTTP/{version}\r\n{headers}Host: a:1\r\n{framing}\r\n")
                .into_bytes()
        })
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let byte = prop_oneof![any::<u8>(), select(&b" \t\r\n:,;\0aA1/?%"[..])];
    prop_oneof![
        (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), byte).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<Index>().prop_map(Mutation::Remove),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Duplicate(from, to)),
    ]
}

fn mutate(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        let len = bytes.len();
        match mutation {
            _ if len == 0 => {}
            Mutation::Replace(at, byte) => bytes[at.index(len)] = *byte,
            Mutation::Insert(at, byte) => bytes.insert(at.index(len + 1), *byte),
            Mutation::Remove(at) => drop(bytes.remove(at.index(len))),
            Mutation::Duplicate(from, to) => {
                let piece = bytes[from.index(len)..(from.index(len) + 9).min(len)].to_vec();
                let at = to.index(len);
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// Fails if httparse reads `bytes` otherwise; whether they were accepted here.
fn compare(bytes: &[u8]) -> Result<bool, TestCaseError> {
    let mut head = Head::default();
    let verdict = HeadParser::default().parse(bytes, &Limits::default(), &mut head);
    let Ok(Progress::Complete { len }) = verdict else { return Ok(false) };
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut other = httparse::Request::new(&mut headers);
    let status = other.parse(bytes);
    let minor_at = usize::from(head.target.start + head.target.len) + " HTTP/1.".len();
    if bytes[minor_at] > b'1' {
        // RFC 9110 section 2.5 wants these understood as 1.1; httparse knows two versions only.
        prop_assert_eq!(status, Err(httparse::Error::Version));
        return Ok(true);
    }
    prop_assert_eq!(status, Ok(httparse::Status::Complete(len)));
    prop_assert_eq!(other.method.map(str::as_bytes), Some(head.method_token.of(bytes)));
    prop_assert_eq!(other.path.map(str::as_bytes), Some(head.target.of(bytes)));
    let minor = u8::from(head.version == Version::Http11);
    prop_assert_eq!(other.version, Some(minor));
    prop_assert_eq!(other.headers.len(), head.headers.len());
    for (theirs, ours) in other.headers.iter().zip(&head.headers) {
        prop_assert_eq!(theirs.name.as_bytes(), ours.name.of(bytes));
        prop_assert_eq!(theirs.value, ours.value.of(bytes));
        prop_assert_eq!(head.header_all(bytes, theirs.name).any(|v| v == theirs.value), true);
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn what_is_right_is_accepted_by_both(bytes in request()) {
        prop_assert!(compare(&bytes)?, "{}", bytes.escape_ascii());
    }

    #[test]
    fn what_is_mutated_is_read_the_same(
        bytes in request(),
        mutations in vec(mutation(), 1..4),
    ) {
        compare(&mutate(bytes, &mutations))?;
    }
}
