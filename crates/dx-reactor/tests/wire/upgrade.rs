//! Upgrade: no other protocol is spoken here, so each offer is passed over.
//!
//! Owns rows. Invariant: nothing behind an offer is taken for anything but HTTP/1.x, and an offer
//! changes no framing.

use crate::row::{Row, closed, ok, open, refused};

pub const ROWS: &[Row] = &[
    open(
        "WebSocket",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        &[ok(b"root").without("upgrade")],
    ),
    open(
        "h2c, with its settings",
        "9113-3.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
          HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        &[ok(b"root").without("upgrade")],
    ),
    open(
        "TLS within HTTP",
        "2817-3.1",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "a list of protocols",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: a/1, b, c/2\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "the same protocol",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: HTTP/1.1\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "an offer without the option",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root"), ok(b"root")],
    ),
    open(
        "the option without an offer",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n",
        &[ok(b"root")],
    ),
    open(
        "an offer with a length",
        "9110-7.8",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
          Content-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    open(
        "an offer with chunks",
        "9110-7.8",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
          Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        &[ok(b"abc")],
    ),
    open(
        "a request behind an offer",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\
          GET /seen HTTP/1.1\r\nHost: i\r\n\r\n",
        &[ok(b"root"), ok(b"/seen - i")],
    ),
    closed(
        "a frame behind an offer",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\
          \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        &[ok(b"root"), crate::row::problem(400)],
    ),
    closed(
        "an offer with close",
        "9110-7.8",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n",
        &[ok(b"root")],
    ),
    closed(
        "an offer in HTTP/1.0",
        "9110-7.8",
        b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        &[ok(b"root")],
    ),
    refused(
        "an offer with two framings",
        "9112-6.3(3)",
        b"POST /echo HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
          Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        400,
    ),
];
