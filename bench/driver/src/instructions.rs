//! How many instructions a request costs our server in user space, counted by callgrind.
//!
//! Owns the cases, the baseline file `bench/instructions.json` and the comparison with it. The
//! figure is a difference: a long run minus a short one, divided by the requests between them,
//! so that starting, connecting and ending cancel. Counts of two runs differ by less than 0.1 %,
//! on a busy machine too. Invariant: figures are compared only with those of the same compiler
//! and the same valgrind; with others a difference would say nothing about our code.

use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dx_load::http::Http;
use dx_load::{IoBackend, Plan};
use serde::{Deserialize, Serialize};

use crate::build;
use crate::child;
use crate::machine::{bench_folder, rustc_version, said};

/// Requests of the short run and of the long one: multiples of every batch.
const SHORT: u64 = 3_200;
const LONG: u64 = 9_600;
/// The share by which a figure may differ from the baseline, either way.
const TOLERANCE: f64 = 0.03;
/// What makes a new baseline.
const UPDATE: &str = "cargo run --release -p bench-driver -- instructions --update";
/// A run under valgrind ends by then, or it hangs.
const WATCHDOG: Duration = Duration::from_secs(60);

/// What is counted: the backend and the batch.
const CASES: [(IoBackend, usize); 4] = [
    (IoBackend::Epoll, 1),
    (IoBackend::Epoll, 64),
    (IoBackend::IoUring, 1),
    (IoBackend::IoUring, 64),
];

/// The committed figures, and what they depend on beside our code.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    rustc: String,
    valgrind: String,
    instructions_per_request: Vec<Figure>,
}

/// One case and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Figure {
    backend: String,
    batch: usize,
    instructions: f64,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every figure is within the tolerance.
    Kept,
    /// Some are not: each with what to do.
    Broken(Vec<String>),
    /// Nothing could be compared, for this reason.
    Skipped(String),
    /// valgrind is not installed.
    NoValgrind,
}

/// Counts, prints every figure, and compares with the baseline.
///
/// # Errors
///
/// When the server could not be built or run, or the baseline not be read.
pub fn check() -> Result<Verdict, Box<dyn Error>> {
    let Some(valgrind) = said("valgrind", &["--version"]) else { return Ok(Verdict::NoValgrind) };
    let baseline: Baseline = serde_json::from_slice(&fs::read(baseline_path())?)?;
    let rustc = rustc_version();
    for (what, was, is) in
        [("rustc", &baseline.rustc, &rustc), ("valgrind", &baseline.valgrind, &valgrind)]
    {
        if was != is {
            let reason = format!("the baseline is of {what} `{was}`, here is `{is}`: {UPDATE}");
            return Ok(Verdict::Skipped(reason));
        }
    }
    let found = count(std::env::var_os("DX_TEST_REQUIRE_ALL").is_some())?;
    let broken: Vec<String> = found
        .iter()
        .filter_map(|figure| compare(figure, &baseline.instructions_per_request))
        .collect();
    Ok(if broken.is_empty() { Verdict::Kept } else { Verdict::Broken(broken) })
}

/// [`check`] for the command line: whether nothing is broken.
///
/// # Errors
///
/// Those of [`check`].
pub fn check_and_print() -> Result<bool, Box<dyn Error>> {
    match check()? {
        Verdict::Kept => println!("within {:.0} % of the baseline", TOLERANCE * 100.0),
        Verdict::Broken(lines) => {
            println!("{}", lines.join("\n"));
            return Ok(false);
        }
        Verdict::Skipped(reason) => println!("skipped: {reason}"),
        Verdict::NoValgrind => println!("skipped: valgrind is not installed"),
    }
    Ok(true)
}

/// Counts, and makes the figures the baseline.
///
/// # Errors
///
/// When valgrind is missing, the server could not be built or run, or the file not be written.
pub fn update() -> Result<(), Box<dyn Error>> {
    let valgrind = said("valgrind", &["--version"]).ok_or("valgrind is not installed")?;
    let found = count(true)?;
    let baseline = Baseline { rustc: rustc_version(), valgrind, instructions_per_request: found };
    fs::write(baseline_path(), serde_json::to_string_pretty(&baseline)? + "\n")?;
    println!("bench/instructions.json is written");
    Ok(())
}

fn baseline_path() -> PathBuf {
    bench_folder().join("instructions.json")
}

/// What is wrong with `found`, if anything is.
fn compare(found: &Figure, baseline: &[Figure]) -> Option<String> {
    let name = format!("{} at batch {}", found.backend, found.batch);
    let same = |figure: &&Figure| figure.backend == found.backend && figure.batch == found.batch;
    let Some(was) = baseline.iter().find(same).map(|figure| figure.instructions) else {
        return Some(format!("{name} is not in the baseline: {UPDATE}"));
    };
    let change = found.instructions / was - 1.0;
    let numbers = format!("{:.0} instead of {was:.0} instructions", found.instructions);
    if change > TOLERANCE {
        Some(format!("{name}: {numbers}, {:.1} % more", change * 100.0))
    } else if change < -TOLERANCE {
        Some(format!("{name}: {numbers}, {:.1} % less. Keep it: {UPDATE}", -change * 100.0))
    } else {
        None
    }
}

/// Counts every case; with `all` unset, those of a backend that does not start are left out.
fn count(all: bool) -> Result<Vec<Figure>, Box<dyn Error>> {
    let server = build::build_one("bench-counted", "counted-hello")?;
    let mut figures = Vec::new();
    for (backend, batch) in CASES {
        let counted = run(&server, backend, batch, SHORT)?.zip(run(&server, backend, batch, LONG)?);
        let Some((short, long)) = counted else {
            let told = format!("on {backend} the server does not start under valgrind");
            if all {
                return Err(told.into());
            }
            println!("skipped: {told}");
            continue;
        };
        let instructions = (long as f64 - short as f64) / (LONG - SHORT) as f64;
        println!("{backend} at batch {batch}: {instructions:.1} instructions a request");
        // Tenths are the last digits that two runs may share.
        let instructions = (instructions * 10.0).round() / 10.0;
        figures.push(Figure { backend: backend.as_str().to_owned(), batch, instructions });
    }
    Ok(figures)
}

/// All instructions of a server that answers so many requests on one connection; `None` when it
/// does not start.
fn run(
    server: &Path,
    backend: IoBackend,
    batch: usize,
    requests: u64,
) -> Result<Option<u64>, Box<dyn Error>> {
    let name = format!("callgrind.{}.{backend}.{batch}.{requests}", std::process::id());
    let out = std::env::temp_dir().join(name);
    let started = child::start_server("counted-hello", None, |address| {
        let mut command = Command::new("valgrind");
        command
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(server)
            .args(["--listen", &address.to_string(), "--backend", backend.as_str()])
            // valgrind's own talk; what the server says would be among it.
            .stderr(Stdio::null());
        command
    });
    let Ok((running, address)) = started else { return Ok(None) };
    let mut plan = Plan::new(address);
    plan.batch = batch;
    plan.requests_max = Some(requests);
    (plan.warmup, plan.window, plan.answer_timeout) = (Duration::ZERO, WATCHDOG, WATCHDOG);
    let wire = Http::plaintext("GET", "/").ok_or("the request is too long")?;
    let mut wire = wire.expect_body(b"Hello, World!".to_vec());
    let report = dx_load::run(&plan, &mut wire, &mut ())?;
    if report.requests != requests || report.failures.total() > 0 {
        return Err(
            format!("{} of {requests} requests: {:?}", report.requests, report.failures).into()
        );
    }
    end(address)?;
    running.ended()?;
    let totals = fs::read_to_string(&out)?;
    fs::remove_file(&out)?;
    let counted = summary(&totals).ok_or("callgrind wrote no summary")?;
    Ok(Some(counted))
}

/// Asks the server to end, and waits until it has hung up.
fn end(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(WATCHDOG))?;
    stream.write_all(b"GET /end HTTP/1.1\r\nHost: server\r\n\r\n")?;
    loop {
        return match stream.read(&mut [0; 1]) {
            Ok(0) => Ok(()),
            Ok(_) => Err("the server answered instead of ending".into()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            // The generator's ring may still be closing on this thread, and interrupts it.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// The instructions that a callgrind file sums up.
fn summary(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("summary: ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(batch: usize, instructions: f64) -> Figure {
        Figure { backend: String::from("epoll"), batch, instructions }
    }

    #[test]
    fn more_and_much_less_are_told_and_little_is_not() {
        let baseline = [figure(1, 1000.0)];
        let rows = [
            (figure(1, 1000.0), None),
            (figure(1, 1029.0), None),
            (figure(1, 971.0), None),
            (figure(1, 1031.0), Some("more")),
            (figure(1, 969.0), Some("--update")),
            (figure(2, 1000.0), Some("--update")),
        ];
        for (found, expected) in rows {
            let told = compare(&found, &baseline);
            assert_eq!(told.is_some(), expected.is_some(), "{told:?}");
            assert!(told.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
    }

    #[test]
    fn the_runs_hold_whole_batches() {
        for (_, batch) in CASES {
            assert!(SHORT.is_multiple_of(batch as u64) && LONG.is_multiple_of(batch as u64));
        }
    }

    #[test]
    fn a_summary_is_a_number_after_its_word() {
        assert_eq!(summary("events: Ir\nsummary: 12345\n"), Some(12345));
        assert_eq!(summary("events: Ir\ntotals: 1\n"), None);
    }
}
