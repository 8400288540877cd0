//! The tables, in Markdown.
//!
//! Owns their columns and how numbers are written. Knows nothing of processes. Invariant: a cell
//! without a number stays empty; none is invented.

use std::fmt::Write;

use crate::results::{Results, Row};
use crate::servers::Server;
use crate::stats::{known, median, paired, range};

/// Machine, versions and command.
pub(crate) fn machine(results: &Results) -> String {
    let machine = &results.machine;
    let kind = if machine.is_virtual { "virtual machine, " } else { "" };
    let peers: Vec<String> =
        machine.peers.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut text = format!(
        "Measured on {} at commit {} by\n\n    cd bench\n    {}\n\n\
         | | |\n|---|---|\n\
         | machine | {kind}{} CPUs, {}, {} GiB |\n\
         | load average before | {} |\n\
         | kernel | {} |\n\
         | compiler | {} |\n",
        machine.date,
        machine.commit,
        results.command,
        machine.cpus,
        machine.cpu,
        machine.memory_gib,
        machine.load_average,
        machine.kernel,
        machine.rustc,
    );
    if !peers.is_empty() {
        line(&mut text, format_args!("| peers | {} |", peers.join(", ")));
    }
    if machine.is_busy() {
        text.push_str(
            "\n**The machine was busy when this began: these figures show that the command works, \
             and nothing else.**\n",
        );
    }
    text
}

/// The closed loop, one table for each number of connections.
pub(crate) fn closed(results: &Results) -> String {
    let mut text = format!(
        "\n## Closed loop\n\nMedian (least-greatest) of {} rounds of {} s.\n",
        results.rounds, results.seconds
    );
    let rows = &results.closed;
    let mut last = None;
    for row in rows {
        if last != Some(row.connections) {
            last = Some(row.connections);
            let plural = if row.connections == 1 { "" } else { "s" };
            line(&mut text, format_args!("\n### {} connection{plural}\n", row.connections));
            text.push_str(
                "| batch | server | CPU ns/request | requests/s | p50 us | p99 us | RSS MiB \
                 | this / floor | ns over floor | p99 / floor's | actix / this | load ns \
                 | failed |\n\
                 |--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            );
        }
        closed_row(&mut text, rows, row);
    }
    text
}

fn closed_row(text: &mut String, rows: &[Row], row: &Row) {
    let floor = row.server.floor().and_then(|floor| row.beside(rows, floor));
    let actix = row.beside(rows, Server::Actix).filter(|_| row.server != Server::Actix);
    let cpu = row.cpu_ns();
    let over = |pair: fn(f64, f64) -> f64| {
        floor.map_or(f64::NAN, |floor| paired(&cpu, &floor.cpu_ns(), pair))
    };
    let tail = floor.map_or(f64::NAN, |floor| paired(&row.p99_us(), &floor.p99_us(), ratio));
    let actix = actix.map_or(f64::NAN, |actix| paired(&actix.cpu_ns(), &cpu, ratio));
    line(
        text,
        format_args!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.batch,
            row.server.name(),
            spread(&cpu),
            spread(&row.rate()),
            spread(&row.p50_us()),
            spread(&row.p99_us()),
            decimals(median(&known(&row.rss_mib())), 1),
            decimals(over(ratio), 2),
            decimals(over(|this, floor| this - floor), 0),
            decimals(tail, 2),
            decimals(actix, 2),
            decimals(median(&known(&row.load_cpu_ns())), 0),
            row.failures(),
        ),
    );
}

/// The open loop.
pub(crate) fn open(results: &Results) -> String {
    let Some(open) = &results.open else { return String::new() };
    let rounds = open.rows.first().map_or(0, |row| row.rounds.len());
    let mut text = format!(
        "\n## Open loop\n\n{:.0} single requests a second over {} connections, {:.0} % of the \
         {:.0} a second that the slower floor served in a closed loop just before. Median \
         (least-greatest) of {rounds} rounds of {} s; ratios are the medians of each round's \
         own.\n\n\
         | server | p50 us | p99 us | p50 / floor's | p99 / floor's | failed |\n\
         |---|--:|--:|--:|--:|--:|\n",
        open.rate,
        open.connections,
        open.load * 100.0,
        open.capacity,
        open.seconds,
    );
    for row in &open.rows {
        let floor = row.server.floor().and_then(|floor| row.beside(&open.rows, floor));
        let against = |of: fn(&Row) -> Vec<Option<f64>>| {
            floor.map_or(f64::NAN, |floor| paired(&of(row), &of(floor), ratio))
        };
        line(
            &mut text,
            format_args!(
                "| {} | {} | {} | {} | {} | {} |",
                row.server.name(),
                spread(&row.p50_us()),
                spread(&row.p99_us()),
                decimals(against(Row::p50_us), 2),
                decimals(against(Row::p99_us), 2),
                row.failures(),
            ),
        );
    }
    text
}

/// A number with so many decimals; nothing for none.
pub(crate) fn decimals(value: f64, decimals: usize) -> String {
    if value.is_finite() { format!("{value:.decimals$}") } else { String::new() }
}

pub(crate) fn ratio(this: f64, other: f64) -> f64 {
    this / other
}

/// Median and range.
fn spread(values: &[Option<f64>]) -> String {
    let values = known(values);
    if values.is_empty() {
        return String::new();
    }
    let (least, greatest) = range(&values);
    format!("{} ({}-{})", short(median(&values)), short(least), short(greatest))
}

/// Millions with three digits, everything else whole.
fn short(value: f64) -> String {
    if value >= 1e6 { format!("{:.2} M", value / 1e6) } else { format!("{value:.0}") }
}

pub(crate) fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _written = writeln!(text, "{arguments}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::row;

    #[test]
    fn a_row_compares_itself_with_its_floor_and_with_actix() {
        let rows = [
            row(64, 16, Server::Actix, &[(1000.0, 50.0), (2000.0, 60.0), (1500.0, 70.0)]),
            row(64, 16, Server::FloorEpoll, &[(400.0, 20.0), (800.0, 30.0), (600.0, 40.0)]),
            row(64, 16, Server::OursEpoll, &[(440.0, 25.0), (840.0, 30.0), (700.0, 50.0)]),
        ];
        let mut text = String::new();
        closed_row(&mut text, &rows, &rows[2]);
        let cells: Vec<&str> = text.trim().trim_matches('|').split('|').map(str::trim).collect();
        let expected = [
            "16",
            "ours-epoll",
            "700 (440-840)",
            "2.00 M (2.00 M-2.00 M)",
            "1 (1-1)",
            "30 (25-50)",
            "1.0",
            "1.10",
            "40",
            "1.25",
            "2.27",
            "100",
            "0",
        ];
        assert_eq!(cells, expected);
    }

    #[test]
    fn what_was_not_measured_is_left_empty() {
        let rows = [row(1, 1, Server::OursEpoll, &[])];
        let mut text = String::new();
        closed_row(&mut text, &rows, &rows[0]);
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
