//! The submission side of the ring: one method per operation the floor uses.
//!
//! Owns tokens and the order "full queue: submit first". Knows no connection state. Invariant: a
//! token is read back as exactly the kind and slot it was made from.

use std::io;
use std::os::fd::RawFd;

use io_uring::{SubmissionQueue, Submitter, opcode, squeue, types};

use super::buffers::GROUP;

/// What a completion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Accept,
    Receive,
    Send,
    Shutdown,
    Close,
}

/// A completion's `user_data`: the kind above, the slot of the direct descriptor below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) slot: u32,
}

impl Token {
    fn encode(self) -> u64 {
        ((self.kind as u64) << 32) | u64::from(self.slot)
    }

    /// The token in `user_data`, which must come from this module.
    pub(super) fn decode(user_data: u64) -> Self {
        const KINDS: [Kind; 5] =
            [Kind::Accept, Kind::Receive, Kind::Send, Kind::Shutdown, Kind::Close];
        Self { kind: KINDS[(user_data >> 32) as usize], slot: user_data as u32 }
    }
}

/// Queues operations and enters the kernel.
pub(super) struct Queue<'ring> {
    submitter: Submitter<'ring>,
    entries: SubmissionQueue<'ring>,
}

impl<'ring> Queue<'ring> {
    pub(super) fn new(submitter: Submitter<'ring>, entries: SubmissionQueue<'ring>) -> Self {
        Self { submitter, entries }
    }

    /// Multishot accept into the next free direct descriptor; the result is its slot.
    pub(super) fn accept(&mut self, listener: RawFd) -> io::Result<()> {
        let entry = opcode::AcceptMulti::new(types::Fd(listener)).allocate_file_index(true);
        // SAFETY: the operation carries no pointer.
        unsafe { self.push(entry.build(), Kind::Accept, 0) }
    }

    /// Multishot receive into the provided buffers.
    pub(super) fn receive(&mut self, slot: u32) -> io::Result<()> {
        let entry = opcode::RecvMulti::new(types::Fixed(slot), GROUP);
        // SAFETY: the operation carries no pointer; the buffers it uses are never freed.
        unsafe { self.push(entry.build(), Kind::Receive, slot) }
    }

    /// Sends `bytes`, or the part of them that the socket takes.
    ///
    /// # Safety
    ///
    /// `bytes` are neither moved, changed nor freed until the completion has arrived.
    pub(super) unsafe fn send(&mut self, slot: u32, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let entry = opcode::Send::new(types::Fixed(slot), bytes.as_ptr(), length)
            .flags(rustix::net::SendFlags::NOSIGNAL.bits() as i32);
        // SAFETY: the caller keeps the bytes in place.
        unsafe { self.push(entry.build(), Kind::Send, slot) }
    }

    /// Ends both directions, which also ends the multishot receive.
    pub(super) fn shutdown(&mut self, slot: u32) -> io::Result<()> {
        /// `SHUT_RDWR` of shutdown(2).
        const BOTH: i32 = 2;
        let entry = opcode::Shutdown::new(types::Fixed(slot), BOTH);
        // SAFETY: the operation carries no pointer.
        unsafe { self.push(entry.build(), Kind::Shutdown, slot) }
    }

    /// Frees the direct descriptor.
    pub(super) fn close(&mut self, slot: u32) -> io::Result<()> {
        let entry = opcode::Close::new(types::Fixed(slot));
        // SAFETY: the operation carries no pointer.
        unsafe { self.push(entry.build(), Kind::Close, slot) }
    }

    /// Submits everything queued and waits for at least one completion.
    pub(super) fn submit_and_wait(&mut self) -> io::Result<()> {
        self.entries.sync();
        match self.submitter.submit_and_wait(1) {
            Ok(_) => Ok(()),
            // A signal, or completions that must be reaped first: the loop comes round.
            Err(error) if matches!(error.raw_os_error(), Some(EINTR | EAGAIN | EBUSY)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// # Safety
    ///
    /// Memory that `entry` points to stays valid and unshared until its completion.
    unsafe fn push(&mut self, entry: squeue::Entry, kind: Kind, slot: u32) -> io::Result<()> {
        let entry = entry.user_data(Token { kind, slot }.encode());
        self.entries.sync();
        // SAFETY: passed on to the caller, word for word.
        while unsafe { self.entries.push(&entry) }.is_err() {
            self.submitter.submit()?;
            self.entries.sync();
        }
        Ok(())
    }
}

const EINTR: i32 = rustix::io::Errno::INTR.raw_os_error();
const EAGAIN: i32 = rustix::io::Errno::AGAIN.raw_os_error();
const EBUSY: i32 = rustix::io::Errno::BUSY.raw_os_error();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        for kind in [Kind::Accept, Kind::Receive, Kind::Send, Kind::Shutdown, Kind::Close] {
            for slot in [0, 1, u32::MAX] {
                let token = Token { kind, slot };
                assert_eq!(Token::decode(token.encode()), token);
            }
        }
    }
}
