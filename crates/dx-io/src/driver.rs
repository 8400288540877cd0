//! The backend that was chosen, behind one predicted branch an operation.
//!
//! Owns [`Driver`] and its opening. Knows the rooms a platform offers, and nothing they do.
//! Invariant: the choice is made once, here; nobody below or above asks again.

use core::fmt;
use core::time::Duration;
use std::io;

use socket2::SockRef;

use crate::buf::{BufferPool, FixedBuf, Lease};
use crate::completion::Completion;
use crate::config::{IoBackend, ReactorConfig, StartError, StartStep, UringRung};

use crate::detect::{Detection, Reason, Warning};
use crate::errno;
use crate::op::{Op, Payload, PushError};
use crate::reactor::Reactor;
use crate::sock::{Accepted, Listener, Sock};
use crate::sys::{CompletionRoom, FallbackRoom, ReadinessRoom, host};
use crate::time::Instant;
use crate::token::Token;
use crate::wake::Waker;

/// One core's reactor. Boxes nothing of this crate's own; a simulator comes in by
/// [`Driver::external`].
pub struct Driver(Kind);

#[allow(clippy::large_enum_variant)] // one a thread, not moved after it was opened
enum Kind {
    Completion(CompletionRoom),
    Fallback(FallbackRoom),
    Readiness(ReadinessRoom),
    External(Box<dyn Reactor>),
}

impl Driver {
    /// Opens a backend on the calling thread and says why this one.
    ///
    /// [`IoBackend::Auto`] honours the environment variable `DX_IO_BACKEND`, then tries the best
    /// backend of the platform for real (a version number may promise what a sandbox forbids) and
    /// falls back to readiness.
    ///
    /// # Errors
    /// The step that failed: of the backend that was asked for, or of the last one tried.
    pub fn open(
        backend: IoBackend,
        config: &ReactorConfig,
    ) -> Result<(Self, Detection), StartError> {
        let (backend, by_environment) = crate::detect::requested(backend)?;
        let (config, left_out) = without_harm(config);
        let (driver, mut detection) = Self::open_as(backend, by_environment, &config)?;
        if let Some(left_out) = left_out {
            detection.warn(left_out);
        } else if config.sqpoll.is_some() && !matches!(driver.0, Kind::Completion(_)) {
            detection.warn(Warning::SqPollUnsupported);
        }
        Ok((driver, detection))
    }

    fn open_as(
        backend: IoBackend,
        by_environment: bool,
        config: &ReactorConfig,
    ) -> Result<(Self, Detection), StartError> {
        let asked = if by_environment { Reason::Environment } else { Reason::Asked };
        match backend {
            // Where no more than the lowest rung is wanted, readiness is the better choice.
            IoBackend::Auto if config.uring_rung_max == UringRung::Poll => {
                Ok(Self::open_readiness(config)?.because(Reason::Best))
            }
            IoBackend::Auto => match Self::open_completion(config) {
                Ok(driver) => Ok(driver.because(Reason::Best)),
                Err(refused) => match Self::open_readiness(config) {
                    Ok(driver) => Ok(driver.because(Reason::Refused(refused))),
                    // There is nothing to fall back to: what was refused is what went wrong.
                    Err(absent) if absent.step == StartStep::Unsupported => Err(refused),
                    Err(error) => Err(error),
                },
            },
            backend if backend == CompletionRoom::BACKEND => {
                Ok(Self::open_by_name(config)?.because(asked))
            }
            backend if backend == ReadinessRoom::BACKEND => {
                Ok(Self::open_readiness(config)?.because(asked))
            }
            _ => Err(StartError::new(StartStep::Unsupported, io::ErrorKind::Unsupported.into())),
        }
    }

    /// Wraps a reactor that is none of this crate's own: a simulation, a recorder.
    #[must_use]
    pub fn external(reactor: Box<dyn Reactor>) -> Self {
        Self(Kind::External(reactor))
    }

    /// What the chosen backend uses of its kernel, for people.
    #[must_use]
    pub fn features(&self) -> String {
        match &self.0 {
            Kind::Completion(room) => room.features(),
            Kind::Fallback(room) => room.features(),
            Kind::Readiness(room) => room.features(),
            Kind::External(_) => String::from("external"),
        }
    }

    /// How often the kernel was entered to hand over operations or to wait for them, where that is
    /// one call that is counted (`io_uring_enter`): for tests and for people.
    #[must_use]
    pub const fn enters(&self) -> Option<u64> {
        match &self.0 {
            Kind::Completion(room) => room.enters(),
            Kind::Fallback(_) | Kind::Readiness(_) | Kind::External(_) => None,
        }
    }

    /// Connections that can be open at a time on this core.
    #[must_use]
    pub fn sockets_max(&self) -> u32 {
        match &self.0 {
            Kind::Completion(room) => room.sockets_max(),
            Kind::Fallback(room) => room.sockets_max(),
            Kind::Readiness(room) => room.sockets_max(),
            Kind::External(_) => u32::MAX,
        }
    }

    fn open_completion(config: &ReactorConfig) -> Result<Self, StartError> {
        CompletionRoom::new(config).map(|room| Self(Kind::Completion(room)))
    }

    /// Whoever names completion gets it in some form, as long as the kernel has one.
    fn open_by_name(config: &ReactorConfig) -> Result<Self, StartError> {
        let fallback = || FallbackRoom::new(config).map(|room| Self(Kind::Fallback(room)));
        if config.uring_rung_max == UringRung::Poll {
            return fallback();
        }
        Self::open_completion(config).or_else(|refused| {
            let old = refused.error.raw_os_error() == Some(-errno::INVALID)
                && !matches!(refused.step, StartStep::UringFixedBuffers | StartStep::UringPoller);
            // If that is refused, too, the first reason is the one to tell.
            if old { fallback().map_err(|_| refused) } else { Err(refused) }
        })
    }

    fn open_readiness(config: &ReactorConfig) -> Result<Self, StartError> {
        ReadinessRoom::new(config).map(|room| Self(Kind::Readiness(room)))
    }

    fn because(self, reason: Reason) -> (Self, Detection) {
        let detection = Detection::new(self.backend(), self.features(), reason);
        (self, detection)
    }
}

/// `config` without what would do harm on this machine, and what that was.
fn without_harm(config: &ReactorConfig) -> (ReactorConfig, Option<Warning>) {
    let mut config = config.clone();
    if config.sqpoll.is_none() {
        return (config, None);
    }
    let cpus = match config.cpus {
        0 => host::worker_cpus().len(),
        cpus => cpus as usize,
    };
    let reactors = config.reactors.max(1) as usize;
    if cpus > reactors {
        return (config, None);
    }
    config.sqpoll = None;
    (config, Some(Warning::SqPollNeedsCpu { cpus, reactors }))
}

/// One predicted branch.
macro_rules! dispatch {
    ($driver:expr, $room:ident => $call:expr) => {
        match $driver {
            Kind::Completion($room) => $call,
            Kind::Fallback($room) => $call,
            Kind::Readiness($room) => $call,
            Kind::External($room) => $call,
        }
    };
}

impl Reactor for Driver {
    fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        Self::open(IoBackend::Auto, config).map(|(driver, _)| driver)
    }

    fn backend(&self) -> IoBackend {
        dispatch!(&self.0, room => room.backend())
    }

    fn push(&mut self, op: Op, user_data: u64) -> Result<Token, PushError> {
        dispatch!(&mut self.0, room => room.push(op, user_data))
    }

    fn submit(&mut self) -> io::Result<usize> {
        dispatch!(&mut self.0, room => room.submit())
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        dispatch!(&mut self.0, room => room.wait(timeout))
    }

    fn submit_and_wait(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<usize> {
        dispatch!(&mut self.0, room => room.submit_and_wait(min, timeout))
    }

    fn reap(&mut self, out: &mut Vec<Completion>) -> usize {
        dispatch!(&mut self.0, room => room.reap(out))
    }

    fn take(&mut self, token: Token) -> Payload {
        dispatch!(&mut self.0, room => room.take(token))
    }

    fn orphan(&mut self, token: Token) {
        dispatch!(&mut self.0, room => room.orphan(token));
    }

    fn claim(&mut self, completion: &Completion) -> Option<Lease> {
        dispatch!(&mut self.0, room => room.claim(completion))
    }

    fn listen(&mut self, listener: Listener) -> io::Result<Sock> {
        dispatch!(&mut self.0, room => room.listen(listener))
    }

    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock> {
        dispatch!(&mut self.0, room => room.attach(accepted))
    }

    fn with_raw(&mut self, sock: Sock, f: &mut dyn FnMut(SockRef<'_>)) -> io::Result<()> {
        dispatch!(&mut self.0, room => room.with_raw(sock, f))
    }

    fn fixed_buffer(&mut self) -> Option<FixedBuf> {
        dispatch!(&mut self.0, room => room.fixed_buffer())
    }

    fn buffers(&self) -> &BufferPool {
        dispatch!(&self.0, room => room.buffers())
    }

    fn waker(&self) -> Waker {
        dispatch!(&self.0, room => room.waker())
    }

    fn now(&self) -> Instant {
        dispatch!(&self.0, room => room.now())
    }

    fn wall(&self) -> Duration {
        dispatch!(&self.0, room => room.wall())
    }

    fn entropy(&mut self) -> u64 {
        dispatch!(&mut self.0, room => room.entropy())
    }

    fn in_flight(&self) -> usize {
        dispatch!(&self.0, room => room.in_flight())
    }

    fn sockets(&self) -> usize {
        dispatch!(&self.0, room => room.sockets())
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Driver({})", self.backend())
    }
}
