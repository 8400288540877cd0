//! What a long measurement says while it runs.
//!
//! Owns one line a run on standard error, with an estimate of what is left. Invariant: the
//! estimate comes from the runs so far, so it includes what starting servers costs.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Progress {
    began: Instant,
    done: usize,
    total: usize,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self { began: Instant::now(), done: 0, total }
    }

    /// Announces a run; [`told`](Self::told) ends the line.
    pub(crate) fn next(&mut self, what: &str) {
        eprint!("[{:>3}/{}] {what}: ", self.done + 1, self.total);
    }

    /// What came of it.
    pub(crate) fn told(&mut self, outcome: &str) {
        self.done += 1;
        eprintln!("{outcome} ({} left)", clock(self.left()));
    }

    fn left(&self) -> Duration {
        let runs = u32::try_from(self.total - self.done).unwrap_or(u32::MAX);
        let done = u32::try_from(self.done).unwrap_or(u32::MAX).max(1);
        self.began.elapsed() / done * runs
    }
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_millis(61_900)), "1:01");
        assert_eq!(clock(Duration::from_secs(3600)), "60:00");
    }
}
