//! A run of `dx-load` with the CPU time that both sides spent on it.
//!
//! Owns [`Accounted`], which `load` prints as one line of JSON and the driver reads. Invariant:
//! the accounting is read at the two moments at which the generator opens and closes its window.

use std::io;

use dx_load::{LoadError, Observer, Plan, Report, Wire};
use serde::{Deserialize, Serialize};

use crate::process::{CpuTimes, resident_bytes};

/// A report with accounting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accounted {
    /// What the generator counted.
    #[serde(flatten)]
    pub report: Report,
    /// CPU time of the generator itself per request, in nanoseconds.
    pub load_cpu_ns: Option<f64>,
    /// CPU time of the server per request, in nanoseconds; only when its process is known, and no
    /// thread of it ended in the window.
    pub server_cpu_ns: Option<f64>,
    /// Bytes of physical memory that the server occupied at the window's end.
    pub server_rss: Option<u64>,
}

/// Runs `plan` and accounts for `server`, a process id.
///
/// # Errors
///
/// The generator's errors; those of reading `/proc` as [`LoadError::Reactor`].
pub fn run(plan: &Plan, wire: &mut dyn Wire, server: Option<u32>) -> Result<Accounted, LoadError> {
    let mut accountant = Accountant { server, before: None, after: None };
    let report = dx_load::run(plan, wire, &mut accountant)?;
    let before = accountant.before.transpose().map_err(LoadError::Reactor)?;
    let after = accountant.after.transpose().map_err(LoadError::Reactor)?;
    let mut accounted =
        Accounted { report, load_cpu_ns: None, server_cpu_ns: None, server_rss: None };
    let requests = accounted.report.requests as f64;
    if let (Some(before), Some(after)) = (before, after)
        && requests > 0.0
    {
        let per_request = |spent: u64| spent as f64 / requests;
        accounted.load_cpu_ns = after.load.since(&before.load).map(per_request);
        accounted.server_cpu_ns = after
            .server
            .zip(before.server)
            .and_then(|(after, before)| after.since(&before))
            .map(per_request);
        accounted.server_rss = after.server_rss;
    }
    Ok(accounted)
}

/// Reads the accounts at the edges of the window.
struct Accountant {
    server: Option<u32>,
    before: Option<io::Result<Usage>>,
    after: Option<io::Result<Usage>>,
}

impl Observer for Accountant {
    fn begins(&mut self) {
        self.before = Some(Usage::read(self.server));
    }

    fn ends(&mut self) {
        self.after = Some(Usage::read(self.server));
    }
}

/// CPU time used so far by this process and by the server.
struct Usage {
    load: CpuTimes,
    server: Option<CpuTimes>,
    server_rss: Option<u64>,
}

impl Usage {
    fn read(server: Option<u32>) -> io::Result<Self> {
        Ok(Self {
            load: CpuTimes::read(std::process::id())?,
            server: server.map(CpuTimes::read).transpose()?,
            server_rss: server.map(resident_bytes).transpose()?,
        })
    }
}
