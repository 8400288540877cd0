//! One process's share of idle connections, and the line protocol by which `idle` commands it.
//!
//! Owns the held sockets and the words of the protocol: `open N` is answered `opened N`, `check`
//! is answered `checked OPEN ASKED ANSWERED`. Knows nothing of the server's process. Invariant:
//! connections stay open until standard input ends, so they never outlive the parent.

use std::io::{self, BufRead, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use dx_load::Wire;
use dx_load::http::Http;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::{ANSWER, SAMPLE_ANSWER, SAMPLE_EVERY};

/// Held connections to one address.
#[derive(Debug)]
pub struct Holder {
    /// Where the server listens.
    address: SocketAddr,
    /// The source address of every connection; the kernel picks the port.
    source: Ipv4Addr,
    /// Sent on a sample of the connections to see whether they live.
    request: Http,
    /// Whether it is sent once on each new connection too, and its answer read.
    asks_first: bool,
    held: Vec<TcpStream>,
}

/// How many held connections live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alive {
    /// Connections that the server has not closed.
    pub open: usize,
    /// Connections that were asked again.
    pub asked: usize,
    /// Those of them that answered with status 200.
    pub answered: usize,
}

impl Holder {
    /// Holds nothing yet. With `answered`, each connection has one answer before it idles.
    #[must_use]
    pub fn new(address: SocketAddr, source: Ipv4Addr, request: Http, answered: bool) -> Self {
        Self { address, source, request, asks_first: answered, held: Vec::new() }
    }

    /// Obeys commands from `input` until it ends.
    ///
    /// # Errors
    ///
    /// What reading or writing the pipes reports, and `InvalidInput` for an unknown command.
    pub fn serve(&mut self, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        for line in input.lines() {
            let line = line?;
            match line.split_once(' ') {
                Some(("open", count)) => {
                    let count = count.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
                    writeln!(output, "opened {}", self.open(count))?;
                }
                None if line == "check" => {
                    let Alive { open, asked, answered } = self.check();
                    writeln!(output, "checked {open} {asked} {answered}")?;
                }
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
            output.flush()?;
        }
        Ok(())
    }

    /// Opens up to `count` more connections and stops at the first failure, which it explains on
    /// standard error; returns how many it opened.
    pub fn open(&mut self, count: usize) -> usize {
        for opened in 0..count {
            if let Err(error) = self.open_one() {
                eprintln!("idle: {} connections from {}, then: {error}", opened, self.source);
                return opened;
            }
        }
        count
    }

    fn open_one(&mut self) -> io::Result<()> {
        let mut stream = connect_from(self.source, self.address)?;
        if self.asks_first {
            ask(&mut stream, &mut self.request, ANSWER)?;
        }
        self.held.push(stream);
        Ok(())
    }

    /// Counts the connections that are still open, then asks a sample of them again.
    pub fn check(&mut self) -> Alive {
        let mut alive = Alive::default();
        for (index, stream) in self.held.iter_mut().enumerate() {
            let mut byte = [0];
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            // Nothing to read is how an idle connection looks; an end or a reset is readable.
            if rustix::net::recv(&*stream, &mut byte, flags).err() == Some(Errno::AGAIN) {
                alive.open += 1;
            }
            if index % SAMPLE_EVERY == 0 {
                alive.asked += 1;
                let answer = ask(stream, &mut self.request, SAMPLE_ANSWER);
                alive.answered += usize::from(answer.is_ok());
            }
        }
        alive
    }
}

/// One request and its whole answer on a connection that is used by nobody else.
fn ask(stream: &mut TcpStream, wire: &mut Http, timeout: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(wire.request())?;
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while wire.learn(&bytes).map_err(io::Error::other)?.is_none() {
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => bytes.extend_from_slice(&piece[..length]),
        }
    }
    Ok(())
}

/// Connects from `source`, leaving the port to be chosen at connect time: without that, bind(2)
/// would need a port that is free towards every destination and run out at 28,000.
fn connect_from(source: Ipv4Addr, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    bind_address_no_port(&socket)?;
    socket.bind(&SocketAddr::from((IpAddr::V4(source), 0)).into())?;
    socket.connect_timeout(&address.into(), ANSWER)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// Sets `IP_BIND_ADDRESS_NO_PORT` (ip(7), Linux 4.2).
fn bind_address_no_port(socket: &Socket) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open for the whole call; the option's value is a c_int, whose
    // address and exact size are passed and only read.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
