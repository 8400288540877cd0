//! A ring whose submissions a thread of the kernel polls (`IORING_SETUP_SQPOLL`).
//!
//! Owns the set-up of such a ring and how it is handed work and waited for. Knows entries, not
//! operations. Invariant: while the poller is awake, neither handing over nor waiting enters the
//! kernel.
//!
//! The poller runs the ring's task work itself, so `IORING_SETUP_DEFER_TASKRUN` and its kin are
//! refused with it (io_uring_setup(2)); a single issuer stays, and with it what 6.0 brought.

use core::time::Duration;
use std::io;

use io_uring::IoUring;

use super::abi::{ENTER_SQ_WAIT, ENTER_SQ_WAKEUP};
use super::ring::Ring;
use crate::config::{ReactorConfig, SqPoll, StartError, StartStep, UringRung};
use crate::sys::clock::HostClock;
use crate::time::Instant;

/// Looks at the completion queue between two looks at the clock.
const LOOKS: u32 = 64;

/// What a ring with a poller knows of it.
#[derive(Debug)]
pub(super) struct Poller {
    clock: HostClock,
    /// After so long without work the poller sleeps.
    idle: Duration,
}

impl Poller {
    pub(super) fn new(config: &SqPoll) -> Self {
        Self { clock: HostClock::new(), idle: Duration::from_millis(config.idle_ms.into()) }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// What ended a wait that spun.
enum Spun {
    /// Enough has completed, or the time is up.
    Enough,
    /// The poller sleeps, or the kernel holds completions back: only a call helps.
    MustEnter,
    /// Nothing happened for the poller's idle time.
    Idle,
}

impl Ring {
    /// As [`Ring::enter`]: hands over by publishing, and waits by spinning, because to sleep would
    /// cost the very call that the poller is there to save. A spin ends when the poller sleeps, and
    /// lasts no longer than its idle time, also when the poller is kept from running; then the wait
    /// goes on in the kernel, where it costs nothing.
    pub(super) fn enter_polled(&mut self, min: usize, deadline: Option<Instant>) -> io::Result<()> {
        loop {
            self.refill();
            let full = !self.backlog.is_empty();
            let wanted = if full { 0 } else { min.saturating_sub(self.ready()) };
            let queue = self.uring.submission();
            // The fence in `need_wakeup` is behind the publishing of every entry.
            let (asleep, pending) = (queue.need_wakeup(), queue.len());
            let overflow = queue.cq_overflow();
            drop(queue);
            let wake = if asleep && pending > 0 { ENTER_SQ_WAKEUP } else { 0 };
            if full {
                self.call_kernel(pending, 0, None, wake | ENTER_SQ_WAIT)?;
                continue;
            }
            if wanted > 0 && !asleep && !overflow {
                match self.spin(min, deadline) {
                    Spun::Enough => return Ok(()),
                    Spun::MustEnter => continue,
                    Spun::Idle => {}
                }
            }
            if wanted == 0 && wake == 0 && !overflow {
                return Ok(());
            }
            let left = deadline.map(|deadline| self.left_until(deadline));
            let over = left == Some(Duration::ZERO);
            if over && wake == 0 && !overflow {
                return Ok(());
            }
            let wanted = if over { 0 } else { wanted };
            return self.call_kernel(pending, wanted, left, wake);
        }
    }

    fn spin(&mut self, min: usize, deadline: Option<Instant>) -> Spun {
        let Some(idle_at) = self.poller.as_ref().map(|poller| poller.now() + poller.idle) else {
            return Spun::Idle;
        };
        loop {
            for _ in 0..LOOKS {
                if self.ready() >= min {
                    return Spun::Enough;
                }
                core::hint::spin_loop();
            }
            if deadline.is_some_and(|deadline| self.left_until(deadline).is_zero()) {
                return Spun::Enough;
            }
            if self.left_until(idle_at).is_zero() {
                return Spun::Idle;
            }
            let queue = self.uring.submission();
            if queue.need_wakeup() || queue.cq_overflow() {
                return Spun::MustEnter;
            }
        }
    }

    fn left_until(&self, deadline: Instant) -> Duration {
        self.poller.as_ref().map_or(Duration::ZERO, |poller| deadline - poller.now())
    }
}

/// Makes a ring with a poller, with a single issuer where the kernel has that.
pub(super) fn set_up(
    config: &ReactorConfig,
    poller: &SqPoll,
) -> Result<(IoUring, UringRung), StartError> {
    let mut builder = IoUring::builder();
    builder
        .dontfork()
        .setup_clamp()
        .setup_cqsize(config.completions)
        .setup_submit_all()
        .setup_sqpoll(poller.idle_ms.max(1));
    if let Some(cpu) = poller.cpu {
        builder.setup_sqpoll_cpu(cpu);
    }
    if config.uring_rung_max >= UringRung::Deferred {
        let mut single = builder.clone();
        single.setup_single_issuer(); // 6.0; its presence also says multishot receive (6.0)
        if let Ok(uring) = single.build(config.submissions) {
            return Ok((uring, UringRung::Deferred));
        }
    }
    builder
        .build(config.submissions)
        .map(|uring| (uring, UringRung::Provided))
        .map_err(|error| StartError::new(StartStep::UringPoller, error))
}
