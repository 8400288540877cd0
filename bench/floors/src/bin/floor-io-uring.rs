//! `floor-io-uring --listen ADDR`: the io_uring floor on one thread.
//!
//! Owns the process and nothing else. Invariant: it ends only with an error, on standard error.

use std::convert::Infallible;
use std::error::Error;
use std::process::ExitCode;

use bench_floors::{options, uring};

fn main() -> ExitCode {
    let Err(error) = run();
    eprintln!("floor-io-uring: {error}");
    ExitCode::FAILURE
}

fn run() -> Result<Infallible, Box<dyn Error>> {
    Ok(uring::run(options::listen(options::listen_address()?)?)?)
}
