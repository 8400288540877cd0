//! `dx-reactor bench`: loads a server and says how it did.
//!
//! Owns the flags and the words of the table. The generator is `dx-load`. Knows no server.
//! Invariant: the exit code is zero only when every request was answered as the first one was.

use core::fmt::Write;
use core::time::Duration;
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

use clap::Parser;
use dx_load::http::{Http, Url};
use dx_load::{IoBackend, LoadError, Observer, Pace, Plan, Progress, Report};

/// Load a server over http and print rate, latency and failures.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Requests are GETs on connections that stay open. The answers' lengths are \
    compared with the first one's, and samples with its content. One thread makes the load."
)]
pub(crate) struct Bench {
    /// What to ask for, such as `http://127.0.0.1:8080/plaintext`.
    url: Url,
    /// Connections.
    #[arg(short, long, value_name = "N", default_value_t = 64)]
    connections: usize,
    /// Requests that are sent in one write (pipelining depth).
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    batch: usize,
    /// Requests a second, whatever the server does (open loop): latency then counts from when a
    /// request was due. Without it every connection asks again once it has its answers.
    #[arg(short, long, value_name = "N")]
    rate: Option<f64>,
    /// End the measurement after so many requests, a multiple of the batch.
    #[arg(short = 'n', long, value_name = "N")]
    requests: Option<u64>,
    /// Seconds to measure, at most.
    #[arg(short, long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    duration: Duration,
    /// Seconds of load before that.
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    warm_up: Duration,
    /// Seconds after which an answer counts as missing.
    #[arg(short, long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// The generator's kernel interface: auto, io_uring or epoll.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    backend: IoBackend,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// The share of the due rate below which a server has not kept up; the window's ends cost a little.
const KEPT_UP: f64 = 0.99;

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| String::from("not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Runs the load; success when nothing was wrong.
pub(crate) fn run(bench: &Bench) -> ExitCode {
    let report = match load(bench) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("dx-reactor: {error}");
            return ExitCode::FAILURE;
        }
    };
    let text = if bench.json { json(&report) } else { table(&report) };
    // Whoever closed the pipe has seen enough; the exit code still tells.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if is_good(&report) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn load(bench: &Bench) -> Result<Report, String> {
    let address = bench
        .url
        .resolve()
        .map_err(|error| format!("{}: no address: {error}", bench.url.authority()))?;
    let mut plan = Plan::new(address);
    plan.connections = bench.connections;
    plan.batch = bench.batch;
    plan.pace = bench.rate.map_or(Pace::Closed, |rate| Pace::Open { rate });
    (plan.warmup, plan.window) = (bench.warm_up, bench.duration);
    plan.requests_max = bench.requests;
    plan.answer_timeout = bench.timeout;
    plan.backend = bench.backend;
    let mut watcher = Watcher { shown: std::io::stderr().is_terminal() && !bench.json };
    let report = dx_load::run(&plan, &mut Http::get(&bench.url), &mut watcher);
    watcher.clear();
    report.map_err(|error| match error {
        LoadError::Plan(error) => format!("bench takes {error}"),
        error => format!("{}: {error}", bench.url),
    })
}

/// Nothing failed, and there was something that could have.
fn is_good(report: &Report) -> bool {
    report.failures.total() == 0 && report.batches > 0
}

/// Shows on a terminal how far a run is, in one line that is written over.
struct Watcher {
    shown: bool,
}

impl Watcher {
    fn clear(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}

impl Observer for Watcher {
    fn tick(&mut self, progress: &Progress) {
        if self.shown {
            self.clear();
            eprint!(
                "{:.0} of {:.0} s, {} connections, {} answered, {} failed",
                progress.elapsed.as_secs_f64(),
                progress.planned.as_secs_f64(),
                progress.connections,
                progress.requests,
                progress.failures,
            );
        }
    }
}

fn json(report: &Report) -> String {
    let mut text = serde_json::to_string(report).expect("names and numbers serialise");
    text.push('\n');
    text
}

fn table(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_table(&mut text, report);
    text
}

fn write_table(text: &mut String, report: &Report) -> core::fmt::Result {
    let s = if report.connections == 1 { "" } else { "s" };
    write!(text, "{} connection{s}, batches of {}, ", report.connections, report.batch)?;
    match report.rate_due {
        Some(rate) => writeln!(text, "open loop: {rate:.0} requests/s are due")?,
        None => writeln!(text, "closed loop")?,
    }
    writeln!(text, "  requests   {} in {:.2} s", report.requests, report.seconds)?;
    write!(text, "  rate       {:.0} requests/s", report.rate)?;
    let fell_behind = report.rate_due.is_some_and(|due| report.rate < due * KEPT_UP);
    writeln!(text, "{}", if fell_behind { ": the server fell behind" } else { "" })?;
    writeln!(text, "  answers    {} bytes each, {} compared", report.answer_bytes, report.checked)?;
    let from = if report.rate_due.is_some() { "the time it was due" } else { "its first byte" };
    writeln!(text, "  latency of a batch, from {from} to its last answer")?;
    for (name, micros) in [
        ("p50", report.p50_us),
        ("p90", report.p90_us),
        ("p99", report.p99_us),
        ("p99.9", report.p999_us),
        ("max", report.max_us),
    ] {
        writeln!(text, "    {name:<8} {}", time(micros))?;
    }
    let failed = report.failures.total();
    writeln!(text, "  failures   {failed}")?;
    for (name, count) in report.failures.rows().into_iter().filter(|(_, count)| *count > 0) {
        writeln!(text, "    {count:<8} {name}")?;
    }
    if report.connections_left < report.connections {
        let lost = report.connections - report.connections_left;
        writeln!(text, "  {lost} of {} connections were lost", report.connections)?;
    }
    if report.batches == 0 {
        writeln!(text, "  nothing was answered")?;
    }
    Ok(())
}

/// Microseconds in the unit that reads best.
fn time(micros: f64) -> String {
    match micros {
        micros if micros < 1e3 => format!("{micros:.1} us"),
        micros if micros < 1e6 => format!("{:.2} ms", micros / 1e3),
        micros => format!("{:.2} s", micros / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Bench, Duration, time};

    fn parse(words: &[&str]) -> Result<Bench, String> {
        let words = ["bench"].iter().chain(words);
        Bench::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_are_read() {
        let words = ["http://a:1/b", "-c", "3", "-b", "4", "-r", "5.5", "-d", "0.5", "-w", "0"];
        let bench = parse(&words).expect("valid");
        assert_eq!((bench.connections, bench.batch, bench.rate), (3, 4, Some(5.5)));
        assert_eq!((bench.duration, bench.warm_up), (Duration::from_millis(500), Duration::ZERO));
        assert!(!bench.json);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, told) in [
            (&["https://a/"][..], "https is not supported"),
            (&["a:8080"], "starts with http://"),
            (&[], "required"),
            (&["http://a/", "-d", "x"], "not a number of seconds"),
            (&["http://a/", "-d=-1"], "negative"),
            (&["http://a/", "--backend", "select"], "not a backend"),
        ] {
            let error = parse(words).expect_err("invalid");
            assert!(error.contains(told), "{words:?}: {error}");
        }
    }

    #[test]
    fn times_have_the_unit_that_reads_best() {
        for (micros, text) in [(1.25, "1.2 us"), (999.0, "999.0 us"), (1500.0, "1.50 ms")] {
            assert_eq!(time(micros), text);
        }
        assert_eq!(time(2_500_000.0), "2.50 s");
    }
}
