//! What a run counts.
//!
//! Owns [`Failures`], [`Failure`] and the latencies. Knows no socket. Invariant: every batch that
//! was due in the window is in exactly one place: a latency, or a failure.

use core::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::limits::{LATENCY_DIGITS, LATENCY_MAX};
use crate::wire::AnswerError;

/// How a batch can fail. All but [`Failure::Unsent`] end its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The server closed the connection with answers owing.
    Closed,
    /// The connection broke.
    Reset,
    /// An answer said that its request failed, or was none.
    Status,
    /// An answer was shorter or longer than the first one, or nobody had asked for it.
    Length,
    /// A sampled answer had another content.
    Content,
    /// The answer did not come in time.
    TimedOut,
    /// Open loop: the batch was due and could not be sent, as every connection was waiting.
    Unsent,
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Malformed | AnswerError::Status(_) => Self::Status,
            AnswerError::LengthMissing | AnswerError::TooLong | AnswerError::Length => Self::Length,
            AnswerError::Closes => Self::Closed,
            AnswerError::Content => Self::Content,
        }
    }
}

/// Failed batches by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// [`Failure::Closed`].
    pub closed: u64,
    /// [`Failure::Reset`].
    pub reset: u64,
    /// [`Failure::Status`].
    pub status: u64,
    /// [`Failure::Length`].
    pub length: u64,
    /// [`Failure::Content`].
    pub content: u64,
    /// [`Failure::TimedOut`].
    pub timed_out: u64,
    /// [`Failure::Unsent`].
    pub unsent: u64,
}

impl Failures {
    /// Counts `failure` `count` times.
    pub(crate) const fn add(&mut self, failure: Failure, count: u64) {
        *match failure {
            Failure::Closed => &mut self.closed,
            Failure::Reset => &mut self.reset,
            Failure::Status => &mut self.status,
            Failure::Length => &mut self.length,
            Failure::Content => &mut self.content,
            Failure::TimedOut => &mut self.timed_out,
            Failure::Unsent => &mut self.unsent,
        } += count;
    }

    /// Each kind in words, and how often it happened.
    #[must_use]
    pub const fn rows(&self) -> [(&'static str, u64); 7] {
        [
            ("closed by the server", self.closed),
            ("connection broken", self.reset),
            ("wrong status", self.status),
            ("wrong length", self.length),
            ("wrong content", self.content),
            ("timed out", self.timed_out),
            ("never sent: all connections were waiting", self.unsent),
        ]
    }

    /// All kinds together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rows().iter().map(|(_, count)| count).sum()
    }
}

/// Latencies of batches: quantiles within 0.1 %, of fixed size, saturating at
/// [`LATENCY_MAX`].
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Self {
        let most = LATENCY_MAX.as_nanos() as u64;
        Self(Histogram::new_with_bounds(1, most, LATENCY_DIGITS).expect("constant bounds"))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The latency in microseconds that `fraction` of the batches do not exceed.
    pub(crate) fn quantile_us(&self, fraction: f64) -> f64 {
        self.0.value_at_quantile(fraction) as f64 / 1e3
    }

    pub(crate) fn max_us(&self) -> f64 {
        self.0.max() as f64 / 1e3
    }

    pub(crate) fn mean_us(&self) -> f64 {
        self.0.mean() / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Failure, Failures, Latencies};

    #[test]
    fn every_kind_is_counted_in_its_row() {
        let kinds = [
            Failure::Closed,
            Failure::Reset,
            Failure::Status,
            Failure::Length,
            Failure::Content,
            Failure::TimedOut,
            Failure::Unsent,
        ];
        let mut failures = Failures::default();
        for (number, kind) in kinds.into_iter().enumerate() {
            failures.add(kind, number as u64 + 1);
            assert_eq!(failures.rows()[number].1, number as u64 + 1);
        }
        assert_eq!(failures.total(), 28);
    }

    #[test]
    fn quantiles_are_within_their_error_and_the_end_saturates() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.quantile_us(0.5), 0.0);
        for micros in 1..=10_000 {
            latencies.record(Duration::from_micros(micros));
        }
        for (fraction, exact) in [(0.5, 5000.0), (0.9, 9000.0), (0.99, 9900.0), (0.999, 9990.0)] {
            let found = latencies.quantile_us(fraction);
            assert!((found - exact).abs() <= exact / 1000.0, "{fraction}: {found}");
        }
        assert!((latencies.mean_us() - 5000.5).abs() < 5.1);
        latencies.record(Duration::MAX);
        assert!((latencies.max_us() / 6e8 - 1.0).abs() < 0.001);
    }
}
