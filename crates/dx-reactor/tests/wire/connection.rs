//! Who keeps a connection open, and for how long.
//!
//! Owns rows. Invariant: after each answer the connection does what the answer has said.

use crate::row::{Row, abandoned, closed, finished, ok, open, problem, refused};

pub const ROWS: &[Row] = &[
    open("by default", "9112-9.3", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", &[ok(b"root")]),
    open(
        "keep-alive says nothing new",
        "9112-9.3",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "an empty list",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection:\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "empty elements of a list",
        "9110-5.6.1.2",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: ,, keep-alive , ,\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "an option that nobody knows",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: x-y\r\nX-Y: z\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "an option that begins with close",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "fields of earlier days",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\nKeep-Alive: max=1\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "an option cannot take away Host",
        "9110-7.6.1",
        b"GET /seen HTTP/1.1\r\nHost: h\r\nConnection: host\r\n\r\n",
        &[ok(b"/seen - h")],
    ),
    open(
        "an option cannot take away the framing",
        "9110-7.6.1",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: content-length\r\n\
          Content-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    closed(
        "close",
        "9112-9.6",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close in capitals",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nCONNECTION: CLOSE\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close in a list",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: x ,\tclose,y\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close behind keep-alive",
        "9112-9.3",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close before keep-alive",
        "9112-9.3",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, keep-alive\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close on the second line",
        "9110-5.3",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close on the first line",
        "9110-5.3",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "close with a length",
        "9112-9.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    closed(
        "close with chunks",
        "9112-9.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
          Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        &[ok(b"abc")],
    ),
    closed(
        "close while the handler is pending",
        "9112-9.6",
        b"GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        &[ok(b"later")],
    ),
    closed(
        "close to a path that does not exist",
        "9112-9.6",
        b"GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        &[problem(404)],
    ),
    closed(
        "close to a method that is not allowed",
        "9112-9.6",
        b"DELETE / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        &[problem(405).with("allow", "GET, HEAD, OPTIONS")],
    ),
    refused(
        "an option that is no token",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close x\r\n\r\n",
        400,
    ),
    refused(
        "an option with a parameter",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close;x\r\n\r\n",
        400,
    ),
    refused(
        "an option in quotes",
        "9110-7.6.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: \"close\"\r\n\r\n",
        400,
    ),
    // HTTP/1.0.
    closed("HTTP/1.0 by default", "9112-9.3", b"GET / HTTP/1.0\r\n\r\n", &[ok(b"root")]),
    closed(
        "HTTP/1.0 with close",
        "9112-9.3",
        b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "HTTP/1.0 with keep-alive",
        "9112-9.3",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[ok(b"root").to_old()],
    ),
    open(
        "HTTP/1.0 with keep-alive in capitals, in a list",
        "9112-9.3",
        b"GET / HTTP/1.0\r\nConnection: x, KEEP-ALIVE\r\n\r\n",
        &[ok(b"root").to_old()],
    ),
    closed(
        "HTTP/1.0 with keep-alive and close",
        "9112-9.3",
        b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "HTTP/1.0 with keep-alive and a length",
        "9112-9.3",
        b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc").to_old()],
    ),
    open(
        "HTTP/1.0 with keep-alive to a path that does not exist",
        "9112-9.3",
        b"GET /nowhere HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[problem(404).to_old()],
    ),
    closed(
        "HTTP/1.0 to a path that does not exist",
        "9112-9.3",
        b"GET /nowhere HTTP/1.0\r\n\r\n",
        &[problem(404)],
    ),
    closed(
        "HTTP/1.0 while the handler is pending",
        "9112-9.3",
        b"GET /later HTTP/1.0\r\n\r\n",
        &[ok(b"later")],
    ),
    // The client's end.
    finished(
        "the end behind a request",
        "9112-9.6",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root")],
    ),
    finished(
        "the end behind a request with content",
        "9112-9.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    finished(
        "the end while the handler is pending",
        "9112-9.6",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"later")],
    ),
    finished("the end behind an empty line", "9112-2.2", b"\r\n", &[]),
    abandoned("the end within a request line", "9112-8", b"GET /a", &[]),
    abandoned("the end within a field", "9112-8", b"GET / HTTP/1.1\r\nHost: h\r\nX: a", &[]),
    abandoned(
        "the end within content of a length",
        "9112-8",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\nabc",
        &[],
    ),
    abandoned(
        "the end within a chunk",
        "9112-8",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nabc",
        &[],
    ),
    abandoned(
        "the end within the second request",
        "9112-8",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\nabc",
        &[ok(b"root")],
    ),
    abandoned(
        "the end within a request behind a pending handler",
        "9112-8",
        b"GET /later HTTP/1.1\r\nHost: h\r\n\r\n\
          POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\nabc",
        &[ok(b"later")],
    ),
];
