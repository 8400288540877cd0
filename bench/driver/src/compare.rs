//! The comparison, from the command line to the document.
//!
//! Owns the order of its parts. Invariant: whatever failed in a run is in the results, and makes
//! the command fail after it has shown them.

use std::error::Error;
use std::ffi::OsString;

use crate::machine::{Machine, bench_folder};
use crate::options::Options;
use crate::progress::Progress;
use crate::results::Results;
use crate::{bars, build, closed, document, markdown, open};

/// Measures what `words` ask for, and prints or writes it. Whether nothing failed.
///
/// # Errors
///
/// When something could not be built, started, measured or written.
pub fn run(words: impl Iterator<Item = OsString>) -> Result<bool, Box<dyn Error>> {
    let options = Options::parse(words)?;
    let machine = Machine::look(&options.servers);
    let built = build::build(&options.servers_and_floors())?;
    let mut progress = Progress::new(closed::runs(&options) + open::runs(&options));
    let closed = closed::measure(&options, &built, &mut progress)?;
    let open = open::measure(&options, &built, &mut progress)?;
    let results = Results {
        machine,
        command: options.command.clone(),
        seconds: options.seconds,
        rounds: options.rounds,
        closed,
        open,
    };
    let text = [
        markdown::machine(&results),
        bars::markdown(&results.closed),
        markdown::closed(&results),
        markdown::open(&results),
    ]
    .concat();
    if options.writes {
        let folder = bench_folder().join("../docs");
        document::write(&folder, &text, &results.to_json()?)?;
        eprintln!("docs/benchmarks.md and docs/benchmarks.json are written");
    } else {
        print!("{text}");
    }
    let failures = results.failures();
    if failures > 0 {
        eprintln!("{failures} batches failed: see the last column of the tables");
    }
    Ok(failures == 0)
}
