//! Ctrl-C, Ctrl-Break and the closing of a console as values.
//!
//! Owns [`Termination`] and its handle. Decides nothing: what a signal means is the caller's
//! business. Invariant: the handler runs on a thread of its own (the system makes one for each
//! event), so it may take a lock; it holds it for no longer than it takes to note the event.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

use crate::sys::host::Signal;

/// Everyone who wants to hear of events.
static INBOXES: Mutex<Vec<Arc<Inbox>>> = Mutex::new(Vec::new());
/// Whether the handler stands. It is never taken down: the system calls handlers under the lock
/// that doing so takes. Not locked by the handler, for the same reason.
static INSTALLED: Mutex<bool> = Mutex::new(false);

/// The process's wish to end, as its console tells it.
///
/// Between [`install`](Self::install) and drop, Ctrl-C and Ctrl-Break
/// ([`Signal::Interrupt`]) and the end of the console, the session or the system
/// ([`Signal::Terminate`]) no longer end the process at once: they come out of
/// [`wait`](Self::wait), one call each. Several may live at a time; each sees every event. After
/// the last has been dropped, events end the process again.
///
/// After [`Signal::Terminate`] the system gives the process a few seconds, then ends it.
///
/// ```
/// use dx_io::host::{Signal, Termination};
///
/// let termination = Termination::install()?;
/// let handle = termination.handle();
/// let waiter = std::thread::spawn(move || termination.wait());
/// handle.stop();
/// assert_eq!(waiter.join().unwrap()?, Signal::Stopped);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Termination {
    inbox: Arc<Inbox>,
}

impl Termination {
    /// Catches console events from now on.
    ///
    /// # Errors
    /// What the system says; nothing is caught then.
    pub fn install() -> io::Result<Self> {
        let mut installed = locked(&INSTALLED);
        if !*installed {
            // SAFETY: the handler is a function with the signature that is asked for, and stays.
            if unsafe { SetConsoleCtrlHandler(Some(handler), 1) } == 0 {
                return Err(io::Error::last_os_error());
            }
            *installed = true;
        }
        drop(installed);
        let inbox = Arc::new(Inbox::default());
        locked(&INBOXES).push(inbox.clone());
        Ok(Self { inbox })
    }

    /// Blocks until the next event and returns it; a second call waits for a second one.
    ///
    /// Events that came before the call count. Two of one kind that come before the first is
    /// handled are one. Once stopped, every call returns [`Signal::Stopped`] as soon as no event
    /// is left.
    ///
    /// # Errors
    /// None here; other hosts have some.
    pub fn wait(&self) -> io::Result<Signal> {
        let mut noted = locked(&self.inbox.noted);
        loop {
            if core::mem::take(&mut noted.terminate) {
                return Ok(Signal::Terminate);
            }
            if core::mem::take(&mut noted.interrupt) {
                return Ok(Signal::Interrupt);
            }
            // Last, so that no event gets lost behind a stop.
            if noted.stopped {
                return Ok(Signal::Stopped);
            }
            noted = self.inbox.changed.wait(noted).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the current wait and all later ones.
    pub fn stop(&self) {
        self.inbox.note(|noted| noted.stopped = true);
    }

    /// A handle by which another thread can end the wait.
    #[must_use]
    pub fn handle(&self) -> TerminationHandle {
        TerminationHandle { inbox: self.inbox.clone() }
    }
}

impl Drop for Termination {
    fn drop(&mut self) {
        locked(&INBOXES).retain(|inbox| !Arc::ptr_eq(inbox, &self.inbox));
    }
}

/// Ends the waits of a [`Termination`] from any thread. Outlives it harmlessly.
#[derive(Clone, Debug)]
pub struct TerminationHandle {
    inbox: Arc<Inbox>,
}

impl TerminationHandle {
    /// Ends the current wait and all later ones.
    pub fn stop(&self) {
        self.inbox.note(|noted| noted.stopped = true);
    }
}

/// What one [`Termination`] has yet to tell.
#[derive(Debug, Default)]
struct Inbox {
    noted: Mutex<Noted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Noted {
    terminate: bool,
    interrupt: bool,
    stopped: bool,
}

impl Inbox {
    fn note(&self, change: impl FnOnce(&mut Noted)) {
        change(&mut locked(&self.noted));
        self.changed.notify_all();
    }
}

/// Tells everyone of an event; whether there was anyone.
fn deliver(event: u32) -> bool {
    let inboxes = locked(&INBOXES);
    for inbox in inboxes.iter() {
        inbox.note(|noted| match event {
            CTRL_C_EVENT | CTRL_BREAK_EVENT => noted.interrupt = true,
            _ => noted.terminate = true,
        });
    }
    !inboxes.is_empty()
}

/// Called by the system for each event. `TRUE` says that it has been dealt with.
unsafe extern "system" fn handler(event: u32) -> BOOL {
    if !deliver(event) {
        return 0;
    }
    if !matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        // The process is ended when this returns; it ends by itself, or when the system has
        // waited long enough.
        loop {
            std::thread::park();
        }
    }
    1
}

/// A panic elsewhere leaves nothing here half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::Console::{CTRL_C_EVENT, CTRL_CLOSE_EVENT};

    use super::{Termination, deliver};
    use crate::sys::host::Signal;

    #[test]
    fn events_come_out_one_call_each() {
        let both = [0, 1].map(|_| Termination::install().expect("a handler"));
        assert!(deliver(CTRL_C_EVENT) && deliver(CTRL_CLOSE_EVENT));
        both[0].stop();
        both[1].handle().stop();
        for termination in &both {
            for signal in [Signal::Terminate, Signal::Interrupt, Signal::Stopped, Signal::Stopped] {
                assert_eq!(termination.wait().expect("a signal"), signal);
            }
        }
        drop(both);
        assert!(!deliver(CTRL_C_EVENT), "nobody is left: the event ends the process");
    }
}
