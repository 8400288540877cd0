//! What the facts mean.
//!
//! Owns the order of the checks and the last of them; each group has a file of its own. Asks no
//! system: facts in, checks out, so that every verdict is a row of a table. Invariant: what is
//! worse than a note and can be mended has its cure beside it, as a command or a flag.

mod backends;
mod cores;
mod limits;
mod network;

use super::facts::Facts;
use super::report::{Check, Report, State};

/// Every check of a server that would run on these facts.
pub(super) fn judge(facts: &Facts) -> Report {
    let mut checks = Vec::new();
    backends::judge(facts, &mut checks);
    limits::judge(facts, &mut checks);
    network::judge(facts, &mut checks);
    cores::judge(facts, &mut checks);
    checks.push(server(facts));
    Report { workers: facts.workers, checks }
}

/// The proof of all the above. What it lacks is told by its error and by the other checks.
fn server(facts: &Facts) -> Check {
    let name = "server";
    let workers = counted(u64::try_from(facts.workers).unwrap_or(u64::MAX), "worker");
    match &facts.served {
        Ok(()) => Check::ok(name, format!("starts with {workers} and answers")),
        Err(error) => Check::new(name, State::Problem, format!("fails with {workers}: {error}"))
            .cure("the problems above, then the warnings, have theirs"),
    }
}

/// `count` and the word for it.
fn counted(count: u64, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

#[cfg(test)]
mod rows;

#[cfg(test)]
mod tests {
    use super::judge;
    use super::rows::{Row, good, refused, run};
    use crate::doctor::facts::Tried;
    use crate::doctor::report::State;

    #[test]
    fn a_good_machine_has_nothing_to_mend() {
        let report = judge(&good());
        for check in &report.checks {
            assert!(check.state == State::Ok && check.cure.is_none(), "{check:?}");
        }
        assert!(report.can_serve());
    }

    #[test]
    fn the_server_has_the_last_word() {
        let rows: [Row; 3] = [
            (|_| {}, "server", State::Ok, &["starts with 2 workers and answers"], &[]),
            (|f| f.workers = 1, "server", State::Ok, &["with 1 worker and"], &[]),
            (
                |f| f.served = Err(String::from("no luck")),
                "server",
                State::Problem,
                &["fails with 2 workers: no luck"],
                &["above"],
            ),
        ];
        run(&rows);
        assert_eq!(judge(&good()).checks.last().map(|check| check.name.as_str()), Some("server"));
    }

    #[test]
    fn names_are_told_apart_and_lines_are_lines() {
        let mut bad = good();
        bad.epoll = Tried::Refused(refused(std::io::ErrorKind::Other));
        for facts in [good(), bad] {
            let checks = judge(&facts).checks;
            for (index, check) in checks.iter().enumerate() {
                assert!(!checks[..index].iter().any(|other| other.name == check.name));
                let cure = check.cure.as_deref().unwrap_or_default();
                for text in [&check.name, &check.value, cure] {
                    assert!(!text.contains('\n') && !text.contains("  "), "{check:?}");
                }
            }
        }
    }
}
