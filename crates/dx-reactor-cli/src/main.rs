//! The command `dx-reactor`.
//!
//! Owns the entry point: flags in, exit code out. Knows no sockets. Invariant: whatever goes wrong
//! is told in one sentence on standard error, with its cause and its cure.

#![forbid(unsafe_code)]

mod args;
mod banner;
mod bench;
mod demo;
mod doctor;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    match args.command() {
        Command::Serve(serve) => match serve::run(&serve) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("dx-reactor: {error}");
                ExitCode::FAILURE
            }
        },
        Command::Doctor(doctor) => doctor::run(&doctor),
        Command::Bench(bench) => bench::run(&bench),
    }
}
