//! The gate against regressions that no clock would show.
//!
//! Owns the decision what a missing tool means. Invariant: it fails when a request costs more
//! instructions than the baseline says by more than the tolerance, and also when it costs as much
//! less, so that what was won cannot be lost again unnoticed.
//!
//! Without valgrind it skips, unless everything is required to run (`DX_TEST_REQUIRE_ALL`). With
//! another rustc or another valgrind than the baseline's it skips in any case: a new compiler is
//! no regression of ours, and the reason names the command that makes a new baseline.

use bench_driver::instructions::{Verdict, check};

#[test]
fn a_request_costs_the_instructions_that_the_baseline_says() {
    match check().expect("counted") {
        Verdict::Kept => {}
        Verdict::Broken(lines) => panic!("{}", lines.join("\n")),
        Verdict::Skipped(reason) => println!("skipped: {reason}"),
        Verdict::NoValgrind => {
            let must = std::env::var_os("DX_TEST_REQUIRE_ALL").is_some();
            assert!(!must, "valgrind is not installed");
            println!("skipped: valgrind is not installed");
        }
    }
}
