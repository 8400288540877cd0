//! The table of chunked bodies, and bodies of known length.
//!
//! Owns what is accepted and what is refused. May not know how. Its one invariant: every row also
//! runs cut at every byte, byte by byte, and with another body behind it.

#[path = "common/body.rs"]
mod body_runs;

use body_runs::body_cut;
use dx_http::BodyError::*;
use dx_http::{BodyDecoder, BodyError, BodyStep, Framing, Limits};

/// Clause, bytes, content or error.
const ROWS: &[(&str, &str, Result<&str, BodyError>)] = &[
    ("9112-7.1", "0\r\n\r\n", Ok("")),
    ("9112-7.1", "5\r\nhello\r\n0\r\n\r\n", Ok("hello")),
    ("9112-7.1", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", Ok("abc")),
    ("9112-7.1", "00a\r\n0123456789\r\n000\r\n\r\n", Ok("0123456789")),
    ("9112-7.1", "A\r\n0123456789\r\n0\r\n\r\n", Ok("0123456789")),
    ("9112-7.1", "4\r\n\r\n\r\n\r\n0\r\n\r\n", Ok("\r\n\r\n")),
    ("9112-7.1", "0000000000000001\r\na\r\n0\r\n\r\n", Ok("a")),
    ("9112-7.1", "00000000000000001\r\na\r\n0\r\n\r\n", Err(InvalidChunkSize)),
    ("9112-7.1", "10000000000000000\r\n", Err(InvalidChunkSize)),
    ("9112-7.1", "\r\n", Err(InvalidChunkSize)),
    ("9112-7.1", ";a\r\n", Err(InvalidChunkSize)),
    ("9112-7.1", " 5\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "+5\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "-5\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "0x5\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "5_0\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "g\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "5,\r\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "5\nhello", Err(InvalidChunkSize)),
    ("9112-7.1", "5\rhello", Err(BareCr)),
    ("9112-7.1", "5\r\rhello", Err(BareCr)),
    ("9112-7.1", "5 \r\nhello", Err(InvalidChunkExtension)),
    ("9112-7.1", "5\t5\r\nhello", Err(InvalidChunkExtension)),
    ("9112-7.1", "1\r\na0\r\n\r\n", Err(InvalidChunkEnd)),
    ("9112-7.1", "1\r\na\n0\r\n\r\n", Err(InvalidChunkEnd)),
    ("9112-7.1", "1\r\na\rX0\r\n\r\n", Err(InvalidChunkEnd)),
    ("9112-7.1", "1\r\nab\r\n0\r\n\r\n", Err(InvalidChunkEnd)),
    ("9112-7.1.1", "1;a\r\nx\r\n0\r\n\r\n", Ok("x")),
    ("9112-7.1.1", "1;a=b\r\nx\r\n0;c=d\r\n\r\n", Ok("x")),
    ("9112-7.1.1", "1;a=b;c;d=\"e\"\r\nx\r\n0\r\n\r\n", Ok("x")),
    ("9112-7.1.1", "1;a=\"\"\r\nx\r\n0\r\n\r\n", Ok("x")),
    ("9112-7.1.1", "1;a=\"\\\"\\\\;=,\u{e9}\t\"\r\nx\r\n0\r\n\r\n", Ok("x")),
    ("9110-5.6.3", "1 ; a = b ; c = \"d\" ;e\r\nx\r\n0\r\n\r\n", Ok("x")),
    ("9112-7.1.1", "1;\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;=b\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;;a\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a \r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=b \r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a b\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=b=c\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=\"b\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=\"b\\\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=\"b\"c\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a=b\"c\"\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a\nx\r\n", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;a\rx\r\n", Err(BareCr)),
    ("9112-7.1.1", "1;a=\"\n\"\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.1", "1;\0\r\nx", Err(InvalidChunkExtension)),
    ("9112-7.1.2", "0\r\nA: b\r\n\r\n", Ok("")),
    ("9112-7.1.2", "1\r\nx\r\n0\r\nA: b\r\nC:\r\nD:\t\u{e9} \r\n\r\n", Ok("x")),
    ("9112-7.1.2", "0\r\nContent-Length: 5\r\n\r\n", Ok("")),
    ("9112-7.1.2", "0\r\nA\r\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\nA : b\r\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\n: b\r\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\n A: b\r\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\nA: b\r\n c\r\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\nA: b\0\r\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\nA: b\n\r\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\nA: b\rc\r\n", Err(BareCr)),
    ("9112-7.1.2", "0\r\n\n", Err(InvalidTrailer)),
    ("9112-7.1.2", "0\r\n\rX", Err(BareCr)),
    ("9112-7.1.2", "0\r\nXX", Ok("incomplete")),
    ("9112-7.1", "5\r\nhel", Ok("incomplete")),
    ("9112-7.1", "ffffffffffffffff\r\nab", Ok("incomplete")),
];

#[test]
fn chunked_bodies() {
    let limits = Limits::default();
    for (clause, text, expected) in ROWS {
        let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let context = format!("{clause}: {}", bytes.escape_ascii());
        let whole = body_cut(Framing::Chunked, &bytes, &[], &limits);
        match (&whole, expected) {
            (Ok((_, None)), Ok("incomplete")) => {}
            (Ok((content, Some(len))), Ok(wanted)) => {
                assert_eq!(content, wanted.as_bytes(), "{context}");
                assert_eq!(*len, bytes.len(), "{context}");
                let twice = [&bytes[..], &bytes].concat();
                assert_eq!(body_cut(Framing::Chunked, &twice, &[], &limits), whole, "{context}");
            }
            (Err((_, error)), Err(wanted)) => assert_eq!(error, wanted, "{context}"),
            _ => panic!("{context}: {whole:?} instead of {expected:?}"),
        }
        for cut in 0..bytes.len() {
            let verdict = body_cut(Framing::Chunked, &bytes, &[cut], &limits);
            assert_eq!(verdict, whole, "cut at {cut}: {context}");
        }
        let every: Vec<usize> = (0..bytes.len()).collect();
        let verdict = body_cut(Framing::Chunked, &bytes, &every, &limits);
        assert_eq!(verdict, whole, "byte by byte: {context}");
    }
}

#[test]
fn known_lengths_end_exactly() {
    let limits = Limits::default();
    for len in 0..8u64 {
        for cut in 0..8 {
            let verdict = body_cut(Framing::Length(len), b"abcdefgh", &[cut], &limits);
            let content = b"abcdefgh"[..len as usize].to_vec();
            assert_eq!(verdict, Ok((content, Some(len as usize))));
        }
    }
    assert_eq!(body_cut(Framing::None, b"GET", &[], &limits), Ok((vec![], Some(0))));
    let mut body = BodyDecoder::new(Framing::Length(u64::MAX));
    assert_eq!(body.decode(b"", &limits), Ok(BodyStep::NeedMore { consumed: 0 }));
    assert_eq!(body.decode(b"ab", &limits), Ok(BodyStep::Data { data: b"ab", consumed: 2 }));
    assert_eq!(body.remaining_hint(), u64::MAX - 2);
}

#[test]
fn chunk_limits_are_exact() {
    let limits = Limits { chunk_line_max: 10, chunk_overhead_max: 30, ..Limits::default() };
    let run = |text: &str| {
        let whole = body_cut(Framing::Chunked, text.as_bytes(), &[], &limits);
        let every: Vec<usize> = (0..text.len()).collect();
        assert_eq!(body_cut(Framing::Chunked, text.as_bytes(), &every, &limits), whole);
        whole.map(|(content, _)| content.len()).map_err(|(_, error)| error)
    };
    assert_eq!(run("1;aaaaaaaa\r\nx\r\n0\r\n\r\n"), Ok(1));
    assert_eq!(run("1;aaaaaaaaa\r\nx\r\n0\r\n\r\n"), Err(ChunkLineTooLong));
    assert_eq!(run("1;aaaaaaaaa"), Err(ChunkLineTooLong));
    assert_eq!(run("00000000001\r\n"), Err(ChunkLineTooLong));
    // Three lines of nine bytes of extension are 27; the last line may have three more.
    let three = "1;aaaaaaaa\r\nx\r\n".repeat(3);
    assert_eq!(run(&format!("{three}0;ab\r\n\r\n")), Ok(3));
    assert_eq!(run(&format!("{three}0;abc\r\n\r\n")), Err(ChunkOverheadTooLarge));
    assert_eq!(run(&format!("0\r\nA:{}\r\n\r\n", "x".repeat(26))), Ok(0));
    assert_eq!(run(&format!("0\r\nA:{}\r\n\r\n", "x".repeat(27))), Err(ChunkOverheadTooLarge));
    assert_eq!(run(&format!("0\r\n{}", "A:b\r\n".repeat(7))), Err(ChunkOverheadTooLarge));
    assert_eq!(ChunkOverheadTooLarge.status().code(), 431);
    assert_eq!(InvalidChunkSize.status().code(), 400);
}
