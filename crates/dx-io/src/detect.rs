//! Why a backend was chosen.
//!
//! Owns [`Detection`] and the reading of `DX_IO_BACKEND`. Knows no kernel: the rooms are tried in
//! `driver.rs`. Invariant: every fallback carries the reason that forced it.

use core::fmt;
use std::io;

use crate::config::{IoBackend, StartError, StartStep};
use crate::kernel_version::KernelVersion;
use crate::sys::host;

/// Overrides [`IoBackend::Auto`].
pub const BACKEND_VARIABLE: &str = "DX_IO_BACKEND";

/// What was opened and why.
#[derive(Debug)]
pub struct Detection {
    backend: IoBackend,
    features: String,
    kernel: Option<KernelVersion>,
    reason: Reason,
    warnings: Vec<Warning>,
}

/// What was asked for and left out, because it would do harm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `sqpoll`: its thread would take a CPU from the reactors.
    SqPollNeedsCpu {
        /// CPUs there are.
        cpus: usize,
        /// Reactors that share them.
        reactors: usize,
    },
    /// `sqpoll`: only the upper rungs of io_uring have such a thread.
    SqPollUnsupported,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqPollNeedsCpu { cpus, reactors } => write!(
                f,
                "sqpoll is left out: it needs a spare CPU, and there are {cpus} for {reactors} \
                 reactors (use fewer)"
            ),
            Self::SqPollUnsupported => {
                f.write_str("sqpoll is left out: this backend has no submission queue to poll")
            }
        }
    }
}

/// Why this backend.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The program asked for it.
    Asked,
    /// `DX_IO_BACKEND` asked for it.
    Environment,
    /// It is the best one of this platform, and it works here.
    Best,
    /// The best one was tried and refused.
    Refused(StartError),
}

impl Detection {
    pub(crate) fn new(backend: IoBackend, features: String, reason: Reason) -> Self {
        let kernel = host::kernel_release().and_then(|release| KernelVersion::parse(&release));
        Self { backend, features, kernel, reason, warnings: Vec::new() }
    }

    pub(crate) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// What was asked for and left out.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What was opened.
    #[must_use]
    pub const fn backend(&self) -> IoBackend {
        self.backend
    }

    /// What it uses of its kernel.
    #[must_use]
    pub fn features(&self) -> &str {
        &self.features
    }

    /// The kernel's version, where it could be read.
    #[must_use]
    pub const fn kernel(&self) -> Option<KernelVersion> {
        self.kernel
    }

    /// Why this one.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// One line, for the log, and one more for each warning.
impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.backend)?;
        if let Some(kernel) = self.kernel {
            write!(f, " on kernel {kernel}")?;
        }
        match &self.reason {
            Reason::Asked => f.write_str(", as asked for"),
            Reason::Environment => write!(f, ", as {BACKEND_VARIABLE} asks for"),
            Reason::Best => f.write_str(", the best this machine offers"),
            Reason::Refused(refused) => write!(f, ", because io_uring was refused: {refused}"),
        }?;
        self.warnings.iter().try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

/// The backend to try, and whether the environment named it.
///
/// # Errors
/// The environment names no backend: starting on another one in silence would be a lie.
pub(crate) fn requested(backend: IoBackend) -> Result<(IoBackend, bool), StartError> {
    if backend != IoBackend::Auto {
        return Ok((backend, false));
    }
    let Ok(name) = std::env::var(BACKEND_VARIABLE) else { return Ok((IoBackend::Auto, false)) };
    let named = name.parse::<IoBackend>().map_err(|unknown| {
        let error = io::Error::new(io::ErrorKind::InvalidInput, unknown);
        StartError::new(StartStep::Environment, error)
    })?;
    Ok((named, named != IoBackend::Auto))
}
