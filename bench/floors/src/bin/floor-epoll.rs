//! `floor-epoll --listen ADDR`: the epoll floor on one thread.
//!
//! Owns the process and nothing else. Invariant: it ends only with an error, on standard error.

use std::convert::Infallible;
use std::error::Error;
use std::process::ExitCode;

use bench_floors::{epoll, options};

fn main() -> ExitCode {
    let Err(error) = run();
    eprintln!("floor-epoll: {error}");
    ExitCode::FAILURE
}

fn run() -> Result<Infallible, Box<dyn Error>> {
    Ok(epoll::run(options::listen(options::listen_address()?)?)?)
}
