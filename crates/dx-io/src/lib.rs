//! dx-io: one completion interface over several kernels.
//!
//! Owns the [`Reactor`] trait, the closed set of operations, sockets, receive buffers and one room
//! per kernel under `sys/`. May not know futures, tasks or protocols. Invariant: a buffer has one
//! owner at any time: a pool, a lease, or the in-flight table; dropping an owner never frees
//! memory that a kernel may still write to.
//!
//! Read [`Reactor`] first, then [`Op`].

#![deny(unsafe_code)]

mod blocking;
#[allow(unsafe_code)] // a room: the memory that kernels write to
mod buf;
mod completion;
mod config;
mod detect;
mod driver;
pub mod errno;
pub mod external;
mod file;
mod inflight;
mod kernel_version;
pub mod limits;
mod op;
mod reactor;
mod sock;
#[allow(unsafe_code)] // a room: system calls
mod sys;
mod time;
mod token;
mod wake;

pub use blocking::{BlockingJob, BlockingPool, PoolFull};
pub use buf::{BufferPool, FixedBuf, Lease};
pub use completion::{Completion, CompletionFlags};
pub use config::{
    IoBackend, ReactorConfig, SqPoll, StartError, StartStep, UnknownBackend, UringRung,
};
pub use detect::{BACKEND_VARIABLE, Detection, Reason, Warning};
pub use driver::Driver;
pub use file::{File, FileBuf};
pub use kernel_version::KernelVersion;
pub use op::{Op, Payload, PushError, PushErrorKind};
pub use reactor::Reactor;
pub use sock::{Accepted, ListenOptions, Listener, Sock};
pub use sys::host;
pub use time::Instant;
pub use token::Token;
pub use wake::{WakeTarget, Waker};
