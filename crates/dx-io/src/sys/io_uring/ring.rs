//! The submission and completion queues.
//!
//! Owns the ring's set-up on the highest rung the kernel allows, the backlog behind a full
//! submission queue, and the one system call of a turn. Knows entries, not operations.
//! Invariant: an entry that was pushed reaches the kernel exactly once, in order.

use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use io_uring::{IoUring, Probe, opcode, squeue};

use super::abi::{self, RingName};
use super::poller::{self, Poller};
use crate::config::{ReactorConfig, StartError, StartStep, UringRung};
use crate::errno;
use crate::token::{OpKind, Token};

/// What [`Ring::call`] knows its entry by. One call at a time: it returns with the answer.
pub(super) const CALL: Token = Token::new(OpKind::Internal, 0, 1);

/// A completion as the kernel wrote it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) user_data: u64,
    pub(super) result: i32,
    pub(super) flags: u32,
}

/// One io_uring, entered only from the thread that made it.
pub(super) struct Ring {
    pub(super) uring: IoUring,
    name: RingName,
    rung: UringRung,
    /// The kernel has `IORING_OP_SEND_ZC` (6.0).
    zero_copy: bool,
    /// The thread of the kernel that polls submissions, if there is one.
    pub(super) poller: Option<Poller>,
    /// How often the kernel was entered.
    enters: u64,
    /// What did not fit the submission queue. Bounded by the in-flight table: every entry
    /// belongs to an operation in it, or to the end of one.
    pub(super) backlog: VecDeque<squeue::Entry>,
    /// Completions moved out of a full completion queue, to be reaped first.
    stash: VecDeque<Raw>,
}

impl Ring {
    pub(super) fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        let (uring, rung) = set_up(config)?;
        let probe = check_operations(&uring)?;
        let zero_copy = probe.is_supported(opcode::SendZc::CODE);
        let fd = uring.as_raw_fd();
        // Registering saves a descriptor look-up per call; without it (before 5.18, or when the
        // thread's table of 16 is full) nothing else changes.
        let name = abi::register_ring(fd).map_or(RingName::Descriptor(fd), RingName::Registered);
        // Some sandboxes allow the set-up but not the entering: find out now, not while serving.
        abi::enter(name, 0, 0, None, 0)
            .map_err(|error| StartError::new(StartStep::UringEnter, error))?;
        let (backlog, stash) = (VecDeque::new(), VecDeque::new());
        let poller = config.sqpoll.as_ref().map(Poller::new);
        Ok(Self { uring, name, rung, zero_copy, poller, enters: 0, backlog, stash })
    }

    pub(super) const fn rung(&self) -> UringRung {
        self.rung
    }

    pub(super) const fn has_zero_copy(&self) -> bool {
        self.zero_copy
    }

    pub(super) const fn is_polled(&self) -> bool {
        self.poller.is_some()
    }

    /// io_uring_enter(2) calls so far.
    pub(super) const fn enters(&self) -> u64 {
        self.enters
    }

    pub(super) const fn uring(&self) -> &IoUring {
        &self.uring
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the ring owns the descriptor for at least as long as `self` is borrowed.
        unsafe { BorrowedFd::borrow_raw(self.uring.as_raw_fd()) }
    }

    /// Queues one entry.
    ///
    /// # Safety
    /// Everything the entry points to stays valid, unmoved, and unused by us until its last
    /// completion was reaped.
    pub(super) unsafe fn push(&mut self, entry: squeue::Entry) {
        if self.backlog.is_empty() {
            // SAFETY: handed on from our caller.
            if unsafe { self.uring.submission().push(&entry) }.is_ok() {
                return;
            }
        }
        self.backlog.push_back(entry);
    }

    /// Hands over everything queued, then waits for `min` completions or `timeout`. Never waits
    /// when something is ready.
    ///
    /// # Errors
    /// What the system said, if trying again is no cure.
    pub(super) fn enter(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<()> {
        if let Some(poller) = &self.poller {
            let deadline = timeout.map(|timeout| poller.now() + timeout);
            return self.enter_polled(min, deadline);
        }
        loop {
            self.refill();
            let last = self.backlog.is_empty();
            let min = if last { min.saturating_sub(self.ready()) } else { 0 };
            let queue = self.uring.submission();
            let to_submit = queue.len();
            let must_enter = min > 0 || to_submit > 0 || queue.taskrun() || queue.cq_overflow();
            drop(queue);
            if !must_enter {
                return Ok(());
            }
            self.call_kernel(to_submit, min, timeout, 0)?;
            if self.uring.submission().is_empty() && self.backlog.is_empty() {
                return Ok(());
            }
        }
    }

    pub(super) fn call_kernel(
        &mut self,
        to_submit: usize,
        min: usize,
        timeout: Option<Duration>,
        flags: u32,
    ) -> io::Result<()> {
        self.enters += 1;
        match abi::enter(self.name, to_submit as u32, min as u32, timeout, flags) {
            Ok(_) => Ok(()),
            Err(error) => self.recover(error),
        }
    }

    /// Queues one entry behind all others and waits for its end, which must not depend on others.
    /// For set-up only: it enters the kernel at once. Gives the result, or `-errno` as an error.
    ///
    /// # Errors
    /// What the entry came to, or what the system said to the entering.
    ///
    /// # Safety
    /// As [`Self::push`].
    pub(super) unsafe fn call(&mut self, entry: squeue::Entry) -> io::Result<i32> {
        // SAFETY: handed on from our caller.
        unsafe { self.push(entry.user_data(CALL.to_bits())) };
        loop {
            self.enter(self.stash.len() + 1, None)?;
            let stash = &mut self.stash;
            stash.extend(self.uring.completion().map(|entry| Raw {
                user_data: entry.user_data(),
                result: entry.result(),
                flags: entry.flags(),
            }));
            let called = |raw: &Raw| raw.user_data == CALL.to_bits();
            if let Some(at) = stash.iter().position(called)
                && let Some(raw) = stash.remove(at)
            {
                return if raw.result < 0 {
                    Err(errno::to_error(raw.result))
                } else {
                    Ok(raw.result)
                };
            }
        }
    }

    /// Moves every completion that is ready to `out`.
    pub(super) fn reap(&mut self, out: &mut Vec<Raw>) {
        out.extend(self.stash.drain(..));
        out.extend(self.uring.completion().map(|entry| Raw {
            user_data: entry.user_data(),
            result: entry.result(),
            flags: entry.flags(),
        }));
    }

    /// Completions that can be reaped without a system call.
    pub(super) fn ready(&mut self) -> usize {
        self.stash.len() + self.uring.completion().len()
    }

    pub(super) fn refill(&mut self) {
        if self.backlog.is_empty() {
            return;
        }
        let mut queue = self.uring.submission();
        while let Some(entry) = self.backlog.front() {
            // SAFETY: the promise made to `push` for this entry still stands.
            if unsafe { queue.push(entry) }.is_err() {
                break;
            }
            self.backlog.pop_front();
        }
    }

    /// Interrupted: the caller's loop goes on, or ends a wait early. Completion queue full: make
    /// room. Out of memory for requests: complete some first.
    fn recover(&mut self, error: io::Error) -> io::Result<()> {
        match error.raw_os_error() {
            Some(libc::EINTR) => Ok(()),
            Some(libc::EBUSY | libc::EAGAIN) => {
                let before = self.stash.len();
                let mut moved = Vec::new();
                self.reap(&mut moved);
                self.stash.extend(moved);
                if self.stash.len() > before {
                    return Ok(());
                }
                // Nothing to make room with: wait for one completion instead of spinning. Whatever
                // comes of that, the caller's loop tries again.
                self.enters += 1;
                let _ = abi::enter(self.name, 0, 1, Some(Duration::from_millis(1)), 0);
                Ok(())
            }
            _ => Err(error),
        }
    }
}

impl core::fmt::Debug for Ring {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ring").field("name", &self.name).field("rung", &self.rung).finish()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        if let RingName::Registered(index) = self.name {
            abi::unregister_ring(self.uring.as_raw_fd(), index);
        }
    }
}

/// Tries the rungs from the top.
fn set_up(config: &ReactorConfig) -> Result<(IoUring, UringRung), StartError> {
    let mut builder = IoUring::builder();
    builder
        .dontfork() // a fork must not share the rings
        .setup_clamp()
        .setup_cqsize(config.completions)
        .setup_submit_all() // 5.18: one bad entry does not stop the ones behind it
        .setup_coop_taskrun() // 5.19: no interrupts for task work
        .setup_taskrun_flag(); // 5.19: tells when an enter is owed
    if let Some(poller) = &config.sqpoll {
        return poller::set_up(config, poller);
    }
    let failed = |error| StartError::new(StartStep::UringSetup, error);
    if config.uring_rung_max >= UringRung::Deferred {
        let mut deferred = IoUring::builder();
        deferred
            .dontfork()
            .setup_clamp()
            .setup_cqsize(config.completions)
            .setup_submit_all()
            .setup_taskrun_flag()
            .setup_single_issuer() // 6.0
            .setup_defer_taskrun(); // 6.1; its presence also says multishot receive (6.0)
        match deferred.build(config.submissions) {
            Ok(uring) => return Ok((uring, UringRung::Deferred)),
            // The kernel is older: one rung down. Anything else would fail there, too.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    builder.build(config.submissions).map(|uring| (uring, UringRung::Provided)).map_err(failed)
}

/// Every operation this room uses, asked of the kernel and not read off its version.
fn check_operations(uring: &IoUring) -> Result<Probe, StartError> {
    let failed = |error| StartError::new(StartStep::UringOperations, error);
    let mut probe = Probe::new();
    uring.submitter().register_probe(&mut probe).map_err(failed)?;
    let needed = [
        opcode::Accept::CODE,
        opcode::AsyncCancel::CODE,
        opcode::Close::CODE,
        opcode::Connect::CODE,
        opcode::MsgRingData::CODE,
        opcode::PollAdd::CODE,
        opcode::Read::CODE,
        opcode::ReadFixed::CODE,
        opcode::Recv::CODE,
        opcode::Send::CODE,
        opcode::SendMsg::CODE,
        opcode::Shutdown::CODE,
        opcode::Write::CODE,
        opcode::WriteFixed::CODE,
    ];
    if needed.into_iter().all(|code| probe.is_supported(code))
        && uring.params().is_feature_ext_arg()
    {
        return Ok(probe);
    }
    Err(failed(io::Error::from_raw_os_error(libc::EOPNOTSUPP)))
}
