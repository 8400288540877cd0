//! Methods: HEAD, OPTIONS, CONNECT, TRACE, those without a handler, and those that are none.
//!
//! Owns rows. Invariant: a method never changes where its request ends.

use crate::row::{Row, bare, closed, ok, open, problem, refused};

/// What `OPTIONS *` says of the whole application.
const ANY: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE";

pub const ROWS: &[Row] = &[
    open(
        "PUT",
        "9110-9.3.4",
        b"PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"abc")],
    ),
    open(
        "DELETE with content",
        "9110-9.3.5",
        b"DELETE /body HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"3")],
    ),
    open(
        "PATCH",
        "5789-2",
        b"PATCH /body HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab",
        &[ok(b"2")],
    ),
    // HEAD.
    open(
        "HEAD has the length of GET",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root").to_head().with("content-length", "4")],
    ),
    open(
        "HEAD has the content type of GET",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n\r\n",
        &[ok(b"root").to_head().with("content-type", "text/plain; charset=utf-8")],
    ),
    open(
        "HEAD for a handler that is pending",
        "9110-9.3.2",
        b"HEAD /later HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"later").to_head().with("content-length", "5")],
    ),
    open(
        "HEAD with a handler of its own",
        "9110-9.3.2",
        b"HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"for head alone").status(202).to_head().with("content-length", "14")],
    ),
    open(
        "HEAD with content",
        "9110-9.3.2",
        b"HEAD /body HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"3").to_head()],
    ),
    open(
        "HEAD of a path that does not exist",
        "9110-9.3.2",
        b"HEAD /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(404).to_head()],
    ),
    open(
        "HEAD where GET is not",
        "9110-9.3.2",
        b"HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(405).to_head().with("allow", "POST, PUT, OPTIONS")],
    ),
    open(
        "HEAD of what has no content",
        "9110-8.6",
        b"HEAD /status/204 HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204).to_head().without("content-length")],
    ),
    open(
        "HEAD of a list of many",
        "9112-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n\
          HEAD /later HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"root").to_head(), ok(b"root"), ok(b"later").to_head()],
    ),
    closed(
        "HEAD with close",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        &[ok(b"root").to_head()],
    ),
    closed("HEAD of HTTP/1.0", "9110-9.3.2", b"HEAD / HTTP/1.0\r\n\r\n", &[ok(b"root").to_head()]),
    closed(
        "HEAD without Host is refused without content",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\n\r\n",
        &[problem(400).to_head()],
    ),
    closed(
        "HEAD with two framings is refused without content",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        &[problem(400).to_head()],
    ),
    closed(
        "HEAD of another version is refused without content",
        "9110-9.3.2",
        b"HEAD / HTTP/2.0\r\nHost: h\r\n\r\n",
        &[problem(505).to_head()],
    ),
    closed(
        "HEAD behind an empty line is refused without content",
        "9110-9.3.2",
        b"\r\nHEAD / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
        &[problem(400).to_head()],
    ),
    closed(
        "HEAD with content too large is refused without content",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000000\r\n\r\n",
        &[problem(413).to_head()],
    ),
    closed(
        "HEAD with invalid chunks is refused without content",
        "9110-9.3.2",
        b"HEAD / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        &[problem(400).to_head()],
    ),
    // OPTIONS.
    open(
        "OPTIONS of everything",
        "9110-9.3.7",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204).with("allow", ANY)],
    ),
    open(
        "OPTIONS of everything, with an empty Host",
        "9112-3.2.4",
        b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
        &[bare(204).with("allow", ANY)],
    ),
    open(
        "OPTIONS of a path",
        "9110-9.3.7",
        b"OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204).with("allow", "GET, HEAD, OPTIONS")],
    ),
    open(
        "OPTIONS of a path with other methods",
        "9110-9.3.7",
        b"OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204).with("allow", "POST, PUT, OPTIONS")],
    ),
    open(
        "OPTIONS in absolute-form",
        "9112-3.2.2",
        b"OPTIONS http://x/echo HTTP/1.1\r\nHost: h\r\n\r\n",
        &[bare(204).with("allow", "POST, PUT, OPTIONS")],
    ),
    open(
        "OPTIONS with a handler of its own, and content",
        "9110-9.3.7",
        b"OPTIONS /options HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[ok(b"3")],
    ),
    open(
        "OPTIONS of everything, with content",
        "9110-9.3.7",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        &[bare(204).with("allow", ANY)],
    ),
    open(
        "OPTIONS of a path that does not exist",
        "9110-15.5.5",
        b"OPTIONS /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(404)],
    ),
    closed(
        "OPTIONS of everything in HTTP/1.0",
        "9112-3.2.4",
        b"OPTIONS * HTTP/1.0\r\n\r\n",
        &[bare(204).with("allow", ANY)],
    ),
    refused("an asterisk for GET", "9112-3.2.4", b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    refused("an asterisk for POST", "9112-3.2.4", b"POST * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    refused("two asterisks", "9112-3.2.4", b"OPTIONS ** HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    refused(
        "an asterisk and a query",
        "9112-3.2.4",
        b"OPTIONS *?a HTTP/1.1\r\nHost: h\r\n\r\n",
        400,
    ),
    refused("a slash and an asterisk", "9112-3.2.4", b"GET *// HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    // CONNECT: no tunnel is made, and what a client has sent into it is no request.
    closed("CONNECT", "9931-8", b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", &[problem(501)]),
    closed(
        "CONNECT with an address in brackets",
        "9931-8",
        b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n",
        &[problem(501)],
    ),
    closed(
        "CONNECT and a request in the tunnel",
        "9931-8",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        &[problem(501)],
    ),
    closed(
        "CONNECT of HTTP/1.0 that is kept alive",
        "9931-8",
        b"CONNECT x:80 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[problem(501)],
    ),
    refused("CONNECT without a port", "9110-9.3.6", b"CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    refused(
        "CONNECT to an empty port",
        "9110-9.3.6",
        b"CONNECT x: HTTP/1.1\r\nHost: x\r\n\r\n",
        400,
    ),
    refused("CONNECT to port 0", "9110-9.3.6", b"CONNECT x:0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    refused("CONNECT to no host", "9110-9.3.6", b"CONNECT :80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    refused(
        "CONNECT with a user",
        "9112-3.2.3",
        b"CONNECT u@x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        400,
    ),
    refused("CONNECT to a path", "9112-3.2.3", b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    refused(
        "CONNECT to a URI",
        "9112-3.2.3",
        b"CONNECT http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        400,
    ),
    refused("CONNECT to an asterisk", "9112-3.2.3", b"CONNECT * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    refused("CONNECT without Host", "9112-3.2", b"CONNECT x:80 HTTP/1.1\r\n\r\n", 400),
    refused("authority-form for GET", "9112-3.2.3", b"GET x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    // TRACE.
    open(
        "TRACE is not answered unless it is wanted",
        "9110-9.3.8",
        b"TRACE / HTTP/1.1\r\nHost: h\r\nCookie: secret\r\n\r\n",
        &[problem(405).with("allow", "GET, HEAD, OPTIONS")],
    ),
    open(
        "TRACE with a handler of its own",
        "9110-9.3.8",
        b"TRACE /trace HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"traced")],
    ),
    // Methods without a handler, and without a name.
    open(
        "a method that is not allowed",
        "9110-15.5.6",
        b"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(405).with("allow", "GET, HEAD, OPTIONS")],
    ),
    open(
        "a method that is not allowed, though GET is not either",
        "9110-15.5.6",
        b"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(405).with("allow", "POST, PUT, OPTIONS")],
    ),
    open(
        "a method that is not known",
        "9110-15.6.2",
        b"BREW /nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
        &[problem(501)],
    ),
    open(
        "a method that is not known, with content",
        "9110-15.6.2",
        b"BREW /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nGET",
        &[problem(501)],
    ),
    open(
        "a method that the application knows",
        "9110-9.1",
        b"M-SEARCH /other HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"M-SEARCH")],
    ),
    open("methods have case", "9110-9.1", b"get /other HTTP/1.1\r\nHost: h\r\n\r\n", &[ok(b"get")]),
    open(
        "a method that begins like GET",
        "9110-9.1",
        b"GETX /other HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"GETX")],
    ),
    open(
        "every character a method may have",
        "9110-5.6.2",
        b"!#$%&'*+-.^_`|~09azAZ /other HTTP/1.1\r\nHost: h\r\n\r\n",
        &[ok(b"!#$%&'*+-.^_`|~09azAZ")],
    ),
    refused("a parenthesis in a method", "9110-9.1", b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    refused("a colon in a method", "9110-9.1", b"G:T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    refused("NUL in a method", "9110-9.1", b"G\0T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    refused("a high octet in a method", "9110-9.1", b"G\xc9T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
];
