//! A server's life: bind, start, drain, end.
//!
//! Owns [`Running`] and what the main task of each worker does. May not know protocols or kernels.
//! Invariants: either every worker serves or none; every request that was fully read before a
//! shutdown is answered, or its time is up.

use core::time::Duration;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use dx_io::{Detection, ListenOptions, Listener, host};
use dx_rt::net::TcpListener;
use dx_rt::{CoreContext, CoreReport, CoreStats, Cores, CoresConfig, Phase, PhaseHandle};

use crate::accept::{self, Acceptor};
use crate::builder::{AppFactory, DxReactor, WorkerInfo};
use crate::error::ServerError;
use crate::limits::Limits;
use crate::worker::Worker;

/// A running server. Dropping it without [`stop`](Self::stop) ends it at once.
pub struct Running {
    cores: Option<Cores>,
    addrs: Vec<SocketAddr>,
    phase: PhaseHandle,
    limits: Limits,
    cpus: Vec<Option<usize>>,
    connections_max: u32,
}

impl Running {
    /// The addresses that were bound, in the order they were asked for.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// The first bound address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addrs[0]
    }

    /// Which backend each worker runs on, and why.
    #[must_use]
    pub fn detections(&self) -> &[Detection] {
        self.cores.as_ref().map_or(&[], Cores::detections)
    }

    /// What worker `index` has done so far.
    #[must_use]
    pub fn stats(&self, index: usize) -> Option<&CoreStats> {
        self.cores.as_ref()?.stats(index)
    }

    /// The CPU each worker is pinned to.
    #[must_use]
    pub fn cpus(&self) -> &[Option<usize>] {
        &self.cpus
    }

    /// Connections that one worker can hold.
    #[must_use]
    pub const fn connections_max(&self) -> u32 {
        self.connections_max
    }

    /// The limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A handle that begins the shutdown from anywhere.
    #[must_use]
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle { phase: self.phase.clone() }
    }

    /// Shuts down gracefully and waits for the end. The reports say what each worker still held
    /// at its end: nothing, unless there is a defect.
    ///
    /// # Errors
    /// The first worker that failed.
    pub fn stop(self) -> Result<Vec<CoreReport>, ServerError> {
        self.phase.enter(Phase::Draining);
        self.join()
    }

    /// Waits for the end without asking for it.
    ///
    /// # Errors
    /// The first worker that failed.
    pub fn join(mut self) -> Result<Vec<CoreReport>, ServerError> {
        match self.cores.take() {
            Some(cores) => cores.join().map_err(ServerError::Run),
            None => Ok(Vec::new()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(cores) = self.cores.take() {
            self.phase.enter(Phase::Ending);
            let _ = cores.join();
        }
    }
}

impl core::fmt::Debug for Running {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Running({:?})", self.addrs)
    }
}

/// Begins a server's shutdown, from any thread.
#[derive(Clone, Debug)]
pub struct ShutdownHandle {
    phase: PhaseHandle,
}

impl ShutdownHandle {
    /// Answers what was read, takes nothing new, then ends.
    pub fn drain(&self) {
        self.phase.enter(Phase::Draining);
    }

    /// Ends now, whatever is left.
    pub fn end(&self) {
        self.phase.enter(Phase::Ending);
    }
}

/// What one worker serves, until it takes it.
pub(crate) type Listeners = Arc<Vec<Mutex<Option<Vec<Listener>>>>>;

pub(crate) fn start(server: DxReactor) -> Result<Running, ServerError> {
    if server.workers == 0 {
        return Err(ServerError::NoWorkers);
    }
    let app = server.app.clone().ok_or(ServerError::NothingToServe)?;
    // Connections need descriptors; a soft limit below the hard one helps nobody.
    let _ = host::raise_descriptor_limit();
    let (listeners, addrs) = bind_all(&server.addrs, server.workers)?;

    let mut config = CoresConfig::pinned(server.workers);
    config.backend = server.backend;
    config.reactor = server.reactor.clone();
    config.reactor.reactors = u32::try_from(server.workers).unwrap_or(u32::MAX);
    let (told, ready) = channel();
    let main = WorkerMain { app, limits: server.limits.clone(), listeners, told };
    let main = Mutex::new(main);
    let cores = Cores::start(&config, move |context| {
        let main = main.lock().unwrap_or_else(PoisonError::into_inner).clone();
        main.run(context)
    })?;
    let phase = cores.phase_handle();
    let mut running = Running {
        cores: Some(cores),
        addrs,
        phase,
        limits: server.limits,
        cpus: config.cpus,
        connections_max: u32::MAX,
    };
    for _ in 0..server.workers {
        // Dropping `running` ends the workers that did start.
        let max = ready.recv().unwrap_or(Err(ServerError::Run(dx_rt::RunError::Panicked)))?;
        running.connections_max = running.connections_max.min(max);
    }
    Ok(running)
}

pub(crate) fn ignite(server: DxReactor, started: impl FnOnce(&Running)) -> Result<(), ServerError> {
    // Before any thread exists, so that no signal finds its default action.
    let signals = host::Termination::install().map_err(ServerError::Signals)?;
    let running = start(server)?;
    started(&running);
    let shutdown = running.shutdown_handle();
    let stopper = signals.handle();
    let waiter = std::thread::spawn(move || {
        let mut first = true;
        while let Ok(signal) = signals.wait() {
            if signal == host::Signal::Stopped {
                break;
            }
            if first {
                shutdown.drain()
            } else {
                shutdown.end()
            }
            first = false;
        }
    });
    let ended = running.join();
    stopper.stop();
    let _ = waiter.join();
    ended.map(drop)
}

/// Binds every address once for each worker: the kernel spreads connections over them.
fn bind_all(
    addrs: &[SocketAddr],
    workers: usize,
) -> Result<(Listeners, Vec<SocketAddr>), ServerError> {
    let mut bound = Vec::new();
    let mut listeners: Vec<Vec<Listener>> = (0..workers).map(|_| Vec::new()).collect();
    for &addr in addrs {
        let fail = |error| ServerError::Bind { addr, error };
        // Shared ports would also be shared with a server of another process, by mistake.
        Listener::is_free(addr).map_err(fail)?;
        let options = ListenOptions::default();
        let first = Listener::bind(addr, &options).map_err(fail)?;
        // If the system chose the port, the others must have the same.
        let addr = first.local_addr();
        bound.push(addr);
        listeners[0].push(first);
        for others in &mut listeners[1..] {
            others.push(Listener::bind(addr, &options).map_err(fail)?);
        }
    }
    let listeners = listeners.into_iter().map(|each| Mutex::new(Some(each))).collect();
    Ok((Arc::new(listeners), bound))
}

/// What each worker's main task needs.
#[derive(Clone)]
pub(crate) struct WorkerMain {
    pub(crate) app: AppFactory,
    pub(crate) limits: Limits,
    pub(crate) listeners: Listeners,
    pub(crate) told: Sender<Result<u32, ServerError>>,
}

impl WorkerMain {
    pub(crate) async fn run(self, context: CoreContext) {
        let Self { app, limits, listeners, told } = self;
        let mut told = Told(Some(told));
        let drain_timeout = limits.drain_timeout;
        let listeners = listeners
            .get(context.index)
            .and_then(|each| each.lock().unwrap_or_else(PoisonError::into_inner).take())
            .unwrap_or_default();
        let begun = begin(&app, limits, listeners, context);
        let worker = match begun {
            Ok((worker, acceptors)) => {
                told.tell(Ok(worker.limits.connections_max));
                for acceptor in acceptors {
                    drop(dx_rt::spawn(acceptor.run()));
                }
                worker
            }
            Err(error) => {
                told.tell(Err(error));
                return;
            }
        };
        dx_rt::reached(Phase::Draining).await;
        worker.begin_draining().await;
        drain(&worker, drain_timeout).await;
    }
}

/// Tells the starter how this worker's start went, also when it panics in the user's factory.
struct Told(Option<Sender<Result<u32, ServerError>>>);

impl Told {
    fn tell(&mut self, how: Result<u32, ServerError>) {
        if let Some(told) = self.0.take() {
            // The starter has given up already if it does not listen.
            let _ = told.send(how);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.tell(Err(ServerError::Run(dx_rt::RunError::Panicked)));
    }
}

/// Compiles the app and takes the listeners.
fn begin(
    app: &AppFactory,
    mut limits: Limits,
    listeners: Vec<Listener>,
    context: CoreContext,
) -> Result<(Rc<Worker>, Vec<Acceptor>), ServerError> {
    let info = WorkerInfo { index: context.index, cpu: context.cpu };
    let router = app(info).compile().map_err(ServerError::Routes)?;
    limits.connections_max = limits.connections_max.min(context.sockets_max);
    let worker = Worker::new(router, limits);
    let acceptors = listeners
        .into_iter()
        .map(|listener| {
            let listener = TcpListener::from_listener(listener).map_err(ServerError::Listen)?;
            Ok(Acceptor::new(&worker, listener))
        })
        .collect::<Result<_, ServerError>>()?;
    Ok((worker, acceptors))
}

/// Waits until every connection has ended, the time is up, or somebody has lost patience.
async fn drain(worker: &Rc<Worker>, timeout: Duration) {
    let ended = async {
        accept::all_closed(worker).await;
        while worker.connections.get() > 0 {
            worker.one_closed().await;
        }
    };
    let hurried = async {
        dx_rt::reached(Phase::Ending).await;
    };
    let either = dx_rt::time::first(ended, hurried);
    // Out of time: what is left is cancelled by the core's end.
    let _ = dx_rt::time::timeout(timeout, either).await;
}
