//! `dx-reactor bench` against a real server, and against none.
//!
//! Owns the running commands. May know the demo's routes and the names in the JSON. Invariant: a
//! run in which anything was wrong has an exit code other than zero.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

/// `dx-reactor serve`, killed at the end.
struct Server {
    child: Child,
    /// Without the final slash.
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = command()
            .args(["--listen", "127.0.0.1:0", "--workers", "1"])
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
            // The last line: everything serves.
            if line.starts_with("  stop") {
                break;
            }
        }
        Self { child, url: url.expect("the banner names the address") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dx-reactor"))
}

fn bench(words: &[&str]) -> Output {
    command().arg("bench").args(words).output().expect("runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// So many requests, however long they take.
const SHORT: [&str; 6] = ["--requests", "1600", "--duration", "60", "--warm-up", "0.05"];

#[test]
fn a_good_server_gives_a_table() {
    let server = Server::start();
    for url in [format!("{}/plaintext", server.url), format!("{}/user/42", server.url)] {
        let output = bench(&[&[&url, "-c", "4", "-b", "16"][..], &SHORT].concat());
        let text = stdout(&output);
        assert!(output.status.success(), "{text}{}", stderr(&output));
        for word in
            ["4 connections, batches of 16, closed loop", "requests/s", "p99.9", "failures   0"]
        {
            assert!(text.contains(word), "{word} in {text}");
        }
    }
}

#[test]
fn json_has_the_numbers_for_programs() {
    let server = Server::start();
    let url = format!("{}/json", server.url);
    for rate in [None, Some(2000.0)] {
        let rate_text = rate.unwrap_or_default().to_string();
        let mut words = vec![url.as_str(), "-c", "2", "--json"];
        match rate {
            None => words.extend(SHORT),
            Some(_) => words.extend(["--rate", &rate_text, "--duration", "0.2", "-w", "0.05"]),
        }
        let output = bench(&words);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        let report: dx_load::Report = serde_json::from_str(&text).expect("a report");
        assert_eq!((report.connections, report.batch, report.rate_due), (2, 1, rate));
        assert!(report.batches > 0 && report.checked > 0, "{report:?}");
        assert_eq!(report.failures.total(), 0, "{report:?}");
        if rate.is_some() {
            assert_eq!(report.batches, 400, "all that were due in 0.2 s: {report:?}");
        }
    }
}

#[test]
fn what_is_wrong_is_one_sentence_and_an_exit_code() {
    let server = Server::start();
    let missing = format!("{}/nowhere", server.url);
    let free = TcpListener::bind("127.0.0.1:0").expect("binds").local_addr().expect("bound");
    let nobody = format!("http://{free}/");
    let plenty = format!("{}/plaintext", server.url);
    let rows: [(&[&str], &str); 5] = [
        (&[&missing], "the status is 404"),
        (&[&nobody], "cannot connect"),
        (&["https://localhost/"], "https is not supported"),
        (&[&plenty, "-c", "0"], "bench takes 1 to 16000 connections"),
        (&[&plenty, "-r", "0"], "bench takes a rate above 0"),
    ];
    for (words, told) in rows {
        let output = bench(words);
        let text = stderr(&output);
        assert!(!output.status.success() && text.contains(told), "{words:?}: {text}");
        assert_eq!(stdout(&output), "", "{words:?}");
    }
}

#[test]
fn failures_are_listed_by_kind() {
    // Three good answers on each connection, then the end.
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.expect("accepted");
                let mut piece = [0; 1024];
                for _ in 0..3 {
                    let Ok(1..) = stream.read(&mut piece) else { return };
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                    stream.write_all(answer).expect("the client waits for it");
                }
                // Read, so that the end is no reset.
                let _request = stream.read(&mut piece);
            });
        }
    });
    let output = bench(&[&[&url, "-c", "5"][..], &SHORT].concat());
    let text = stdout(&output);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("5        closed by the server"), "{text}");
    assert!(text.contains("5 of 5 connections were lost"), "{text}");
}
