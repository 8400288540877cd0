//! When batches are due.
//!
//! Owns [`Schedule`], the open loop's arithmetic. Reads no clock. Invariant: due times are what
//! the rate says, to the nanosecond over any length of a run, and do not depend on when anybody
//! asked.

use dx_io::Instant;

/// Due times at equal intervals from a beginning on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    begin: Instant,
    /// Batches a second.
    rate: f64,
    /// Batches handed out.
    taken: u64,
}

impl Schedule {
    /// `rate` batches a second, the first at `begin`.
    pub(crate) const fn new(begin: Instant, rate: f64) -> Self {
        Self { begin, rate, taken: 0 }
    }

    /// When the next batch is due.
    pub(crate) fn due(&self) -> Instant {
        // Multiplied, not added up: no error accumulates. 2^53 ns are 104 days.
        let nanos = (self.taken as f64 * 1e9 / self.rate) as u64;
        Instant::from_nanos(self.begin.as_nanos().saturating_add(nanos))
    }

    /// Takes the next batch if it is due by `now` and before `end`; its due time.
    pub(crate) fn take(&mut self, now: Instant, end: Instant) -> Option<Instant> {
        let due = self.due();
        (due <= now && due < end).then(|| {
            self.taken += 1;
            due
        })
    }

    /// How many batches not taken are due before `end`.
    pub(crate) fn left(&self, end: Instant) -> u64 {
        let length = end.as_nanos().saturating_sub(self.begin.as_nanos());
        let before_end = (length as f64 * self.rate / 1e9).ceil() as u64;
        before_end.saturating_sub(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Schedule};

    #[test]
    fn due_times_follow_the_rate_and_nobody_else() {
        let at = Instant::from_nanos;
        let mut schedule = Schedule::new(at(1000), 3.0);
        assert_eq!(schedule.take(at(999), at(u64::MAX)), None);
        let all: Vec<_> = (0..4)
            .map(|_| schedule.take(at(5_000_000_000), at(u64::MAX)).unwrap().as_nanos())
            .collect();
        assert_eq!(all, [1000, 333_334_333, 666_667_666, 1_000_001_000]);
        assert_eq!(schedule.take(at(5_000_000_000), at(1_333_334_000)), None, "not before the end");
        assert_eq!(schedule.left(at(1_333_334_000)), 0);
        assert_eq!(schedule.left(at(2_000_000_000)), 2);
    }

    #[test]
    fn no_error_adds_up() {
        let mut schedule = Schedule::new(Instant::ZERO, 7.0);
        let end = Instant::from_nanos(u64::MAX);
        for _ in 0..7_000_000 {
            schedule.take(end, end).unwrap();
        }
        assert_eq!(schedule.due(), Instant::from_nanos(1_000_000 * 1_000_000_000));
    }
}
