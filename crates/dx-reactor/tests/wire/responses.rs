//! What answers are made of.
//!
//! Owns rows. Invariant: whatever a handler returns, the peer can tell where the answer ends.

use crate::row::{Row, bare, closed, ok, open, problem};

pub const ROWS: &[Row] = &[
    open(
        "content with its length and type",
        "9110-8.6",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n\r\n",
        &[ok(b"root").with("content-type", "text/plain; charset=utf-8")],
    ),
    open(
        "no content with its length",
        "9110-8.6",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nX: y\r\n\r\n",
        &[ok(b"").with("content-length", "0")],
    ),
    open(
        "201 with content",
        "9110-15.3.2",
        b"GET /status/201 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"content").status(201)],
    ),
    open(
        "204 has neither content nor length",
        "9110-8.6",
        b"GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204).without("content-length")],
    ),
    open(
        "205 has no content, and says so",
        "9110-15.3.6",
        b"GET /status/205 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(205).with("content-length", "0")],
    ),
    open(
        "304 has no content",
        "9110-15.4.5",
        b"GET /status/304 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(304).without("content-length")],
    ),
    open(
        "HEAD of 205",
        "9110-15.3.6",
        b"HEAD /status/205 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(205).to_head()],
    ),
    open(
        "HEAD of 304",
        "9110-15.4.5",
        b"HEAD /status/304 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(304).to_head().without("content-length")],
    ),
    closed(
        "204 with close",
        "9112-9.6",
        b"GET /status/204 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        &[bare(204)],
    ),
    closed("304 in HTTP/1.0", "9112-9.3", b"GET /status/304 HTTP/1.0\r\n\r\n", &[bare(304)]),
    open(
        "204 in HTTP/1.0 that is kept alive",
        "9112-9.3",
        b"GET /status/204 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[bare(204).to_old()],
    ),
    open(
        "4xx of a handler does not end the connection",
        "9112-9.3",
        b"GET /status/404 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"content").status(404)],
    ),
    open(
        "5xx of a handler does not end the connection",
        "9112-9.3",
        b"GET /status/503 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"content").status(503)],
    ),
    open(
        "1xx of a handler is no answer",
        "9110-15.2",
        b"GET /status/103 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(500)],
    ),
    open(
        "100 of a handler is no answer",
        "9110-15.2.1",
        b"GET /status/100 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(500)],
    ),
    open(
        "101 of a handler is no answer either",
        "9110-15.2.2",
        b"GET /status/101 HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        &[problem(500)],
    ),
    open(
        "HEAD of 1xx",
        "9110-15.2",
        b"HEAD /status/102 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(500).to_head()],
    ),
    closed(
        "1xx is not sent to HTTP/1.0",
        "9110-15.2",
        b"GET /status/103 HTTP/1.0\r\n\r\n",
        &[problem(500)],
    ),
    open(
        "a handler cannot write the framing",
        "9112-6.3",
        b"GET /managed HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"managed").with("content-length", "7").without("transfer-encoding")],
    ),
    open(
        "HEAD of a handler that would write the framing",
        "9112-6.3",
        b"HEAD /managed HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"managed").to_head().without("transfer-encoding")],
    ),
    closed("a panic", "9110-15.6.1", b"GET /panic HTTP/1.1\r\nHost: h\r\n\r\n", &[problem(500)]),
    closed(
        "a panic later on",
        "9110-15.6.1",
        b"GET /panic/later HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(500)],
    ),
    closed(
        "HEAD of a panic",
        "9110-15.6.1",
        b"HEAD /panic HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(500).to_head()],
    ),
    closed(
        "a panic in HTTP/1.0 that shall be kept alive",
        "9110-15.6.1",
        b"GET /panic HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[problem(500)],
    ),
];
