//! What a comparison found.
//!
//! Owns the shape of `docs/benchmarks.json`. Knows nothing of how it is shown. Invariant: rounds
//! stay in the order in which they were run, so that those with the same index belong together.

use bench_load::accounted::Accounted;
use dx_load::Report;
use serde::Serialize;

use crate::machine::Machine;
use crate::servers::Server;

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// The command that found it.
    pub(crate) command: String,
    /// Seconds of one window of the closed loop.
    pub(crate) seconds: f64,
    pub(crate) rounds: usize,
    pub(crate) closed: Vec<Row>,
    pub(crate) open: Option<Open>,
}

/// All rounds of one server in one cell of the matrix.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) connections: usize,
    pub(crate) batch: usize,
    pub(crate) server: Server,
    pub(crate) rounds: Vec<Accounted>,
}

/// The open loop.
#[derive(Debug, Serialize)]
pub(crate) struct Open {
    pub(crate) connections: usize,
    /// What the slower floor served in a closed loop just before, in requests a second.
    pub(crate) capacity: f64,
    /// The share of it that is offered to every server.
    pub(crate) load: f64,
    /// The product of both.
    pub(crate) rate: f64,
    pub(crate) seconds: f64,
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn new(connections: usize, batch: usize, server: Server) -> Self {
        Self { connections, batch, server, rounds: Vec::new() }
    }

    pub(crate) fn cpu_ns(&self) -> Vec<Option<f64>> {
        self.rounds.iter().map(|round| round.server_cpu_ns).collect()
    }

    pub(crate) fn load_cpu_ns(&self) -> Vec<Option<f64>> {
        self.rounds.iter().map(|round| round.load_cpu_ns).collect()
    }

    pub(crate) fn rate(&self) -> Vec<Option<f64>> {
        self.rounds.iter().map(|round| Some(round.report.rate)).collect()
    }

    pub(crate) fn p50_us(&self) -> Vec<Option<f64>> {
        self.latencies(|report| report.p50_us)
    }

    pub(crate) fn p99_us(&self) -> Vec<Option<f64>> {
        self.latencies(|report| report.p99_us)
    }

    /// Of rounds in which nothing was answered there is none.
    fn latencies(&self, of: impl Fn(&Report) -> f64) -> Vec<Option<f64>> {
        let report = self.rounds.iter().map(|round| &round.report);
        report.map(|report| (report.batches > 0).then(|| of(report))).collect()
    }

    pub(crate) fn rss_mib(&self) -> Vec<Option<f64>> {
        let mib = |bytes: u64| bytes as f64 / (1 << 20) as f64;
        self.rounds.iter().map(|round| round.server_rss.map(mib)).collect()
    }

    /// Batches that failed, in all rounds; a round in which nothing was answered is one.
    pub(crate) fn failures(&self) -> u64 {
        let reports = self.rounds.iter().map(|round| &round.report);
        reports.map(|report| report.failures.total().max(u64::from(report.batches == 0))).sum()
    }

    /// The row of `server` in the same cell.
    pub(crate) fn beside<'a>(&self, rows: &'a [Self], server: Server) -> Option<&'a Self> {
        rows.iter().find(|row| {
            row.server == server && row.connections == self.connections && row.batch == self.batch
        })
    }
}

impl Results {
    /// Batches that failed anywhere.
    pub(crate) fn failures(&self) -> u64 {
        let open = self.open.iter().flat_map(|open| &open.rows);
        self.closed.iter().chain(open).map(Row::failures).sum()
    }

    /// All of it as JSON, a line for each row, so that two runs can be compared by eye.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let mut text =
            serde_json::to_string(self)?.replace("{\"connections\":", "\n{\"connections\":");
        text.push('\n');
        Ok(text)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A row of rounds with these CPU times and 99th percentiles.
    pub(crate) fn row(
        connections: usize,
        batch: usize,
        server: Server,
        rounds: &[(f64, f64)],
    ) -> Row {
        let round = |(cpu_ns, p99_us): &(f64, f64)| {
            let line = serde_json::json!({
                "backend": "epoll", "connections": connections, "connections_left": connections,
                "batch": batch, "rate_due": null, "seconds": 1.0, "requests": 2_000_000,
                "rate": 2e6, "batches": 125_000, "mean_us": 1.0, "p50_us": 1.0, "p90_us": 2.0,
                "p99_us": p99_us, "p999_us": 4.0, "max_us": 5.0, "checked": 1,
                "failures": {
                    "closed": 0, "reset": 0, "status": 0, "length": 0, "content": 0,
                    "timed_out": 0, "unsent": 0
                },
                "answer_bytes": 130, "load_cpu_ns": 100.0, "server_cpu_ns": cpu_ns,
                "server_rss": 1 << 20,
            });
            serde_json::from_value(line).unwrap()
        };
        Row { rounds: rounds.iter().map(round).collect(), ..Row::new(connections, batch, server) }
    }

    #[test]
    fn a_row_finds_the_one_beside_it_in_its_own_cell() {
        let rows = [
            row(64, 1, Server::FloorEpoll, &[(1.0, 1.0)]),
            row(64, 16, Server::FloorEpoll, &[(2.0, 1.0)]),
            row(64, 16, Server::OursEpoll, &[(3.0, 1.0)]),
        ];
        let found = rows[2].beside(&rows, Server::FloorEpoll).unwrap();
        assert_eq!(found.cpu_ns(), [Some(2.0)]);
        assert!(rows[0].beside(&rows, Server::OursEpoll).is_none());
    }

    #[test]
    fn a_round_without_an_answer_is_a_failure_and_has_no_latency() {
        let mut row = row(64, 1, Server::OursEpoll, &[(1.0, 5.0), (1.0, 7.0)]);
        assert_eq!((row.failures(), row.p99_us()), (0, vec![Some(5.0), Some(7.0)]));
        row.rounds[0].report.batches = 0;
        assert_eq!((row.failures(), row.p99_us()), (1, vec![None, Some(7.0)]));
        row.rounds[1].report.failures.timed_out = 3;
        assert_eq!(row.failures(), 4);
    }
}
