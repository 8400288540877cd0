//! What our server is held to, and whether it was kept.
//!
//! Owns the bars. Knows nothing of how rows came about. Invariant: a bar is judged by medians of
//! per-round ratios, and one that was not measured is not called kept.

use crate::markdown::{decimals, line, ratio};
use crate::results::Row;
use crate::servers::Server;
use crate::stats::{known, median, paired};

/// The bars hold at this many connections.
const CONNECTIONS: usize = 64;
/// CPU time over the floor: the greater of a share of it and so many nanoseconds.
const SHARE: f64 = 0.10;
const SHARE_NS: f64 = 40.0;
/// The 99th percentile, as a multiple of the floor's.
const TAIL: f64 = 1.25;
/// How many times cheaper than actix at a batch of so many: at least, and what is aimed for.
const ACTIX: [(usize, f64, f64); 4] =
    [(1, 1.15, 1.3), (16, 2.0, 2.2), (32, 3.5, 4.0), (64, 5.0, 6.0)];
/// Requests a second at a batch of 64.
const RATE: (usize, f64) = (64, 2_500_000.0);

/// A table of bars, or nothing where none could be judged.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = String::new();
    let ours = |row: &&Row| row.connections == CONNECTIONS && row.server.is_ours();
    for row in rows.iter().filter(ours) {
        judge(&mut text, rows, row);
    }
    if text.is_empty() {
        return text;
    }
    let head = format!(
        "\n## Bars\n\nAt {CONNECTIONS} connections, in the closed loop.\n\n\
         | batch | server | what | bar | measured | |\n|--:|---|---|--:|--:|---|\n"
    );
    head + &text
}

fn judge(text: &mut String, rows: &[Row], row: &Row) {
    let mut say = |what: &str, bar: String, measured: String, is_kept: bool| {
        let verdict = if is_kept { "kept" } else { "MISSED" };
        let (batch, server) = (row.batch, row.server.name());
        line(
            text,
            format_args!("| {batch} | {server} | {what} | {bar} | {measured} | {verdict} |"),
        );
    };
    let floor = row.server.floor().and_then(|floor| row.beside(rows, floor));
    if let Some(floor) = floor {
        let over = paired(&row.cpu_ns(), &floor.cpu_ns(), |this, floor| this - floor);
        let of_floor = median(&known(&floor.cpu_ns())) * SHARE;
        let bar = if row.batch == 1 { of_floor } else { of_floor.max(SHARE_NS) };
        let (bar_text, over_text) = (decimals(bar, 0), decimals(over, 0));
        say("ns over the floor, at most", bar_text, over_text, over <= bar);
        let tail = paired(&row.p99_us(), &floor.p99_us(), ratio);
        say("p99 / floor's, at most", decimals(TAIL, 2), decimals(tail, 2), tail <= TAIL);
    }
    let actix = row.beside(rows, Server::Actix);
    let bar = ACTIX.into_iter().find(|(batch, ..)| *batch == row.batch);
    if let (Some(actix), Some((_, bar, goal))) = (actix, bar) {
        let cheaper = paired(&actix.cpu_ns(), &row.cpu_ns(), ratio);
        let bar_text = format!("{bar} (goal {goal})");
        say("actix / this, at least", bar_text, decimals(cheaper, 2), cheaper >= bar);
    }
    if row.batch == RATE.0 {
        let rate = median(&known(&row.rate()));
        say("requests/s, at least", decimals(RATE.1, 0), decimals(rate, 0), rate >= RATE.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::row;

    fn verdicts(rows: &[Row]) -> Vec<String> {
        let text = markdown(rows);
        let table = text.lines().filter(|line| line.ends_with("kept |") || line.ends_with("D |"));
        table.map(|line| line.split('|').rev().nth(1).unwrap().trim().to_owned()).collect()
    }

    #[test]
    fn each_bar_is_judged_by_its_own_number() {
        let with = |floor: f64, ours: f64, tail: f64, actix: f64, batch| {
            verdicts(&[
                row(64, batch, Server::Actix, &[(actix, 1.0)]),
                row(64, batch, Server::FloorEpoll, &[(floor, 100.0)]),
                row(64, batch, Server::OursEpoll, &[(ours, tail)]),
            ])
        };
        assert_eq!(with(5000.0, 5500.0, 125.0, 6325.0, 1), ["kept", "kept", "kept"]);
        assert_eq!(with(5000.0, 5501.0, 126.0, 6325.0, 1), ["MISSED", "MISSED", "MISSED"]);
        // 40 ns are more than a tenth of the floor; the rate of the test's rows is 2 million.
        assert_eq!(with(150.0, 190.0, 1.0, 950.0, 64), ["kept", "kept", "kept", "MISSED"]);
        assert_eq!(with(150.0, 191.0, 1.0, 954.0, 64), ["MISSED", "kept", "MISSED", "MISSED"]);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(markdown(&[row(64, 16, Server::FloorEpoll, &[(1.0, 1.0)])]), "");
        assert!(verdicts(&[row(1, 16, Server::OursEpoll, &[(1.0, 1.0)])]).is_empty());
        // Without accounting there is no number, and no bar is kept.
        let rows = [row(64, 16, Server::FloorEpoll, &[]), row(64, 16, Server::OursEpoll, &[])];
        assert_eq!(verdicts(&rows), ["MISSED", "MISSED"]);
    }
}
