//! Chunked content: sizes, extensions, line ends, trailers.
//!
//! Owns rows. Invariant: what is not exactly the grammar ends the connection at the byte where it
//! stops being that.

use crate::row::{Row, ok, open, refused};

/// A request with this chunked content.
macro_rules! chunked {
    ($content:literal) => {
        concat!("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", $content)
            .as_bytes()
    };
}

pub const ROWS: &[Row] = &[
    open("no chunk", "9112-7.1", chunked!("0\r\n\r\n"), &[ok(b"")]),
    open("one chunk", "9112-7.1", chunked!("1\r\na\r\n0\r\n\r\n"), &[ok(b"a")]),
    open(
        "several chunks",
        "9112-7.1",
        chunked!("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"),
        &[ok(b"abcdef")],
    ),
    open(
        "a small digit",
        "9112-7.1",
        chunked!("a\r\n0123456789\r\n0\r\n\r\n"),
        &[ok(b"0123456789")],
    ),
    open(
        "a capital digit",
        "9112-7.1",
        chunked!("A\r\n0123456789\r\n0\r\n\r\n"),
        &[ok(b"0123456789")],
    ),
    open("zeros before the size", "9112-7.1", chunked!("0003\r\nabc\r\n0\r\n\r\n"), &[ok(b"abc")]),
    open(
        "sixteen digits of size",
        "9112-7.1",
        chunked!("0000000000000003\r\nabc\r\n0\r\n\r\n"),
        &[ok(b"abc")],
    ),
    open("several zeros for the last", "9112-7.1", chunked!("1\r\na\r\n000\r\n\r\n"), &[ok(b"a")]),
    open(
        "data that is CRLF",
        "9112-7.1",
        chunked!("4\r\n\r\n\r\n\r\n0\r\n\r\n"),
        &[ok(b"\r\n\r\n")],
    ),
    open(
        "data that looks like the last chunk",
        "9112-7.1",
        chunked!("5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
        &[ok(b"0\r\n\r\n")],
    ),
    // Sizes.
    refused("no size", "9112-7.1", chunked!("\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size of a letter", "9112-7.1", chunked!("g\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size with a plus", "9112-7.1", chunked!("+3\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size with a minus", "9112-7.1", chunked!("-3\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a last chunk of minus nothing", "9112-7.1", chunked!("-0\r\n\r\n"), 400),
    refused("a size with 0x", "9112-7.1", chunked!("0x3\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size with an underscore", "9112-7.1", chunked!("0_3\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size with h", "9112-7.1", chunked!("3h\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size with a fraction", "9112-7.1", chunked!("3.0\r\nabc\r\n0\r\n\r\n"), 400),
    refused("seventeen digits", "9112-7.1", chunked!("00000000000000003\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size of 2^64", "9112-7.1", chunked!("10000000000000000\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a size of 2^64 and three", "9112-7.1", chunked!("10000000000000003\r\nabc\r\n"), 400),
    refused("the largest size", "9110-15.5.14", chunked!("ffffffffffffffff\r\nabc\r\n"), 413),
    refused("a space before the size", "9112-7.1", chunked!(" 3\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a space behind the size", "9112-7.1", chunked!("3 \r\nabc\r\n0\r\n\r\n"), 400),
    refused("a tab behind the size", "9112-7.1", chunked!("3\t\r\nabc\r\n0\r\n\r\n"), 400),
    refused(
        "a vertical tab behind the size",
        "9112-7.1",
        chunked!("3\x0b\r\nabc\r\n0\r\n\r\n"),
        400,
    ),
    refused("NUL behind the size", "9112-7.1", chunked!("3\0\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a space within the size", "9112-7.1", chunked!("0 3\r\nabc\r\n0\r\n\r\n"), 400),
    refused("a comma behind the size", "9112-7.1", chunked!("3,3\r\nabc\r\n0\r\n\r\n"), 400),
    // Line ends.
    refused("a bare LF behind the size", "9112-7.1", chunked!("3\nabc\r\n0\r\n\r\n"), 400),
    refused("a bare CR behind the size", "9112-7.1", chunked!("3\rabc\r\n0\r\n\r\n"), 400),
    refused("CR CR LF behind the size", "9112-7.1", chunked!("3\r\r\nabc\r\n0\r\n\r\n"), 400),
    refused("no CRLF behind the data", "9112-7.1", chunked!("3\r\nabc0\r\n\r\n"), 400),
    refused("a bare LF behind the data", "9112-7.1", chunked!("3\r\nabc\n0\r\n\r\n"), 400),
    refused("a bare CR behind the data", "9112-7.1", chunked!("3\r\nabc\r0\r\n\r\n"), 400),
    refused("two octets that are not CRLF", "9112-7.1", chunked!("3\r\nabcXX0\r\n\r\n"), 400),
    refused("more data than the size", "9112-7.1", chunked!("3\r\nabcd\r\n0\r\n\r\n"), 400),
    refused("less data than the size", "9112-7.1", chunked!("4\r\nabc\r\n0\r\n\r\n"), 400),
    refused("an empty line between chunks", "9112-7.1", chunked!("1\r\na\r\n\r\n0\r\n\r\n"), 400),
    refused("a bare LF behind the last chunk", "9112-7.1", chunked!("0\n\r\n"), 400),
    refused("a bare LF at the very end", "9112-7.1", chunked!("0\r\n\n"), 400),
    refused("a bare CR at the very end", "9112-7.1", chunked!("0\r\n\rX"), 400),
    refused("two octets at the very end", "9112-7.1", chunked!("0\r\nXX"), 400),
    // Extensions.
    open("an extension", "9112-7.1.1", chunked!("1;a\r\nx\r\n0\r\n\r\n"), &[ok(b"x")]),
    open(
        "an extension with a value",
        "9112-7.1.1",
        chunked!("1;a=b\r\nx\r\n0\r\n\r\n"),
        &[ok(b"x")],
    ),
    open("two extensions", "9112-7.1.1", chunked!("1;a=b;c\r\nx\r\n0;d\r\n\r\n"), &[ok(b"x")]),
    open(
        "an extension with a quoted value",
        "9112-7.1.1",
        chunked!("1;a=\"b c\"\r\nx\r\n0\r\n\r\n"),
        &[ok(b"x")],
    ),
    open(
        "a quoted value that could end the line elsewhere",
        "9110-5.6.4",
        chunked!("1;a=\"\\\";b=\\\\\"\r\nx\r\n0\r\n\r\n"),
        &[ok(b"x")],
    ),
    open(
        "an empty quoted value",
        "9112-7.1.1",
        chunked!("1;a=\"\"\r\nx\r\n0\r\n\r\n"),
        &[ok(b"x")],
    ),
    open(
        "white space where it was once allowed",
        "9110-5.6.3",
        chunked!("1 ; a = b\t; c\r\nx\r\n0\r\n\r\n"),
        &[ok(b"x")],
    ),
    open(
        "an extension that looks like a size",
        "9112-7.1.1",
        chunked!("1;9\r\nx\r\n0\r\n\r\n"),
        &[ok(b"x")],
    ),
    refused("an empty extension", "9112-7.1.1", chunked!("1;\r\nx\r\n0\r\n\r\n"), 400),
    refused("two semicolons", "9112-7.1.1", chunked!("1;;a\r\nx\r\n0\r\n\r\n"), 400),
    refused("an extension without a name", "9112-7.1.1", chunked!("1;=b\r\nx\r\n0\r\n\r\n"), 400),
    refused(
        "an extension without its value",
        "9112-7.1.1",
        chunked!("1;a=\r\nx\r\n0\r\n\r\n"),
        400,
    ),
    refused("two values", "9112-7.1.1", chunked!("1;a=b=c\r\nx\r\n0\r\n\r\n"), 400),
    refused("a name of two words", "9112-7.1.1", chunked!("1;a b\r\nx\r\n0\r\n\r\n"), 400),
    refused(
        "white space at the end of extensions",
        "9112-7.1.1",
        chunked!("1;a \r\nx\r\n0\r\n\r\n"),
        400,
    ),
    refused("a bare LF in an extension", "9112-7.1.1", chunked!("1;a\nx\r\n0\r\n\r\n"), 400),
    refused("a bare CR in an extension", "9112-7.1.1", chunked!("1;a\rb\r\nx\r\n0\r\n\r\n"), 400),
    refused("NUL in an extension", "9112-7.1.1", chunked!("1;a\0\r\nx\r\n0\r\n\r\n"), 400),
    refused("a quote that stays open", "9110-5.6.4", chunked!("1;a=\"b\r\nx\r\n0\r\n\r\n"), 400),
    refused("a bare LF in quotes", "9110-5.6.4", chunked!("1;a=\"\n\"\r\nx\r\n0\r\n\r\n"), 400),
    refused("CRLF in quotes", "9110-5.6.4", chunked!("1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n"), 400),
    refused(
        "an escaped LF in quotes",
        "9110-5.6.4",
        chunked!("1;a=\"\\\n\"\r\nx\r\n0\r\n\r\n"),
        400,
    ),
    refused(
        "something behind the quotes",
        "9110-5.6.4",
        chunked!("1;a=\"b\"c\r\nx\r\n0\r\n\r\n"),
        400,
    ),
    // Trailers, which are read and forgotten.
    open("a trailer", "9112-7.1.2", chunked!("0\r\nA: b\r\n\r\n"), &[ok(b"")]),
    open(
        "several trailers",
        "9112-7.1.2",
        chunked!("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n"),
        &[ok(b"x")],
    ),
    open(
        "a trailer that would change the framing",
        "9110-6.5.1",
        chunked!("1\r\nx\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: gzip\r\n\r\n"),
        &[ok(b"x")],
    ),
    open(
        "a trailer that would change the connection",
        "9110-6.5.1",
        chunked!("0\r\nConnection: close\r\nHost: i\r\nExpect: x\r\n\r\n"),
        &[ok(b"")],
    ),
    refused("a trailer without colon", "9112-7.1.2", chunked!("0\r\nA\r\n\r\n"), 400),
    refused("a trailer without name", "9110-5.1", chunked!("0\r\n: b\r\n\r\n"), 400),
    refused(
        "a space before the colon of a trailer",
        "9112-5.1",
        chunked!("0\r\nA : b\r\n\r\n"),
        400,
    ),
    refused("a folded trailer", "9112-5.2", chunked!("0\r\nA: b\r\n c\r\n\r\n"), 400),
    refused("a trailer that begins with a space", "9112-5.2", chunked!("0\r\n A: b\r\n\r\n"), 400),
    refused("NUL in a trailer", "9110-5.5", chunked!("0\r\nA: b\0\r\n\r\n"), 400),
    refused("a bare LF behind a trailer", "9112-2.2", chunked!("0\r\nA: b\n\r\n"), 400),
    refused("a bare CR in a trailer", "9112-2.2", chunked!("0\r\nA: b\rc\r\n\r\n"), 400),
    refused(
        "a request where trailers are",
        "9112-7.1.2",
        chunked!("0\r\nGET / HTTP/1.1\r\n\r\n"),
        400,
    ),
];
