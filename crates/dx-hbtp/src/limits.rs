//! Every bound and time-out this crate keeps (section 18).
//!
//! Owns the numbers. May not know how they are kept. Its one invariant: reaching a limit is a
//! [`Fault`](crate::Fault), a [`Refusal`](crate::Refusal), or a typed error to the caller.

/// The largest payload a header can name (H-1.5).
pub(crate) const LENGTH_MAX: u32 = 0x00FF_FFFF;

/// Bytes of payload a Ping may carry (H-6.1).
pub(crate) const PING_PAYLOAD_MAX: usize = 64;

/// Bytes of the message of an ERROR; a longer one is cut at a character (H-9.1).
pub(crate) const MESSAGE_MAX: usize = 1024;

/// Bytes of the endpoint of a GOAWAY (H-10.1).
pub(crate) const ENDPOINT_MAX: usize = 255;

/// The window in which strays are counted (H-7.9).
pub(crate) const STRAYS_WINDOW_MS: u64 = 60_000;

/// Places a table of calls has at first; it doubles with the open calls, up to their limit.
pub(crate) const CALL_PLACES_MIN: usize = 16;

/// When to try again what was refused by H-7.5.
pub(crate) const BUSY_RETRY_MS: u32 = 100;

/// The one version this crate speaks (H-5.5).
pub(crate) const VERSION: u16 = 1;

/// What one side of a connection takes in, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a HELLO's payload (H-1.6).
    pub hello_max: u32,
    /// Bytes of a payload on a bare connection (H-1.6).
    pub bare_frame_max: u32,
    /// Bytes of a payload in a session (H-1.6).
    pub frame_max: u32,
    /// Open calls of the peer on a bare connection (H-7.5).
    pub bare_inflight_max: u16,
    /// Open calls of the peer in a session (H-7.5).
    pub inflight_max: u16,
    /// Subscriptions of the peer; told in WELCOME.
    pub subscriptions_max: u16,
    /// Time to the end of HELLO or WELCOME (H-4.3).
    pub handshake_ms: u32,
    /// Silence after which a server pings (H-6.3).
    pub keepalive_ms: u32,
    /// Silence after that Ping which ends the connection (H-6.3).
    pub pong_wait_ms: u32,
    /// Silence that ends a bare connection (H-6.4).
    pub bare_idle_ms: u32,
    /// Pings answered at once (H-6.2).
    pub ping_burst: u16,
    /// Time until one more is (H-6.2); 0 sets no limit.
    pub ping_interval_ms: u32,
    /// Frames a minute for calls that are not open (H-7.9).
    pub strays_max: u16,
}

impl Limits {
    /// The defaults of a client: whole frames, no calls from the server.
    pub const fn client() -> Self {
        Self { frame_max: LENGTH_MAX, inflight_max: 0, ..Self::server() }
    }

    /// The defaults of a server.
    pub const fn server() -> Self {
        Self {
            hello_max: 16 * 1024,
            bare_frame_max: 256 * 1024,
            frame_max: 1024 * 1024,
            bare_inflight_max: 256,
            inflight_max: 1024,
            subscriptions_max: 256,
            handshake_ms: 5_000,
            keepalive_ms: 25_000,
            pong_wait_ms: 10_000,
            bare_idle_ms: 60_000,
            ping_burst: 16,
            ping_interval_ms: 1_000,
            strays_max: 100,
        }
    }
}

impl Default for Limits {
    /// [`Limits::server`].
    fn default() -> Self {
        Self::server()
    }
}
