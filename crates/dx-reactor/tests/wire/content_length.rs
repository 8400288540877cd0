//! Content-Length: one, of digits, or none.
//!
//! Owns rows. Invariant: a request has one end that every reader would find, or it is refused and
//! the connection closes.

use crate::row::{Row, closed, ok, open, problem, refused};

pub const ROWS: &[Row] = &[
    open(
        "neither field: no content",
        "9112-6.3(7)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"")],
    ),
    open(
        "a length",
        "9112-6.3(6)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    open(
        "a length of nothing",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        &[ok(b"")],
    ),
    open(
        "a length in lower case, with white space around",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\ncontent-length:\t 3 \t\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    open(
        "a length with leading zeros is decimal",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0010\r\n\r\n0123456789",
        &[ok(b"0123456789")],
    ),
    open(
        "content that looks like a request",
        "9112-6.3(6)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        &[ok(b"GET / HTTP/1.1\r\n\r\n")],
    ),
    open(
        "content that begins with an empty line",
        "9112-6.3(6)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
        &[ok(b"\r\n\r\n")],
    ),
    open(
        "content of all octets that end things elsewhere",
        "9112-6.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n\0\x04\x1a\n\r\xff",
        &[ok(b"\0\x04\x1a\n\r\xff")],
    ),
    open(
        "GET with content",
        "9110-9.3.1",
        b"GET /body HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"3")],
    ),
    open(
        "GET with chunked content",
        "9110-9.3.1",
        b"GET /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        &[ok(b"1")],
    ),
    open(
        "content to nowhere is read to its end",
        "9112-9.3",
        b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nGET",
        &[problem(404)],
    ),
    open(
        "content for a method that is not allowed is read to its end",
        "9112-9.3",
        b"DELETE /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nGET",
        &[problem(405).with("allow", "POST, PUT, OPTIONS")],
    ),
    closed(
        "a length in HTTP/1.0",
        "9112-6.3(6)",
        b"POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    closed(
        "neither field in HTTP/1.0: no content, nothing until the end",
        "9112-6.3(7)",
        b"POST /echo HTTP/1.0\r\n\r\nabc",
        &[ok(b"")],
    ),
    // What is none.
    refused("empty", "9110-8.6", b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400),
    refused(
        "white space alone",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \t \r\n\r\n",
        400,
    ),
    refused(
        "a plus",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
        400,
    ),
    refused(
        "a minus",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc",
        400,
    ),
    refused(
        "minus nothing",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -0\r\n\r\n",
        400,
    ),
    refused(
        "hexadecimal",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc",
        400,
    ),
    refused(
        "a hexadecimal digit",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: a\r\n\r\n0123456789",
        400,
    ),
    refused(
        "an underscore",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1_0\r\n\r\n0123456789",
        400,
    ),
    refused(
        "a fraction",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3.0\r\n\r\nabc",
        400,
    ),
    refused(
        "an exponent",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3e0\r\n\r\nabc",
        400,
    ),
    refused(
        "two numbers",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3 3\r\n\r\nabc",
        400,
    ),
    refused(
        "a list of equals",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
        400,
    ),
    refused(
        "a list that differs",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3,0\r\n\r\nabc",
        400,
    ),
    refused(
        "a list of one",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3,\r\n\r\nabc",
        400,
    ),
    refused(
        "a quoted number",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \"3\"\r\n\r\nabc",
        400,
    ),
    refused(
        "a number with a parameter",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3;a=b\r\n\r\nabc",
        400,
    ),
    refused(
        "a vertical tab behind a number",
        "9110-5.5",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\x0b\r\n\r\nabc",
        400,
    ),
    refused(
        "digits of another script",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \xd9\xa3\r\n\r\nabc",
        400,
    ),
    refused(
        "2^64",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n",
        400,
    ),
    refused(
        "2^64 and three",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551619\r\n\r\nabc",
        400,
    ),
    refused(
        "twenty digits, though all but one are zero",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 00000000000000000003\r\n\r\nabc",
        400,
    ),
    refused(
        "several lines that are equal",
        "9112-6.3(5)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        400,
    ),
    refused(
        "several lines that differ",
        "9112-6.3(5)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 3\r\n\r\nabc",
        400,
    ),
    refused(
        "a second line that is empty",
        "9112-6.3(5)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\ncontent-length:\r\n\r\nabc",
        400,
    ),
    refused(
        "an invalid length in HTTP/1.0",
        "9112-6.3(5)",
        b"POST /echo HTTP/1.0\r\nContent-Length: x\r\n\r\nabc",
        400,
    ),
    refused(
        "an invalid length of GET",
        "9112-6.3(5)",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        400,
    ),
];
