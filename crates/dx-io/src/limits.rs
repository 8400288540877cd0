//! Every bound of this crate, in one place.
//!
//! Owns the defaults; [`ReactorConfig`](crate::ReactorConfig) carries what a user changed.
//! Invariant: reaching a bound is a typed outcome, never growth.

/// Length of a receive buffer in bytes. A batch of 64 pipelined 165-byte requests fits one.
pub const RECV_BUFFER_LEN: u16 = 16 * 1024;
/// Receive buffers per core: 4 MiB of address space, touched only as they are used.
pub const RECV_BUFFERS: u16 = 256;
/// Receive buffers that an io_uring is offered at a time, or more while pieces are small.
pub const BUFFERS_OFFERED: u16 = 32;
/// Bytes received at a time that should lie in the caches nearest to the core: as long as it is
/// less, more buffers are offered to an io_uring that has run out of them.
pub const RECV_BATCH_BYTES: usize = 128 * 1024;
/// Entries of the submission queue; more are held in a backlog until the next submit.
pub const SUBMISSIONS: u32 = 1024;
/// Entries of the completion queue; the kernel holds back what does not fit.
pub const COMPLETIONS: u32 = 8192;
/// Milliseconds without a submission after which a submission poller sleeps, when there is one.
pub const SQPOLL_IDLE_MS: u32 = 100;
/// Sockets of one reactor.
pub const SOCKETS_MAX: u32 = 1 << 20;
/// Operations in flight of one reactor: a receive, a send and one more for every socket.
pub const IN_FLIGHT_MAX: u32 = 3 * SOCKETS_MAX;
/// Descriptors a process keeps for itself when sockets are counted against `RLIMIT_NOFILE`.
pub const DESCRIPTORS_RESERVED: u32 = 64;
/// The kernel's accept queue, in connections; the system clamps it (`net.core.somaxconn`).
pub const LISTEN_BACKLOG: u32 = 4096;
/// Buffers handed to the kernel by one vectored send; `IOV_MAX` is 1024 on Linux.
pub const SEND_VECTORS_MAX: usize = 64;
/// From how many bytes on a send without a copy (see `Op::SendZeroCopy`) can pay on a network card
/// that sends from where the bytes lie; below, pinning the pages and the second completion cost
/// more than copying. On the loopback it pays at no size (`dx_rt::limits::ZERO_COPY_MIN` has the
/// figures).
pub const ZERO_COPY_MIN: usize = 64 * 1024;
/// Bytes of a file that one call sends: what a core does for one connection before others.
pub const SEND_FILE_MAX: u32 = 1 << 20;
/// Ordinary descriptors that an io_uring with direct ones keeps for sockets that have sent from a
/// file, each until its socket closes. Beyond it, one is made for each send and closed after it,
/// so that files do not use up the descriptors of the process.
pub const KEPT_DESCRIPTORS_MAX: usize = 1024;
/// Bytes of one fixed buffer, when a number of them is asked for.
pub const FIXED_BUFFER_LEN: u32 = 64 * 1024;
/// Events taken from a readiness selector by one wait.
pub const SELECTOR_EVENTS: usize = 16;
/// Buffers that one readiness fills while the socket has more: a large batch is answered as one.
pub const RECVS_PER_EVENT: usize = 3;
/// Packets taken from a completion port by one call.
pub const COMPLETION_PACKETS: usize = 128;
/// Connections accepted from one listener in one turn, so that a burst does not starve the rest.
pub const ACCEPTS_PER_TURN: u32 = 64;
/// Threads of the blocking pool.
pub const BLOCKING_THREADS_MAX: usize = 16;
/// Jobs waiting for the blocking pool.
pub const BLOCKING_QUEUE_MAX: usize = 4096;
