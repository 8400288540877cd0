//! Expect: 100-continue, in every order.
//!
//! Owns rows. Invariant: a client that waits is told to go on, and one that does not wait is not
//! told what it does not need.

use crate::row::{Row, abandoned, closed, invited, ok, open, problem, refused};

pub const ROWS: &[Row] = &[
    open(
        "with a length",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        &[invited(), ok(b"abc")],
    ),
    open(
        "with chunks",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\
          Expect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        &[invited(), ok(b"abc")],
    ),
    open(
        "for a handler that is pending",
        "9110-10.1.1",
        b"POST /later HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        &[invited(), ok(b"abc")],
    ),
    open(
        "an expectation has no case",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-CONTINUE\r\nContent-Length: 1\r\n\r\na",
        &[invited(), ok(b"a")],
    ),
    open(
        "the same expectation twice",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, 100-continue\r\n\
          Content-Length: 1\r\n\r\na",
        &[invited(), ok(b"a")],
    ),
    open(
        "without content",
        "9110-10.1.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "with a length of nothing",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        &[ok(b"")],
    ),
    open(
        "with chunks of nothing",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\
          Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        &[invited(), ok(b"")],
    ),
    open(
        "an empty list of expectations",
        "9110-5.6.1.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: ,\r\nContent-Length: 1\r\n\r\na",
        &[ok(b"a")],
    ),
    open(
        "to a path that does not exist",
        "9110-10.1.1",
        b"POST /nowhere HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\
          Content-Length: 3\r\n\r\nabc",
        &[invited(), problem(404)],
    ),
    open(
        "behind another request",
        "9112-9.3.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"root"), invited(), ok(b"abc")],
    ),
    open(
        "behind a request whose handler is pending",
        "9112-9.3.2",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"later"), invited(), ok(b"abc")],
    ),
    open(
        "before another request",
        "9112-9.3.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[invited(), ok(b"abc"), ok(b"root")],
    ),
    closed(
        "with close",
        "9112-9.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\n\
          Content-Length: 3\r\n\r\nabc",
        &[invited(), ok(b"abc")],
    ),
    closed(
        "in HTTP/1.0",
        "9110-10.1.1",
        b"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    open(
        "in HTTP/1.0 that is kept alive",
        "9110-10.1.1",
        b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\
          Content-Length: 3\r\n\r\nabc",
        &[ok(b"abc").to_old()],
    ),
    abandoned(
        "then no content, but the end",
        "9112-8",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n\r\na",
        &[invited()],
    ),
    refused(
        "something else",
        "9110-10.1.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nExpect: a miracle\r\n\r\n",
        417,
    ),
    refused(
        "something else as well",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, x=y\r\n\
          Content-Length: 1\r\n\r\na",
        417,
    ),
    refused(
        "something else on a second line",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nExpect: 200-ok\r\n\
          Content-Length: 1\r\n\r\na",
        417,
    ),
    refused(
        "100-continue with a parameter",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue;a=b\r\n\
          Content-Length: 1\r\n\r\na",
        417,
    ),
    refused(
        "content that would be too large is not invited",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\
          Content-Length: 9000000000\r\n\r\n",
        413,
    ),
    refused(
        "an invalid request is refused without an invitation",
        "9110-10.1.1",
        b"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        400,
    ),
];
