//! One run: warm-up, window, drain.
//!
//! Owns the order of a run and what counts when. Knows neither sockets nor a protocol. Invariant:
//! every loop here ends by a time that the plan names.

use core::time::Duration;
use std::collections::VecDeque;

use dx_io::Instant;

use crate::conns::{Answered, Conns};
use crate::error::LoadError;
use crate::limits::{DRAIN, SWEEP, TICK};
use crate::observer::{Observer, Progress};
use crate::pace::Schedule;
use crate::plan::{Pace, Plan};
use crate::probe;
use crate::report::Report;
use crate::tally::{Failure, Latencies};
use crate::wire::Wire;

/// Runs `plan` and reports what was counted. Failures of single batches are in the report.
///
/// # Errors
/// When nothing could be counted at all: [`LoadError`] says why, and whose fault it is.
pub fn run(
    plan: &Plan,
    wire: &mut dyn Wire,
    observer: &mut dyn Observer,
) -> Result<Report, LoadError> {
    plan.check()?;
    let answer_bytes = probe::learn(plan, wire)?;
    let mut run = Run::new(plan, Conns::open(plan, wire, answer_bytes)?, observer);
    run.begin()?;
    run.until(run.clock.warm)?;
    run.open_window();
    run.until(run.clock.end)?;
    let seconds = run.close_window();
    run.drain()?;
    Ok(run.report(seconds, answer_bytes))
}

/// The times of a run.
#[derive(Clone, Copy)]
struct Clock {
    start: Instant,
    /// End of the warm-up.
    warm: Instant,
    /// End of the window.
    end: Instant,
}

struct Run<'a> {
    plan: &'a Plan,
    conns: Conns<'a>,
    observer: &'a mut dyn Observer,
    clock: Clock,
    /// `None` in a closed loop.
    schedule: Option<Schedule>,
    /// Connections without a batch in flight, of an open loop, the longest idle first: all take
    /// their turns. Some may be closed by now.
    idle: VecDeque<usize>,
    answered: Vec<Answered>,
    /// Batches that may still be sent in the window.
    budget: u64,
    /// When the window began, while it lasts.
    window: Option<Instant>,
    /// No batch is begun any more but those that were due.
    is_over: bool,
    next_sweep: Instant,
    next_tick: Instant,
    requests: u64,
    batches: u64,
    latencies: Latencies,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, conns: Conns<'a>, observer: &'a mut dyn Observer) -> Self {
        let start = conns.now();
        let warm = start + plan.warmup;
        let schedule = match plan.pace {
            Pace::Closed => None,
            Pace::Open { rate } => Some(Schedule::new(start, rate / plan.batch as f64)),
        };
        Self {
            plan,
            conns,
            observer,
            clock: Clock { start, warm, end: warm + plan.window },
            schedule,
            idle: VecDeque::with_capacity(plan.connections),
            answered: Vec::new(),
            budget: u64::MAX,
            window: None,
            is_over: false,
            next_sweep: start + SWEEP,
            next_tick: start + TICK,
            requests: 0,
            batches: 0,
            latencies: Latencies::new(),
        }
    }

    /// Sends the first batches of a closed loop.
    fn begin(&mut self) -> Result<(), LoadError> {
        if self.plan.warmup.is_zero() {
            self.limit();
        }
        let slots = 0..self.plan.connections;
        if self.schedule.is_some() {
            self.idle.extend(slots);
            return Ok(());
        }
        for slot in slots {
            self.again(slot)?;
        }
        Ok(())
    }

    /// Turns until `end`, or until nothing can happen any more.
    fn until(&mut self, end: Instant) -> Result<(), LoadError> {
        loop {
            let now = self.conns.now();
            self.housekeep(now);
            let is_spent = self.budget == 0 && self.conns.flying() == 0;
            if now >= end || is_spent || self.conns.open_count() == 0 {
                return Ok(());
            }
            self.turn(now, end)?;
        }
    }

    /// Waits for what is in flight, and sends what was due in time.
    fn drain(&mut self) -> Result<(), LoadError> {
        self.is_over = true;
        let end = self.conns.now() + DRAIN.min(self.plan.answer_timeout);
        loop {
            let now = self.conns.now();
            self.housekeep(now);
            let owed = if self.conns.open_count() == 0 { 0 } else { self.owed() };
            if now >= end || (self.conns.flying() == 0 && owed == 0) {
                break;
            }
            self.turn(now, end)?;
        }
        self.conns.expire(Instant::MAX);
        self.conns.failures.add(Failure::Unsent, self.owed());
        Ok(())
    }

    /// Batches of an open loop that are due before the window's end and were not sent.
    fn owed(&self) -> u64 {
        let left = self.schedule.map_or(0, |schedule| schedule.left(self.clock.end));
        left.min(self.budget)
    }

    fn turn(&mut self, now: Instant, end: Instant) -> Result<(), LoadError> {
        self.dispatch(now)?;
        let wait = match self.schedule {
            // Polling: a sleeping sender would be late by what it takes to wake it.
            Some(_) => None,
            None => Some((end - now).min(self.next_sweep - now).max(Duration::from_micros(1))),
        };
        let mut answered = core::mem::take(&mut self.answered);
        self.conns.turn(wait, &mut answered)?;
        for answered in answered.drain(..) {
            self.count(answered);
            if self.schedule.is_some() {
                self.idle.push_back(answered.slot);
            } else {
                self.again(answered.slot)?;
            }
        }
        self.answered = answered;
        Ok(())
    }

    /// Open loop: sends what is due, as long as a connection is free.
    fn dispatch(&mut self, now: Instant) -> Result<(), LoadError> {
        let Some(schedule) = &mut self.schedule else { return Ok(()) };
        while let Some(&slot) = self.idle.front() {
            if !self.conns.is_open(slot) {
                self.idle.pop_front();
                continue;
            }
            if self.budget == 0 {
                break;
            }
            let Some(due) = schedule.take(now, self.clock.end) else { break };
            self.idle.pop_front();
            // What is late from the warm-up is not of the window.
            self.budget -= u64::from(due >= self.clock.warm);
            self.conns.begin(slot, due, now)?;
        }
        Ok(())
    }

    /// Closed loop: sends the next batch.
    fn again(&mut self, slot: usize) -> Result<(), LoadError> {
        if self.is_over || self.budget == 0 {
            return Ok(());
        }
        let now = self.conns.now();
        if self.conns.begin(slot, now, now)? {
            self.budget -= 1;
        }
        Ok(())
    }

    fn count(&mut self, answered: Answered) {
        let is_inside = self.window.is_some();
        if is_inside {
            self.requests += self.plan.batch as u64;
        }
        // An open loop counts what was due in the window, whenever it was answered: that is what
        // the server owed. Counting what was answered in it would forget the slowest.
        let counts = match self.schedule {
            Some(_) => answered.due >= self.clock.warm,
            None => is_inside,
        };
        if counts {
            self.batches += 1;
            self.latencies.record(answered.at - answered.due);
        }
    }

    fn open_window(&mut self) {
        if !self.plan.warmup.is_zero() {
            self.limit();
        }
        self.window = Some(self.conns.now());
        self.observer.begins();
    }

    /// The window's length in seconds.
    fn close_window(&mut self) -> f64 {
        self.observer.ends();
        let began = self.window.take().unwrap_or(self.clock.warm);
        (self.conns.now() - began).as_secs_f64()
    }

    fn limit(&mut self) {
        self.budget = self.plan.requests_max.map_or(u64::MAX, |max| max / self.plan.batch as u64);
    }

    fn housekeep(&mut self, now: Instant) {
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP;
            let timeout = self.plan.answer_timeout.as_nanos() as u64;
            self.conns.expire(Instant::from_nanos(now.as_nanos().saturating_sub(timeout)));
        }
        if now >= self.next_tick {
            self.next_tick = now + TICK;
            self.observer.tick(&Progress {
                elapsed: now - self.clock.start,
                planned: self.clock.end - self.clock.start,
                requests: self.requests,
                failures: self.conns.failures.total(),
                connections: self.conns.open_count(),
            });
        }
    }

    fn report(self, seconds: f64, answer_bytes: usize) -> Report {
        let latency = |fraction| self.latencies.quantile_us(fraction);
        Report {
            backend: self.conns.backend().to_owned(),
            connections: self.plan.connections,
            connections_left: self.conns.open_count(),
            batch: self.plan.batch,
            rate_due: match self.plan.pace {
                Pace::Open { rate } => Some(rate),
                Pace::Closed => None,
            },
            seconds,
            requests: self.requests,
            rate: if seconds > 0.0 { self.requests as f64 / seconds } else { 0.0 },
            batches: self.batches,
            mean_us: self.latencies.mean_us(),
            p50_us: latency(0.5),
            p90_us: latency(0.9),
            p99_us: latency(0.99),
            p999_us: latency(0.999),
            max_us: self.latencies.max_us(),
            failures: self.conns.failures,
            checked: self.conns.checked,
            answer_bytes,
        }
    }
}
