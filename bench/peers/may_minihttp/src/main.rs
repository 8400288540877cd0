//! `may-hello --listen ADDR`: the peer, as may_minihttp is documented, on one worker.
//!
//! Owns one answer and nothing else. The peer always sends `Server: M`; a `Content-Type` without
//! its charset makes up for these bytes. Invariant: `GET /` answers, within 8 bytes, as many as
//! every other measured server.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use may_minihttp::{HttpService, HttpServiceFactory, Request, Response};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

#[derive(Clone, Copy)]
struct Hello;

impl HttpService for Hello {
    fn call(&mut self, request: Request, response: &mut Response) -> io::Result<()> {
        if request.path() == "/" {
            response.header("Content-Type: text/plain").body("Hello, World!");
        } else {
            response.status_code(404, "Not Found");
        }
        Ok(())
    }
}

impl HttpServiceFactory for Hello {
    type Service = Self;

    /// Called once for each connection, with its descriptor.
    fn new_service(&self, descriptor: usize) -> Self {
        no_delay(descriptor);
        *self
    }
}

/// Sets TCP_NODELAY, as all other servers have it; the peer leaves it alone, and its listener is
/// not in our hands. The kernel gives us a second descriptor of the peer's stream, since the
/// number alone may not be believed.
fn no_delay(descriptor: usize) {
    let set = || {
        let own = pidfd_open(getpid(), PidfdFlags::empty())?;
        let number = i32::try_from(descriptor).map_err(|_| Errno::BADF)?;
        let stream = pidfd_getfd(own, number, PidfdGetfdFlags::empty())?;
        set_tcp_nodelay(stream, true)
    };
    // It fails only on a connection that is gone already.
    let _set: Result<(), Errno> = set();
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("may-hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let listen = listen_address()?;
    may::config().set_workers(1);
    let server = Hello.start(listen)?;
    server.join().map_err(|_| "the server panicked")?;
    Ok(())
}

fn listen_address() -> Result<SocketAddr, Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let mut listen = None;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("listen") => listen = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(listen.ok_or("--listen ADDR is missing")?)
}
