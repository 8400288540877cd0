//! `first-measure`: builds the servers, alternates them under the same load, prints the table.
//!
//! Owns the order of the measurement. The servers are in `servers`, the building in `build`, the
//! child processes in `child`, medians and the table in `table`. Invariant: a table is printed
//! only when every run ended without a single error; otherwise the exit code says so.

#![deny(unsafe_code)]

mod build;
#[allow(unsafe_code)] // children die with the driver: prctl between fork and exec
mod child;
mod options;
mod servers;
mod table;

use std::error::Error;
use std::process::ExitCode;

use bench_load::report::Report;

use crate::build::Built;
use crate::options::Options;
use crate::servers::Server;
use crate::table::Row;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("first-measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::from_env()?;
    let built = build::build(&options.servers)?;
    let total = options.depths.len() * options.rounds * options.servers.len();
    let mut rows: Vec<Row> = Vec::new();
    let mut done = 0;
    for depth in &options.depths {
        let first = rows.len();
        rows.extend(options.servers.iter().map(|server| Row::new(*depth, *server)));
        // A-B-A-B: a slow spell of the machine hits every server, not one of them.
        for round in 1..=options.rounds {
            for row in &mut rows[first..] {
                done += 1;
                eprint!("[{done}/{total}] depth {depth}, round {round}, {}: ", row.server.name());
                let report = measure(&options, &built, row.server, *depth)?;
                row.add(&report)?;
                eprintln!("{}", table::progress(&report));
            }
        }
    }
    print!("{}", table::markdown(&options, &rows));
    Ok(())
}

/// One run: a fresh server on a fresh port, one load generator, both pinned.
fn measure(
    options: &Options,
    built: &Built,
    server: Server,
    depth: usize,
) -> Result<Report, Box<dyn Error>> {
    let (running, address) = child::start_server(built, server, options.server_cpu)?;
    let mut load = std::process::Command::new(built.load());
    load.args(["--addr", &address.to_string()])
        .args(["--connections", &options.connections.to_string()])
        .args(["--batch", &depth.to_string()])
        .args(["--seconds", &options.seconds.to_string()])
        .args(["--body", "Hello, World!"])
        .args(["--pid", &running.id().to_string()]);
    let report = Report::from_json(&child::run_load(load, options.load_cpu)?)?;
    if report.errors > 0 {
        return Err(format!("{}: {} errors at depth {depth}", server.name(), report.errors).into());
    }
    Ok(report)
}
