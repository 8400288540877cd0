//! Medians, ranges and the Markdown table.
//!
//! Owns the statistics over rounds. Knows nothing of processes. Invariant: a ratio is the median
//! of the ratios of each round, so that the machine's slow spells cancel.

use std::error::Error;
use std::fmt::Write;

use bench_load::report::Report;

use crate::options::Options;
use crate::servers::Server;

/// All rounds of one server at one depth.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) depth: usize,
    pub(crate) server: Server,
    cpu_ns: Vec<f64>,
    rate: Vec<f64>,
    p99_us: Vec<f64>,
    load_cpu_ns: Vec<f64>,
}

impl Row {
    pub(crate) fn new(depth: usize, server: Server) -> Self {
        let (cpu_ns, rate, p99_us, load_cpu_ns) = Default::default();
        Self { depth, server, cpu_ns, rate, p99_us, load_cpu_ns }
    }

    /// Adds one round; fails when a CPU time is unknown because a thread ended meanwhile.
    pub(crate) fn add(&mut self, report: &Report) -> Result<(), Box<dyn Error>> {
        let unknown = || format!("a thread of {} or of load ended", self.server.name());
        self.cpu_ns.push(report.server_cpu_ns.ok_or_else(unknown)?);
        self.load_cpu_ns.push(report.load_cpu_ns.ok_or_else(unknown)?);
        self.rate.push(report.rate);
        self.p99_us.push(report.p99_us);
        Ok(())
    }
}

/// One run in a few words.
pub(crate) fn progress(report: &Report) -> String {
    let cpu = report.server_cpu_ns.unwrap_or(f64::NAN);
    format!("{cpu:.0} ns, {:.0}/s, p99 {:.0} us", report.rate, report.p99_us)
}

/// The whole table, with a line above it that says how it came about.
pub(crate) fn markdown(options: &Options, rows: &[Row]) -> String {
    let mut text = format!(
        "{} connections, {} rounds of {} s, server on CPU {}, load on CPU {}. Median (min-max); \
         ratios are of server CPU time, median over rounds.\n\n\
         | depth | server | server CPU ns/request | requests/s | p99 us | load CPU ns | \
         actix / this | this / floor |\n|--:|---|--:|--:|--:|--:|--:|--:|\n",
        options.connections, options.rounds, options.seconds, options.server_cpu, options.load_cpu,
    );
    for row in rows {
        let cpu_of = |server| {
            let of = |other: &&Row| other.depth == row.depth && other.server == server;
            rows.iter().find(of).map(|other| &other.cpu_ns[..])
        };
        let actix = cpu_of(Server::Actix).filter(|_| row.server != Server::Actix);
        let floor = row.server.floor().and_then(cpu_of);
        // Writing to a String cannot fail.
        let _written = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.0} | {} | {} |",
            row.depth,
            row.server.name(),
            spread(&row.cpu_ns),
            spread(&row.rate),
            spread(&row.p99_us),
            median(&row.load_cpu_ns),
            actix.map_or_else(String::new, |actix| ratio(actix, &row.cpu_ns)),
            floor.map_or_else(String::new, |floor| ratio(&row.cpu_ns, floor)),
        );
    }
    text
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

/// "median (min-max)" without decimals.
fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{:.0} ({least:.0}-{most:.0})", median(values))
}

/// The median over rounds of above / below.
fn ratio(above: &[f64], below: &[f64]) -> String {
    let ratios: Vec<f64> = above.iter().zip(below).map(|(above, below)| above / below).collect();
    format!("{:.2}", median(&ratios))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios_are_by_round() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(spread(&[30.0, 10.0, 20.0]), "20 (10-30)");
        // The medians' ratio would be 20 / 10.
        assert_eq!(ratio(&[10.0, 20.0, 90.0], &[10.0, 20.0, 9.0]), "1.00");
    }

    #[test]
    fn rows_are_compared_within_their_depth() {
        let options = Options {
            servers: Server::ALL.to_vec(),
            depths: vec![1, 16],
            rounds: 1,
            seconds: 1.0,
            connections: 64,
            server_cpu: 0,
            load_cpu: 1,
        };
        let row = |depth, server, cpu_ns| {
            let (rate, p99_us, load_cpu_ns) = (vec![1.0], vec![2.0], vec![3.0]);
            Row { depth, server, cpu_ns: vec![cpu_ns], rate, p99_us, load_cpu_ns }
        };
        let rows = [
            row(1, Server::Actix, 800.0),
            row(1, Server::FloorEpoll, 100.0),
            row(1, Server::OursEpoll, 200.0),
            row(16, Server::Actix, 10.0),
            row(16, Server::OursEpoll, 10.0),
        ];
        let text = markdown(&options, &rows);
        let lines: Vec<_> = text.lines().skip(4).collect();
        assert_eq!(
            lines,
            [
                "| 1 | actix | 800 (800-800) | 1 (1-1) | 2 (2-2) | 3 |  |  |",
                "| 1 | floor-epoll | 100 (100-100) | 1 (1-1) | 2 (2-2) | 3 | 8.00 |  |",
                "| 1 | ours-epoll | 200 (200-200) | 1 (1-1) | 2 (2-2) | 3 | 4.00 | 2.00 |",
                "| 16 | actix | 10 (10-10) | 1 (1-1) | 2 (2-2) | 3 |  |  |",
                "| 16 | ours-epoll | 10 (10-10) | 1 (1-1) | 2 (2-2) | 3 | 1.00 |  |",
            ]
        );
    }
}
