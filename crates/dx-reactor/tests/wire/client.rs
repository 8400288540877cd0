//! The other end of a connection to a [`Bench`].
//!
//! Owns one socket that never blocks, and what it has received. May not know rows. Invariant: a
//! piece is sent only when the server has read the one before it, so every cut is a real one.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::bench::{Bench, WATCHDOG};

/// Turns after which nothing more is expected. The server has done all it can in one or two; the
/// kernel may need some for what is on its way.
const TURNS_IN_VAIN: u32 = 3000;

/// How a stream of answers ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order.
    Eof,
    Reset,
}

/// A client whose server takes its turns when the client waits.
pub struct Client<'b> {
    bench: &'b Bench,
    stream: TcpStream,
    pub received: Vec<u8>,
    pub end: Option<End>,
}

impl<'b> Client<'b> {
    pub fn connect(bench: &'b Bench) -> Self {
        let stream = TcpStream::connect(bench.addr()).expect("connects");
        stream.set_nodelay(true).expect("no delay");
        stream.set_nonblocking(true).expect("non-blocking");
        bench.react("a connection");
        Self { bench, stream, received: Vec::new(), end: None }
    }

    /// Sends all of `bytes` and has the server read them.
    pub fn send(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let began = Instant::now();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(len) => rest = &rest[len..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.bench.wait(),
                Err(error) => panic!("the server does not take what is sent: {error}"),
            }
            assert!(began.elapsed() < WATCHDOG, "the server takes nothing");
        }
        self.bench.react("what was sent");
        self.receive();
    }

    /// No more will be sent.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("half-closes");
        // Where the server has ended already there is nothing that it has to notice.
        if self.end.is_none() {
            self.bench.react("the end of what is sent");
        }
    }

    /// Receives until `done` says so or the stream has ended; or until so many turns have brought
    /// neither that neither will come.
    pub fn receive_until(&mut self, done: impl Fn(&[u8]) -> bool) {
        self.receive();
        for _ in 0..TURNS_IN_VAIN {
            if self.end.is_some() || done(&self.received) {
                return;
            }
            self.bench.wait();
            self.receive();
        }
    }

    /// Goes away at once, and leaves nothing behind on this machine.
    pub fn vanish(self) {
        let socket = Socket::from(self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("linger");
        drop(socket);
        self.bench.settle();
    }

    /// Takes what is there.
    fn receive(&mut self) {
        let mut piece = [0; 16 * 1024];
        while self.end.is_none() {
            match self.stream.read(&mut piece) {
                Ok(0) => self.end = Some(End::Eof),
                Ok(len) => self.received.extend_from_slice(&piece[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    self.end = Some(End::Reset);
                }
                Err(error) => panic!("cannot read: {error}"),
            }
        }
    }
}
