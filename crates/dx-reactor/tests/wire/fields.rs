//! Field lines: names, colons, values, line ends.
//!
//! Owns rows. Invariant: a line means one thing or the request is refused; nothing is unfolded,
//! trimmed or replaced to make it mean something.

use crate::row::{Row, ok, open, refused};

pub const ROWS: &[Row] = &[
    open("a value", "9112-5", b"GET /x HTTP/1.1\r\nHost: h\r\nX: a\r\n\r\n", &[ok(b"[a]")]),
    open(
        "no white space before the value",
        "9112-5.1",
        b"GET /x HTTP/1.1\r\nHost:h\r\nX:a\r\n\r\n",
        &[ok(b"[a]")],
    ),
    open(
        "spaces and tabs around a value are not part of it",
        "9112-5.1",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: \t a \t\r\n\r\n",
        &[ok(b"[a]")],
    ),
    open(
        "spaces and tabs within a value are part of it",
        "9110-5.5",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: a \t b\r\n\r\n",
        &[ok(b"[a \\t b]")],
    ),
    open("an empty value", "9110-5.5", b"GET /x HTTP/1.1\r\nHost: h\r\nX:\r\n\r\n", &[ok(b"[]")]),
    open(
        "a value of white space is empty",
        "9112-5.1",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: \t \r\n\r\n",
        &[ok(b"[]")],
    ),
    open(
        "a value that is a colon",
        "9112-5",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX::a:\r\n\r\n",
        &[ok(b"[:a:]")],
    ),
    open(
        "several lines of one name keep their order",
        "9110-5.3",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: a\r\nY: b\r\nx: c\r\n\r\n",
        &[ok(b"[a][c]")],
    ),
    open(
        "obs-text in a value",
        "9110-5.5",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: \x80\xfe\xff\r\n\r\n",
        &[ok(b"[\\x80\\xfe\\xff]")],
    ),
    open(
        "obs-text at the ends of a value is no white space",
        "9110-5.5",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: \x85a\xa0\r\n\r\n",
        &[ok(b"[\\x85a\\xa0]")],
    ),
    open(
        "every visible character in a value",
        "9110-5.5",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\r\n\r\n",
        &[ok(b"[!\\\"#$%&\\'()*+,-./09:;<=>?@AZ[\\\\]^_`az{|}~]")],
    ),
    open(
        "every character a name may have",
        "9110-5.6.2",
        b"GET /x HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^_`|~09azAZ: a\r\nX: b\r\n\r\n",
        &[ok(b"[b]")],
    ),
    open(
        "a name that only begins like another",
        "9110-5.1",
        b"GET /x HTTP/1.1\r\nHost: h\r\nHostile: i\r\nContent-Length-: 5\r\nX: a\r\n\r\n",
        &[ok(b"[a]")],
    ),
    open(
        "a field that nobody knows",
        "9110-5.1",
        b"GET /x HTTP/1.1\r\nHost: h\r\nUnheard-Of: a\r\n\r\n",
        &[ok(b"")],
    ),
    open(
        "codings that the client would take",
        "9110-10.1.4",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTE: trailers, gzip;q=0.5\r\nConnection: TE\r\n\r\n",
        &[ok(b"").without("transfer-encoding")],
    ),
    open(
        "trailers that are announced and do not come",
        "9110-6.6.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n\
          0\r\n\r\n",
        &[ok(b"")],
    ),
    open(
        "a range that nobody serves",
        "9110-14.2",
        b"GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n",
        &[ok(b"root").without("content-range")],
    ),
    // Folding, and white space before a name.
    refused("a folded value", "9112-5.2", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
    refused(
        "a value folded with a tab",
        "9112-5.2",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n",
        400,
    ),
    refused(
        "a fold of nothing",
        "9112-5.2",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n \r\n\r\n",
        400,
    ),
    refused("a folded Host", "9112-5.2", b"GET / HTTP/1.1\r\nHost:\r\n h\r\n\r\n", 400),
    refused(
        "white space before the first name",
        "9112-2.2",
        b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
        400,
    ),
    refused("a tab before the first name", "9112-2.2", b"GET / HTTP/1.1\r\n\tHost: h\r\n\r\n", 400),
    // Colons.
    refused("a space before the colon", "9112-5.1", b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
    refused("a tab before the colon", "9112-5.1", b"GET / HTTP/1.1\r\nHost\t: h\r\n\r\n", 400),
    refused(
        "a space before the colon of Content-Length",
        "9112-5.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc",
        400,
    ),
    refused(
        "a space before the colon of Transfer-Encoding",
        "9112-5.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused("no colon", "9112-5", b"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", 400),
    refused("no colon but a value", "9112-5", b"GET / HTTP/1.1\r\nHost: h\r\nX a\r\n\r\n", 400),
    refused("no name", "9110-5.1", b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", 400),
    refused("a colon alone", "9110-5.1", b"GET / HTTP/1.1\r\nHost: h\r\n:\r\n\r\n", 400),
    refused("no name before Host", "9110-5.1", b"GET / HTTP/1.1\r\n: a\r\nHost: h\r\n\r\n", 400),
    // Names.
    refused("a space in a name", "9110-5.1", b"GET / HTTP/1.1\r\nHost: h\r\nX Y: a\r\n\r\n", 400),
    refused("a parenthesis", "9110-5.6.2", b"GET / HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n", 400),
    refused("a quoted name", "9110-5.6.2", b"GET / HTTP/1.1\r\nHost: h\r\n\"X\": a\r\n\r\n", 400),
    refused("a slash in a name", "9110-5.6.2", b"GET / HTTP/1.1\r\nHost: h\r\nX/Y: a\r\n\r\n", 400),
    refused("a comma in a name", "9110-5.6.2", b"GET / HTTP/1.1\r\nHost: h\r\nX,: a\r\n\r\n", 400),
    refused("NUL in a field name", "9110-5.1", b"GET / HTTP/1.1\r\nHost: h\r\nX\0: a\r\n\r\n", 400),
    refused(
        "DEL in a field name",
        "9110-5.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\x7f: a\r\n\r\n",
        400,
    ),
    refused(
        "obs-text in a name",
        "9110-5.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\xe4: a\r\n\r\n",
        400,
    ),
    refused(
        "a name that ends like Content-Length behind NUL",
        "9110-5.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\n\0Content-Length: 3\r\n\r\nabc",
        400,
    ),
    // Values.
    refused("NUL in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400),
    refused("SOH in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n", 400),
    refused("BS in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x08\r\n\r\n", 400),
    refused("VT in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x0b\r\n\r\n", 400),
    refused("FF in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x0c\r\n\r\n", 400),
    refused("ESC in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: \x1b[0m\r\n\r\n", 400),
    refused("DEL in a value", "9110-5.5", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n", 400),
    // Line ends.
    refused("a bare LF", "9112-2.2", b"GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n", 400),
    refused(
        "a bare LF in a value",
        "9112-2.2",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\nb\r\n\r\n",
        400,
    ),
    refused(
        "a bare CR in a value",
        "9112-2.2",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
        400,
    ),
    refused("a bare CR in a name", "9112-2.2", b"GET / HTTP/1.1\r\nHost: h\r\nX\r: a\r\n\r\n", 400),
    refused(
        "a bare CR before a name",
        "9112-2.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\rX: a\r\n\r\n",
        400,
    ),
    refused("CR CR LF", "9112-2.2", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n", 400),
    refused("LF alone at the end", "9112-2.2", b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400),
    refused("LF LF", "9112-2.2", b"GET / HTTP/1.1\r\nHost: h\n\n", 400),
    refused("CR CR LF at the end", "9112-2.2", b"GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", 400),
    refused(
        "CR and something else at the end",
        "9112-2.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\rX\r\n\r\n",
        400,
    ),
    refused(
        "LF before a second request",
        "9112-2.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        400,
    ),
];
