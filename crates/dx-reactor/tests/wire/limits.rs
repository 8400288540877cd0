//! Bounds: of lines, heads, fields, chunk framing, content.
//!
//! Owns rows. Invariant: a bound is kept to the byte, and reaching it is one answer with its own
//! status; the tight rows show it at every cut, the others that the defaults are what they are
//! said to be.

use crate::row::{Row, abandoned, ok, open, problem, refused};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n";
const CHUNKED: &[u8] = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

pub const ROWS: &[Row] = &[
    // The request line.
    open("the longest line", "9112-3", b"GET /", &[problem(404)])
        .filled(b"a", 48, b" HTTP/1.1\r\nHost: h\r\n\r\n")
        .tight(),
    refused("a line one byte too long", "9110-15.5.15", b"GET /", 414)
        .filled(b"a", 49, b" HTTP/1.1\r\nHost: h\r\n\r\n")
        .tight(),
    refused("a line that does not end", "9110-15.5.15", b"GET /", 414)
        .filled(b"a", 200, b"")
        .tight(),
    refused("a method that does not end", "9112-3", b"", 414).filled(b"A", 200, b"").tight(),
    refused("a long line that is invalid as well", "9110-15.5.15", b"GET /\0", 414)
        .filled(b"a", 200, b"")
        .tight(),
    refused("a line too long behind an empty one", "9110-15.5.15", b"\r\nGET /", 414)
        .filled(b"a", 49, b" HTTP/1.1\r\nHost: h\r\n\r\n")
        .tight(),
    open("16 KiB of line", "9112-3", b"GET /", &[problem(404)]).filled(
        b"a",
        16 * 1024 - 16,
        b" HTTP/1.1\r\nHost: h\r\n\r\n",
    ),
    refused("16 KiB of line and a byte", "9110-15.5.15", b"GET /", 414).filled(
        b"a",
        16 * 1024 - 15,
        b" HTTP/1.1\r\nHost: h\r\n\r\n",
    ),
    refused("a line of 100 KiB", "9110-15.5.15", b"GET /", 414).filled(b"a", 100 * 1024, b""),
    open("8000 octets of target", "9112-3", b"GET /", &[problem(404)]).filled(
        b"a",
        8000,
        b" HTTP/1.1\r\nHost: h\r\n\r\n",
    ),
    // Empty lines.
    open(
        "as many empty lines as may be",
        "9112-2.2",
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root")],
    )
    .tight(),
    refused("an empty line too many", "9112-2.2", b"\r\n\r\n\r\n", 400).tight(),
    // The head.
    open("the largest head", "6585-5", GET, &[ok(b"root")])
        .filled(
            b"X: aaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
            2,
            b"Y: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
        )
        .tight(),
    refused("a head one byte too large", "6585-5", GET, 431)
        .filled(
            b"X: aaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
            2,
            b"Y: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
        )
        .tight(),
    refused("a field that does not end", "6585-5", GET, 431).filled(b"X: aaaaa", 20, b"").tight(),
    refused("a name that does not end", "6585-5", GET, 431).filled(b"a", 200, b"").tight(),
    refused(
        "a head too large for its empty lines",
        "6585-5",
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nX: ",
        431,
    )
    .filled(b"a", 93, b"\r\n\r\n")
    .tight(),
    open(
        "the largest head by default",
        "6585-5",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: ",
        &[ok(b"root")],
    )
    .filled(b"a", 65_535 - 32, b"\r\n\r\n"),
    refused("a head of 64 KiB", "6585-5", b"GET / HTTP/1.1\r\nHost: h\r\nX: ", 431).filled(
        b"a",
        65_536 - 32,
        b"\r\n\r\n",
    ),
    refused("a head of 200 KiB", "6585-5", GET, 431).filled(b"X: aaaaaaaaaaaaa\r\n", 11_000, b""),
    // Fields.
    open("as many fields as may be", "6585-5", GET, &[ok(b"root")])
        .filled(b"X: a\r\n", 3, b"\r\n")
        .tight(),
    refused("a field too many", "6585-5", GET, 431).filled(b"X: a\r\n", 4, b"\r\n").tight(),
    refused("fields that do not end", "6585-5", GET, 431).filled(b"X: a\r\n", 9, b"").tight(),
    open("128 fields", "6585-5", GET, &[ok(b"root")]).filled(b"X: a\r\n", 127, b"\r\n"),
    refused("129 fields", "6585-5", GET, 431).filled(b"X: a\r\n", 128, b"\r\n"),
    // Content of a length.
    open(
        "as much content as may be",
        "9110-15.5.14",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\n\
          Content-Length: 8\r\n\r\n01234567",
        &[ok(b"01234567")],
    )
    .tight(),
    refused(
        "content one byte too large",
        "9110-15.5.14",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\n\
          Content-Length: 9\r\n\r\n012345678",
        413,
    )
    .tight(),
    refused(
        "the announcement is enough",
        "9110-15.5.14",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\n\
          Content-Length: 9\r\n\r\n",
        413,
    )
    .tight(),
    refused(
        "the largest length there is",
        "9110-15.5.14",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\n\
          Content-Length: 9999999999999999999\r\n\r\n",
        413,
    ),
    refused(
        "more than 2 MiB",
        "9110-15.5.14",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\n\
          Content-Length: 2097153\r\n\r\n",
        413,
    ),
    abandoned(
        "2 MiB are waited for",
        "9110-15.5.14",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\n\
          Content-Length: 2097152\r\n\r\na",
        &[],
    ),
    // Content in chunks.
    open("as much content in chunks as may be", "9110-15.5.14", CHUNKED, &[ok(b"aaaaaaaa")])
        .filled(b"2\r\naa\r\n", 4, b"0\r\n\r\n")
        .tight(),
    refused("content in chunks one byte too large", "9110-15.5.14", CHUNKED, 413)
        .filled(b"3\r\naaa\r\n", 3, b"0\r\n\r\n")
        .tight(),
    refused("a chunk too large", "9110-15.5.14", CHUNKED, 413).filled(b"9\r\na", 1, b"").tight(),
    refused("a last straw", "9110-15.5.14", CHUNKED, 413)
        .filled(b"8\r\naaaaaaaa\r\n1\r\na", 1, b"")
        .tight(),
    refused("chunks that do not end", "9110-15.5.14", CHUNKED, 413)
        .filled(b"1\r\na\r\n", 30, b"")
        .tight(),
    refused("a chunk of 2 MiB and a byte", "9110-15.5.14", CHUNKED, 413).filled(
        b"200001\r\na",
        1,
        b"",
    ),
    // Lines of chunks.
    open("the longest line of a chunk", "9112-7.1.1", CHUNKED, &[ok(b"x")])
        .filled(b"1;aaaaaaaaaaaaaa\r\nx\r\n", 1, b"0\r\n\r\n")
        .tight(),
    refused("a line of a chunk one byte too long", "9112-7.1.1", CHUNKED, 400)
        .filled(b"1;aaaaaaaaaaaaaaa\r\nx\r\n", 1, b"0\r\n\r\n")
        .tight(),
    refused("extensions that do not end", "9112-7.1.1", CHUNKED, 400)
        .filled(b"1;a", 1, b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        .tight(),
    open("as many extensions as may be", "9112-7.1.1", CHUNKED, &[ok(b"xx")])
        .filled(b"1;aaaaaaaaaaa\r\nx\r\n", 2, b"0\r\n\r\n")
        .tight(),
    refused("an extension too many", "9112-7.1.1", CHUNKED, 431)
        .filled(b"1;aaaaaaaaaaa\r\nx\r\n", 2, b"0;\r\n\r\n")
        .tight(),
    open("as much trailer as may be", "9112-7.1.2", CHUNKED, &[ok(b"")])
        .filled(b"0\r\nA: bcdefgh\r\nB: cdefghi\r\n\r\n", 1, b"")
        .tight(),
    refused("a trailer one byte too long", "9112-7.1.2", CHUNKED, 431)
        .filled(b"0\r\nA: bcdefgh\r\nB: cdefghij\r\n\r\n", 1, b"")
        .tight(),
    refused("trailers that do not end", "9112-7.1.2", CHUNKED, 431)
        .filled(b"0\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n", 1, b"")
        .tight(),
    refused("extensions and a trailer together", "9112-7.1.2", CHUNKED, 431)
        .filled(b"1;aaaaaaaaa\r\nx\r\n0\r\nA: bcdefghijklm\r\n\r\n", 1, b"")
        .tight(),
    open(
        "a line of a chunk of 4 KiB",
        "9112-7.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        &[ok(b"x")],
    )
    .filled(b"a", 4094, b"\r\nx\r\n0\r\n\r\n"),
    refused(
        "a line of a chunk of 4 KiB and a byte",
        "9112-7.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        400,
    )
    .filled(b"a", 4095, b"\r\nx\r\n0\r\n\r\n"),
    open(
        "nearly 16 KiB of trailers",
        "9112-7.1.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        &[ok(b"")],
    )
    .filled(b"A: b\r\n", 2730, b"\r\n"),
    refused(
        "16 KiB of trailers and more",
        "9112-7.1.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        431,
    )
    .filled(b"A: b\r\n", 2731, b"\r\n"),
];
