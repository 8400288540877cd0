//! What has happened, as a hash and as the last few events.
//!
//! Owns [`Trace`]. Knows no event's meaning beyond its name and numbers. Invariant: two runs with
//! the same hash went through the same events in the same order.

use core::fmt;
use std::collections::VecDeque;
use std::sync::OnceLock;

use crate::limits::TRACE_KEPT;

/// One thing that happened: when, what, and up to three numbers about it.
type Event = (u64, &'static str, [u64; 3]);

/// Everything that has happened, folded.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    last: VecDeque<Event>,
    kept: usize,
}

/// How many of the last events are kept: the variable is read once.
fn kept() -> usize {
    static KEPT: OnceLock<usize> = OnceLock::new();
    let asked = || std::env::var("DX_SIM_TRACE").ok()?.parse().ok();
    *KEPT.get_or_init(|| asked().unwrap_or(TRACE_KEPT))
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, count: 0, last: VecDeque::new(), kept: kept() }
    }

    pub(crate) fn note(&mut self, at: u64, what: &'static str, numbers: [u64; 3]) {
        self.count += 1;
        self.fold(at);
        what.bytes().for_each(|byte| self.fold(u64::from(byte)));
        numbers.into_iter().for_each(|number| self.fold(number));
        if self.last.len() >= self.kept {
            self.last.pop_front();
        }
        self.last.push_back((at, what, numbers));
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    /// FNV-1a, a word at a time.
    const fn fold(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(17);
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, what, [a, b, c]) in &self.last {
            writeln!(f, "{:>14} {what} {a} {b} {}", at, *c as i64)?;
        }
        write!(f, "{} events", self.count)
    }
}
