//! `load`: closed-loop HTTP load on one thread; prints one JSON line.
//!
//! Owns the command line. Invariant: the exit code is zero only when nothing went wrong.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use bench_load::closed_loop::{Plan, run};
use bench_load::limits::{BATCH_MAX, CONNECTIONS_MAX};
use bench_load::request::request;

const USAGE: &str = "load --addr ADDR [--connections 64] [--batch 1] [--seconds 3] [--warmup 0.5]
     [--method GET] [--path /] [--body EXPECTED] [--pid PID]";

fn main() -> ExitCode {
    let report = plan().and_then(|plan| Ok(run(&plan)?));
    match report {
        Ok(report) => {
            println!("{}", report.to_json());
            if report.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn plan() -> Result<Plan, Box<dyn Error>> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let mut address: Option<SocketAddr> = None;
    let (mut connections, mut batch) = (64_usize, 1_usize);
    let (mut seconds, mut warmup) = (3.0_f64, 0.5_f64);
    let (mut method, mut path) = (String::from("GET"), String::from("/"));
    let (mut body, mut pid) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("addr") => address = Some(parser.value()?.parse()?),
            lexopt::Arg::Long("connections") => connections = parser.value()?.parse()?,
            lexopt::Arg::Long("batch") => batch = parser.value()?.parse()?,
            lexopt::Arg::Long("seconds") => seconds = parser.value()?.parse()?,
            lexopt::Arg::Long("warmup") => warmup = parser.value()?.parse()?,
            lexopt::Arg::Long("method") => method = parser.value()?.string()?,
            lexopt::Arg::Long("path") => path = parser.value()?.string()?,
            lexopt::Arg::Long("body") => body = Some(parser.value()?.string()?.into_bytes()),
            lexopt::Arg::Long("pid") => pid = Some(parser.value()?.parse()?),
            other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
        }
    }
    if !(1..=CONNECTIONS_MAX).contains(&connections) || !(1..=BATCH_MAX).contains(&batch) {
        return Err(format!("1 to {CONNECTIONS_MAX} connections, 1 to {BATCH_MAX} a batch").into());
    }
    Ok(Plan {
        address: address.ok_or_else(|| format!("--addr is missing\n{USAGE}"))?,
        connections,
        batch,
        warmup: Duration::try_from_secs_f64(warmup)?,
        window: Duration::try_from_secs_f64(seconds)?,
        request: request(&method, &path)?,
        body,
        pid,
    })
}
