//! Several requests at once.
//!
//! Owns rows. Invariant: answers come in the order of the requests, up to the last one that is to
//! be answered, and not one more.

use crate::row::{Row, bare, closed, finished, ok, open, problem};

pub const ROWS: &[Row] = &[
    open(
        "three requests",
        "9112-9.3.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /seen HTTP/1.1\r\nHost: i\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), ok(b"/seen - i"), ok(b"root")],
    ),
    open(
        "empty lines between requests",
        "9112-2.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), ok(b"root")],
    ),
    open(
        "an empty line behind content, as old clients send it",
        "9112-2.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"abc"), ok(b"root")],
    ),
    open(
        "a slow one before a quick one",
        "9112-9.3.2",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"later"), ok(b"root")],
    ),
    open(
        "slow ones",
        "9112-9.3.2",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n\
          GET /later HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"later"), ok(b"later"), ok(b"later")],
    ),
    open(
        "lengths, chunks and neither",
        "9112-9.3.2",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na\
          POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"a"), ok(b"b"), ok(b"")],
    ),
    open(
        "a slow one with content before a quick one with content",
        "9112-9.3.2",
        b"POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na\
          POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb",
        &[ok(b"a"), ok(b"b")],
    ),
    open(
        "HEAD between two GET",
        "9110-9.3.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nHEAD /later HTTP/1.1\r\nHost: h\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), ok(b"later").to_head(), ok(b"root")],
    ),
    open(
        "answers without content between others",
        "9110-6.4.1",
        b"GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\nGET /status/304 HTTP/1.1\r\nHost: h\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204), bare(304), ok(b"root")],
    ),
    open(
        "what is refused for its path does not end the connection",
        "9112-9.3.2",
        b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\nDELETE / HTTP/1.1\r\nHost: h\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(404), problem(405), ok(b"root")],
    ),
    open(
        "HTTP/1.0 kept alive, then HTTP/1.1",
        "9112-9.3",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root").to_old(), ok(b"root")],
    ),
    open(
        "nothing of one request is left for the next",
        "9110-3.3",
        b"GET /x HTTP/1.1\r\nHost: h\r\nX: a\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n\
          GET /x HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"[a]"), ok(b"")],
    ),
    closed(
        "nothing behind close",
        "9112-9.6",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n\
          GET /seen HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), ok(b"root")],
    ),
    closed(
        "nothing behind close, though it is slow",
        "9112-9.6",
        b"GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"later")],
    ),
    closed(
        "nothing behind close, not even what is refused",
        "9112-9.6",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n\0\0\0\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "nothing behind close with content",
        "9112-9.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\na\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"a")],
    ),
    closed(
        "nothing behind HTTP/1.0",
        "9112-9.3",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\r\n\r\n\
          GET /seen HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), ok(b"root")],
    ),
    closed(
        "nothing behind HEAD with close",
        "9112-9.6",
        b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root").to_head()],
    ),
    closed(
        "an invalid request behind valid ones",
        "9112-9.3.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n\
          GET / HTTP/1.1\r\n\r\n",
        &[ok(b"root"), ok(b"root").to_head(), problem(400)],
    ),
    closed(
        "an invalid request between valid ones",
        "9112-9.3.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: a b\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), problem(400)],
    ),
    closed(
        "an invalid request behind a slow one",
        "9112-9.3.2",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        &[ok(b"later"), problem(400)],
    ),
    closed(
        "invalid chunks behind a valid request",
        "9112-9.3.2",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        &[ok(b"root"), problem(400)],
    ),
    closed(
        "another version behind a valid request",
        "9110-15.6.6",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/2.0\r\nHost: h\r\n\r\n",
        &[ok(b"root"), problem(505)],
    ),
    closed(
        "an expectation that is not met behind a valid request",
        "9110-10.1.1",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), problem(417)],
    ),
    closed(
        "content too large behind a valid request",
        "9110-15.5.14",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000000\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), problem(413)],
    ),
    closed(
        "content longer than it said is another request, and not a valid one",
        "9112-6.3",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcdef\r\n\r\n",
        &[ok(b"abc"), problem(400)],
    ),
    closed(
        "a panic ends the connection behind its answer",
        "9110-15.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /panic HTTP/1.1\r\nHost: h\r\n\r\n\
          GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), problem(500)],
    ),
    finished(
        "the end behind many",
        "9112-9.6",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
        &[ok(b"root"), ok(b"root").to_head(), ok(b"a")],
    ),
    finished(
        "the end behind slow ones",
        "9112-9.6",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"later"), ok(b"later")],
    ),
];
