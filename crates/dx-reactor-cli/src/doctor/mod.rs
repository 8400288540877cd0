//! `dx-reactor doctor`.
//!
//! Owns the step from flags to an exit code: facts are gathered, judged, and shown. Invariant: the
//! code is 0 exactly when no check found a problem, whatever the form of the output.

mod facts;
mod judge;
mod report;
mod trial;

use std::io::{self, Write};
use std::process::ExitCode;

use dx_reactor::WorkerStrategy;

use crate::args::Doctor;
use facts::Facts;

/// Examines this machine for a server of as many workers as the flags say.
pub(crate) fn run(doctor: &Doctor) -> ExitCode {
    let strategy = doctor.workers.map_or(WorkerStrategy::ThreadPerCore, WorkerStrategy::Fixed);
    let facts = Facts::gather(strategy.count());
    let report = judge::judge(&facts);
    let text = if doctor.json { report.to_json() } else { report.to_string() };
    // A reader that has seen enough (`| head`) closes the pipe: the exit code still tells.
    let _ = io::stdout().write_all(text.as_bytes());
    if report.can_serve() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
