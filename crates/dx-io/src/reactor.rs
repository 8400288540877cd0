//! The interface between a core and its kernel.
//!
//! Owns the [`Reactor`] trait and nothing else. Strictly it describes a proactor: operations are
//! handed over with their buffers and complete later; readiness is adapted to it once, in
//! `sys/readiness.rs`. Invariant: every operation that was pushed completes exactly once without
//! [`MORE`](crate::CompletionFlags::MORE), unless it was orphaned.

use core::time::Duration;
use std::io;

use socket2::SockRef;

use crate::buf::{BufferPool, FixedBuf, Lease};
use crate::completion::Completion;
use crate::config::{IoBackend, ReactorConfig, StartError};
use crate::op::{Op, Payload, PushError};
use crate::sock::{Accepted, Listener, Sock};
use crate::time::Instant;
use crate::token::Token;
use crate::wake::Waker;

/// One core's door to its kernel. Made on the thread that uses it, and not `Send`.
///
/// The order of a turn: [`push`](Self::push) any number of operations,
/// [`submit_and_wait`](Self::submit_and_wait) once, [`reap`](Self::reap) what completed,
/// [`claim`](Self::claim) received bytes and [`take`](Self::take) owned payloads back.
///
/// ```
/// use dx_io::{Completion, Driver, IoBackend, Listener, Op, Payload, Reactor, ReactorConfig};
///
/// let (mut driver, _why) = Driver::open(IoBackend::Auto, &ReactorConfig::default())?;
/// let listener = Listener::bind("127.0.0.1:0".parse()?, &Default::default())?;
/// let addr = listener.local_addr();
/// let listener = driver.listen(listener)?;
/// let accept = driver.push(Op::Accept { listener, hand_over: false }, 7)?;
/// let _client = std::net::TcpStream::connect(addr)?;
///
/// let mut done: Vec<Completion> = Vec::new();
/// while done.is_empty() {
///     driver.submit_and_wait(1, None)?;
///     driver.reap(&mut done);
/// }
/// assert_eq!((done[0].user_data, done[0].result), (7, 0));
/// assert!(matches!(driver.take(accept), Payload::Connection { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Reactor {
    /// Makes a reactor on the calling thread.
    ///
    /// # Errors
    /// The first step the system refused, and what it said.
    fn new(config: &ReactorConfig) -> Result<Self, StartError>
    where
        Self: Sized;

    /// Which kernel interface this is.
    fn backend(&self) -> IoBackend;

    /// Queues `op` without entering the kernel ([`Op::Connect`] makes its socket here).
    /// `user_data` comes back with every completion of it.
    ///
    /// # Errors
    /// The operation itself, with the reason it could not be queued.
    fn push(&mut self, op: Op, user_data: u64) -> Result<Token, PushError>;

    /// Hands over everything queued since the last submission and returns how many operations
    /// that were.
    ///
    /// # Errors
    /// An error of the system that is not a matter of trying again. Operations stay queued.
    fn submit(&mut self) -> io::Result<usize>;

    /// Waits until something completed, a wake arrived or `timeout` passed (`None`: for ever)
    /// and returns how many completions are ready to [`reap`](Self::reap), at most: some may turn
    /// out to concern nobody, such as a wake.
    ///
    /// # Errors
    /// As [`submit`](Self::submit). Being interrupted is not an error.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize>;

    /// [`submit`](Self::submit), then wait for at least `min` completions or `timeout`, in one
    /// system call where the kernel has one. With `min` 0 it does not wait. Returns how many
    /// operations were handed over.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    fn submit_and_wait(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<usize>;

    /// Appends every completion that is ready to `out` and returns how many there were.
    fn reap(&mut self, out: &mut Vec<Completion>) -> usize;

    /// Takes back what an operation owned or brought, after its last completion. A token that is
    /// stale or still in flight gives [`Payload::None`].
    fn take(&mut self, token: Token) -> Payload;

    /// Gives up on an operation: its completions are swallowed, its buffers freed when the kernel
    /// is done with them, a connection it brings is closed. What could wait for ever (accept,
    /// connect, receive) is cancelled.
    fn orphan(&mut self, token: Token);

    /// Takes the received bytes that came with `completion`; a second claim gives `None`.
    fn claim(&mut self, completion: &Completion) -> Option<Lease>;

    /// Makes a listener part of this reactor.
    ///
    /// # Errors
    /// The listener's system error when it cannot be registered.
    fn listen(&mut self, listener: Listener) -> io::Result<Sock>;

    /// Makes a connection part of this reactor, for life.
    ///
    /// # Errors
    /// `QuotaExceeded` when the socket table is full; the connection is closed then.
    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock>;

    /// Lends the operating system's own socket to `f`, for options this crate does not name. What
    /// `f` is given is not to be kept, closed, read from or written to.
    ///
    /// # Errors
    /// `NotConnected` when `sock` is stale, `Unsupported` where there is no such thing, or what
    /// the system said when the descriptor was made (`IORING_OP_FIXED_FD_INSTALL`, Linux 6.8).
    fn with_raw(&mut self, sock: Sock, f: &mut dyn FnMut(SockRef<'_>)) -> io::Result<()>;

    /// Takes one of the buffers that `fixed_buffers` of the configuration asked for; `None` when
    /// all are out. It returns by being dropped.
    fn fixed_buffer(&mut self) -> Option<FixedBuf>;

    /// The receive buffers of this core.
    fn buffers(&self) -> &BufferPool;

    /// A handle that ends this reactor's wait from any thread.
    fn waker(&self) -> Waker;

    /// The monotonic clock of this reactor.
    fn now(&self) -> Instant;

    /// Time since the Unix epoch, for people and for `Date`.
    fn wall(&self) -> Duration;

    /// 64 bits that a peer cannot guess.
    fn entropy(&mut self) -> u64;

    /// Operations that were pushed and whose payload was not yet taken or dropped.
    fn in_flight(&self) -> usize;

    /// Sockets that are open.
    fn sockets(&self) -> usize;
}

const _: Option<&dyn Reactor> = None; // object-safe: `Driver::External` boxes it
