//! A client that forgives nothing.
//!
//! Owns one blocking connection and the reading of answers. May not know what is served.
//! Invariant: an answer is accepted only if it is exactly what this server writes: known framing,
//! one length, one date, nothing else managed, and nothing behind it that does not belong to it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::bench::WATCHDOG;

/// An open connection and what was read beyond the last answer.
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names are as they were sent, which is lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The only value of the header `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "more than one {name}");
        first
    }

    /// Whether the answer says that it is the last.
    pub fn says_close(&self) -> bool {
        self.header("connection") == Some("close")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order.
    Eof,
    /// By a reset.
    Reset,
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Self {
        Self::of(TcpStream::connect(addr).expect("connects"))
    }

    /// From another address of this machine, so that ports do not run out.
    pub fn connect_from(source: Ipv4Addr, addr: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("binds");
        socket.connect(&addr.into()).expect("connects");
        Self::of(socket.into())
    }

    /// With a small receive buffer, so that the server soon finds no room.
    pub fn connect_narrow(addr: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("socket");
        socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        socket.connect(&addr.into()).expect("connects");
        Self::of(socket.into())
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(WATCHDOG)).expect("watchdog");
        stream.set_write_timeout(Some(WATCHDOG)).expect("watchdog");
        Self { stream, unread: Vec::new() }
    }

    /// Writes all of it.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server takes what is sent");
    }

    /// Hangs up, for all handles of this connection.
    pub fn hang_up(self) {
        // The server may have hung up before.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// No more bytes will come from here.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("half-closes");
    }

    /// Closes with a reset.
    pub fn reset(self) {
        let socket = Socket::from(self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("linger");
    }

    /// A second handle for another thread, which sees none of what was read here.
    pub fn writer(&self) -> TcpStream {
        self.stream.try_clone().expect("another handle")
    }

    /// The answer to anything but HEAD.
    pub fn response(&mut self) -> Response {
        self.response_to("GET")
    }

    /// The answer to a request with this method.
    pub fn response_to(&mut self, method: &str) -> Response {
        self.try_response_to(method).unwrap_or_else(|end| panic!("no answer, but {end:?}"))
    }

    /// As [`response_to`](Self::response_to); an error if the connection ends before its first
    /// byte.
    pub fn try_response_to(&mut self, method: &str) -> Result<Response, End> {
        let head = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break self.unread.drain(..at + 4).collect::<Vec<u8>>();
            }
            if let Err(end) = self.more() {
                assert_eq!(self.unread.escape_ascii().to_string(), "", "half an answer, {end:?}");
                return Err(end);
            }
        };
        let head = String::from_utf8(head).expect("a head is ASCII here");
        let (status, headers) = read_head(&head);
        let mut response = Response { status, headers, body: Vec::new() };
        let len = check(&response);
        if method != "HEAD" {
            while self.unread.len() < len {
                self.more().unwrap_or_else(|end| panic!("half a body, {end:?}"));
            }
            response.body = self.unread.drain(..len).collect();
        }
        Ok(response)
    }

    /// Reads on until the connection ends; how it ended and all that came until then.
    pub fn rest(mut self) -> (Vec<u8>, End) {
        loop {
            if let Err(end) = self.more() {
                return (self.unread, end);
            }
        }
    }

    /// As [`rest`](Self::rest), but reads nothing for a while.
    pub fn rest_after(self, pause: Duration) -> (Vec<u8>, End) {
        std::thread::sleep(pause);
        self.rest()
    }

    /// The connection ends in order, with nothing more to read.
    pub fn assert_eof(self) {
        let (rest, end) = self.rest();
        assert_eq!(rest.escape_ascii().to_string(), "");
        assert_eq!(end, End::Eof);
    }

    /// The next `len` bytes, whatever they are.
    pub fn raw(&mut self, len: usize) -> Vec<u8> {
        while self.unread.len() < len {
            self.more().unwrap_or_else(|end| panic!("{end:?} before {len} bytes"));
        }
        self.unread.drain(..len).collect()
    }

    fn more(&mut self) -> Result<(), End> {
        let mut piece = [0; 64 * 1024];
        let read = loop {
            match self.stream.read(&mut piece) {
                // A signal, or a machine that was frozen for a moment.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        match read {
            Ok(0) => Err(End::Eof),
            Ok(len) => {
                self.unread.extend_from_slice(&piece[..len]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Err(End::Reset),
            Err(error) => panic!("the server is silent: {error}"),
        }
    }
}

/// Status and headers of a whole head.
fn read_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.strip_suffix("\r\n\r\n").expect("a whole head").split("\r\n");
    let status_line = lines.next().expect("a status line");
    let rest = status_line.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{status_line}"));
    let (code, reason) = rest.split_once(' ').unwrap_or_else(|| panic!("{status_line}"));
    assert!(code.len() == 3 && !reason.is_empty(), "{status_line}");
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
        let is_token =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(!name.is_empty() && name.bytes().all(is_token), "{line:?}");
        assert!(value == value.trim() && !value.bytes().any(|byte| byte < b' '), "{line:?}");
        (name.to_owned(), value.to_owned())
    });
    (code.parse().expect("three digits"), headers.collect())
}

/// Bytes of content that the head announces; fails if it announces anything in another way.
fn check(response: &Response) -> usize {
    assert_eq!(response.header("transfer-encoding"), None);
    let connection = response.header("connection");
    assert!(matches!(connection, None | Some("close" | "keep-alive")), "{connection:?}");
    if response.status < 200 {
        assert!(response.headers.is_empty(), "{response:?}");
        return 0;
    }
    let date = response.header("date").expect("a date");
    assert!(date.len() == 29 && date.ends_with(" GMT") && &date[3..5] == ", ", "{date}");
    let length = response.header("content-length");
    if matches!(response.status, 204 | 304) {
        assert_eq!(length, None);
        return 0;
    }
    length.expect("a length").parse().expect("a length")
}
