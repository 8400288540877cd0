//! What is found out about this machine.
//!
//! Owns [`Facts`] and their gathering: by trying where trying is possible, else by asking the host.
//! Judges nothing. Invariant: what was tried is closed again; nothing of the machine is changed but
//! this process's own limit of descriptors, which the server raises as well.

use std::io;

use dx_io::host::{self, SystemCallFilter, TcpSettings};
use dx_io::{Driver, IoBackend, ListenOptions, Listener, ReactorConfig, Reason};
use dx_io::{StartError, UringRung};

use super::trial;

/// The rungs of io_uring, highest first, and the kernel that each needs.
const RUNGS: [(UringRung, &str); 3] =
    [(UringRung::Deferred, "6.1"), (UringRung::Provided, "5.19"), (UringRung::Poll, "5.1")];

/// This machine, as a server would find it.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Workers of the server to come.
    pub(super) workers: usize,
    /// The kernel's release.
    pub(super) release: Option<String>,
    /// Every rung of io_uring, highest first.
    pub(super) rungs: Vec<Rung>,
    pub(super) epoll: Tried,
    /// What a server takes that was told nothing.
    pub(super) chosen: Result<Chosen, Refusal>,
    /// Whether a server starts and answers, or why not.
    pub(super) served: Result<(), String>,
    /// The sysctl `kernel.io_uring_disabled`.
    pub(super) io_uring_disabled: Option<u8>,
    pub(super) filter: Option<SystemCallFilter>,
    pub(super) descriptors: Descriptors,
    /// Bytes of memory the process may lock; `None` for all.
    pub(super) memlock: Option<u64>,
    /// Bytes of memory the container may use; `None` for all.
    pub(super) memory: Option<u64>,
    /// The longest accept queue, in connections.
    pub(super) accept_queue_max: Option<u32>,
    pub(super) tcp: TcpSettings,
    /// Whether two listeners can share an address, or why not.
    pub(super) shared_port: Result<(), String>,
    /// CPUs the process may run on, ascending; empty where the host does not tell.
    pub(super) cpus: Vec<usize>,
    /// Cores' worth of time the container may use; `None` for all.
    pub(super) quota: Option<f64>,
}

/// One rung of io_uring.
#[derive(Clone, Debug)]
pub(super) struct Rung {
    pub(super) rung: UringRung,
    /// The kernel it needs.
    pub(super) since: &'static str,
    pub(super) tried: Tried,
}

/// How opening a reactor went.
#[derive(Clone, Debug)]
pub(super) enum Tried {
    /// It opened.
    Opened {
        /// What it uses of the kernel.
        features: String,
        /// Connections of one worker.
        connections: u32,
    },
    /// Only a lower rung opened, with these features.
    Lower(String),
    /// It did not open.
    Refused(Refusal),
}

/// Why a reactor did not open.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) kind: io::ErrorKind,
    /// The step, and what the system said.
    pub(super) said: String,
    /// What the host advises.
    pub(super) advice: Option<&'static str>,
}

/// The backend of a server that was told nothing.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) backend: IoBackend,
    /// The environment named it.
    pub(super) by_environment: bool,
}

/// Limits of open descriptors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    pub(super) soft: u64,
    pub(super) hard: u64,
    /// The soft limit when the server has raised it.
    pub(super) raised: u64,
}

impl Facts {
    /// Asks and tries, for a server of `workers` workers.
    pub(super) fn gather(workers: usize) -> Self {
        let limits = host::limits();
        // As the server does before it opens anything.
        let raised = host::raise_descriptor_limit().unwrap_or(limits.descriptors_soft);
        let mut config = ReactorConfig::default();
        config.reactors = u32::try_from(workers).unwrap_or(u32::MAX);
        Self {
            workers,
            release: host::kernel_release(),
            rungs: RUNGS.map(|(rung, since)| try_rung(rung, since, &config)).into(),
            epoll: Tried::new(Driver::open(IoBackend::Epoll, &config)),
            chosen: choose(&config),
            served: trial::serve(workers),
            io_uring_disabled: host::io_uring_disabled(),
            filter: host::system_call_filter(),
            descriptors: Descriptors {
                soft: limits.descriptors_soft,
                hard: limits.descriptors_hard,
                raised,
            },
            memlock: limits.memlock_bytes,
            memory: host::memory_limit(),
            accept_queue_max: limits.accept_queue_max,
            tcp: host::tcp_settings(),
            shared_port: share_port().map_err(|error| error.to_string()),
            cpus: host::allowed_cpus().unwrap_or_default(),
            quota: host::cpu_quota(),
        }
    }
}

impl Tried {
    fn new(opened: Result<(Driver, dx_io::Detection), StartError>) -> Self {
        match opened {
            Ok((driver, detection)) => Self::Opened {
                features: detection.features().to_owned(),
                connections: driver.sockets_max(),
            },
            Err(error) => Self::Refused(Refusal::new(&error)),
        }
    }
}

impl Refusal {
    fn new(error: &StartError) -> Self {
        let StartError { step, error, .. } = error;
        Self {
            kind: error.kind(),
            said: format!("{step}: {error}"),
            advice: host::cure(*step, error),
        }
    }
}

/// Opens io_uring no higher than `rung`. What opens says in its features which rung it is on.
fn try_rung(rung: UringRung, since: &'static str, config: &ReactorConfig) -> Rung {
    let mut config = config.clone();
    config.uring_rung_max = rung;
    let tried = match Tried::new(Driver::open(IoBackend::IoUring, &config)) {
        Tried::Opened { features, .. } if !features.starts_with(&rung.to_string()) => {
            Tried::Lower(features)
        }
        tried => tried,
    };
    Rung { rung, since, tried }
}

fn choose(config: &ReactorConfig) -> Result<Chosen, Refusal> {
    let (_, detection) =
        Driver::open(IoBackend::Auto, config).map_err(|error| Refusal::new(&error))?;
    let by_environment = matches!(detection.reason(), Reason::Environment);
    Ok(Chosen { backend: detection.backend(), by_environment })
}

/// Two listeners on one address of the loopback.
fn share_port() -> io::Result<()> {
    let options = ListenOptions::default();
    let first = Listener::bind(([127, 0, 0, 1], 0).into(), &options)?;
    Listener::bind(first.local_addr(), &options).map(drop)
}
