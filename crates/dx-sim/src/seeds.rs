//! Running a test for many seeds, and one again.
//!
//! Owns how many seeds there are, their spread over threads, and what a failure prints. May not
//! know what a test does. Invariant: a failure names the one seed that repeats it, and the
//! environment variable that takes it.

use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;

/// The environment variable that has one seed run, and no other.
pub const SEED: &str = "DX_SIM_SEED";
/// The environment variable that says how many seeds each test runs.
pub const SEEDS: &str = "DX_SIM_SEEDS";
/// The environment variable that says which is the first of them.
pub const FIRST: &str = "DX_SIM_FIRST";

thread_local! {
    /// The test and the seed that this thread runs.
    static CURRENT: RefCell<Option<(String, u64)>> = const { RefCell::new(None) };
}

/// Has every panic of a seed name it at once, past what captures output: a second panic, in a
/// destructor, ends the process before anything else could be said.
fn name_seeds_that_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            before(panic);
            CURRENT.with(|current| {
                if let Some((name, seed)) = &*current.borrow() {
                    // Nothing can be done about a standard error that is closed.
                    let _ = writeln!(std::io::stderr(), "{name} failed: {SEED}={seed} repeats it");
                }
            });
        }));
    });
}

/// Calls `test` for `count` seeds, or as the environment has it, on as many threads as there are
/// processors.
///
/// # Panics
/// As `test` does, beside a line on standard error that says how to repeat it.
///
/// ```
/// dx_sim::seeds::run("adding", 100, |seed| assert_eq!(seed + 1, 1 + seed));
/// ```
pub fn run(name: &str, count: u64, test: impl Fn(u64) + Sync) {
    if let Some(seed) = variable(SEED) {
        return test(seed);
    }
    name_seeds_that_panic();
    let first = variable(FIRST).unwrap_or(0);
    let count = variable(SEEDS).unwrap_or(count);
    let next = AtomicU64::new(first);
    let failed = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = || {
            while !failed.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed - first >= count {
                    break;
                }
                CURRENT.set(Some((name.to_string(), seed)));
                let outcome = catch_unwind(AssertUnwindSafe(|| test(seed)));
                CURRENT.set(None);
                if let Err(panic) = outcome {
                    failed.store(true, Ordering::Relaxed);
                    resume_unwind(panic);
                }
            }
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        work();
        for other in others {
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
    });
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let parsed = text.parse();
    Some(parsed.unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}
