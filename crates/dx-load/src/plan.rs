//! What to run.
//!
//! Owns [`Plan`], [`Pace`] and their bounds. Knows no socket and no protocol. Invariant: a plan
//! that passed [`Plan::check`] ends by itself, whatever the server does.

use core::fmt;
use core::time::Duration;
use std::net::SocketAddr;

use dx_io::IoBackend;

use crate::limits;

/// What decides when a batch is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pace {
    /// Every connection sends its next batch when the last one has been answered. It shows what
    /// the server can do; its latencies flatter, as a slow server is asked less.
    Closed,
    /// Batches are due at equal intervals, whatever the server does, and latency counts from the
    /// moment they were due. The thread polls all the time, so that none is sent late.
    Open {
        /// Requests a second, all connections together.
        rate: f64,
    },
}

/// One run: so many connections, so many requests in one write, for so long.
///
/// ```
/// use dx_load::{Pace, Plan};
///
/// let mut plan = Plan::new("127.0.0.1:8080".parse().unwrap());
/// plan.connections = 4;
/// plan.pace = Pace::Open { rate: 10_000.0 };
/// assert!(plan.check().is_ok());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// Where the server listens.
    pub address: SocketAddr,
    /// How many connections.
    pub connections: usize,
    /// Requests in one batch: sent in one write, and counted when the last is answered.
    pub batch: usize,
    /// When batches are sent.
    pub pace: Pace,
    /// Time before the window; nothing is counted in it but failures.
    pub warmup: Duration,
    /// The measured window. With [`requests_max`](Self::requests_max) it ends earlier.
    pub window: Duration,
    /// The window ends when so many requests have been sent in it: a multiple of the batch.
    pub requests_max: Option<u64>,
    /// How long one batch may take.
    pub answer_timeout: Duration,
    /// The kernel interface of the generator.
    pub backend: IoBackend,
}

impl Plan {
    /// One connection, one request at a time, closed loop, ten seconds after one of warm-up.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connections: 1,
            batch: 1,
            pace: Pace::Closed,
            warmup: Duration::from_secs(1),
            window: Duration::from_secs(10),
            requests_max: None,
            answer_timeout: limits::ANSWER,
            backend: IoBackend::Auto,
        }
    }

    /// Whether this can be run.
    ///
    /// # Errors
    /// The first field that is out of bounds.
    pub fn check(&self) -> Result<(), PlanError> {
        let batch = self.batch as u64;
        if !(1..=limits::CONNECTIONS_MAX).contains(&self.connections) {
            return Err(PlanError::Connections);
        }
        if !(1..=limits::BATCH_MAX).contains(&self.batch) {
            return Err(PlanError::Batch);
        }
        if let Pace::Open { rate } = self.pace
            && !(rate > 0.0 && rate <= limits::RATE_MAX)
        {
            return Err(PlanError::Rate);
        }
        if self.window.is_zero() || self.warmup.saturating_add(self.window) > limits::RUN_MAX {
            return Err(PlanError::Time);
        }
        if self.requests_max.is_some_and(|max| max == 0 || !max.is_multiple_of(batch)) {
            return Err(PlanError::RequestsMax);
        }
        if self.answer_timeout.is_zero() || self.answer_timeout > limits::RUN_MAX {
            return Err(PlanError::AnswerTimeout);
        }
        Ok(())
    }
}

/// The plan cannot be run. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// No connection, or more than [`CONNECTIONS_MAX`](limits::CONNECTIONS_MAX).
    Connections,
    /// No request in a batch, or more than [`BATCH_MAX`](limits::BATCH_MAX).
    Batch,
    /// The rate is not positive, or above [`RATE_MAX`](limits::RATE_MAX).
    Rate,
    /// The window is empty, or with the warm-up longer than [`RUN_MAX`](limits::RUN_MAX).
    Time,
    /// Zero, or no multiple of the batch.
    RequestsMax,
    /// Zero, or longer than [`RUN_MAX`](limits::RUN_MAX).
    AnswerTimeout,
    /// The request, or a batch of requests or answers, has too many bytes.
    Bytes,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connections => write!(f, "1 to {} connections", limits::CONNECTIONS_MAX),
            Self::Batch => write!(f, "1 to {} requests in a batch", limits::BATCH_MAX),
            Self::Rate => write!(f, "a rate above 0 and up to {} a second", limits::RATE_MAX),
            Self::Time => write!(
                f,
                "a window above 0 and, with its warm-up, up to {} s",
                limits::RUN_MAX.as_secs()
            ),
            Self::RequestsMax => {
                f.write_str("a number of requests that is a multiple of the batch")
            }
            Self::AnswerTimeout => {
                write!(f, "a timeout above 0 and up to {} s", limits::RUN_MAX.as_secs())
            }
            Self::Bytes => write!(
                f,
                "a request of 1 to {} bytes, a batch of at most {}",
                limits::REQUEST_BYTES_MAX,
                limits::BATCH_BYTES_MAX
            ),
        }
    }
}

impl std::error::Error for PlanError {}

#[cfg(test)]
mod tests {
    use super::{Duration, Pace, Plan, PlanError, limits};

    #[test]
    fn each_bound_has_its_error() {
        type Change = fn(&mut Plan);
        let rows: [(Change, Result<(), PlanError>); 14] = [
            (|_| {}, Ok(())),
            (|plan| plan.connections = 0, Err(PlanError::Connections)),
            (|plan| plan.connections = limits::CONNECTIONS_MAX, Ok(())),
            (|plan| plan.connections = limits::CONNECTIONS_MAX + 1, Err(PlanError::Connections)),
            (|plan| plan.batch = 0, Err(PlanError::Batch)),
            (|plan| plan.batch = limits::BATCH_MAX + 1, Err(PlanError::Batch)),
            (|plan| plan.pace = Pace::Open { rate: 0.0 }, Err(PlanError::Rate)),
            (|plan| plan.pace = Pace::Open { rate: f64::NAN }, Err(PlanError::Rate)),
            (|plan| plan.pace = Pace::Open { rate: f64::INFINITY }, Err(PlanError::Rate)),
            (|plan| plan.window = Duration::ZERO, Err(PlanError::Time)),
            (|plan| plan.warmup = Duration::MAX, Err(PlanError::Time)),
            (|plan| plan.requests_max = Some(0), Err(PlanError::RequestsMax)),
            (|plan| (plan.batch, plan.requests_max) = (3, Some(10)), Err(PlanError::RequestsMax)),
            (|plan| plan.answer_timeout = Duration::ZERO, Err(PlanError::AnswerTimeout)),
        ];
        for (number, (change, expected)) in rows.into_iter().enumerate() {
            let mut plan = Plan::new(([127, 0, 0, 1], 1).into());
            change(&mut plan);
            assert_eq!(plan.check(), expected, "row {number}");
        }
    }
}
