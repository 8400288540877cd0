//! The epoll room: a [`Selector`] over epoll(7).
//!
//! Owns the epoll descriptor, the eventfd(2) of its waker, and the array the kernel writes events
//! to. Knows sockets by descriptor and key only. Invariant: level-triggered throughout, and a
//! wait is never shorter than was asked for.

use core::mem::MaybeUninit;
use core::ptr;
use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use socket2::Socket;

use super::event_fd::EventFd;
use super::readiness::{Event, Interest, Readiness, Selector};
use crate::config::{IoBackend, StartError, StartStep};
use crate::limits::SELECTOR_EVENTS;
use crate::wake::Waker;

/// A [`Reactor`](crate::Reactor) on epoll.
pub(crate) type EpollReactor = Readiness<Epoll>;

/// The waker's key; no socket has it, because no table has that many slots.
const WAKE_KEY: u64 = u64::MAX;

/// Which call waits. Chosen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitCall {
    /// epoll_pwait2(2), Linux 5.11: timeouts in nanoseconds.
    Nanoseconds,
    /// epoll_wait(2): timeouts in milliseconds.
    Milliseconds,
}

/// One epoll instance with its waker.
#[derive(Debug)]
pub(crate) struct Epoll {
    epoll: OwnedFd,
    wake: Arc<EventFd>,
    call: WaitCall,
    /// Where the kernel writes events.
    raw: Box<[MaybeUninit<libc::epoll_event>]>,
}

impl Epoll {
    fn control(&self, operation: i32, fd: RawFd, events: u32, key: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: key };
        // SAFETY: `event` is valid for the call, which only reads it.
        let status = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, fd, &mut event) };
        check(status).map(drop)
    }

    /// Waits; how many events were written to `raw`.
    fn wait_raw(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        let epoll = self.epoll.as_raw_fd();
        let (events, len) = (self.raw.as_mut_ptr(), self.raw.len() as i32);
        let status = match self.call {
            WaitCall::Nanoseconds => {
                let timeout = timeout.map(KernelTimespec::from);
                let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
                let no_signals: *const libc::sigset_t = ptr::null();
                // SAFETY: `events` spans `len` entries, of which the kernel writes as many as it
                // returns; `timeout` is null or valid for the call; a null mask changes none,
                // and its size is ignored then.
                let status = unsafe {
                    let call = libc::SYS_epoll_pwait2;
                    libc::syscall(call, epoll, events, len, timeout, no_signals, 0usize)
                };
                status as i32 // at most `len`
            }
            WaitCall::Milliseconds => {
                // SAFETY: as above.
                unsafe { libc::epoll_wait(epoll, events.cast(), len, milliseconds(timeout)) }
            }
        };
        match check(status) {
            Ok(count) => Ok(count as usize),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(error) => Err(error),
        }
    }
}

impl Selector for Epoll {
    const BACKEND: IoBackend = IoBackend::Epoll;

    fn new() -> Result<Self, StartError> {
        let selector = |error| StartError::new(StartStep::Selector, error);
        let waker = |error| StartError::new(StartStep::Waker, error);
        // SAFETY: no pointers are involved.
        let status = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        let fd = check(status).map_err(selector)?;
        // SAFETY: epoll_create1(2) has just made the descriptor for us.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let wake = Arc::new(EventFd::new().map_err(waker)?);
        let raw = vec![MaybeUninit::uninit(); SELECTOR_EVENTS].into();
        let mut epoll = Self { epoll, wake, call: WaitCall::Nanoseconds, raw };
        // Old kernels have no epoll_pwait2, and some sandboxes forbid what they do not know.
        if epoll.wait_raw(Some(Duration::ZERO)).is_err() {
            epoll.call = WaitCall::Milliseconds;
            epoll.wait_raw(Some(Duration::ZERO)).map_err(selector)?;
        }
        let event = epoll.wake.raw();
        epoll.control(libc::EPOLL_CTL_ADD, event, libc::EPOLLIN as u32, WAKE_KEY).map_err(waker)?;
        Ok(epoll)
    }

    fn features(&self) -> String {
        String::from(match self.call {
            WaitCall::Nanoseconds => "level-triggered, epoll_pwait2",
            WaitCall::Milliseconds => "level-triggered, epoll_wait (timeouts in milliseconds)",
        })
    }

    fn add(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket.as_raw_fd(), mask(interest), key)
    }

    fn modify(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, socket.as_raw_fd(), mask(interest), key)
    }

    fn delete(&mut self, socket: &Socket) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, socket.as_raw_fd(), 0, 0)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<bool> {
        events.clear();
        let count = self.wait_raw(timeout)?;
        let mut woken = false;
        for raw in &self.raw[..count] {
            // SAFETY: the kernel wrote the first `count` entries.
            let libc::epoll_event { events: bits, u64: key } = unsafe { raw.assume_init_read() };
            if key == WAKE_KEY {
                woken = true;
                continue;
            }
            let bits = bits as i32;
            let ended = bits & (libc::EPOLLERR | libc::EPOLLHUP) != 0;
            events.push(Event {
                key,
                readable: ended || bits & libc::EPOLLIN != 0,
                writable: ended || bits & libc::EPOLLOUT != 0,
            });
        }
        if woken {
            self.wake.drain();
        }
        Ok(woken)
    }

    fn waker(&self) -> Waker {
        Waker::new(self.wake.clone())
    }
}

/// `struct __kernel_timespec`: 64-bit seconds on every architecture.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

impl From<Duration> for KernelTimespec {
    fn from(duration: Duration) -> Self {
        Self {
            // The kernel takes anything this long for "for ever" (ktime's range is 292 years).
            seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: duration.subsec_nanos().into(),
        }
    }
}

/// As epoll_wait(2) takes it: rounded up, or the rest would be waited for in a busy loop.
fn milliseconds(timeout: Option<Duration>) -> i32 {
    let Some(timeout) = timeout else { return -1 };
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

/// No `EPOLLRDHUP`: the end of the peer's stream is read, behind all data, like any byte.
const fn mask(interest: Interest) -> u32 {
    let read = if interest.read() { libc::EPOLLIN } else { 0 };
    let write = if interest.write() { libc::EPOLLOUT } else { 0 };
    (read | write) as u32
}

fn check(status: i32) -> io::Result<i32> {
    if status == -1 { Err(io::Error::last_os_error()) } else { Ok(status) }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Epoll, Selector, WaitCall, milliseconds};

    #[test]
    fn timeouts_are_rounded_up() {
        let table = [
            (None, -1),
            (Some(Duration::ZERO), 0),
            (Some(Duration::from_nanos(1)), 1),
            (Some(Duration::from_micros(1000)), 1),
            (Some(Duration::from_nanos(1_000_001)), 2),
            (Some(Duration::MAX), i32::MAX),
        ];
        for (timeout, expected) in table {
            assert_eq!(milliseconds(timeout), expected, "{timeout:?}");
        }
    }

    #[test]
    fn both_calls_wait_out_their_timeout_and_see_a_wake() {
        for call in [WaitCall::Nanoseconds, WaitCall::Milliseconds] {
            let mut epoll = Epoll::new().expect("epoll");
            if epoll.call == WaitCall::Milliseconds && call == WaitCall::Nanoseconds {
                continue; // this kernel has only the other one
            }
            epoll.call = call;
            let mut events = Vec::new();
            let start = std::time::Instant::now();
            let timeout = Duration::from_micros(2_500);
            assert!(!epoll.wait(Some(timeout), &mut events).expect("wait"));
            assert!(start.elapsed() >= timeout, "{call:?}");
            epoll.waker().wake();
            epoll.waker().wake();
            assert!(epoll.wait(None, &mut events).expect("wait"), "{call:?}");
            assert!(!epoll.wait(Some(Duration::ZERO), &mut events).expect("wait"), "two wakes");
            assert!(events.is_empty());
        }
    }

    #[test]
    fn a_wait_that_never_ends_is_ended_by_a_wake() {
        let mut epoll = Epoll::new().expect("epoll");
        let waker = epoll.waker();
        waker.wake();
        // Longer than the kernel can count: must not be refused.
        assert!(epoll.wait(Some(Duration::MAX), &mut Vec::new()).expect("wait"));
    }
}
