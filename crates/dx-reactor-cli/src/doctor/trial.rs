//! The proof: a server is started, asked once, and stopped.
//!
//! Owns the trial. Knows the server only as its users do. Invariant: it ends, whether the server
//! answers or not, and leaves nothing behind.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use dx_reactor::{App, DxReactor, WorkerStrategy};

/// An answer takes microseconds; only a server that is broken takes so long.
const PATIENCE: Duration = Duration::from_secs(10);
const BODY: &str = "well";

/// Starts a server of `workers` workers on a free port of the loopback and asks it once.
///
/// # Errors
/// What a user would be told, with its cause and its cure.
pub(super) fn serve(workers: usize) -> Result<(), String> {
    let server = DxReactor::build()
        .workers(WorkerStrategy::Fixed(workers))
        .listen(([127, 0, 0, 1], 0))
        .app(|_worker| App::new().get("/", || BODY))
        .build();
    let running = server.start().map_err(|error| error.to_string())?;
    let answered = match running.connections_max() {
        0 => Err(String::from("no worker has room for a connection (raise `ulimit -n`)")),
        _ => ask(running.addr()).map_err(|error| format!("it does not answer: {error}")),
    };
    running.stop().map_err(|error| error.to_string())?;
    answered
}

fn ask(addr: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.ends_with(&format!("\r\n\r\n{BODY}")) {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}
