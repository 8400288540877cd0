//! `bench`: the comparison, or the instruction counts.
//!
//! Owns the choice between the two and the exit code. Invariant: it exits with zero only when
//! nothing was wrong in any run.

#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;

use bench_driver::{compare, instructions};

const USAGE: &str = "bench [compare] [OPTIONS]: measures the servers in turns (bench --help)
bench instructions [--update]: counts a request's instructions and compares with the baseline";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1).peekable();
    match words.peek().and_then(|word| word.to_str()) {
        Some("instructions") => {
            words.next();
            match words.next() {
                None => instructions::check_and_print(),
                Some(word) if word == "--update" => instructions::update().map(|()| true),
                Some(other) => Err(format!("{}?\n{USAGE}", other.display()).into()),
            }
        }
        Some("compare") => compare::run(words.skip(1)),
        Some(word) if !word.starts_with('-') => Err(format!("{word}?\n{USAGE}").into()),
        _ => compare::run(words),
    }
}
