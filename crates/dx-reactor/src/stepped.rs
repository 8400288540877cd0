//! A server whose workers the caller turns.
//!
//! Owns [`Stepped`]: the workers of a server on reactors and listeners of the caller's own, all on
//! one thread. May not know what turns them. Invariant: each worker does what it would do on a
//! thread of its own; only the loop around its turns is the caller's.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use dx_io::{Driver, Listener};
use dx_rt::{Core, CoreConfig, CoreContext, JoinHandle, Phase, RunError, Wait};

use crate::builder::DxReactor;
use crate::error::ServerError;
use crate::server::WorkerMain;

/// A server on one thread, for simulators: turn each of [`cores`](Self::cores) again and again.
pub struct Stepped {
    cores: Vec<Core>,
    mains: Vec<JoinHandle<()>>,
}

/// One worker's reactor, and where it accepts.
pub struct Seat {
    /// The reactor.
    pub driver: Driver,
    /// What this worker listens on.
    pub listeners: Vec<Listener>,
}

pub(crate) fn start(server: DxReactor, seats: Vec<Seat>) -> Result<Stepped, ServerError> {
    if seats.is_empty() {
        return Err(ServerError::NoWorkers);
    }
    let app = server.app.clone().ok_or(ServerError::NothingToServe)?;
    let workers = seats.len();
    let (mut drivers, mut listeners) = (Vec::new(), Vec::new());
    for seat in seats {
        drivers.push(seat.driver);
        listeners.push(Mutex::new(Some(seat.listeners)));
    }
    let sockets_max: Vec<u32> = drivers.iter().map(Driver::sockets_max).collect();
    let cores = Core::group(drivers, &CoreConfig::default());
    let (told, ready) = channel();
    let main = WorkerMain { app, limits: server.limits, listeners: Arc::new(listeners), told };
    let mains = cores
        .iter()
        .zip(sockets_max)
        .map(|(core, sockets_max)| {
            let context = CoreContext { index: core.index(), cpu: None, sockets_max };
            core.spawn(main.clone().run(context))
        })
        .collect();
    // Their first turn begins to serve, or says why not.
    for core in &cores {
        core.turn(Wait::Poll).map_err(|error| ServerError::Run(RunError::Reactor(error)))?;
    }
    for _ in 0..workers {
        ready.try_recv().unwrap_or(Err(ServerError::Run(RunError::Panicked)))?;
    }
    Ok(Stepped { cores, mains })
}

impl Stepped {
    /// The workers' cores, in order.
    #[must_use]
    pub fn cores(&self) -> &[Core] {
        &self.cores
    }

    /// Answers what was read, takes nothing new, then ends.
    pub fn drain(&self) {
        self.cores[0].enter_phase(Phase::Draining);
    }

    /// Ends now, whatever is left.
    pub fn end(&self) {
        self.cores[0].enter_phase(Phase::Ending);
    }

    /// Whether every worker has come to its end. What they still hold is for
    /// [`Core::quiesce`](dx_rt::Core::quiesce) to let go of and to report.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.mains.iter().all(JoinHandle::is_finished)
    }
}

impl core::fmt::Debug for Stepped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Stepped({} workers)", self.cores.len())
    }
}

impl core::fmt::Debug for Seat {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Seat({:?}, {:?})", self.driver, self.listeners)
    }
}
