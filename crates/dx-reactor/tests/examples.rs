//! The examples do what they say.
//!
//! Owns what is asked of each. The examples are compiled in, so that what is tested is what is
//! read. Invariant: a request here is one that a comment there tells the reader to try.

#[path = "../examples/graceful_shutdown.rs"]
mod graceful_shutdown;
#[path = "../examples/json_crud.rs"]
mod json_crud;
#[path = "../examples/routing.rs"]
mod routing;
#[path = "../examples/streaming_upload.rs"]
mod streaming_upload;
#[path = "../examples/testing.rs"]
mod testing;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use dx_reactor::testing::TestClient;
use dx_reactor::{DxReactor, ServerError, Status};
use serde_json::{Value, json};

/// What those who try an example call.
const _: fn() -> Result<(), ServerError> = routing::main;
const _: fn() -> Result<(), ServerError> = streaming_upload::main;
const _: fn() = json_crud::main;
const _: fn() -> ExitCode = graceful_shutdown::main;

#[test]
fn routing() {
    let client = TestClient::new(routing::app);
    let get = |target: &str| client.get(target).send();
    assert!(get("/").text().starts_with("<!doctype html>"));
    assert_eq!(get("/greet/world?times=3").text(), "Hello, world!\n".repeat(3));
    assert_eq!(get("/greet/you").text(), "Hello, you!\n");
    assert_eq!(get("/greet/you?times=300").status(), Status::BAD_REQUEST);
    let moved = get("/old");
    assert_eq!(moved.status(), Status::PERMANENT_REDIRECT);
    assert_eq!(moved.header_str("location"), Some("/"));
    let item = get("/api/items/7");
    assert_eq!(item.json::<Value>(), json!({"id": 7, "name": "item 7"}));
    assert_eq!(item.header_str("x-served-by"), Some("routing"));
    assert_eq!(get("/old").header("x-served-by"), None);
    let refused = get("/api/items/seven").json::<Value>();
    let detail = "the path parameter `id`: not an unsigned integer of 32 bits";
    assert_eq!((&refused["status"], &refused["detail"]), (&json!(400), &json!(detail)));
    assert_eq!(get("/api/items/101").status(), Status::NOT_FOUND);
    assert_eq!(get("/api/admin/visits").status(), Status::BAD_REQUEST);
    assert_eq!(client.get("/api/admin/visits").header("x-key", "open").send().text(), "2");
    assert_eq!(get("/api/nothing/here").json::<Value>()["detail"], json!("no such API"));
    assert_eq!(get("/nothing").status(), Status::NOT_FOUND);
    assert_eq!(client.post("/api/upload").body("a small body").send().text(), "12 bytes");
    let large = client.post("/api/upload").body(vec![0; 65]).send();
    assert_eq!(large.status(), Status::CONTENT_TOO_LARGE);
}

#[test]
fn json_crud() {
    let app = || json_crud::app(json_crud::Db::open(":memory:").expect("a database"));
    let client = TestClient::new(app);
    let created = client.post("/notes").json(&json!({"text": "milk"})).send();
    assert_eq!(created.status(), Status::CREATED);
    assert_eq!(created.header_str("location"), Some("/notes/1"));
    assert_eq!(created.json::<Value>(), json!({"id": 1, "text": "milk"}));
    assert_eq!(client.get("/notes/1").send().json::<Value>(), json!({"id": 1, "text": "milk"}));
    client.post("/notes").json(&json!({"text": "bread"})).send();
    let updated = client.put("/notes/1").json(&json!({"text": "tea"})).send();
    assert_eq!(updated.json::<Value>(), json!({"id": 1, "text": "tea"}));
    let found = client.get("/notes?search=te&limit=10").send();
    assert_eq!(found.json::<Value>(), json!([{"id": 1, "text": "tea"}]));
    assert_eq!(client.get("/notes").send().json::<Vec<Value>>().len(), 2);
    assert_eq!(client.delete("/notes/1").send().status(), Status::NO_CONTENT);
    for missing in [client.get("/notes/1"), client.delete("/notes/1")] {
        assert_eq!(missing.send().status(), Status::NOT_FOUND);
    }
    let gone = client.put("/notes/1").json(&json!({"text": "tea"})).send();
    assert_eq!(gone.json::<Value>()["detail"], json!("no such note"));
    let refused = client.post("/notes").json(&json!({"text": 5})).send();
    assert_eq!(refused.status(), Status::UNPROCESSABLE_CONTENT);
    let detail = refused.json::<Value>()["detail"].to_string();
    assert!(detail.contains("`text`: invalid type: integer `5`, expected a string"), "{detail}");
    assert_eq!(client.get("/notes/x").send().status(), Status::BAD_REQUEST);
    let untyped = client.post("/notes").body("{\"text\": \"milk\"}").send();
    assert_eq!(untyped.status(), Status::UNSUPPORTED_MEDIA_TYPE);
}

#[test]
fn testing() {
    testing::main();
}

#[test]
fn graceful_shutdown() {
    let server = graceful_shutdown::server(([127, 0, 0, 1], 0).into());
    let running = server.start().expect("it starts");
    let addr = running.addr();
    let mut stream = TcpStream::connect(addr).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("watchdog");
    // Of two requests, one is answered before the shutdown and one after it has begun.
    stream.write_all(b"GET /slow/0.5 HTTP/1.1\r\nHost: a\r\n\r\n").expect("takes it");
    let mut other = TcpStream::connect(addr).expect("connects");
    other.set_read_timeout(Some(Duration::from_secs(60))).expect("watchdog");
    other
        .write_all(b"GET /slow/0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("takes it");
    let mut answer = String::new();
    other.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("answered after 0 seconds\n"), "{answer}");

    running.shutdown_handle().drain();
    answer.clear();
    stream.read_to_string(&mut answer).expect("no reset");
    assert!(answer.ends_with("answered after 0.5 seconds\n"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    running.stop().expect("ends");
}

#[test]
fn streaming_upload() {
    let folder = std::env::temp_dir().join(format!("streaming-upload-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let shared = folder.clone();
    let running = DxReactor::build()
        .listen(([127, 0, 0, 1], 0))
        .app(move |_| streaming_upload::app(shared.clone()))
        .build()
        .start()
        .expect("it starts");
    // One answer, to its end; each connection asks once.
    let ask = |head: &str, content: &[u8]| {
        let mut stream = TcpStream::connect(running.addr()).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("watchdog");
        let len = content.len();
        write!(stream, "{head} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n").expect("takes it");
        write!(stream, "Content-Length: {len}\r\n\r\n").expect("takes it");
        stream.write_all(content).expect("takes it");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("no reset");
        answer
    };
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let created = String::from_utf8(ask("PUT /files/one", &content)).expect("text");
    assert!(created.starts_with("HTTP/1.1 201 Created\r\n"), "{created}");
    assert!(created.ends_with("\r\n\r\n3000000 bytes\n"), "{created}");
    let back = ask("GET /files/one", b"");
    assert!(back.starts_with(b"HTTP/1.1 200 OK\r\n") && back.ends_with(&content));
    assert!(ask("PUT /files/..%2Fone", b"a").starts_with(b"HTTP/1.1 404 "));
    assert!(ask("GET /files/two", b"").starts_with(b"HTTP/1.1 404 "));
    let counted = String::from_utf8(ask("GET /count/2500", b"")).expect("text");
    for line in ["\r\n1\n2\n3\n", "999\n1000\n", "1001\n1002\n", "2499\n2500\n"] {
        assert!(counted.contains(line), "{line:?}");
    }
    running.stop().expect("ends");
    std::fs::remove_dir_all(folder).expect("it was there");
}
