//! What goes wrong, and how often.
//!
//! Owns [`Faults`]. Knows no mechanism: who meets an occasion asks chance for its probability.
//! Invariant: with [`Faults::none`] the simulation is a fast, kind machine without chance.

use core::time::Duration;

use crate::chance::Chance;

/// Probabilities from 0 to 1, each for one occasion, and lengths of time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Faults {
    /// Longest way of a segment from one end to the other.
    pub latency_max: Duration,
    /// A write arrives in pieces, cut at any byte; a receive takes a part of what is there.
    pub segment: f64,
    /// A send takes only a part of its bytes.
    pub short_send: f64,
    /// A connection is reset from outside at some time.
    pub reset: f64,
    /// A reset that arrives destroys what was received and not read, as some systems do.
    pub reset_loses: f64,
    /// A peer ends its sending direction early; for tests that drive peers.
    pub half_close: f64,
    /// A push finds the in-flight table full.
    pub push_full: f64,
    /// A reap yields only a few of the completions that are ready.
    pub few_completions: f64,
    /// A receive finds no free buffer for a while.
    pub starve: f64,
    /// An accept ends with `EMFILE`, `ENFILE` or `ECONNABORTED`; a connect is refused `EMFILE`.
    pub accept_error: f64,
    /// A completion is seen late.
    pub late_completion: f64,
    /// A cancel meets its target when something has just happened to it, or takes its time.
    pub cancel_race: f64,
    /// A wait ends for no reason.
    pub spurious_wake: f64,
    /// The monotonic clock leaps forward (a machine that was suspended).
    pub clock_jump: f64,
    /// The wall clock is set, forward or back.
    pub wall_jump: f64,
}

impl Faults {
    /// A kind machine.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            latency_max: Duration::ZERO,
            segment: 0.0,
            short_send: 0.0,
            reset: 0.0,
            reset_loses: 0.0,
            half_close: 0.0,
            push_full: 0.0,
            few_completions: 0.0,
            starve: 0.0,
            accept_error: 0.0,
            late_completion: 0.0,
            cancel_race: 0.0,
            spurious_wake: 0.0,
            clock_jump: 0.0,
            wall_jump: 0.0,
        }
    }

    /// Every fault, often.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            latency_max: Duration::from_millis(5),
            segment: 0.5,
            short_send: 0.3,
            reset: 0.1,
            reset_loses: 0.5,
            half_close: 0.2,
            push_full: 0.01,
            few_completions: 0.3,
            starve: 0.1,
            accept_error: 0.1,
            late_completion: 0.3,
            cancel_race: 0.5,
            spurious_wake: 0.05,
            clock_jump: 0.002,
            wall_jump: 0.01,
        }
    }

    /// Some faults, each on or off and more or less often, as chance has it: what two faults hide
    /// from each other shows when one of them is off.
    #[must_use]
    pub fn drawn(chance: &mut Chance) -> Self {
        let mut faults = Self::all();
        let latencies = [0, 1, 50, 1_000, 20_000];
        faults.latency_max = Duration::from_micros(latencies[chance.index(latencies.len())]);
        for probability in faults.probabilities() {
            let scale = [0.0, 0.0, 0.2, 1.0];
            *probability *= scale[chance.index(scale.len())];
        }
        faults
    }

    fn probabilities(&mut self) -> [&mut f64; 14] {
        [
            &mut self.segment,
            &mut self.short_send,
            &mut self.reset,
            &mut self.reset_loses,
            &mut self.half_close,
            &mut self.push_full,
            &mut self.few_completions,
            &mut self.starve,
            &mut self.accept_error,
            &mut self.late_completion,
            &mut self.cancel_race,
            &mut self.spurious_wake,
            &mut self.clock_jump,
            &mut self.wall_jump,
        ]
    }
}
