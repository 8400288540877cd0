//! The closed loop: every server, in turns, in every cell of batches and connections.
//!
//! Owns the order of its runs. Invariant: within a cell all servers are measured once before any
//! is measured again (A-B-A-B), so that a slow spell of the machine hits all of them.

use std::error::Error;
use std::process::Command;

use bench_load::accounted::Accounted;

use crate::build::Built;
use crate::child;
use crate::options::Options;
use crate::progress::Progress;
use crate::results::Row;
use crate::servers::Server;

/// How many runs there will be.
pub(crate) fn runs(options: &Options) -> usize {
    let servers = options.connections.iter().map(|count| options.servers_at(*count).count());
    servers.sum::<usize>() * options.batches.len() * options.rounds
}

pub(crate) fn measure(
    options: &Options,
    built: &Built,
    progress: &mut Progress,
) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows: Vec<Row> = Vec::new();
    for &connections in &options.connections {
        for &batch in &options.batches {
            let first = rows.len();
            let servers = options.servers_at(connections);
            rows.extend(servers.map(|server| Row::new(connections, batch, server)));
            for round in 1..=options.rounds {
                for row in &mut rows[first..] {
                    let name = row.server.name();
                    progress.next(&format!(
                        "{connections} connections, batch {batch}, round {round}, {name}"
                    ));
                    let seconds = options.seconds.to_string();
                    let found = run(options, built, row, &["--seconds", &seconds])?;
                    progress.told(&told(&found));
                    row.rounds.push(found);
                }
            }
        }
    }
    Ok(rows)
}

/// One run: a fresh server on a fresh port, one load generator, both pinned.
pub(crate) fn run(
    options: &Options,
    built: &Built,
    row: &Row,
    arguments: &[&str],
) -> Result<Accounted, Box<dyn Error>> {
    let server = row.server;
    let cpu = Some(options.server_cpu);
    let (running, address) = child::start_server(server.name(), cpu, |address| {
        let mut command = Command::new(built.server(server));
        command.args(["--listen", &address.to_string()]).args(server.arguments());
        command
    })?;
    let mut load = Command::new(built.load());
    load.args(["--addr", &address.to_string()])
        .args(["--connections", &row.connections.to_string()])
        .args(["--batch", &row.batch.to_string()])
        .args(["--backend", &options.load_backend, "--body", "Hello, World!"])
        .args(["--warmup", "0.2", "--pid", &running.id().to_string()])
        .args(arguments);
    let line = child::run_load(load, options.load_cpu)?;
    Ok(serde_json::from_str(&line).map_err(|error| format!("{}: {error}", row.server.name()))?)
}

/// The slower of the floors' rates with single requests, in requests a second.
pub(crate) fn capacity(
    options: &Options,
    built: &Built,
    connections: usize,
) -> Result<f64, Box<dyn Error>> {
    let floors = options.servers.iter().filter_map(|server| server.floor());
    let floors: std::collections::BTreeSet<Server> = floors.collect();
    let mut slowest = f64::INFINITY;
    for floor in floors {
        let row = Row::new(connections, 1, floor);
        let rates: Result<Vec<f64>, _> = (0..3)
            .map(|_| {
                run(options, built, &row, &["--seconds", "0.5"]).map(|found| found.report.rate)
            })
            .collect();
        slowest = slowest.min(crate::stats::median(&rates?));
    }
    Ok(slowest)
}

/// One run in a few words.
fn told(found: &Accounted) -> String {
    let cpu = found.server_cpu_ns.unwrap_or(f64::NAN);
    let (rate, p99) = (found.report.rate, found.report.p99_us);
    let failures = match found.report.failures.total() {
        0 => String::new(),
        failures => format!(", {failures} FAILED"),
    };
    format!("{cpu:.0} ns, {rate:.0}/s, p99 {p99:.0} us{failures}")
}
