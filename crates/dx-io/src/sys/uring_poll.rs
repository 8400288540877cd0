//! The 5.1 rung: a ring as a [`Selector`], for kernels whose ring has no completion worth having.
//!
//! Owns the ring, the eventfd(2) of its waker, and one poll request for each socket that is
//! watched. Knows sockets by descriptor and key only. Invariant: a watched socket has a request in
//! the kernel or stands on the list of those that the next wait makes, so it is level-triggered: a
//! request answers once and is made again.
//!
//! Opened on request only: it costs an entry for every answer where epoll costs nothing, and is
//! there for machines whose ring is allowed and whose epoll is not, and to have the rung at all. It
//! uses what Linux 5.1 had, and nothing that came later (io_uring_setup(2), io_uring_enter(2)):
//!
//! | used | instead of |
//! |---|---|
//! | set-up without a flag, with the kernel's completion queue | `CQSIZE` 5.5, `CLAMP` 5.6 |
//! | `IORING_OP_POLL_ADD`, one answer each | `IORING_POLL_ADD_MULTI` 5.13 |
//! | `IORING_OP_POLL_REMOVE` by `user_data` | `IORING_OP_ASYNC_CANCEL` 5.5 |
//! | ppoll(2) on the ring's descriptor for a timeout | `IORING_OP_TIMEOUT` 5.4, `EXT_ARG` 5.11 |
//! | the ring's descriptor | `REGISTER_RING_FDS` 5.18 |
//! | counting lost completions, and asking again for everything | `FEAT_NODROP` 5.5 |

use core::ptr;
use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use io_uring::{IoUring, opcode, squeue, types::Fd};
use socket2::Socket;

use super::event_fd::EventFd;
use super::readiness::{Event, Interest, Readiness, Selector};
use crate::config::{IoBackend, StartError, StartStep, UringRung};
use crate::limits::SELECTOR_EVENTS;
use crate::wake::Waker;

/// A [`Reactor`](crate::Reactor) on a ring of polls.
pub(crate) type UringPollReactor = Readiness<UringPoll>;

/// `IORING_ENTER_GETEVENTS` of `linux/io_uring.h`.
const ENTER_GETEVENTS: u32 = 1 << 0;
/// Entries of the submission queue; 5.1 allows 4,096, and makes the other queue twice as long.
const ENTRIES: u32 = 4096;
/// What a removal completes with; no request has it, because no process has that descriptor.
const REMOVAL: u64 = u64::MAX;

/// What is asked about one descriptor.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    key: u64,
    /// Of the request that was made last; an answer to an earlier one says nothing.
    generation: u32,
    interest: Interest,
    /// A request is in the kernel.
    asked: bool,
    /// On the list of those to ask about.
    listed: bool,
}

/// One ring with its waker.
pub(crate) struct UringPoll {
    uring: IoUring,
    wake: Arc<EventFd>,
    /// By descriptor: small numbers, given out from below.
    watches: Vec<Watch>,
    /// Descriptors to ask about with the next wait. Bounded by the watches.
    to_ask: Vec<RawFd>,
    /// Moved out of a full completion queue. Bounded by what is in the kernel.
    stash: Vec<(u64, i32)>,
    /// Completions that the kernel has lost so far (before 5.5).
    lost: u32,
}

impl UringPoll {
    fn watch(&mut self, fd: RawFd) -> &mut Watch {
        let index = fd.max(0) as usize;
        if index >= self.watches.len() {
            self.watches.resize(index + 1, Watch::default());
        }
        &mut self.watches[index]
    }

    /// Has the next wait ask about `fd`.
    fn list(&mut self, fd: RawFd) {
        let watch = self.watch(fd);
        if !core::mem::replace(&mut watch.listed, true) {
            self.to_ask.push(fd);
        }
    }

    /// Takes the request about `fd` back, if there is one; with the next submission.
    fn take_back(&mut self, fd: RawFd) -> io::Result<()> {
        let watch = self.watch(fd);
        if !core::mem::take(&mut watch.asked) {
            return Ok(());
        }
        let request = user_data(fd, watch.generation);
        // Its answer, if it has one by now, is an old one.
        watch.generation = watch.generation.wrapping_add(1);
        self.push(opcode::PollRemove::new(request).build().user_data(REMOVAL))
    }

    /// Makes a request for everything on the list.
    fn ask(&mut self) -> io::Result<()> {
        while let Some(fd) = self.to_ask.pop() {
            let watch = self.watch(fd);
            watch.listed = false;
            if watch.interest == Interest::NONE || watch.asked {
                continue;
            }
            watch.asked = true;
            watch.generation = watch.generation.wrapping_add(1);
            let entry = opcode::PollAdd::new(Fd(fd), mask(watch.interest));
            let entry = entry.build().user_data(user_data(fd, watch.generation));
            self.push(entry)?;
        }
        Ok(())
    }

    /// Queues `entry`, which points to nothing.
    fn push(&mut self, entry: squeue::Entry) -> io::Result<()> {
        // SAFETY: polls and their removals have no memory that must outlive them.
        while unsafe { self.uring.submission().push(&entry) }.is_err() {
            self.enter(0, 0)?;
        }
        Ok(())
    }

    /// Hands over everything queued; with `ENTER_GETEVENTS`, then waits for `min` completions.
    fn enter(&mut self, min: u32, flags: u32) -> io::Result<()> {
        loop {
            let queued = self.uring.submission().len() as u32;
            // SAFETY: the entries point to nothing, and no argument is passed.
            let entered =
                unsafe { self.uring.submitter().enter::<libc::sigset_t>(queued, min, flags, None) };
            let Err(error) = entered else {
                // It stops at an entry that it has no room for, and does not wait then.
                if self.uring.submission().is_empty() {
                    return Ok(());
                }
                continue;
            };
            match error.raw_os_error() {
                Some(libc::EINTR) => return Ok(()),
                // The completion queue is full (5.5), or memory is short: make room.
                Some(libc::EBUSY | libc::EAGAIN) if self.stash_completions() => {}
                _ => return Err(error),
            }
        }
    }

    /// Whether there was anything to move.
    fn stash_completions(&mut self) -> bool {
        let before = self.stash.len();
        let completions = self.uring.completion();
        self.stash.extend(completions.map(|entry| (entry.user_data(), entry.result())));
        self.stash.len() > before
    }

    /// Waits for a completion or for `timeout`, by the readiness of the ring itself.
    fn sleep(&self, timeout: Duration) -> io::Result<()> {
        let mut ring =
            libc::pollfd { fd: self.uring.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let timeout = libc::timespec {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos() as _,
        };
        // SAFETY: one descriptor to poll and the timeout live for the call; a null mask changes
        // none.
        let status = unsafe { libc::ppoll(&raw mut ring, 1, &raw const timeout, ptr::null()) };
        if status >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) }
    }

    fn is_ready(&mut self) -> bool {
        !self.stash.is_empty() || !self.uring.completion().is_empty()
    }

    /// Turns what has completed into events; whether the waker was among it.
    fn answer(&mut self, events: &mut Vec<Event>) -> bool {
        let mut woken = false;
        while events.len() < SELECTOR_EVENTS {
            let next = self.uring.completion().next();
            let next = next.map(|entry| (entry.user_data(), entry.result()));
            let Some((request, result)) = self.stash.pop().or(next) else { break };
            if request == REMOVAL {
                continue;
            }
            let fd = request as u32 as RawFd;
            let watch = self.watch(fd);
            if !watch.asked || request != user_data(fd, watch.generation) {
                continue;
            }
            watch.asked = false;
            let key = watch.key;
            self.list(fd);
            if fd == self.wake.raw() {
                woken = true;
                continue;
            }
            // A request that failed counts as both, too: the call that follows says why.
            let bits = u32::try_from(result).unwrap_or(libc::POLLERR as u32) as i16;
            let ended = bits & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0;
            events.push(Event {
                key,
                readable: ended || bits & libc::POLLIN != 0,
                writable: ended || bits & libc::POLLOUT != 0,
            });
        }
        woken
    }

    /// Before 5.5 the kernel loses what a full completion queue has no room for. Whose answer it
    /// was is not known, so everything is asked again.
    fn mend(&mut self) -> io::Result<()> {
        let lost = self.uring.completion().overflow();
        if core::mem::replace(&mut self.lost, lost) == lost
            || self.uring.params().is_feature_nodrop()
        {
            return Ok(());
        }
        self.ask_again()
    }

    /// Makes every request anew.
    fn ask_again(&mut self) -> io::Result<()> {
        for fd in 0..self.watches.len() as RawFd {
            if self.watch(fd).asked {
                self.take_back(fd)?;
                self.list(fd);
            }
        }
        Ok(())
    }
}

impl Selector for UringPoll {
    const BACKEND: IoBackend = IoBackend::IoUring;

    fn new() -> Result<Self, StartError> {
        let failed = |step| move |error| StartError::new(step, error);
        let mut builder = IoUring::builder();
        builder.dontfork(); // a fork must not share the ring
        let uring = builder.build(ENTRIES).map_err(failed(StartStep::UringSetup))?;
        let wake = Arc::new(EventFd::new().map_err(failed(StartStep::Waker))?);
        let (watches, to_ask, stash) = (Vec::new(), Vec::new(), Vec::new());
        let mut ring = Self { uring, wake, watches, to_ask, stash, lost: 0 };
        let fd = ring.wake.raw();
        ring.watch(fd).interest = Interest::new(true, false);
        ring.list(fd);
        // Some sandboxes allow the set-up but not the entering: find out now, not while serving.
        ring.wait(Some(Duration::ZERO), &mut Vec::new()).map_err(failed(StartStep::UringEnter))?;
        Ok(ring)
    }

    fn features(&self) -> String {
        UringRung::Poll.to_string()
    }

    fn add(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()> {
        self.modify(socket, key, interest)
    }

    fn modify(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()> {
        let fd = socket.as_raw_fd();
        self.take_back(fd)?;
        let watch = self.watch(fd);
        (watch.key, watch.interest) = (key, interest);
        self.list(fd);
        Ok(())
    }

    fn delete(&mut self, socket: &Socket) -> io::Result<()> {
        let fd = socket.as_raw_fd();
        self.watch(fd).interest = Interest::NONE;
        if !self.watch(fd).asked {
            return Ok(());
        }
        // At once: a request holds the connection open, whatever becomes of the descriptor.
        self.take_back(fd)?;
        self.enter(0, 0)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<bool> {
        events.clear();
        self.mend()?;
        self.ask()?;
        // Entering with nothing to wait for is what moves completions into the queue.
        let min = u32::from(timeout.is_none() && !self.is_ready());
        self.enter(min, ENTER_GETEVENTS)?;
        if let Some(timeout) = timeout
            && !timeout.is_zero()
            && !self.is_ready()
        {
            self.sleep(timeout)?;
        }
        let woken = self.answer(events);
        if woken {
            self.wake.drain();
        }
        Ok(woken)
    }

    fn waker(&self) -> Waker {
        Waker::new(self.wake.clone())
    }
}

impl Drop for UringPoll {
    fn drop(&mut self) {
        // The kernel tears a ring down later, and connections with it: let go of them now. If
        // that is refused, they end then.
        for fd in 0..self.watches.len() as RawFd {
            let _ = self.take_back(fd);
        }
        let _ = self.enter(0, ENTER_GETEVENTS);
    }
}

impl core::fmt::Debug for UringPoll {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UringPoll").field("fd", &self.uring.as_raw_fd()).finish_non_exhaustive()
    }
}

/// What a request carries.
const fn user_data(fd: RawFd, generation: u32) -> u64 {
    (generation as u64) << 32 | fd as u32 as u64
}

/// No `POLLRDHUP`: the end of the peer's stream is read, behind all data, like any byte.
const fn mask(interest: Interest) -> u32 {
    let read = if interest.read() { libc::POLLIN } else { 0 };
    let write = if interest.write() { libc::POLLOUT } else { 0 };
    (read | write) as u32
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::{Duration, Event, Interest, Selector, Socket, UringPoll};

    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let peer = TcpStream::connect(listener.local_addr().expect("bound")).expect("connect");
        (listener.accept().expect("accept").0.into(), peer)
    }

    fn ready(ring: &mut UringPoll, timeout: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        ring.wait(Some(timeout), &mut events).expect("wait");
        events
    }

    #[test]
    fn what_is_ready_is_reported_until_it_is_forgotten() {
        let Ok(mut ring) = UringPoll::new() else { return };
        let (socket, _peer) = pair();
        ring.add(&socket, 7, Interest::new(false, true)).expect("add");
        for _ in 0..3 {
            let events = ready(&mut ring, Duration::from_secs(9));
            assert_eq!(events.len(), 1);
            assert!(events[0].key == 7 && events[0].writable && !events[0].readable);
        }
        ring.modify(&socket, 8, Interest::new(true, false)).expect("modify");
        assert!(ready(&mut ring, Duration::from_millis(5)).is_empty(), "nothing to read");
        ring.delete(&socket).expect("delete");
        drop(_peer);
        assert!(ready(&mut ring, Duration::from_millis(5)).is_empty(), "forgotten");
    }

    #[test]
    fn lost_completions_are_asked_for_again() {
        let Ok(mut ring) = UringPoll::new() else { return };
        let (socket, _peer) = pair();
        ring.add(&socket, 7, Interest::new(false, true)).expect("add");
        ring.mend().expect("mend");
        ring.ask().expect("ask");
        ring.enter(0, 0).expect("enter");
        // As if the queue had been full.
        assert!(ring.stash_completions());
        ring.stash.clear();
        assert!(ready(&mut ring, Duration::from_millis(5)).is_empty(), "the answer is lost");
        ring.ask_again().expect("ask");
        assert_eq!(ready(&mut ring, Duration::from_secs(9)).len(), 1);
    }

    #[test]
    fn a_timeout_is_waited_out_and_a_wake_ends_it() {
        let Ok(mut ring) = UringPoll::new() else { return };
        let start = std::time::Instant::now();
        assert!(ready(&mut ring, Duration::from_micros(2_500)).is_empty());
        assert!(start.elapsed() >= Duration::from_micros(2_500));
        ring.waker().wake();
        ring.waker().wake();
        assert!(ring.wait(None, &mut Vec::new()).expect("wait"));
        assert!(!ring.wait(Some(Duration::ZERO), &mut Vec::new()).expect("wait"), "two wakes");
        ring.waker().wake();
        assert!(ring.wait(Some(Duration::MAX), &mut Vec::new()).expect("wait"));
    }
}
