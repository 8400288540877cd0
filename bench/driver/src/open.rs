//! The open loop: latency at a rate that every server is offered alike.
//!
//! Owns the choice of the rate and the order of the runs. Invariant: within a round every server
//! is offered the same rate, and rounds are compared with themselves only.

use std::error::Error;

use crate::build::Built;
use crate::closed;
use crate::options::Options;
use crate::progress::Progress;
use crate::results::{Open, Row};

/// Connections of the open loop.
const CONNECTIONS: usize = 64;

/// How many runs there will be.
pub(crate) fn runs(options: &Options) -> usize {
    options.servers.len() * options.open_rounds
}

pub(crate) fn measure(
    options: &Options,
    built: &Built,
    progress: &mut Progress,
) -> Result<Option<Open>, Box<dyn Error>> {
    if options.open_rounds == 0 {
        return Ok(None);
    }
    let capacity = closed::capacity(options, built, CONNECTIONS)?;
    if !capacity.is_finite() {
        // Only floors were asked for: there is nobody to compare.
        return Ok(None);
    }
    let rate = (capacity * options.open_load).round();
    let mut rows: Vec<Row> =
        options.servers.iter().map(|server| Row::new(CONNECTIONS, 1, *server)).collect();
    for round in 1..=options.open_rounds {
        for row in &mut rows {
            progress
                .next(&format!("open loop at {rate:.0}/s, round {round}, {}", row.server.name()));
            let (rate, seconds) = (rate.to_string(), options.open_seconds.to_string());
            let found =
                closed::run(options, built, row, &["--rate", &rate, "--seconds", &seconds])?;
            let (p50, p99) = (found.report.p50_us, found.report.p99_us);
            let failures = found.report.failures.total();
            progress.told(&format!("p50 {p50:.0} us, p99 {p99:.0} us, {failures} failed"));
            row.rounds.push(found);
        }
    }
    Ok(Some(Open {
        connections: CONNECTIONS,
        capacity,
        load: options.open_load,
        rate,
        seconds: options.open_seconds,
        rows,
    }))
}
