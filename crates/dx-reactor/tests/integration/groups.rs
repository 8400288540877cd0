//! What applications have in common, over real sockets.
//!
//! Owns the rows about extractors, layers, and limits of routes. Invariant: a row asks what a
//! client sees; what runs in which order is asked in the crate.

use core::time::Duration;

use dx_reactor::{
    App, Bytes, HeaderName, HeaderValue, IoBackend, Json, Layer, Path, Query, Request, Response,
    State,
};
use serde::{Deserialize, Serialize};

use crate::bench::{Server, describe};
use crate::client::Client;

#[derive(Deserialize, Serialize)]
struct Point {
    x: i32,
    y: i32,
}

struct Offset(i32);

async fn moved(
    offset: State<Offset>,
    Path(times): Path<i32>,
    Query(by): Query<Point>,
    Json(point): Json<Point>,
) -> Json<Point> {
    dx_rt::time::sleep(Duration::from_millis(1)).await;
    let shift = |by: i32| by * times + offset.0.0;
    Json(Point { x: point.x + shift(by.x), y: point.y + shift(by.y) })
}

/// Everything that a handler takes arrives, also when it comes in pieces and behind others.
pub fn arguments_arrive_however_they_are_cut(backend: IoBackend) {
    let app = |_| App::new().state(Offset(1000)).put("/move/{times}", moved);
    let server = Server::of(describe(backend).app(app));
    let mut client = server.connect();
    let body = "{\"x\":1,\"y\":2}";
    let request = format!(
        "PUT /move/3?x=10&y=20 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.send(request.repeat(3));
    for _ in 0..3 {
        assert_eq!(client.response().text(), "{\"x\":1031,\"y\":1062}");
    }
    for cut in [1, 9, 60, request.len() - 3] {
        let (first, rest) = request.split_at(cut);
        client.send(first);
        client.send(rest);
        assert_eq!(client.response().text(), "{\"x\":1031,\"y\":1062}", "{cut}");
    }
    client.send(request.replace("/3?", "/three?"));
    let refused = client.response();
    assert!(refused.status == 400 && refused.text().contains("`times`"), "{refused:?}");
    client.send(request.replace("\"x\":1", "\"x\": "));
    let refused = client.response();
    assert!(refused.status == 400 && refused.text().contains("line 1, column "), "{refused:?}");
    client.send(request);
    assert_eq!(client.response().status, 200, "a refusal ends no connection");
    drop(client);
    server.stop();
}

/// A body too large for its route is refused before it is read; the next route takes it.
pub fn bodies_are_limited_by_route(backend: IoBackend) {
    let length = |body: Bytes| body.len().to_string();
    let app = move |_| {
        let small = App::new().body_max(10).post("/small", length);
        App::new().post("/plain", length).merge(small)
    };
    let server = Server::of(describe(backend).app(app));
    let send = |client: &mut Client, path: &str, framing: &str| {
        client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{framing}"));
    };
    let mut client = server.connect();
    for (framing, len) in [
        ("Content-Length: 10\r\n\r\n0123456789", "10"),
        ("Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", "10"),
    ] {
        send(&mut client, "/small", framing);
        assert_eq!(client.response().text(), len);
    }
    send(&mut client, "/plain", "Content-Length: 11\r\n\r\n01234567890");
    assert_eq!(client.response().text(), "11");
    for framing in [
        // Nothing of the body was sent yet.
        "Content-Length: 11\r\n\r\n",
        "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n67890",
    ] {
        let mut client = server.connect();
        send(&mut client, "/small", framing);
        let response = client.response();
        assert!(response.status == 413 && response.says_close(), "{response:?}");
        client.assert_eof();
    }
    drop(client);
    server.stop();
}

/// A handler out of time costs its client a 503, and the connection goes on.
pub fn handlers_have_their_time(backend: IoBackend) {
    let app = |_| {
        App::new().timeout(Duration::from_millis(20)).get("/{millis}", async |Path(millis)| {
            let millis: u64 = millis;
            dx_rt::time::sleep(Duration::from_millis(millis)).await;
            "in time"
        })
    };
    let server = Server::of(describe(backend).app(app));
    let mut client = server.connect();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send([get("/100000000"), get("/0")].concat());
    let late = client.response();
    assert!(late.status == 503 && !late.says_close(), "{late:?}");
    assert_eq!(client.response().text(), "in time");
    drop(client);
    server.stop();
}

/// Turns away who does not say please, and writes down what it let through.
struct Polite;

impl Layer for Polite {
    type Carry = usize;

    fn before(&self, request: &mut Request) -> Result<usize, Response> {
        match request.header("please") {
            Some(word) => Ok(word.len()),
            None => Err(Response::text("say please").with_status(dx_reactor::Status::FORBIDDEN)),
        }
    }

    fn after(&self, length: usize, response: &mut Response) {
        const LENGTH: HeaderName = HeaderName::from_static("x-length");
        let value = HeaderValue::new(length.to_string()).expect("digits");
        response.append_header(LENGTH, value);
    }
}

/// Layers keep pipelined requests apart, whichever waits and whichever panics.
pub fn layers_around_pipelined_requests(backend: IoBackend) {
    let fails = || -> &'static str { panic!("behind a layer") };
    let app = move |_| {
        App::new()
            .layer(Polite)
            .get("/now", || "now")
            .get("/later", async || {
                dx_rt::time::sleep(Duration::from_millis(1)).await;
                "later"
            })
            .get("/fails", fails)
    };
    let server = Server::of(describe(backend).app(app));
    let mut client = server.connect();
    let get = |path: &str, please: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n{please}\r\n");
    let rows = [
        ("/now", "Please: a\r\n", 200, Some("1")),
        ("/later", "Please: ab\r\n", 200, Some("2")),
        ("/now", "", 403, None),
        ("/later", "", 403, None),
        ("/later", "Please: abc\r\n", 200, Some("3")),
        ("/fails", "Please: abcd\r\n", 500, Some("4")),
    ];
    client.send(rows.map(|(path, please, _, _)| get(path, please)).concat());
    for (path, _, status, length) in rows {
        let response = client.response();
        assert_eq!((response.status, response.header("x-length")), (status, length), "{path}");
        assert_eq!(response.says_close(), status == 500, "{path}");
    }
    client.assert_eof();
    server.stop();
}
