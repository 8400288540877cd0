//! The holder of idle connections against small servers.
//!
//! Owns the servers. Knows only the public API. Invariant: a connection that the server has left
//! is not counted as alive.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use bench_load::holder::{Alive, Holder};
use dx_load::http::{Http, PLAINTEXT_BYTES};

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Answers `answers` requests on each connection, then closes it.
fn serve(answers: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || converse(stream.unwrap(), answers));
        }
    });
    address
}

fn converse(mut stream: TcpStream, answers: usize) {
    let mut request = [0; PLAINTEXT_BYTES];
    for number in 0.. {
        // The client leaves whenever it likes.
        if stream.read_exact(&mut request).is_err() || number == answers {
            return;
        }
        stream.write_all(GOOD).unwrap();
    }
}

#[test]
fn a_holder_knows_who_is_alive() {
    for (answers, answered) in [(usize::MAX, 3), (1, 0)] {
        let source = Ipv4Addr::new(127, 0, 0, 3);
        let request = Http::plaintext("GET", "/").unwrap();
        let mut holder = Holder::new(serve(answers), source, request, true);
        let mut output = Vec::new();
        holder.serve(b"open 1\nopen 200\n".as_slice(), &mut output).unwrap();
        assert_eq!(output, b"opened 1\nopened 200\n");
        assert_eq!(holder.check(), Alive { open: 201, asked: 3, answered });
        assert!(holder.serve(b"dance\n".as_slice(), &mut output).is_err());
    }
}
