//! Content that goes piece by piece, in both directions.
//!
//! Owns the rows about bodies that are never whole in memory. Invariant: whoever is slow slows the
//! other side down, and nothing that is cut short looks complete.

use core::time::Duration;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dx_reactor::{
    App, Body, BodyError, BodyStream, BodyStreamError, BodyWriter, IoBackend, Response, Status,
};
use dx_rt::fs::File;

use crate::bench::{Server, app, describe, limits, pattern, wait_until};
use crate::client::{Client, End};

const OCTETS: &str = "application/octet-stream";

fn request(method: &str, path: &str, version: &str) -> String {
    format!("{method} {path} HTTP/{version}\r\nHost: a\r\n\r\n")
}

fn serve(backend: IoBackend, app: impl Fn() -> App + Send + Sync + 'static) -> Server {
    Server::of(describe(backend).app(move |_| app()))
}

/// What `bytes` are chunks of; `None` if they end before the last chunk.
fn dechunk(mut bytes: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let mut content = Vec::new();
    loop {
        let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") else {
            return (content, None);
        };
        let digits = core::str::from_utf8(&bytes[..line]).expect("digits");
        let size = usize::from_str_radix(digits, 16).expect("a size");
        bytes = &bytes[line + 2..];
        if size == 0 {
            return (content, Some(bytes.strip_prefix(b"\r\n").expect("no trailers")));
        }
        if bytes.len() < size + 2 {
            return (content, None);
        }
        content.extend_from_slice(&bytes[..size]);
        assert_eq!(&bytes[size..size + 2], b"\r\n");
        bytes = &bytes[size + 2..];
    }
}

/// The head and what follows it.
fn split(answer: &[u8]) -> (String, &[u8]) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8(answer[..end].to_vec()).expect("ASCII"), &answer[end..])
}

/// Everything that is answered to `requests`, the last of which ends the connection.
fn all(server: &Server, requests: String) -> (Vec<u8>, End) {
    let mut client = server.connect();
    client.send(requests);
    client.rest()
}

fn three_pieces() -> Body {
    Body::written_by(async |mut out: BodyWriter| {
        out.write("one, ").await?;
        dx_rt::time::sleep(Duration::from_millis(2)).await;
        out.write(String::from("two, ")).await?;
        out.write("three").await?;
        Ok::<(), BodyError>(())
    })
}

pub fn content_of_unknown_length(backend: IoBackend) {
    let server = serve(backend, || app().get("/pieces", || Response::text(three_pieces())));
    let close = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    // Chunks; and the connection goes on.
    let twice = request("GET", "/pieces", "1.1").repeat(2);
    let (answer, end) = all(&server, twice + close);
    assert_eq!(end, End::Eof);
    let mut rest = &answer[..];
    for _ in 0..2 {
        let (head, after) = split(rest);
        assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
        assert!(!head.contains("content-length"), "{head}");
        let (content, next) = dechunk(after);
        assert_eq!(content, b"one, two, three");
        rest = next.expect("it is complete");
    }
    assert!(rest.ends_with(b"Hello, World!"));
    // HEAD has the same head and no content.
    let (answer, _) = all(&server, request("HEAD", "/pieces", "1.1") + close);
    let (head, after) = split(&answer);
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
    assert!(after.starts_with(b"HTTP/1.1 200 OK\r\n"));
    // HTTP/1.0 knows no chunks: the end of the connection is the end of the content.
    let asked = "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".repeat(2);
    let (answer, end) = all(&server, asked);
    let (head, content) = split(&answer);
    assert!(!head.contains("chunked") && head.contains("\r\nconnection: close\r\n"), "{head}");
    assert_eq!((content, end), (&b"one, two, three"[..], End::Eof));
    server.stop();
}

pub fn content_of_announced_length(backend: IoBackend) {
    let of = |length: u64| move || Response::text(three_pieces().with_length(length));
    let server = serve(backend, move || {
        app().get("/exact", of(15)).get("/short", of(16)).get("/long", of(14))
    });
    let mut client = server.connect();
    client.send(request("GET", "/exact", "1.1").repeat(2));
    for _ in 0..2 {
        assert_eq!(client.response().text(), "one, two, three");
    }
    for (path, length) in [("/short", 16), ("/long", 14)] {
        let (answer, _) = all(&server, request("GET", path, "1.1").repeat(2));
        let (head, content) = split(&answer);
        assert!(head.contains(&format!("\r\ncontent-length: {length}\r\n")), "{head}");
        assert!(content.len() < length, "{path}: {}", content.escape_ascii());
        assert!(b"one, two, three".starts_with(content));
    }
    server.stop();
}

fn fail_badly() -> Result<(), BodyError> {
    panic!("while writing")
}

pub fn content_that_fails(backend: IoBackend) {
    let server = serve(backend, || {
        let failing = || {
            Response::text(Body::written_by(async |mut out: BodyWriter| {
                out.write("begun").await?;
                dx_rt::time::sleep(Duration::from_millis(1)).await;
                Err::<(), _>(BodyError::from("the disk is gone"))
            }))
        };
        let panicking = || {
            Response::text(Body::written_by(async |mut out: BodyWriter| {
                out.write("begun").await?;
                dx_rt::time::sleep(Duration::from_millis(1)).await;
                fail_badly()
            }))
        };
        app().get("/failing", failing).get("/panicking", panicking)
    });
    for path in ["/failing", "/panicking"] {
        let (answer, _) = all(&server, request("GET", path, "1.1").repeat(2));
        let (head, after) = split(&answer);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let (content, rest) = dechunk(after);
        assert_eq!((content.as_slice(), rest), (&b"begun"[..], None), "{path}");
    }
    // Without chunks there is nothing but a reset to say so; what was begun may be lost with it.
    let mut client = server.connect();
    client.send("GET /failing HTTP/1.0\r\n\r\nunread");
    let _ = client.rest();
    server.assert_serves();
    server.stop();
}

pub fn a_file_and_a_part_of_it(backend: IoBackend) {
    const LEN: usize = 3 << 20;
    let path = std::env::temp_dir().join(format!("dx-reactor-{}-{backend}", std::process::id()));
    let content = pattern(LEN);
    std::fs::write(&path, &content).expect("a file");
    let named = path.clone();
    let server = serve(backend, move || {
        let send = |from: u64, to: u64, path: std::path::PathBuf| {
            move || {
                let path = path.clone();
                async move {
                    let file = File::open(path).await.expect("it is there");
                    Response::bytes(OCTETS, Body::file(file, from..to))
                }
            }
        };
        app()
            .get("/whole", send(0, LEN as u64, named.clone()))
            .get("/part", send(7, 1_000_007, named.clone()))
            .get("/empty", send(5, 5, named.clone()))
            .get("/beyond", send(0, LEN as u64 + 1, named.clone()))
    });
    let mut client = server.connect();
    let requests = ["/whole", "/part", "/empty", "/"].map(|path| request("GET", path, "1.1"));
    client.send(requests.concat());
    assert!(client.response().body == content);
    assert!(client.response().body == content[7..1_000_007]);
    assert_eq!(client.response().body.len(), 0);
    assert_eq!(client.response().text(), "Hello, World!");
    client.send(request("HEAD", "/whole", "1.1"));
    assert_eq!(client.response_to("HEAD").header("content-length"), Some("3145728"));
    // Fewer bytes than announced are not taken for all.
    client.send(request("GET", "/beyond", "1.1").repeat(2));
    let (answer, _) = client.rest();
    let (head, sent) = split(&answer);
    assert!(head.contains("\r\ncontent-length: 3145729\r\n"), "{head}");
    assert!(sent.len() <= LEN && content.starts_with(sent));
    std::fs::remove_file(path).expect("it was there");
    server.stop();
}

/// A body without end that counts its pieces, and those of it that are alive.
fn endless(made: &Arc<AtomicUsize>, alive: &Arc<AtomicUsize>) -> Response {
    struct Alive(Arc<AtomicUsize>);
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    alive.fetch_add(1, Ordering::SeqCst);
    let (made, alive) = (made.clone(), Alive(alive.clone()));
    Response::bytes(
        OCTETS,
        Body::written_by(async move |mut out: BodyWriter| {
            let _alive = alive;
            loop {
                out.write(vec![b'a'; 16 * 1024]).await?;
                made.fetch_add(1, Ordering::SeqCst);
            }
            #[allow(unreachable_code, reason = "says the type")]
            Ok::<(), BodyError>(())
        }),
    )
}

fn endless_server(backend: IoBackend) -> (Server, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (made, alive) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let shared = (made.clone(), alive.clone());
    let server = serve(backend, move || {
        let (made, alive) = shared.clone();
        app().get("/endless", move || endless(&made, &alive))
    });
    (server, made, alive)
}

pub fn a_reader_that_is_behind(backend: IoBackend) {
    let (server, made, _) = endless_server(backend);
    let mut client = Client::connect_narrow(server.addr());
    client.send(request("GET", "/endless", "1.1"));
    wait_until("it has begun", || made.load(Ordering::SeqCst) > 0);
    // It stands still when the kernel's buffers and ours are full.
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = made.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    assert!(before * 16 * 1024 < 16 << 20, "{before} pieces for a peer that takes none");
    // And goes on when the peer does.
    client.raw(8 << 20);
    wait_until("it goes on", || made.load(Ordering::SeqCst) > before);
    drop(client);
    server.stop();
}

pub fn who_leaves_ends_the_content(backend: IoBackend) {
    let (server, _, alive) = endless_server(backend);
    for leave in [Client::reset, drop::<Client>] {
        let mut client = server.connect();
        client.send(request("GET", "/endless", "1.1"));
        client.raw(1 << 20);
        assert_eq!(alive.load(Ordering::SeqCst), 1);
        leave(client);
        wait_until("the content is dropped", || alive.load(Ordering::SeqCst) == 0);
    }
    server.stop();
}

/// Length and sum of what comes.
async fn digest(mut body: BodyStream) -> Result<String, BodyStreamError> {
    let (mut len, mut sum) = (0_usize, 0_u64);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        len += piece.len();
        sum = piece.iter().fold(sum, |sum, &byte| sum.rotate_left(5) ^ u64::from(byte));
    }
    Ok(format!("{len} {sum:x}"))
}

fn digest_of(content: &[u8]) -> String {
    let sum = content.iter().fold(0_u64, |sum, &byte| sum.rotate_left(5) ^ u64::from(byte));
    format!("{} {sum:x}", content.len())
}

pub fn uploads_of_any_length(backend: IoBackend) {
    let server = serve(backend, || app().put("/digest", digest));
    for len in [0, 1, 1000, 70_000, 24 << 20] {
        let content = pattern(len);
        let mut client = server.connect();
        let mut writer = client.writer();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let head =
                    format!("PUT /digest HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n");
                writer.write_all(head.as_bytes()).expect("it reads");
                writer.write_all(&content).expect("it reads");
                let head = "PUT /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
                writer.write_all(head.as_bytes()).expect("it reads");
                for piece in content.chunks(50_000) {
                    write!(writer, "{:x}\r\n", piece.len()).expect("it reads");
                    writer.write_all(piece).expect("it reads");
                    writer.write_all(b"\r\n").expect("it reads");
                }
                writer.write_all(b"0\r\n\r\n").expect("it reads");
                writer.write_all(request("GET", "/", "1.1").as_bytes()).expect("it reads");
            });
            for _ in 0..2 {
                assert_eq!(client.response().text(), digest_of(&content));
            }
            assert_eq!(client.response().text(), "Hello, World!");
        });
    }
    server.stop();
}

pub fn a_handler_that_is_behind(backend: IoBackend) {
    let server = serve(backend, || {
        app().put("/late", async |body: BodyStream| {
            dx_rt::time::sleep(Duration::from_millis(400)).await;
            digest(body).await
        })
    });
    const LEN: usize = 64 << 20;
    let mut client = Client::connect_narrow(server.addr());
    client.send(format!("PUT /late HTTP/1.1\r\nHost: a\r\nContent-Length: {LEN}\r\n\r\n"));
    let written = AtomicUsize::new(0);
    let mut writer = client.writer();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let piece = vec![b'a'; 1 << 20];
            for _ in 0..LEN >> 20 {
                writer.write_all(&piece).expect("it reads");
                written.fetch_add(piece.len(), Ordering::SeqCst);
            }
        });
        std::thread::sleep(Duration::from_millis(200));
        assert!(written.load(Ordering::SeqCst) < LEN, "nobody has read yet");
        assert_eq!(client.response().text(), digest_of(&vec![b'a'; LEN]));
    });
    // Others are served meanwhile and after.
    server.assert_serves();
    server.stop();
}

pub fn invitations(backend: IoBackend) {
    let server = serve(backend, || {
        app().put("/digest", digest).put("/never", async |_: BodyStream| Status::FORBIDDEN)
    });
    let expects = "Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let mut client = server.connect();
    client.send(format!("PUT /digest HTTP/1.1\r\n{expects}"));
    assert_eq!(client.response().status, 100);
    client.send("hello");
    assert_eq!(client.response().text(), digest_of(b"hello"));
    // Who does not want it does not invite it, and cannot know whether it comes.
    client.send(format!("PUT /never HTTP/1.1\r\n{expects}"));
    let response = client.response();
    assert!(response.status == 403 && response.says_close(), "{response:?}");
    client.assert_eof();
    // Who sends without waiting is not invited.
    let mut client = server.connect();
    client.send(format!("PUT /digest HTTP/1.1\r\n{expects}hel"));
    client.send("lo");
    assert_eq!(client.response().text(), digest_of(b"hello"));
    server.stop();
}

pub fn answers_before_the_end(backend: IoBackend) {
    let server = serve(backend, || app().put("/early", async |_: BodyStream| "early"));
    // All is here: the connection goes on.
    let mut client = server.connect();
    let whole = "PUT /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n0\r\n\r\n";
    client.send([whole, &request("GET", "/", "1.1")].concat());
    let first = client.response();
    assert_eq!((first.text(), first.says_close()), ("early", false));
    assert_eq!(client.response().text(), "Hello, World!");
    // Not all is here: the connection ends, and without a reset while the client still sends.
    client.send("PUT /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun");
    let response = client.response();
    assert_eq!((response.text(), response.says_close()), ("early", true));
    client.send(vec![b'a'; 50_000]);
    client.assert_eof();
    server.stop();
}

pub fn content_that_is_refused_half_way(backend: IoBackend) {
    let server = serve(backend, || {
        app().put("/digest", digest).nest("/small", App::new().body_max(10).put("/digest", digest))
    });
    let chunked = "HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let rows = [
        (format!("PUT /digest {chunked}5\r\nhello\r\nnonsense\r\n"), 400),
        (format!("PUT /small/digest {chunked}5\r\nhello\r\n6\r\n"), 413),
        (
            format!("PUT /small/digest {chunked}5\r\nhello\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
            413,
        ),
        ("PUT /small/digest HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n".into(), 413),
    ];
    for (row, status) in rows {
        let mut client = server.connect();
        client.send(format!("{row}GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        let response = client.response();
        assert!(response.status == status && response.says_close(), "{row} {response:?}");
        client.assert_eof();
    }
    server.stop();
}

pub fn a_client_that_leaves_half_way(backend: IoBackend) {
    let ends = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = ends.clone();
    let server = Server::of(describe(backend).limits(limits(|_| {})).app(move |_| {
        let told = told.clone();
        app().put("/watched", move |body: BodyStream| {
            let told = told.clone();
            async move {
                let end = digest(body).await.map(drop);
                told.lock().expect("no panic").push(end);
                "seen"
            }
        })
    }));
    let head = "PUT /watched HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun";
    let mut client = server.connect();
    client.send(head);
    client.finish();
    // Half-closed: there is still somebody to answer.
    let response = client.response();
    assert_eq!((response.text(), response.says_close()), ("seen", true));
    client.assert_eof();
    assert_eq!(*ends.lock().expect("no panic"), [Err(BodyStreamError::Disconnected)]);
    let mut client = server.connect();
    client.send(head);
    client.reset();
    wait_until("the handler learns of it", || ends.lock().expect("no panic").len() == 2);
    server.stop();
}
