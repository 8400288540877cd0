//! The table of request heads: bytes, clause, verdict.
//!
//! Owns what is accepted and what is refused. May not know how. Its one invariant: every row also
//! runs cut at every byte, byte by byte, and behind another request.

#[path = "common/head.rs"]
mod head_runs;

use dx_http::HeadError::*;
use dx_http::{Head, HeadError, Limits, Status};
use head_runs::{head_cut, head_whole};

/// Clause, bytes that replace the placeholder of the table, verdict.
type Row = (&'static str, &'static str, Result<&'static str, HeadError>);

/// Request lines, before `Host: h`: method, form, path, query, host, version.
const REQUEST_LINES: &[Row] = &[
    ("9112-3", "GET / HTTP/1.1", Ok("GET Origin / - h Http11")),
    ("9112-3", "HEAD / HTTP/1.1", Ok("HEAD Origin / - h Http11")),
    ("9112-3", "POST / HTTP/1.1", Ok("POST Origin / - h Http11")),
    ("9112-3", "PUT / HTTP/1.1", Ok("PUT Origin / - h Http11")),
    ("9112-3", "DELETE / HTTP/1.1", Ok("DELETE Origin / - h Http11")),
    ("9112-3", "TRACE / HTTP/1.1", Ok("TRACE Origin / - h Http11")),
    ("5789-2", "PATCH / HTTP/1.1", Ok("PATCH Origin / - h Http11")),
    ("9110-9.1", "get / HTTP/1.1", Ok("Other(get) Origin / - h Http11")),
    ("9110-9.1", "M-SEARCH / HTTP/1.1", Ok("Other(M-SEARCH) Origin / - h Http11")),
    ("9110-5.6.2", "!#$%&'*+-.^_`|~ / HTTP/1.1", Ok("Other(!#$%&'*+-.^_`|~) Origin / - h Http11")),
    ("9110-9.1", "G(T / HTTP/1.1", Err(InvalidMethod)),
    ("9110-9.1", "G\0T / HTTP/1.1", Err(InvalidMethod)),
    ("9110-9.1", "G\u{e9}T / HTTP/1.1", Err(InvalidMethod)),
    ("9112-3", " GET / HTTP/1.1", Err(InvalidMethod)),
    ("9112-3", "GET\t/ HTTP/1.1", Err(InvalidMethod)),
    ("9112-3", "GET  / HTTP/1.1", Err(InvalidTarget)),
    ("9112-3", "GET /  HTTP/1.1", Err(InvalidTarget)),
    ("9112-3", "GET /\tHTTP/1.1", Err(MalformedRequestLine)),
    ("9112-3", "GET / HTTP/1.1 ", Err(InvalidVersion)),
    ("9112-3", "GET /HTTP/1.1", Err(MalformedRequestLine)),
    ("9112-3", "GET /HTTP/2.0", Err(MalformedRequestLine)),
    ("9112-3", "GET HTTP/1.1", Err(MalformedRequestLine)),
    ("9112-3", "GET HTTP/0.9", Err(MalformedRequestLine)),
    ("9112-3", "GET  HTTP/1.1", Err(InvalidTarget)),
    ("9112-3", "GET", Err(MalformedRequestLine)),
    ("9112-3", "GET ", Err(MalformedRequestLine)),
    ("9112-3", "GET /", Err(MalformedRequestLine)),
    ("9112-3", "GET / a HTTP/1.1", Err(InvalidTarget)),
    ("9112-2.2", "GET /\r HTTP/1.1", Err(BareCr)),
    ("9112-2.2", "\rGET / HTTP/1.1", Err(BareCr)),
    ("9112-2.2", "GET / HTTP/1.1\r", Err(BareCr)),
    ("9112-2.2", "GET / HTTP/1.1\n", Err(BareLf)),
    ("9112-2.2", "GET\n / HTTP/1.1", Err(BareLf)),
    // Versions.
    ("9112-2.3", "GET / HTTP/1.0", Ok("GET Origin / - h Http10")),
    ("9110-2.5", "GET / HTTP/1.2", Ok("GET Origin / - h Http11")),
    ("9110-2.5", "GET / HTTP/1.9", Ok("GET Origin / - h Http11")),
    ("9110-15.6.6", "GET / HTTP/2.0", Err(UnsupportedVersion)),
    ("9110-15.6.6", "GET / HTTP/3.0", Err(UnsupportedVersion)),
    ("9110-15.6.6", "GET / HTTP/9.9", Err(UnsupportedVersion)),
    ("9110-15.6.6", "GET / HTTP/0.9", Err(UnsupportedVersion)),
    ("9113-3.4", "PRI * HTTP/2.0", Err(UnsupportedVersion)),
    ("9112-2.3", "GET / http/1.1", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP/1,1", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP/1.", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP/2", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP/1.10", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP/01.1", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP/+1.1", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTP /1.1", Err(InvalidVersion)),
    ("9112-2.3", "GET / HTTPS/1.1", Err(InvalidVersion)),
    ("9112-2.3", "GET / XHTTP/1.1", Err(MalformedRequestLine)),
    // Origin-form.
    ("9112-3.2.1", "GET /a/b?c=d&e HTTP/1.1", Ok("GET Origin /a/b c=d&e h Http11")),
    ("9112-3.2.1", "GET /? HTTP/1.1", Ok("GET Origin /  h Http11")),
    ("9112-3.2.1", "GET /a?b?/c HTTP/1.1", Ok("GET Origin /a b?/c h Http11")),
    ("9112-3.2.1", "GET // HTTP/1.1", Ok("GET Origin // - h Http11")),
    ("9112-3.2.1", "GET /../a/./ HTTP/1.1", Ok("GET Origin /../a/./ - h Http11")),
    ("3986-3.3", "GET /-._~!$&'()*+,;=:@ HTTP/1.1", Ok("GET Origin /-._~!$&'()*+,;=:@ - h Http11")),
    ("3986-2.1", "GET /%2f%00?%C3%A9 HTTP/1.1", Ok("GET Origin /%2f%00 %C3%A9 h Http11")),
    ("3986-3.4", "GET /?a[b]=1 HTTP/1.1", Ok("GET Origin / a[b]=1 h Http11")),
    ("3986-3.3", "GET /a[b] HTTP/1.1", Err(InvalidTarget)),
    ("3986-2.1", "GET /% HTTP/1.1", Err(InvalidTarget)),
    ("3986-2.1", "GET /%2 HTTP/1.1", Err(InvalidTarget)),
    ("3986-2.1", "GET /%zz HTTP/1.1", Err(InvalidTarget)),
    ("3986-2.1", "GET /?%2 HTTP/1.1", Err(InvalidTarget)),
    ("9110-4.2.5", "GET /#a HTTP/1.1", Err(InvalidTarget)),
    ("9110-4.2.5", "GET /?a#b HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /a|b HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /a\\b HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /\"a\" HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /<a> HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.4", "GET /?a^b HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.4", "GET /?{a} HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /\u{e9} HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /\0 HTTP/1.1", Err(InvalidTarget)),
    ("3986-3.3", "GET /\u{7f} HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.1", "GET a HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.1", "GET ?a HTTP/1.1", Err(InvalidTarget)),
    // Absolute-form.
    ("9112-3.2.2", "GET http://x/a?b HTTP/1.1", Ok("GET Absolute /a b x Http11")),
    ("9112-3.2.2", "GET HTTPS://x:1/a HTTP/1.0", Ok("GET Absolute /a - x:1 Http10")),
    ("9110-4.2.3", "GET http://x HTTP/1.1", Ok("GET Absolute / - x Http11")),
    ("9110-4.2.3", "GET http://x?a HTTP/1.1", Ok("GET Absolute / a x Http11")),
    ("9112-3.2.2", "GET http://[::1]:8/ HTTP/1.1", Ok("GET Absolute / - [::1]:8 Http11")),
    ("9110-4.2.1", "GET http:/// HTTP/1.1", Err(InvalidTarget)),
    ("9110-4.2.1", "GET http://:80/ HTTP/1.1", Err(InvalidTarget)),
    ("9110-4.2.4", "GET http://u@x/ HTTP/1.1", Err(InvalidTarget)),
    ("9110-4.2.5", "GET http://x#a HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.2", "GET http://x:99999/ HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.2", "GET http:/x HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.2", "GET ftp://x/ HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.2", "GET ://x/ HTTP/1.1", Err(InvalidTarget)),
    // Authority-form and asterisk-form.
    ("9112-3.2.3", "CONNECT x:443 HTTP/1.1", Ok("CONNECT Authority  - x:443 Http11")),
    ("9112-3.2.3", "CONNECT [::1]:443 HTTP/1.1", Ok("CONNECT Authority  - [::1]:443 Http11")),
    ("9110-9.3.6", "CONNECT x HTTP/1.1", Err(InvalidTarget)),
    ("9110-9.3.6", "CONNECT x: HTTP/1.1", Err(InvalidTarget)),
    ("9110-9.3.6", "CONNECT x:0 HTTP/1.1", Err(InvalidTarget)),
    ("9110-9.3.6", "CONNECT :443 HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.3", "CONNECT / HTTP/1.1", Err(TargetFormMismatch)),
    ("9112-3.2.3", "CONNECT http://x/ HTTP/1.1", Err(TargetFormMismatch)),
    ("9112-3.2.3", "GET x:443 HTTP/1.1", Err(InvalidTarget)),
    ("9112-3.2.4", "OPTIONS * HTTP/1.1", Ok("OPTIONS Asterisk * - h Http11")),
    ("9112-3.2.4", "OPTIONS / HTTP/1.1", Ok("OPTIONS Origin / - h Http11")),
    ("9112-3.2.4", "GET * HTTP/1.1", Err(TargetFormMismatch)),
    ("9112-3.2.4", "OPTIONS ** HTTP/1.1", Err(InvalidTarget)),
];

/// Header lines after `POST / HTTP/1.1` and `Host: h`: framing, what the connection does, lines.
const HEADERS: &[Row] = &[
    ("9112-6.3", "", Ok("None keep 1")),
    ("9112-5", "A: b\r\n", Ok("None keep 2")),
    ("9112-5", "A:b\r\nA:c\r\n", Ok("None keep 3")),
    ("9110-5.5", "A:\r\n", Ok("None keep 2")),
    ("9110-5.5", "A: \t \r\n", Ok("None keep 2")),
    ("9110-5.5", "A: b\tc d \r\n", Ok("None keep 2")),
    ("9110-5.5", "A: \u{e9}\r\n", Ok("None keep 2")),
    ("9110-5.1", "!#$%&'*+-.^_`|~09: b\r\n", Ok("None keep 2")),
    ("9112-5.2", " A: b\r\n", Err(ObsFold)),
    ("9112-5.2", "A: b\r\n c\r\n", Err(ObsFold)),
    ("9112-5.2", "A: b\r\n\tc\r\n", Err(ObsFold)),
    ("9112-5.2", "A: b\r\n \r\n", Err(ObsFold)),
    ("9112-5.1", "A : b\r\n", Err(SpaceBeforeColon)),
    ("9112-5.1", "A\t: b\r\n", Err(SpaceBeforeColon)),
    ("9112-5.1", "Content-Length : 5\r\n", Err(SpaceBeforeColon)),
    ("9112-5", "A\r\n", Err(MissingColon)),
    ("9112-5", "A b\r\n", Err(MissingColon)),
    ("9110-5.1", ": b\r\n", Err(EmptyName)),
    ("9110-5.1", "A(: b\r\n", Err(InvalidName)),
    ("9110-5.1", "A B: b\r\n", Err(InvalidName)),
    ("9110-5.1", "\u{e9}: b\r\n", Err(InvalidName)),
    ("9110-5.1", "A\0: b\r\n", Err(InvalidName)),
    ("9110-5.1", "\"A\": b\r\n", Err(InvalidName)),
    ("9110-5.5", "A: b\0\r\n", Err(InvalidValue)),
    ("9110-5.5", "A: \u{1}\r\n", Err(InvalidValue)),
    ("9110-5.5", "A: b\u{7f}c\r\n", Err(InvalidValue)),
    ("9110-5.5", "A: b\u{b}\r\n", Err(InvalidValue)),
    ("9110-5.5", "A: 0123456789abcdef0123456789\u{1b}abcdef\r\n", Err(InvalidValue)),
    ("9112-2.2", "A: b\rc\r\n", Err(BareCr)),
    ("9112-2.2", "A: b\r\r\n", Err(BareCr)),
    ("9112-2.2", "A\r: b\r\n", Err(BareCr)),
    ("9112-2.2", "\rA: b\r\n", Err(BareCr)),
    ("9112-2.2", "A: b\n", Err(BareLf)),
    ("9112-2.2", "A: b\nC: d\r\n", Err(BareLf)),
    ("9112-2.2", "\n", Err(BareLf)),
    ("9112-2.2", "\r\r\n", Err(BareCr)),
    // Host; one stands there already.
    ("9112-3.2", "Host: h\r\n", Err(DuplicateHost)),
    ("9112-3.2", "hOST: i\r\n", Err(DuplicateHost)),
    ("9112-3.2", "Host:\r\n", Err(DuplicateHost)),
    // Content-Length.
    ("9110-8.6", "Content-Length: 0\r\n", Ok("Length(0) keep 2")),
    ("9110-8.6", "CONTENT-length:\t42 \r\n", Ok("Length(42) keep 2")),
    ("9110-8.6", "Content-Length: 0005\r\n", Ok("Length(5) keep 2")),
    (
        "9110-8.6",
        "Content-Length: 9999999999999999999\r\n",
        Ok("Length(9999999999999999999) keep 2"),
    ),
    ("9110-8.6", "Content-Length: 00000000000000000001\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 18446744073709551616\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length:\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: +5\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: -5\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 0x5\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 5_0\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 5.0\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 5 5\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 5, 5\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: 5;\r\n", Err(InvalidContentLength)),
    ("9110-8.6", "Content-Length: \u{665}\r\n", Err(InvalidContentLength)),
    ("9112-6.3(5)", "Content-Length: 5\r\nContent-Length: 5\r\n", Err(DuplicateContentLength)),
    ("9112-6.3(5)", "Content-Length: 5\r\ncontent-length: 6\r\n", Err(DuplicateContentLength)),
    ("9112-6.3(5)", "Content-Length: 0\r\nContent-Length:\r\n", Err(DuplicateContentLength)),
    // Transfer-Encoding.
    ("9112-6.1", "Transfer-Encoding: chunked\r\n", Ok("Chunked keep 2")),
    ("9112-7", "transfer-encoding:CHUNKED\t\r\n", Ok("Chunked keep 2")),
    ("9112-6.1", "Transfer-Encoding: gzip, chunked\r\n", Err(UnsupportedTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: a;b=\"c\" ,chunked\r\n", Err(UnsupportedTransferEncoding)),
    ("9112-6.3(4)", "Transfer-Encoding: gzip\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.3(4)", "Transfer-Encoding: identity\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.3(4)", "Transfer-Encoding: chunked, gzip\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: chunked, chunked\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: chunked, gzip, chunked\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: chunked;a=b, chunked\r\n", Err(InvalidTransferEncoding)),
    ("9112-7", "Transfer-Encoding: chunked;a=b\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding:\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: ,chunked\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: chunked,\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: xchunked\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: \"chunked\"\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: chunked \u{b}\r\n", Err(InvalidValue)),
    ("9112-6.1", "Transfer-Encoding: chunked\u{85}\r\n", Err(InvalidTransferEncoding)),
    ("9112-6.1", "Transfer-Encoding: \u{a0}chunked\r\n", Err(InvalidTransferEncoding)),
    (
        "9112-6.1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        Err(DuplicateTransferEncoding),
    ),
    (
        "9112-6.1",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        Err(DuplicateTransferEncoding),
    ),
    (
        "9112-6.3(3)",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        Err(LengthAndTransferEncoding),
    ),
    ("9112-6.3(3)", "Transfer-Encoding: x\r\nContent-Length:\r\n", Err(LengthAndTransferEncoding)),
    // Connection.
    ("9112-9.3", "Connection: close\r\n", Ok("None close 2")),
    ("9112-9.3", "Connection: CLOSE\r\n", Ok("None close 2")),
    ("9112-9.3", "Connection: keep-alive\r\n", Ok("None keep 2")),
    ("9112-9.3", "Connection: keep-alive, close\r\n", Ok("None close 2")),
    ("9112-9.3", "Connection: close\r\nConnection: keep-alive\r\n", Ok("None close 3")),
    ("9110-5.6.1.2", "Connection: ,, close ,\r\n", Ok("None close 2")),
    ("9110-7.6.1", "Connection:\r\n", Ok("None keep 2")),
    ("9110-7.6.1", "Connection: closed\r\n", Ok("None keep 2")),
    ("9110-7.6.1", "Connection: close;x\r\n", Err(InvalidConnection)),
    ("9110-7.6.1", "Connection: close x\r\n", Err(InvalidConnection)),
    // Expect and Upgrade.
    ("9110-10.1.1", "Expect: 100-continue\r\n", Ok("None keep expect 2")),
    ("9110-10.1.1", "Expect: 100-CONTINUE\r\nContent-Length: 3\r\n", Ok("Length(3) keep expect 3")),
    ("9110-10.1.1", "Expect: 200-ok\r\n", Err(UnsupportedExpectation)),
    ("9110-10.1.1", "Expect: 100-continue, x=y\r\n", Err(UnsupportedExpectation)),
    ("9110-7.8", "Upgrade: a\r\nConnection: upgrade\r\n", Ok("None keep upgrade 3")),
    ("9110-7.8", "Connection: x, Upgrade, close\r\nupgrade: a\r\n", Ok("None close upgrade 3")),
    ("9110-7.8", "Upgrade: a\r\n", Ok("None keep 2")),
    ("9110-7.8", "Connection: upgrade\r\n", Ok("None keep 2")),
];

/// The same after `GET / HTTP/1.0`, without Host.
const OLD_HEADERS: &[Row] = &[
    ("9112-9.3", "", Ok("None close 0")),
    ("9112-9.3", "Connection: keep-alive\r\n", Ok("None keep 1")),
    ("9112-9.3", "Connection: Keep-Alive, x\r\n", Ok("None keep 1")),
    ("9112-9.3", "Connection: keep-alive, close\r\n", Ok("None close 1")),
    ("9112-6.1", "Transfer-Encoding: chunked\r\n", Err(TransferEncodingInHttp10)),
    ("9110-8.6", "Content-Length: 3\r\n", Ok("Length(3) close 1")),
    ("9110-10.1.1", "Expect: 100-continue\r\n", Ok("None close 1")),
    ("9110-7.8", "Upgrade: a\r\nConnection: upgrade\r\n", Ok("None close 2")),
    ("9112-3.2", "Host: a\r\nHost: a\r\n", Err(DuplicateHost)),
    ("9112-3.2", "Host: a b\r\n", Err(InvalidHost)),
];

/// Host lines after `GET / HTTP/1.1`: the host.
const HOSTS: &[Row] = &[
    ("9112-3.2", "", Err(MissingHost)),
    ("9112-3.2", "Host:\r\n", Ok("")),
    ("9110-7.2", "Host: a.example:8080\r\n", Ok("a.example:8080")),
    ("9110-7.2", "Host: a:\r\n", Ok("a:")),
    ("9110-7.2", "host:[::1]:1\r\n", Ok("[::1]:1")),
    ("9110-7.2", "Host: 127.0.0.1\r\n", Ok("127.0.0.1")),
    ("9110-7.2", "Host: a_b%20\r\n", Ok("a_b%20")),
    ("9110-7.2", "Host: :80\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: a:x\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: a:65536\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: a/b\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: u@a\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: http://a\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: [::1\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: ::1\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: a\u{e9}\r\n", Err(InvalidHost)),
    ("9110-7.2", "Host: a\"\r\n", Err(InvalidHost)),
];

/// Whole heads: the host, or the error.
const WHOLE: &[Row] = &[
    ("9112-2.2", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Ok("a")),
    ("9112-2.2", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Ok("a")),
    ("9112-2.2", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Err(TooManyEmptyLines)),
    ("9112-2.2", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Err(BareLf)),
    ("9112-2.2", "\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Err(BareCr)),
    ("9112-2.2", "GET / HTTP/1.1\nHost: a\n\n", Err(BareLf)),
    ("9112-2.2", "GET / HTTP/1.1\r\nHost: a\r\n\n", Err(BareLf)),
    ("9112-2.2", "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", Err(BareCr)),
    ("9112-3", "\x16\x03\x01\x02\x00\n", Err(InvalidMethod)),
    ("9112-3", "\x16", Err(InvalidMethod)),
    ("9112-3", "\r\n\r\n\0", Err(InvalidMethod)),
    ("9112-3", "\x16\x03\x01\x02\x00\r\n", Err(InvalidMethod)),
    ("9112-3.2.2", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", Ok("a")),
    ("9112-3.2.2", "GET http://a/ HTTP/1.1\r\n\r\n", Err(MissingHost)),
    ("9112-3.2", "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", Err(InvalidHost)),
    ("9112-3.2", "GET http://a/ HTTP/1.1\r\nHost: @\r\n\r\n", Err(InvalidHost)),
    ("9112-3.2", "CONNECT a:1 HTTP/1.1\r\nHost:\r\n\r\n", Err(InvalidHost)),
    ("9112-3.2.3", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", Ok("a:1")),
];

#[test]
fn request_lines() {
    run(
        REQUEST_LINES,
        |line| format!("{line}\r\nHost: h\r\n\r\n"),
        |head, buf| {
            let text = |span: dx_http::Span| String::from_utf8_lossy(span.of(buf)).into_owned();
            let method = match head.method.as_str() {
                "" => format!("Other({})", text(head.method_token)),
                name => {
                    assert_eq!(text(head.method_token), name);
                    name.to_string()
                }
            };
            let (path, query) = (text(head.path), head.query.map_or("-".into(), text));
            let host = head.host.map_or("-".into(), text);
            format!("{method} {:?} {path} {query} {host} {:?}", head.form, head.version)
        },
    );
}

#[test]
fn headers() {
    run(HEADERS, |lines| format!("POST / HTTP/1.1\r\nHost: h\r\n{lines}\r\n"), summary);
    run(OLD_HEADERS, |lines| format!("GET / HTTP/1.0\r\n{lines}\r\n"), summary);
}

#[test]
fn hosts() {
    run(HOSTS, |line| format!("GET / HTTP/1.1\r\n{line}\r\n"), host);
    run(WHOLE, str::to_string, host);
}

#[test]
fn there_are_enough_rows() {
    let tables = [REQUEST_LINES, HEADERS, OLD_HEADERS, HOSTS, WHOLE];
    assert!(tables.iter().map(|table| table.len()).sum::<usize>() >= 200);
}

#[test]
fn every_refusal_has_its_status() {
    for (error, status) in [
        (RequestLineTooLong, Status::URI_TOO_LONG),
        (HeadTooLarge, Status::HEADERS_TOO_LARGE),
        (TooManyHeaders, Status::HEADERS_TOO_LARGE),
        (UnsupportedVersion, Status::VERSION_NOT_SUPPORTED),
        (UnsupportedTransferEncoding, Status::NOT_IMPLEMENTED),
        (UnsupportedExpectation, Status::EXPECTATION_FAILED),
        (LengthAndTransferEncoding, Status::BAD_REQUEST),
        (InvalidHost, Status::BAD_REQUEST),
    ] {
        assert_eq!(error.status(), status, "{error}");
    }
}

/// Each limit: how the head is built, a size that passes, and the error one byte or line later.
#[test]
fn limits_are_exact_and_reported_at_the_same_byte() {
    let limits = Limits {
        request_line_max: 100,
        head_max: 300,
        headers_max: 5,
        empty_lines_max: 2,
        ..Limits::default()
    };
    let target = |size: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(size));
    let value =
        |size: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "x".repeat(size));
    let lines =
        |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(count));
    let empty = |count: usize| format!("{}GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n".repeat(count));
    type Build<'a> = &'a dyn Fn(usize) -> String;
    let rows: [(Build, usize, HeadError, usize); 4] = [
        (&target, 100 - 16, RequestLineTooLong, 101),
        (&value, 300 - 32, HeadTooLarge, 301),
        (&lines, 4, TooManyHeaders, 16 + 9 + 5 * 6),
        (&empty, 2, TooManyEmptyLines, 6),
    ];
    for (build, most, error, at) in rows {
        let good = build(most);
        assert!(matches!(head_whole(good.as_bytes(), &limits), Ok(Some(_))), "{error:?}");
        let bad = build(most + 1);
        assert_eq!(head_whole(bad.as_bytes(), &limits), Err(error));
        assert_eq!(head_whole(&bad.as_bytes()[..at - 1], &limits), Ok(None), "{error:?}");
        for end in at..bad.len() {
            assert_eq!(head_whole(&bad.as_bytes()[..end], &limits), Err(error), "{end}");
        }
        let every: Vec<usize> = (0..bad.len()).collect();
        assert_eq!(head_cut(bad.as_bytes(), &every, &limits), Err(error));
    }
}

/// Lines without an end are cut off at the limit, whichever of the two comes first.
#[test]
fn endless_lines_are_refused() {
    let endless = [b'a'; 70_000];
    let limits = Limits::default();
    assert_eq!(head_whole(&endless, &limits), Err(RequestLineTooLong));
    let wide = Limits { request_line_max: u32::MAX, head_max: u32::MAX, ..limits };
    assert_eq!(head_whole(&endless, &wide), Err(HeadTooLarge));
    assert_eq!(head_whole(&endless[..65_535], &wide), Ok(None));
    let mut header = b"GET / HTTP/1.1\r\nA: ".to_vec();
    header.extend_from_slice(&endless);
    assert_eq!(head_whole(&header, &limits), Err(HeadTooLarge));
}

/// The largest head spans can describe has its last span in reach.
#[test]
fn spans_reach_the_end_of_the_largest_head() {
    let start = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    let mut bytes = start.to_string() + &"x".repeat(65_535 - start.len() - 9) + "\r\nB:y\r\n\r\n";
    assert_eq!(bytes.len(), 65_535);
    let (head, len) = head_whole(bytes.as_bytes(), &Limits::default()).unwrap().unwrap();
    assert_eq!(len, 65_535);
    assert_eq!(head.header(bytes.as_bytes(), "b"), Some(&b"y"[..]));
    bytes.insert(start.len(), 'x');
    assert_eq!(head_whole(bytes.as_bytes(), &Limits::default()), Err(HeadTooLarge));
}

fn summary(head: &Head, _: &[u8]) -> String {
    let connection = if head.keep_alive { "keep" } else { "close" };
    let expect = if head.expect_continue { " expect" } else { "" };
    let upgrade = if head.upgrade { " upgrade" } else { "" };
    format!("{:?} {connection}{expect}{upgrade} {}", head.framing, head.headers.len())
}

fn host(head: &Head, buf: &[u8]) -> String {
    head.host.map_or("-".into(), |span| String::from_utf8_lossy(span.of(buf)).into_owned())
}

fn run(rows: &[Row], build: impl Fn(&str) -> String, describe: impl Fn(&Head, &[u8]) -> String) {
    let limits = Limits::default();
    for (clause, text, expected) in rows {
        // Rows are written as text; U+0080 to U+00FF stand for the single bytes.
        let bytes: Vec<u8> =
            build(text).chars().map(|c| u8::try_from(c as u32).unwrap_or(b'?')).collect();
        let context = format!("{clause}: {}", bytes.escape_ascii());
        let whole = head_whole(&bytes, &limits);
        match (&whole, expected) {
            (Ok(Some((head, len))), Ok(description)) => {
                assert_eq!(describe(head, &bytes), *description, "{context}");
                assert_eq!(*len, bytes.len(), "{context}");
                assert_eq!(head.len as usize, *len, "{context}");
            }
            (Err(error), Err(wanted)) => assert_eq!(error, wanted, "{context}"),
            _ => panic!("{context}: {whole:?} instead of {expected:?}"),
        }
        for cut in 0..bytes.len() {
            assert_eq!(head_cut(&bytes, &[cut], &limits), whole, "cut at {cut}: {context}");
        }
        let every: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(head_cut(&bytes, &every, &limits), whole, "byte by byte: {context}");

        // Behind another request, and before more bytes: nothing leaks in either direction.
        let first = b"PUT /first HTTP/1.1\r\nHost: first\r\nConnection: close\r\n\r\n";
        let pipeline = [&first[..], &bytes, &bytes].concat();
        let (_, len) = head_whole(&pipeline, &limits).unwrap().unwrap();
        assert_eq!(len, first.len(), "{context}");
        assert_eq!(head_whole(&pipeline[len..], &limits), whole, "pipelined: {context}");
    }
}
