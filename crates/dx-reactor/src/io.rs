//! The I/O layer under the server, as one module.
//!
//! Owns nothing: it names what `dx-io` has, one by one, for those who build on the reactor itself.

pub use dx_io::{
    Accepted, BACKEND_VARIABLE, BlockingPool, BufferPool, Completion, CompletionFlags, Detection,
    Driver, File, FileBuf, FixedBuf, Instant, IoBackend, KernelVersion, Lease, ListenOptions,
    Listener, Op, Payload, PushError, PushErrorKind, Reactor, ReactorConfig, Reason, Sock, SqPoll,
    StartError, StartStep, Token, UringRung, WakeTarget, Waker, Warning, errno, host,
};
