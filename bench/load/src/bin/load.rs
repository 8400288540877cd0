//! `load`: one run of `dx-load` against one server, with its CPU time, as one line of JSON.
//!
//! Owns the command line. Invariant: it exits with zero only when nothing failed.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use bench_load::accounted::{self, Accounted};
use dx_load::http::Http;
use dx_load::{Pace, Plan};

const USAGE: &str = "load --addr 127.x.x.x:PORT [--connections 64] [--batch 1] [--rate N]
     [--seconds 3] [--warmup 0.3] [--requests N] [--timeout 10] [--backend auto]
     [--method GET] [--path /] [--body TEXT] [--pid PID]
  --rate      open loop: so many requests a second are due, whatever the server does
  --requests  ends the run after so many requests, a multiple of the batch
  --body      the body every response must have (default: that of the first response)
  --pid       the server's process, whose CPU time and memory are printed too";

fn main() -> ExitCode {
    let printed = run().map(|accounted| {
        println!("{}", serde_json::to_string(&accounted).expect("numbers and names serialise"));
        accounted.report.failures.total() == 0
    });
    match printed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Accounted, Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let mut plan = Plan::new(([0, 0, 0, 0], 0).into());
    (plan.connections, plan.warmup) = (64, Duration::from_millis(300));
    plan.window = Duration::from_secs(3);
    let (mut method, mut path, mut body, mut pid) = (String::from("GET"), "/".into(), None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("addr") => plan.address = parser.value()?.parse()?,
            lexopt::Arg::Long("connections") => plan.connections = parser.value()?.parse()?,
            lexopt::Arg::Long("batch") => plan.batch = parser.value()?.parse()?,
            lexopt::Arg::Long("rate") => {
                plan.pace = Pace::Open { rate: parser.value()?.parse()? };
            }
            lexopt::Arg::Long("seconds") => plan.window = seconds(&parser.value()?)?,
            lexopt::Arg::Long("warmup") => plan.warmup = seconds(&parser.value()?)?,
            lexopt::Arg::Long("timeout") => plan.answer_timeout = seconds(&parser.value()?)?,
            lexopt::Arg::Long("requests") => plan.requests_max = Some(parser.value()?.parse()?),
            lexopt::Arg::Long("backend") => plan.backend = parser.value()?.parse()?,
            lexopt::Arg::Long("method") => method = parser.value()?.string()?,
            lexopt::Arg::Long("path") => path = parser.value()?.string()?,
            lexopt::Arg::Long("body") => body = Some(parser.value()?.string()?.into_bytes()),
            lexopt::Arg::Long("pid") => pid = Some(parser.value()?.parse()?),
            other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
        }
    }
    if !is_here(plan.address) {
        return Err(format!("--addr needs 127.0.0.0/8\n{USAGE}").into());
    }
    let wire = Http::plaintext(&method, &path).ok_or("method and path are too long")?;
    let mut wire = match body {
        Some(body) => wire.expect_body(body),
        None => wire,
    };
    Ok(accounted::run(&plan, &mut wire, pid)?)
}

/// Measuring stays on this machine.
fn is_here(address: SocketAddr) -> bool {
    address.ip().is_loopback() && address.is_ipv4()
}

fn seconds(value: &std::ffi::OsStr) -> Result<Duration, Box<dyn Error>> {
    let seconds = value.to_str().ok_or("not a number of seconds")?.parse()?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}
