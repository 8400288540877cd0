//! The command, as users meet it: real clients, real signals.
//!
//! Owns the running command and the calls of curl, wrk and Chromium. May know the demo's routes and
//! the banner, and nothing of the server's insides. Invariant: a client that is not installed is
//! skipped with that reason, unless everything is required to run; no process outlives its test.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dx_io::{BACKEND_VARIABLE, Driver, IoBackend, ReactorConfig};

/// After this a test counts as hung. Nothing is measured with it.
const WATCHDOG: Duration = Duration::from_secs(60);
/// The server's drain deadline.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// What is missing is skipped, unless everything is required to run.
fn skip(what: &str) {
    assert!(std::env::var_os("DX_TEST_REQUIRE_ALL").is_none(), "{what}");
    println!("skipped: {what}");
}

fn has(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file());
    if !found {
        skip(&format!("{tool} is not installed"));
    }
    found
}

fn backends() -> Vec<IoBackend> {
    let named = std::env::var(BACKEND_VARIABLE).ok();
    let named = named.map(|name| name.parse::<IoBackend>().expect("a backend's name"));
    [IoBackend::Epoll, IoBackend::IoUring]
        .into_iter()
        .filter(|backend| named.is_none_or(|name| name == IoBackend::Auto || name == *backend))
        .filter(|backend| match Driver::open(*backend, &ReactorConfig::default()) {
            Ok(_) => true,
            Err(why) => {
                skip(&format!("{backend}: {why}"));
                false
            }
        })
        .collect()
}

/// The running command.
struct Server {
    child: Child,
    /// Without the final slash.
    url: String,
}

impl Server {
    fn start(backend: IoBackend) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dx-reactor"))
            .args(["--listen", "127.0.0.1:0", "--workers", "2", "--backend", backend.as_str()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let banner = BufReader::new(child.stdout.take().expect("piped"));
        let mut url = None;
        for line in banner.lines() {
            let line = line.expect("text");
            if let Some(at) = line.strip_prefix("  listening ") {
                url = Some(at.trim_end_matches('/').to_owned());
            }
            // The last line: everything serves, and nobody has to read on.
            if line.starts_with("  stop") {
                break;
            }
        }
        Self { child, url: url.expect("the banner names the address") }
    }

    fn connect(&self) -> TcpStream {
        let addr = self.url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(addr).expect("connects");
        stream.set_read_timeout(Some(WATCHDOG)).expect("watchdog");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill(1)");
        assert!(sent.success());
    }

    /// Waits for the end; how, and how long it took.
    fn ended(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let status = wait(&mut self.child).unwrap_or_else(|| panic!("it does not end"));
        (status, began.elapsed())
    }

    /// Ends it in order.
    fn stop(self) {
        self.terminate();
        let (status, _) = self.ended();
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After a failed test; else it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < WATCHDOG {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

/// A folder of this test's own, removed with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dx-reactor-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs curl with `input` on its standard input.
fn curl(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("curl starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    // It may stop reading when it was refused.
    let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("curl ends");
    writing.join().expect("no panic");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn curl_is_answered() {
    if !has("curl") {
        return;
    }
    for backend in backends() {
        let server = Server::start(backend);
        let page = format!("{}/plaintext", server.url);
        let echo = format!("{}/echo", server.url);
        // Arguments, input, and what the output begins with, contains, and ends with.
        let chunked = "Transfer-Encoding: chunked";
        let rows: [(&[&str], &str, [&str; 3]); 6] = [
            (&["-i", &page], "", ["HTTP/1.1 200 OK\r\n", "\r\ndate: ", "\r\n\r\nHello, World!"]),
            (
                &["-i", "--http1.0", &page],
                "",
                ["HTTP/1.1 200 OK\r\n", "connection: close", "\r\n\r\nHello, World!"],
            ),
            (&["-I", &page], "", ["HTTP/1.1 200 OK\r\n", "content-length: 13\r\n", "\r\n\r\n"]),
            (&["-i", "-d", "hello", &echo], "", ["HTTP/1.1 200", "length: 5", "\r\n\r\nhello"]),
            (
                &["-i", "-H", chunked, "-d", "@-", &echo],
                "from a pipe",
                ["HTTP/1.1 200", "content-length: 11", "\r\n\r\nfrom a pipe"],
            ),
            (&["-i", "-X", "DELETE", &page], "", ["HTTP/1.1 405 ", "allow: ", "\"status\":405}"]),
        ];
        for (args, input, [begins, contains, ends]) in rows {
            let output = curl(args, input.as_bytes());
            let (told, complained) = (text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "{args:?}: {complained}");
            let fits = told.starts_with(begins) && told.contains(contains) && told.ends_with(ends);
            assert!(fits, "{backend}, {args:?}: {told}");
        }
        // Two requests, one connection.
        let output = curl(&["-v", &page, &page], b"");
        assert_eq!(text(&output.stdout), "Hello, World!Hello, World!");
        assert_eq!(text(&output.stderr).matches("Connected to").count(), 1);
        server.stop();
    }
}

#[test]
fn curl_expects_to_be_invited() {
    if !has("curl") {
        return;
    }
    for backend in backends() {
        let server = Server::start(backend);
        let echo = format!("{}/echo", server.url);
        let body = |len: usize| (0..len).map(|at| b'a' + (at % 23) as u8).collect::<Vec<u8>>();
        let expect = ["-v", "-H", "Expect: 100-continue", "--expect100-timeout", "60"];
        // Longer than curl's bound for asking first, and not longer than the server's for bodies.
        let large = body(3 << 19);
        let args = [&expect[..], &["--data-binary", "@-", &echo]].concat();
        let output = curl(&args, &large);
        let told = text(&output.stderr);
        assert!(output.stdout == large, "{backend}: {told}");
        assert!(told.contains("< HTTP/1.1 100 Continue"), "{backend}: {told}");
        // Refused before it was sent.
        let args = [&args[..], &["-w", "\n%{http_code} %{size_upload}"]].concat();
        let output = curl(&args, &body(3 << 20));
        assert!(text(&output.stdout).ends_with("\n413 0"), "{}", text(&output.stderr));
        server.stop();
    }
}

/// Sixteen requests a write, over all the demo's GET routes.
const PIPELINE: &str = r#"
init = function(args)
  local paths, requests = { "/plaintext", "/json", "/user/42", "/" }, {}
  for i = 1, 16 do
    requests[i] = wrk.format("GET", paths[i % 4 + 1])
  end
  batch = table.concat(requests)
end

request = function()
  return batch
end
"#;

fn wrk(server: &Server, scratch: &Scratch, seconds: &str) -> Child {
    let script = scratch.0.join("pipeline.lua");
    std::fs::write(&script, PIPELINE).expect("a script");
    Command::new("wrk")
        .args(["-t", "1", "-c", "32", "-d", seconds, "-s"])
        .arg(script)
        .arg(&server.url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("wrk starts")
}

#[test]
fn wrk_pipelines_without_errors() {
    if !has("wrk") {
        return;
    }
    for backend in backends() {
        let server = Server::start(backend);
        let scratch = Scratch::new(&format!("wrk-{backend}"));
        let output = wrk(&server, &scratch, "1s").wait_with_output().expect("wrk ends");
        let told = text(&output.stdout);
        assert!(output.status.success() && told.contains("Requests/sec"), "{told}");
        assert!(!told.contains("Socket errors") && !told.contains("Non-2xx"), "{told}");
        server.stop();
    }
}

const REQUEST: &str = "GET /user/42 HTTP/1.1\r\nHost: a\r\n\r\n";
const BATCH: usize = 16;

/// Asks until told to stop; every batch that was sent whole before the signal is answered whole.
fn ask(mut stream: TcpStream, signalled: &AtomicBool, answered: &AtomicUsize) {
    let batch = REQUEST.repeat(BATCH);
    let (mut pending, mut piece) = (String::new(), [0; 16 * 1024]);
    loop {
        let sent = stream.write_all(batch.as_bytes());
        let in_time = sent.is_ok() && !signalled.load(Ordering::SeqCst);
        let mut got = 0;
        while got < BATCH {
            match stream.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) if !in_time => return,
                Ok(0) => panic!("closed after {got} of {BATCH} answers"),
                Err(error) => panic!("{error} after {got} of {BATCH} answers"),
                Ok(len) => {
                    pending += std::str::from_utf8(&piece[..len]).expect("ASCII");
                    while let Some(end) = pending.find("\r\n\r\n42") {
                        pending.drain(..end + 6);
                        got += 1;
                    }
                }
            }
        }
        answered.fetch_add(got, Ordering::SeqCst);
    }
}

#[test]
fn a_signal_under_load_loses_no_answer() {
    for backend in backends() {
        let server = Server::start(backend);
        let scratch = Scratch::new(&format!("term-{backend}"));
        let load = has("wrk").then(|| wrk(&server, &scratch, "5s"));
        let (signalled, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        let streams: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
        std::thread::scope(|scope| {
            for stream in streams {
                scope.spawn(|| ask(stream, &signalled, &answered));
            }
            let began = Instant::now();
            while answered.load(Ordering::SeqCst) < 5_000 {
                assert!(began.elapsed() < WATCHDOG, "it does not answer");
                std::thread::sleep(Duration::from_millis(1));
            }
            signalled.store(true, Ordering::SeqCst);
            server.terminate();
        });
        if let Some(mut load) = load {
            let _ = load.kill();
            let _ = load.wait();
        }
        let (status, took) = server.ended();
        assert_eq!(status.code(), Some(0), "{backend}");
        assert!(took < DRAIN_TIMEOUT, "{backend}: {took:?}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    for backend in backends() {
        let mut server = Server::start(backend);
        // A request that was begun holds the shutdown up.
        let mut stream = server.connect();
        stream
            .write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
            .expect("takes it");
        let mut whole = server.connect();
        whole.write_all(REQUEST.as_bytes()).expect("takes it");
        assert!(whole.read(&mut [0; 1024]).expect("answers") > 0);
        drop(whole);
        server.terminate();
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(server.child.try_wait().expect("a child of ours"), None, "it still drains");
        server.terminate();
        let (status, took) = server.ended();
        assert_eq!(status.code(), Some(0), "{backend}");
        assert!(took < DRAIN_TIMEOUT / 2, "{backend}: {took:?}");
    }
}

#[test]
fn a_taken_port_is_told() {
    let server = Server::start(IoBackend::Auto);
    let addr = server.url.strip_prefix("http://").expect("a URL");
    let output = Command::new(env!("CARGO_BIN_EXE_dx-reactor"))
        .args(["--listen", addr])
        .output()
        .expect("starts");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(addr) && told.contains("another port"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    server.stop();
}

#[test]
fn a_browser_shows_the_page() {
    if !has("chromium") {
        return;
    }
    for backend in backends() {
        let server = Server::start(backend);
        let scratch = Scratch::new(&format!("browser-{backend}"));
        let mut child = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", scratch.0.display()))
            .args(["--dump-dom", &server.url])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium starts");
        let mut stdout = child.stdout.take().expect("piped");
        let reading = std::thread::spawn(move || {
            let mut page = String::new();
            let _ = stdout.read_to_string(&mut page);
            page
        });
        if wait(&mut child).is_none() {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{backend}: chromium does not end");
        }
        let page = reading.join().expect("no panic");
        assert!(page.contains("<h1>dx-reactor is serving</h1>"), "{backend}: {page}");
        server.stop();
    }
}
