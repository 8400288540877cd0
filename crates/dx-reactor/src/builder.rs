//! What a server shall be.
//!
//! Owns [`DxReactor`], its [`Builder`] and [`WorkerStrategy`]. Knows no sockets: nothing is opened
//! before `start`. Invariant: building cannot fail; whatever is wrong is said by starting.

use std::net::SocketAddr;
use std::sync::Arc;

use dx_io::{IoBackend, ReactorConfig, SqPoll, host};

use crate::app::App;
use crate::error::ServerError;
use crate::limits::Limits;
use crate::server::{self, Running};
use crate::stepped::{self, Seat, Stepped};

/// How many workers there are and where they run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkerStrategy {
    /// One for each CPU this process may use (affinity mask, cgroup quota), each pinned to its own.
    #[default]
    ThreadPerCore,
    /// This many, pinned to the CPUs in turn.
    Fixed(usize),
}

impl WorkerStrategy {
    /// The number of workers this comes to on this machine.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::ThreadPerCore => host::worker_cpus().len(),
            Self::Fixed(count) => count,
        }
    }
}

/// What an app factory is told about the worker it makes an app for.
#[derive(Clone, Copy, Debug)]
pub struct WorkerInfo {
    /// Which worker, from 0.
    pub index: usize,
    /// The CPU it is pinned to.
    pub cpu: Option<usize>,
}

/// Makes one worker's app.
pub(crate) type AppFactory = Arc<dyn Fn(WorkerInfo) -> App + Send + Sync>;

/// A server that was described, and not yet started.
///
/// ```
/// use dx_reactor::{DxReactor, IoBackend, WorkerStrategy};
///
/// let reactor = DxReactor::build()
///     .workers(WorkerStrategy::ThreadPerCore)
///     .io_backend(IoBackend::Auto)
///     .build();
/// assert!(reactor.num_cores() >= 1);
/// ```
#[derive(Clone)]
pub struct DxReactor {
    pub(crate) workers: usize,
    pub(crate) backend: IoBackend,
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) limits: Limits,
    pub(crate) reactor: ReactorConfig,
    pub(crate) app: Option<AppFactory>,
}

impl DxReactor {
    /// Begins the description of a server.
    pub fn build() -> Builder {
        Builder {
            workers: WorkerStrategy::default(),
            backend: IoBackend::default(),
            addrs: Vec::new(),
            limits: Limits::default(),
            reactor: ReactorConfig::default(),
            app: None,
        }
    }

    /// How many cores will work: one for each worker.
    #[must_use]
    pub const fn num_cores(&self) -> usize {
        self.workers
    }

    /// The backend that was asked for.
    #[must_use]
    pub const fn io_backend(&self) -> IoBackend {
        self.backend
    }

    /// Starts the workers and returns.
    ///
    /// # Errors
    /// The first thing that stood in the way; nothing is left running then.
    pub fn start(self) -> Result<Running, ServerError> {
        server::start(self)
    }

    /// Starts a worker on each of `seats`, all on the calling thread; the caller turns them. For
    /// simulators: the number of workers, the backend and the addresses that were described are
    /// not asked.
    ///
    /// # Errors
    /// The first worker's that could not begin to serve.
    pub fn start_stepped(self, seats: Vec<Seat>) -> Result<Stepped, ServerError> {
        stepped::start(self, seats)
    }

    /// Starts the workers and blocks until SIGTERM or SIGINT has ended them gracefully. A second
    /// signal ends them at once.
    ///
    /// # Errors
    /// As [`start`](Self::start), and the first worker that failed while it ran.
    pub fn ignite(self) -> Result<(), ServerError> {
        server::ignite(self, |_| {})
    }

    /// As [`ignite`](Self::ignite), and calls `started` once everything serves, for a banner.
    ///
    /// # Errors
    /// As [`ignite`](Self::ignite).
    pub fn ignite_with(self, started: impl FnOnce(&Running)) -> Result<(), ServerError> {
        server::ignite(self, started)
    }
}

impl core::fmt::Debug for DxReactor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DxReactor")
            .field("workers", &self.workers)
            .field("backend", &self.backend)
            .field("addrs", &self.addrs)
            .finish_non_exhaustive()
    }
}

/// Describes a server step by step.
#[must_use = "a builder does nothing until it is built and started"]
pub struct Builder {
    workers: WorkerStrategy,
    backend: IoBackend,
    addrs: Vec<SocketAddr>,
    limits: Limits,
    reactor: ReactorConfig,
    app: Option<AppFactory>,
}

impl Builder {
    /// How many workers; one a core by default.
    pub const fn workers(mut self, workers: WorkerStrategy) -> Self {
        self.workers = workers;
        self
    }

    /// Which kernel interface; the best that works, by default.
    pub const fn io_backend(mut self, backend: IoBackend) -> Self {
        self.backend = backend;
        self
    }

    /// An address to listen on; may be called again for further ones. Without any, 127.0.0.1:8080.
    /// Port 0 lets the system choose: [`Running::addrs`] tells what it chose.
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.addrs.push(addr.into());
        self
    }

    /// Bounds and deadlines.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sizes of each worker's reactor.
    pub fn reactor_config(mut self, config: ReactorConfig) -> Self {
        self.reactor = config;
        self
    }

    /// Has a thread of the kernel look for each worker's submissions, so that a busy worker makes
    /// no system call. Needs a CPU more than there are workers; without one it is left out with a
    /// warning ([`Detection::warnings`](dx_io::Detection::warnings)). Call it after
    /// [`reactor_config`](Self::reactor_config).
    pub const fn sqpoll(mut self, poller: SqPoll) -> Self {
        self.reactor.sqpoll = Some(poller);
        self
    }

    /// What is served over HTTP. The factory runs once on each worker, so what it returns may be
    /// `!Send` and shares nothing unless it chooses to.
    pub fn app(mut self, factory: impl Fn(WorkerInfo) -> App + Send + Sync + 'static) -> Self {
        self.app = Some(Arc::new(factory));
        self
    }

    /// The described server. Opens nothing and cannot fail.
    #[must_use]
    pub fn build(self) -> DxReactor {
        let Self { workers, backend, mut addrs, limits, reactor, app } = self;
        if addrs.is_empty() {
            addrs.push(SocketAddr::from(([127, 0, 0, 1], 8080)));
        }
        DxReactor { workers: workers.count(), backend, addrs, limits, reactor, app }
    }
}
