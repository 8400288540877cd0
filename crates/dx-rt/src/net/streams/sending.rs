//! The sending half of the streams.
//!
//! Owns the life of a send: whole buffers, whose rest goes on by itself after a short send, and
//! single steps of a file. Knows nothing of receiving. Invariant: a stream has at most one send in
//! flight or waiting to be collected.

use std::io;
use std::net::Shutdown;

use dx_io::{Driver, File, Instant, Op, Payload, PushError, Reactor, Sock, Token, errno};

use super::{ENDING, FILE, QUIET, SENT, Slot, StreamRef, Streams, kind_error, refused};
use crate::limits::SEND_REST_COPIED;
use crate::net::buffers::Buffers;
use crate::net::user_data::{Kind, UserData};

impl Streams {
    /// Starts to send all of `buf`.
    ///
    /// # Errors
    /// The buffer, when a send is in flight or could not be started.
    pub(crate) fn send(
        &mut self,
        at: StreamRef,
        buf: Vec<u8>,
        driver: &mut Driver,
    ) -> Result<(), (io::Error, Vec<u8>)> {
        let slot = &mut self.slots[at.index as usize];
        if !slot.send.is_none() {
            return Err((io::ErrorKind::ResourceBusy.into(), buf));
        }
        let Ok(unsent) = u32::try_from(buf.len()) else {
            return Err((io::ErrorKind::FileTooLarge.into(), buf));
        };
        slot.unsent = unsent;
        slot.send_end = 0;
        slot.flags &= !QUIET;
        push_send(slot, at.index, buf, self.zero_copy_min, driver)?;
        self.unsent += unsent as usize;
        Ok(())
    }

    /// Starts to send from a file; one step of it.
    ///
    /// # Errors
    /// When a send is in flight or could not be started.
    pub(crate) fn send_file(
        &mut self,
        at: StreamRef,
        file: File,
        range: (u64, u32),
        driver: &mut Driver,
    ) -> io::Result<()> {
        let slot = &mut self.slots[at.index as usize];
        if !slot.send.is_none() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let (offset, len) = range;
        let data = UserData::new(Kind::Send, slot.generation, at.index).to_bits();
        let op = Op::SendFile { sock: slot.sock, file, offset, len };
        slot.send = driver.push(op, data).map_err(refused)?;
        (slot.unsent, slot.send_end) = (0, 0);
        slot.flags = slot.flags & !QUIET | FILE;
        Ok(())
    }

    /// The end of a step of a file: how many bytes it sent. `None` while it goes on.
    pub(crate) fn file_sent(
        &mut self,
        at: StreamRef,
        driver: &mut Driver,
    ) -> Option<io::Result<u32>> {
        let (ended, _) = self.sent(at, driver)?;
        let count = self.slots[at.index as usize].send_end;
        Some(ended.map(|()| u32::try_from(count).unwrap_or(0)))
    }

    /// The end of the send: its buffer back, and how it went. `None` while it goes on.
    pub(crate) fn sent(
        &mut self,
        at: StreamRef,
        driver: &mut Driver,
    ) -> Option<(io::Result<()>, Vec<u8>)> {
        let slot = &mut self.slots[at.index as usize];
        if slot.flags & SENT == 0 {
            return None;
        }
        let buf = match driver.take(slot.send) {
            Payload::Buffer(buf) => buf,
            _ => Vec::new(),
        };
        slot.send = Token::NONE;
        slot.flags &= !(SENT | FILE | QUIET);
        // What an error has left.
        self.unsent -= core::mem::take(&mut slot.unsent) as usize;
        end_sending(slot, driver);
        let result = if slot.send_end < 0 { Err(errno::to_error(slot.send_end)) } else { Ok(()) };
        Some((result, buf))
    }

    /// Whether a send is in flight or waits to be collected.
    pub(crate) fn is_sending(&self, at: StreamRef) -> bool {
        !self.slots[at.index as usize].send.is_none()
    }

    /// Whether the end of the send in flight is of no interest, unless it fails. Nothing happens
    /// when none is in flight; each send starts with one that waits for it.
    pub(crate) fn set_send_quiet(&mut self, at: StreamRef, quiet: bool) {
        let slot = &mut self.slots[at.index as usize];
        if slot.send.is_none() || slot.flags & SENT != 0 {
            return;
        }
        slot.flags = if quiet { slot.flags | QUIET } else { slot.flags & !QUIET };
    }

    /// When the last send ended, to the millisecond, if it ended quietly.
    pub(crate) fn quiet_end(&self, at: StreamRef, now: Instant) -> Option<Instant> {
        let slot = &self.slots[at.index as usize];
        if !slot.send.is_none() || slot.flags & QUIET == 0 {
            return None;
        }
        let age = (now.as_millis() as u32).wrapping_sub(slot.unsent);
        let age = core::time::Duration::from_millis(u64::from(age));
        Some(Instant::ZERO + (now - Instant::ZERO).saturating_sub(age))
    }

    /// Ends one or both directions; the sending one after the send in flight, if there is one.
    pub(crate) fn shutdown(
        &mut self,
        at: StreamRef,
        how: Shutdown,
        driver: &mut Driver,
    ) -> io::Result<()> {
        let slot = &mut self.slots[at.index as usize];
        let sending = !slot.send.is_none() && slot.flags & SENT == 0;
        if !sending || how == Shutdown::Read {
            return push_shutdown(slot.sock, how, driver);
        }
        if how == Shutdown::Both {
            push_shutdown(slot.sock, Shutdown::Read, driver)?;
        }
        slot.flags |= ENDING;
        Ok(())
    }
}

/// Whether the send has ended; else the rest of it is on its way.
pub(super) fn send_completed(
    slot: &mut Slot,
    index: u32,
    result: i32,
    zero_copy_min: usize,
    driver: &mut Driver,
) -> bool {
    let sent = u32::try_from(result).unwrap_or(0);
    slot.unsent = slot.unsent.saturating_sub(sent);
    slot.send_end = match result {
        error if error < 0 => error,
        count if slot.flags & FILE != 0 => count,
        // A send of nothing would go on for ever.
        0 if slot.unsent > 0 => errno::BROKEN_PIPE,
        _ => 0,
    };
    if slot.unsent > 0 && slot.send_end == 0 {
        let token = core::mem::replace(&mut slot.send, Token::NONE);
        let Payload::Buffer(buf) = driver.take(token) else { unreachable!("a send owns a buffer") };
        let buf = without_sent(buf, slot.unsent as usize);
        match push_send(slot, index, buf, zero_copy_min, driver) {
            Ok(()) => return false,
            Err(_) => slot.send_end = errno::NO_BUFFER_SPACE,
        }
    }
    slot.flags |= SENT;
    end_sending(slot, driver);
    true
}

/// A peer that is slow may leave the rest for long: a small rest does not keep a large buffer.
fn without_sent(buf: Vec<u8>, unsent: usize) -> Vec<u8> {
    if unsent * 2 > buf.len() || unsent > SEND_REST_COPIED {
        return buf;
    }
    buf[buf.len() - unsent..].to_vec()
}

/// Whether the send that has ended interests nobody: then its buffer is kept for later.
pub(super) fn end_quietly(
    slot: &mut Slot,
    now: Instant,
    buffers: &Buffers,
    driver: &mut Driver,
) -> bool {
    if slot.flags & (QUIET | FILE) != QUIET || slot.send_end < 0 {
        return false;
    }
    let token = core::mem::replace(&mut slot.send, Token::NONE);
    if let Payload::Buffer(buffer) = driver.take(token) {
        buffers.give(buffer);
    }
    slot.flags &= !SENT;
    slot.unsent = now.as_millis() as u32;
    end_sending(slot, driver);
    true
}

/// Pushes the shutdown that waited for the send. When the table is full, it is pushed once the
/// send is collected, which makes room.
fn end_sending(slot: &mut Slot, driver: &mut Driver) {
    if slot.flags & ENDING != 0 && push_shutdown(slot.sock, Shutdown::Write, driver).is_ok() {
        slot.flags &= !ENDING;
    }
}

fn push_shutdown(sock: Sock, how: Shutdown, driver: &mut Driver) -> io::Result<()> {
    let token = driver.push(Op::Shutdown { sock, how }, UserData::IGNORED).map_err(refused)?;
    driver.orphan(token);
    Ok(())
}

/// Sends the last `slot.unsent` bytes of `buf`.
fn push_send(
    slot: &mut Slot,
    index: u32,
    buf: Vec<u8>,
    zero_copy_min: usize,
    driver: &mut Driver,
) -> Result<(), (io::Error, Vec<u8>)> {
    let start = buf.len() - slot.unsent as usize;
    let data = UserData::new(Kind::Send, slot.generation, index).to_bits();
    let sock = slot.sock;
    let op = match slot.unsent as usize >= zero_copy_min {
        true => Op::SendZeroCopy { sock, buf, start },
        false => Op::Send { sock, buf, start },
    };
    match driver.push(op, data) {
        Ok(token) => {
            slot.send = token;
            Ok(())
        }
        Err(PushError { op: Op::Send { buf, .. } | Op::SendZeroCopy { buf, .. }, kind }) => {
            Err((kind_error(kind), buf))
        }
        Err(error) => Err((refused(error), Vec::new())),
    }
}
