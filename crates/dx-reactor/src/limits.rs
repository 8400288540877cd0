//! Every bound of the server, in one place.
//!
//! Owns [`Limits`] and its defaults. Invariant: each bound says what a peer gets that reaches it.
//! The bounds of a request's head are [`dx_http::Limits`], inside.

use core::time::Duration;

/// What a peer may do, and for how long. The defaults are meant for the open internet.
///
/// ```
/// use dx_reactor::Limits;
///
/// let mut limits = Limits::default();
/// limits.body_max = 64 * 1024;
/// assert_eq!(limits.http.headers_max, 128);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bounds of heads and chunk framing: 400, 414, 431.
    pub http: dx_http::Limits,
    /// Bytes of a request's body: 413. Routes may have a limit of their own
    /// ([`App::body_max`](crate::App::body_max)).
    pub body_max: usize,
    /// From the first byte of a head to its last: 408.
    pub head_timeout: Duration,
    /// Between two pieces of a body: 408.
    pub body_timeout: Duration,
    /// Bytes of a body a second, over all the time that was spent waiting for it after the first
    /// [`body_timeout`](Self::body_timeout): 408.
    pub body_rate_min: u32,
    /// A connection on which no request has begun is closed after this.
    pub idle_timeout: Duration,
    /// A peer that takes less than 128 KiB of its answers in this long, though there are as many,
    /// is cut off.
    pub write_timeout: Duration,
    /// How long the peer's bytes are still read after the last answer, so that the close does not
    /// destroy it (RFC 9112 section 9.6).
    pub linger_timeout: Duration,
    /// Connections of one worker at a time; further ones wait in the kernel's queue.
    pub connections_max: u32,
    /// Connections of one client to one worker at a time, by its address, or its /64 of IPv6;
    /// further ones are closed. Raise it behind a proxy.
    pub connections_per_address_max: u32,
    /// Bytes of answers that wait for their clients, of one worker. Beyond it, a client that is
    /// behind has no more than 2 KiB kept for it at a time.
    pub unsent_max: usize,
    /// Bytes that were received and cannot be answered yet, of one worker. Beyond it, who has begun
    /// a head gets 503, and who asks on and takes no answers is cut off.
    pub input_max: usize,
    /// How long a graceful shutdown may take, in all.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            http: dx_http::Limits::default(),
            body_max: 2 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            body_rate_min: 500,
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(5),
            connections_max: u32::MAX,
            connections_per_address_max: 1 << 15,
            unsent_max: 8 * 1024 * 1024,
            input_max: 4 * 1024 * 1024,
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// Bytes of answers gathered for one connection before they are sent and it waits its turn.
pub(crate) const OUT_HIGH_WATER: usize = 64 * 1024;
/// Bytes handed to the kernel by one send: a peer has to take them within the write timeout.
pub(crate) const SEND_MAX: usize = dx_rt::limits::BUFFER_KEPT_BYTES;
/// Content of an answer that is not gathered whole with its head leaves in pieces of this size.
pub(crate) const CONTENT_PIECE: usize = 32 * 1024;
/// The same, of a worker that is beyond [`Limits::unsent_max`].
pub(crate) const CONTENT_PIECE_TIGHT: usize = 2 * 1024;
/// Bytes of a file that one step sends at most; each step has the write timeout for itself.
pub(crate) const FILE_STEP: u32 = 1024 * 1024;
/// Bytes of a request's content that wait for a handler which takes it as it comes.
pub(crate) const BODY_PIPE: usize = 64 * 1024;
/// Unread bytes of a connection that waits for a handler, from which on it is not read from.
pub(crate) const INPUT_HIGH_WATER: usize = 4 * 1024;
/// Requests answered for one connection in one turn, so that the others have theirs.
pub(crate) const REQUESTS_PER_TURN: u32 = 256;
/// Input chunks that a worker keeps for reuse.
pub(crate) const CHUNKS_KEPT: usize = 256;
/// A chunk that grew beyond this is not kept.
pub(crate) const CHUNK_KEPT_BYTES: usize = 16 * 1024;
/// A fresh chunk's capacity.
pub(crate) const CHUNK_BYTES: usize = 4 * 1024;
/// Working states of connections that a worker keeps for reuse.
pub(crate) const WORKS_KEPT: usize = 1024;
/// Room made for a body before its bytes have come, whatever length the peer announced.
pub(crate) const BODY_RESERVE: usize = 64 * 1024;
/// How long, once a shutdown has begun, an idle connection or listener waits for what the kernel
/// already has: a few rounds through it.
pub(crate) const LAST_LOOK: Duration = Duration::from_millis(2);
/// Waits that the last look is longer, at most, because each still brought something.
pub(crate) const LAST_LOOKS_MAX: u32 = 512;
/// Wait before accepting again when descriptors have run out.
pub(crate) const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);
