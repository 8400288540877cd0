//! Transfer-Encoding: chunked alone, and nothing beside it.
//!
//! Owns rows. Invariant: as that of Content-Length; the two fields never come together.

use crate::row::{Row, ok, open, refused};

pub const ROWS: &[Row] = &[
    open(
        "chunked",
        "9112-6.3(4)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        &[ok(b"ab")],
    ),
    open(
        "chunked in upper case",
        "9112-7",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n",
        &[ok(b"a")],
    ),
    open(
        "white space around chunked",
        "9112-5.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\t chunked \t\r\n\r\n0\r\n\r\n",
        &[ok(b"")],
    ),
    refused(
        "both fields",
        "9112-6.3(3)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
          0\r\n\r\n",
        400,
    ),
    refused(
        "both fields, the other way round",
        "9112-6.3(3)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n\
          0\r\n\r\n",
        400,
    ),
    refused(
        "a length of nothing beside chunked",
        "9112-6.3(3)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n\
          0\r\n\r\n",
        400,
    ),
    refused(
        "a length beside a coding that nobody knows",
        "9112-6.3(3)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\n\r\nabc",
        400,
    ),
    refused(
        "a length beside an empty coding",
        "9112-6.3(3)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding:\r\n\r\nabc",
        400,
    ),
    refused(
        "a coding that is not chunked",
        "9112-6.3(4)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        400,
    ),
    refused(
        "identity",
        "9112-6.3(4)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\nabc",
        400,
    ),
    refused(
        "chunked is not last",
        "9112-6.3(4)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "chunked is last behind a coding that is not served",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    refused(
        "chunked is last behind a coding with parameters",
        "9112-7",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: a;b=c , chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    refused(
        "chunked twice",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "chunked on two lines",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\
          Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "two codings on two lines",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\
          Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "chunked with a parameter",
        "9112-7.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "an empty coding",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "an empty element before chunked",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "an empty element behind chunked",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "a name that ends with chunked",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "a name that begins with chunked",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "chunked in quotes",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "a vertical tab before chunked",
        "9110-5.5",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "the next line of Unicode behind chunked",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\x85\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "a space of Latin-1 before chunked",
        "9112-6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "chunked in HTTP/1.0",
        "9112-6.1",
        b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    refused(
        "chunked in HTTP/1.0 that shall be kept alive",
        "9112-6.1",
        b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n\
          0\r\n\r\n",
        400,
    ),
];
