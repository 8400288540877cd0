//! One table of behaviours, run against both floors over real loopback sockets.
//!
//! Owns the clients. Knows only the bytes on the wire. Invariant: every row holds for each floor.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::SystemTime;

use bench_floors::reply::Replies;
use bench_floors::{epoll, options, uring};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\n\r\n";
const OTHER: &[u8] = b"GET /other HTTP/1.1\r\nhost: localhost\r\n\r\n";

type Run = fn(TcpListener) -> io::Result<Infallible>;

/// Starts a floor on a thread that lives as long as the test process.
fn start(run: Run) -> SocketAddr {
    let listener = options::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let Err(error) = run(listener);
        panic!("the floor ended: {error}");
    });
    address
}

/// The length of the reply to [`REQUEST`].
fn reply_bytes() -> usize {
    Replies::new(SystemTime::now()).hello().len()
}

fn read_replies(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut replies = vec![0; count * reply_bytes()];
    stream.read_exact(&mut replies).unwrap();
    for reply in replies.chunks(reply_bytes()) {
        assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"), "{reply:?}");
        assert!(reply.ends_with(b"\r\n\r\nHello, World!"), "{reply:?}");
    }
    replies
}

/// What is left to read until the server closes; a reset counts as closing.
fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => rest,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => rest,
        Err(error) => panic!("{error}"),
    }
}

fn answers_every_split(address: SocketAddr) {
    let twice = [REQUEST, REQUEST].concat();
    for at in 1..twice.len() {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&twice[..at]).unwrap();
        stream.write_all(&twice[at..]).unwrap();
        read_replies(&mut stream, 2);
    }
}

fn answers_large_batches_in_order(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    for count in [1, 255, 256, 3000] {
        stream.write_all(&REQUEST.repeat(count)).unwrap();
        read_replies(&mut stream, count);
    }
    stream.write_all(&[REQUEST, OTHER, REQUEST].concat()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let replies = String::from_utf8(read_to_close(&mut stream)).unwrap();
    let statuses: Vec<_> = replies.lines().filter(|line| line.contains("HTTP/1.1 ")).collect();
    assert_eq!(statuses.len(), 3, "{replies}");
    assert!(statuses[0].ends_with("200 OK") && statuses[1].ends_with("404 Not Found"));
    // The third status line follows the body of the first reply only after the empty second.
    assert!(statuses[2].ends_with("200 OK"), "{replies}");
}

/// A peer that writes for long before it reads still gets every reply.
fn waits_for_a_slow_reader(address: SocketAddr) {
    const COUNT: usize = 20_000;
    let mut stream = TcpStream::connect(address).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let writing = thread::spawn(move || writer.write_all(&REQUEST.repeat(COUNT)).unwrap());
    thread::sleep(std::time::Duration::from_millis(50));
    for _ in 0..COUNT / 100 {
        read_replies(&mut stream, 100);
    }
    writing.join().unwrap();
}

fn refuses_bad_heads(address: SocketAddr) {
    let endless = [b"GET /".as_slice(), &[b'a'; 60_000]].concat();
    for bad in [b"\x00\x01\x02\x03\r\n\r\n".as_slice(), b"GET / HTTP/1.1\r\n:\r\n\r\n", &endless] {
        let mut stream = TcpStream::connect(address).unwrap();
        // The server may close while this is written; what counts is that it does close.
        match stream.write_all(bad) {
            Ok(()) => assert_eq!(read_to_close(&mut stream), b""),
            Err(error) => assert!(
                matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset),
                "{error}"
            ),
        }
    }
}

/// Slots are used again, and clients that vanish at any point harm nobody.
fn survives_churn(address: SocketAddr) {
    let mut steady = TcpStream::connect(address).unwrap();
    for round in 0..300 {
        let mut stream = TcpStream::connect(address).unwrap();
        match round % 4 {
            0 => {}
            1 => stream.write_all(&REQUEST[..10]).unwrap(),
            // Closed with replies unread: the peer's kernel answers with a reset.
            2 => stream.write_all(&REQUEST.repeat(50)).unwrap(),
            _ => {
                stream.write_all(REQUEST).unwrap();
                read_replies(&mut stream, 1);
            }
        }
        drop(stream);
        steady.write_all(REQUEST).unwrap();
        read_replies(&mut steady, 1);
    }
}

fn behaves(run: Run) {
    let address = start(run);
    answers_every_split(address);
    answers_large_batches_in_order(address);
    waits_for_a_slow_reader(address);
    refuses_bad_heads(address);
    survives_churn(address);
}

#[test]
fn epoll_floor() {
    behaves(epoll::run);
}

#[test]
fn io_uring_floor() {
    behaves(uring::run);
}
