//! One request and its answer.
//!
//! Owns the rows for methods, versions, persistence, expectations and routes. Invariant: after
//! each row the connection is in the state that the last answer announced.

use dx_reactor::{App, HeaderName, HeaderValue, IoBackend, Response, Status};

use crate::bench::{Server, describe};

pub fn get_head_and_post(backend: IoBackend) {
    let server = Server::start(backend);
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let got = client.response();
    assert_eq!((got.status, got.text()), (200, "Hello, World!"));
    assert_eq!(got.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(got.header("connection"), None);

    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.response_to("HEAD");
    assert_eq!((head.status, head.header("content-length")), (200, Some("13")));
    assert_eq!(head.header("content-type"), got.header("content-type"));

    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.response().text(), "hello");
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().text(), "");
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         3;a=b\r\nhel\r\n02\r\nlo\r\n0\r\nX-Trailer: c\r\n\r\n",
    );
    assert_eq!(client.response().text(), "hello");
    client.finish();
    client.assert_eof();
    server.stop();
}

pub fn keep_alive_of_many_requests(backend: IoBackend) {
    let server = Server::start(backend);
    let mut client = server.connect();
    for number in 0..2000 {
        client.send(format!("GET /user/{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.response().text(), number.to_string());
    }
    drop(client);
    server.stop();
}

pub fn versions_and_connection_options(backend: IoBackend) {
    let server = Server::start(backend);
    // Request line's version and connection options; what the answer says; whether it stays open.
    let rows = [
        ("1.1", "", None, true),
        ("1.1", "Connection: keep-alive\r\n", None, true),
        ("1.1", "Connection: close\r\n", Some("close"), false),
        ("1.1", "Connection: Keep-Alive, CLOSE\r\n", Some("close"), false),
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\n", None, true),
        ("1.1", "Upgrade: websocket\r\n", None, true),
        ("1.0", "", Some("close"), false),
        ("1.0", "Connection: close\r\n", Some("close"), false),
        ("1.0", "Connection: keep-alive\r\n", Some("keep-alive"), true),
    ];
    for (version, options, said, stays) in rows {
        println!("{version} {options:?}");
        for path in ["/", "/sleep/1"] {
            let mut client = server.connect();
            client.send(format!("GET {path} HTTP/{version}\r\nHost: a\r\n{options}\r\n"));
            let response = client.response();
            assert_eq!((response.status, response.header("connection")), (200, said));
            if stays {
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                assert_eq!(client.response().text(), "Hello, World!");
            } else {
                client.assert_eof();
            }
        }
    }
    server.stop();
}

pub fn expect_100_continue(backend: IoBackend) {
    let server = Server::limited(backend, |limits| limits.body_max = 10);
    let head = |framing: &str| {
        format!("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{framing}\r\n\r\n")
    };
    for (framing, body) in
        [("Content-Length: 5", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")]
    {
        // A client that waits.
        let mut client = server.connect();
        client.send(head(framing));
        assert_eq!(client.response().status, 100);
        client.send(body);
        assert_eq!(client.response().text(), "hello");
        // One that does not wait: whatever it is told, there is one final answer.
        client.send(head(framing) + body);
        let mut response = client.response();
        if response.status == 100 {
            response = client.response();
        }
        assert_eq!(response.text(), "hello");
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response().text(), "Hello, World!");
    }
    // Refused without an invitation.
    let mut client = server.connect();
    client.send(head("Content-Length: 11"));
    let response = client.response();
    assert!(response.status == 413 && response.says_close(), "{response:?}");
    client.assert_eof();
    // Nothing to wait for, so nothing to invite.
    let mut client = server.connect();
    client.send(head("Content-Length: 0"));
    assert_eq!(client.response().status, 200);
    server.stop();
}

pub fn routing(backend: IoBackend) {
    let server = Server::start(backend);
    let mut client = server.connect();
    let rows = [
        ("GET", "/user/42", 200, Some("42"), None),
        ("GET", "/user/a%20b", 200, Some("a b"), None),
        ("GET", "/user/42?x=/1", 200, Some("42"), None),
        ("GET", "http://a/user/7", 200, Some("7"), None),
        ("GET", "/files/a/b/c.txt", 200, Some("a/b/c.txt"), None),
        ("GET", "/user/", 404, None, None),
        ("GET", "/user/%ff", 400, None, None),
        ("GET", "/USER/1", 404, None, None),
        ("GET", "/nowhere", 404, None, None),
        ("DELETE", "/", 405, None, Some("GET, HEAD, OPTIONS")),
        ("GET", "/echo", 405, None, Some("OPTIONS, POST, PUT")),
        ("BREW", "/", 405, None, Some("GET, HEAD, OPTIONS")),
        ("OPTIONS", "/user/1", 204, None, Some("GET, HEAD, OPTIONS")),
        ("HEAD", "/nowhere", 404, None, None),
        ("HEAD", "/echo", 405, None, Some("OPTIONS, POST, PUT")),
    ];
    for (method, path, status, body, allow) in rows {
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let response = client.response_to(method);
        assert_eq!(response.status, status, "{method} {path}");
        let allowed = response.header("allow").map(|list| {
            let mut names: Vec<&str> = list.split(", ").collect();
            names.sort_unstable();
            names.join(", ")
        });
        assert_eq!(allowed.as_deref(), allow, "{method} {path}");
        if let Some(body) = body {
            assert_eq!(response.text(), body, "{method} {path}");
        }
    }
    drop(client);
    server.stop();
}

pub fn json(backend: IoBackend) {
    const VARY: HeaderName = HeaderName::from_static("vary");
    let app = || {
        crate::bench::app().nest(
            "/api",
            App::new().get("/{name}", || {
                Response::json_bytes("[]")
                    .with_status(Status::CREATED)
                    .with_header(VARY, HeaderValue::from_static("accept"))
            }),
        )
    };
    let server = Server::of(describe(backend).app(move |_| app()));
    let mut client = server.connect();
    client.send("GET /json HTTP/1.1\r\nHost: a\r\n\r\nGET /api/x HTTP/1.1\r\nHost: a\r\n\r\n");
    let response = client.response();
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.text(), r#"{"message":"Hello, World!"}"#);
    let response = client.response();
    assert_eq!((response.status, response.text()), (201, "[]"));
    assert_eq!(response.header("vary"), Some("accept"));
    drop(client);
    server.stop();
}

pub fn a_request_in_single_bytes(backend: IoBackend) {
    let server = Server::start(backend);
    let mut client = server.connect();
    let requests = "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
                    GET /user/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for byte in requests.bytes() {
        client.send([byte]);
        std::thread::sleep(core::time::Duration::from_micros(200));
    }
    assert_eq!(client.response().text(), "hello");
    assert_eq!(client.response().text(), "1");
    client.assert_eof();
    server.stop();
}
