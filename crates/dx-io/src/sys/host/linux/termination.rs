//! SIGTERM and SIGINT as values.
//!
//! Owns [`Termination`] and its handle. Decides nothing: what a signal means is the caller's
//! business. Invariant: a handler only writes one byte to a socket, which is async-signal-safe
//! (signal-safety(7)); everything else happens in [`Termination::wait`].

use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use crate::sys::host::Signal;

/// The process's wish to end, as signals tell it.
///
/// Between [`install`](Self::install) and drop, SIGTERM and SIGINT no longer end the process: they
/// come out of [`wait`](Self::wait), one call each. Several may live at a time; each sees every
/// signal. Handlers that were there before still run.
///
/// After the drop the two signals are caught and ignored, unless someone else handles them: the
/// registry behind this keeps its place, as giving it up cannot be done without a race against
/// other handlers in the process. Keep it until the process ends.
///
/// ```
/// use dx_io::host::{Signal, Termination};
///
/// let termination = Termination::install()?;
/// let handle = termination.handle();
/// let waiter = std::thread::spawn(move || termination.wait());
/// handle.stop();
/// assert_eq!(waiter.join().unwrap()?, Signal::Stopped);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Termination {
    terminate: Source,
    interrupt: Source,
    /// Readable, at its end, from the moment `stop` is shut down.
    stopped: UnixStream,
    stop: TerminationHandle,
}

impl Termination {
    /// Catches SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// What the system says, mostly for want of descriptors; no handler is installed then.
    pub fn install() -> io::Result<Self> {
        // Everything that may well fail comes before the first handler.
        let (stopped, stop) = UnixStream::pair()?;
        let (terminate, interrupt) = (UnixStream::pair()?, UnixStream::pair()?);
        Ok(Self {
            terminate: Source::install(SIGTERM, terminate)?,
            interrupt: Source::install(SIGINT, interrupt)?,
            stopped,
            stop: TerminationHandle { stop: Arc::new(stop) },
        })
    }

    /// Blocks until the next signal and returns it; a second call waits for a second one.
    ///
    /// Signals that came before the call count. Two of one kind that come before the first is
    /// handled may be one, signal(7). Once stopped, every call returns
    /// [`Signal::Stopped`] as soon as no signal is left.
    ///
    /// # Errors
    /// What poll(2) or the read says; neither happens in a healthy process.
    pub fn wait(&self) -> io::Result<Signal> {
        loop {
            if self.terminate.take()? {
                return Ok(Signal::Terminate);
            }
            if self.interrupt.take()? {
                return Ok(Signal::Interrupt);
            }
            // Last, so that no signal gets lost behind a stop.
            let sockets = [&self.terminate.read, &self.interrupt.read, &self.stopped];
            let [terminate, interrupt, stopped] = poll_readable(sockets)?;
            if stopped && !terminate && !interrupt {
                return Ok(Signal::Stopped);
            }
        }
    }

    /// Ends the current wait and all later ones.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// A handle by which another thread can end the wait.
    #[must_use]
    pub fn handle(&self) -> TerminationHandle {
        self.stop.clone()
    }
}

/// Ends the waits of a [`Termination`] from any thread. Outlives it harmlessly.
#[derive(Clone, Debug)]
pub struct TerminationHandle {
    stop: Arc<UnixStream>,
}

impl TerminationHandle {
    /// Ends the current wait and all later ones.
    pub fn stop(&self) {
        // Fails only if nobody can wait any more.
        let _ = self.stop.shutdown(Shutdown::Both);
    }
}

/// One kind of signal: a socket that gets one byte for each.
#[derive(Debug)]
struct Source {
    read: UnixStream,
    id: SigId,
}

impl Source {
    fn install(signal: libc::c_int, (read, write): (UnixStream, UnixStream)) -> io::Result<Self> {
        read.set_nonblocking(true)?;
        // The registry owns `write` until the handler is unregistered. It never blocks on it: a
        // socket full of unread signals loses the next one, which tells nothing new.
        let id = pipe::register(signal, write)?;
        Ok(Self { read, id })
    }

    /// Takes one signal if one came.
    fn take(&self) -> io::Result<bool> {
        match (&self.read).read(&mut [0]) {
            // The registry keeps the other end open as long as we live.
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(true),
            Err(error) => match error.kind() {
                // Interrupted: a signal came, and `wait` polls again at once.
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(false),
                _ => Err(error),
            },
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        unregister(self.id);
    }
}

/// Waits until at least one of `sockets` is readable or at its end, or a signal came.
fn poll_readable(sockets: [&UnixStream; 3]) -> io::Result<[bool; 3]> {
    let mut polled = sockets.map(|socket| libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: pointer and count are those of the array above, which outlives the call; the
    // borrowed sockets keep its descriptors open. -1: no timeout.
    let status = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, -1) };
    if status == -1 {
        let error = io::Error::last_os_error();
        // poll(2) is never restarted after a handler, signal(7).
        return if error.kind() == ErrorKind::Interrupted { Ok([false; 3]) } else { Err(error) };
    }
    Ok(polled.map(|socket| socket.revents != 0))
}
