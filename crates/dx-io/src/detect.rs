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
        Self { backend, features, kernel, reason }
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

/// One line, for the log.
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
        }
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
