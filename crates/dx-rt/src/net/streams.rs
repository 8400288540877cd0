//! The streams of one core.
//!
//! Owns what the runtime knows of each connection: its operations in flight, the pieces it has
//! received, whom to wake. May not know what the bytes mean. Invariants: at most one receive and
//! one send are in flight per stream; a stream that nobody reads stops being received from after
//! [`RECV_CHUNKS_MAX`] pieces.

mod sending;

use core::task::Waker;
use std::io;

use dx_io::{
    Completion, Driver, Instant, Lease, Op, PushError, PushErrorKind, Reactor, Sock, Token, errno,
};

use self::sending::{end_quietly, send_completed};
use super::buffers::Buffers;
use super::chunks::{Chunks, NIL, Queue};
use super::user_data::{GENERATION_MASK, Kind, UserData};
use crate::limits::RECV_CHUNKS_MAX;
use crate::task::TaskRef;

/// The receive has not ended.
const OPEN: i32 = i32::MIN;

/// The receive was cancelled by us, because its reader is behind.
const PAUSING: u8 = 1 << 0;
/// The send has ended; its buffer waits in the reactor.
const SENT: u8 = 1 << 1;
/// The sending direction is to end after the send in flight.
const ENDING: u8 = 1 << 2;
/// The send is a step of a file: its end says how many bytes.
const FILE: u8 = 1 << 3;
/// Nobody waits for the send, unless it fails. After its end: it ended so.
const QUIET: u8 = 1 << 4;

/// Names one stream of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamRef {
    index: u32,
    generation: u32,
}

/// Who waits for a stream that is not owned by one task.
#[derive(Debug, Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Debug)]
struct Slot {
    sock: Sock,
    /// The receive in flight, or [`Token::NONE`].
    recv: Token,
    /// The send in flight or ended but not collected, or [`Token::NONE`].
    send: Token,
    /// The task to wake at every event. Without one, see `waiting`.
    owner: Option<TaskRef>,
    received: Queue,
    /// [`OPEN`], 0 after the peer has finished, or `-errno`.
    recv_end: i32,
    /// How the send went, once [`SENT`]: 0 or `-errno`; for a [`FILE`] also a count.
    send_end: i32,
    /// While a send is in flight: bytes of its buffer that are not gone yet. After a [`QUIET`]
    /// one: when it ended, in milliseconds of the core's clock, modulo 2^32.
    unsent: u32,
    /// Index into `Streams::waiting`, or the next free slot.
    link: u32,
    generation: u32,
    flags: u8,
    chunks: u16,
    live: bool,
}

const _: () = assert!(size_of::<Slot>() <= 64);

/// All streams of one core.
#[derive(Debug)]
pub(crate) struct Streams {
    slots: Vec<Slot>,
    free: u32,
    live: usize,
    chunks: Chunks,
    waiting: Vec<Waiting>,
    waiting_free: Vec<u32>,
    /// Sockets whose close did not fit the in-flight table yet.
    closing: Vec<Sock>,
    /// Sends of so many bytes are made without a copy.
    zero_copy_min: usize,
    /// Bytes of all buffers being sent that are not gone yet.
    unsent: usize,
}

/// Whom a completion concerns.
#[derive(Debug)]
pub(crate) enum Wake {
    Nobody,
    Task(TaskRef),
    Waker(Waker),
}

impl Streams {
    pub(crate) const fn new(zero_copy_min: usize) -> Self {
        Self {
            zero_copy_min,
            unsent: 0,
            slots: Vec::new(),
            free: NIL,
            live: 0,
            chunks: Chunks::new(),
            waiting: Vec::new(),
            waiting_free: Vec::new(),
            closing: Vec::new(),
        }
    }

    pub(crate) fn sock(&self, at: StreamRef) -> Sock {
        self.slots[at.index as usize].sock
    }

    /// Bytes that are being sent and not gone yet.
    pub(crate) const fn unsent(&self) -> usize {
        self.unsent
    }

    pub(crate) const fn len(&self) -> usize {
        self.live
    }

    /// Takes a connected socket in and starts receiving from it.
    pub(crate) fn insert(&mut self, sock: Sock, driver: &mut Driver) -> StreamRef {
        let index = self.free_slot();
        let slot = &mut self.slots[index as usize];
        let generation = slot.generation;
        *slot = Slot {
            sock,
            recv: Token::NONE,
            send: Token::NONE,
            owner: None,
            received: Queue::EMPTY,
            recv_end: OPEN,
            send_end: 0,
            unsent: 0,
            link: NIL,
            generation,
            flags: 0,
            chunks: 0,
            live: true,
        };
        self.live += 1;
        arm_recv(slot, index, driver);
        StreamRef { index, generation }
    }

    /// Closes a stream and forgets it.
    pub(crate) fn remove(&mut self, at: StreamRef, driver: &mut Driver) {
        let slot = &mut self.slots[at.index as usize];
        debug_assert!(slot.live && slot.generation == at.generation);
        driver.orphan(slot.recv);
        if !slot.send.is_none() {
            // By its token, so that the close has nothing to look for.
            if let Ok(cancel) = driver.push(Op::Cancel { target: slot.send }, UserData::IGNORED) {
                driver.orphan(cancel);
            }
            driver.orphan(slot.send);
        }
        if !slot.send.is_none() || slot.flags & SENT != 0 {
            self.unsent -= slot.unsent as usize;
        }
        while self.chunks.pop(&mut slot.received).is_some() {}
        if slot.owner.is_none() && slot.link != NIL {
            self.waiting[slot.link as usize] = Waiting::default();
            self.waiting_free.push(slot.link);
        }
        let sock = slot.sock;
        slot.live = false;
        slot.generation = slot.generation.wrapping_add(1) & GENERATION_MASK;
        slot.link = self.free;
        self.free = at.index;
        self.live -= 1;
        self.owe_close(sock);
        self.close_pending(driver);
    }

    /// Has [`Self::close_pending`] close `sock`.
    pub(crate) fn owe_close(&mut self, sock: Sock) {
        self.closing.push(sock);
    }

    /// Pushes the closes that are owed, as far as they fit.
    pub(crate) fn close_pending(&mut self, driver: &mut Driver) {
        while let Some(sock) = self.closing.pop() {
            match driver.push(Op::Close { sock }, UserData::IGNORED) {
                Ok(token) => driver.orphan(token),
                Err(PushError { kind: PushErrorKind::Full, .. }) => {
                    self.closing.push(sock);
                    return;
                }
                // Stale: somebody else has closed it, and the debt is paid.
                Err(_) => {}
            }
        }
    }

    /// From now on `task` is woken by every event of the stream.
    pub(crate) fn set_owner(&mut self, at: StreamRef, task: TaskRef) {
        let slot = &mut self.slots[at.index as usize];
        if slot.owner.is_none() && slot.link != NIL {
            self.waiting[slot.link as usize] = Waiting::default();
            self.waiting_free.push(slot.link);
            slot.link = NIL;
        }
        slot.owner = Some(task);
    }

    /// Remembers who waits for received bytes, unless the stream has an owner.
    pub(crate) fn wait_readable(&mut self, at: StreamRef, waker: &Waker) {
        if let Some(waiting) = self.waiting_of(at) {
            store(&mut waiting.reader, waker);
        }
    }

    /// Remembers who waits for the send to end, unless the stream has an owner.
    pub(crate) fn wait_writable(&mut self, at: StreamRef, waker: &Waker) {
        if let Some(waiting) = self.waiting_of(at) {
            store(&mut waiting.writer, waker);
        }
    }

    /// The next received piece; `Ok(None)` at the end of the stream; `None` when there is nothing
    /// yet.
    pub(crate) fn recv(
        &mut self,
        at: StreamRef,
        driver: &mut Driver,
    ) -> Option<io::Result<Option<Lease>>> {
        let slot = &mut self.slots[at.index as usize];
        if let Some(lease) = self.chunks.pop(&mut slot.received) {
            slot.chunks -= 1;
            return Some(Ok(Some(lease)));
        }
        if slot.recv_end == OPEN && slot.recv.is_none() {
            arm_recv(slot, at.index, driver);
        }
        match slot.recv_end {
            OPEN => None,
            0 => Some(Ok(None)),
            error => Some(Err(errno::to_error(error))),
        }
    }

    /// Stops receiving until the next [`Self::recv`] that finds nothing. What is on its way still
    /// arrives.
    pub(crate) fn pause(&mut self, at: StreamRef, driver: &mut Driver) {
        pause(&mut self.slots[at.index as usize], driver);
    }

    /// Whether received pieces wait to be taken.
    pub(crate) fn has_received(&self, at: StreamRef) -> bool {
        !self.slots[at.index as usize].received.is_empty()
    }

    /// A receive or a send has completed.
    pub(crate) fn completed(
        &mut self,
        data: UserData,
        completion: Completion,
        (now, buffers): (Instant, &Buffers),
        driver: &mut Driver,
    ) -> Wake {
        let lease = driver.claim(&completion);
        let Some(slot) = self.slots.get_mut(data.index as usize) else { return Wake::Nobody };
        if !slot.live || slot.generation != data.generation {
            return Wake::Nobody;
        }
        if data.kind == Kind::Recv {
            if let Some(lease) = lease {
                self.chunks.push(&mut slot.received, lease);
                slot.chunks = slot.chunks.saturating_add(1);
            }
            recv_completed(slot, completion, driver);
        } else {
            let before = slot.unsent;
            let ended =
                send_completed(slot, data.index, completion.result, self.zero_copy_min, driver);
            self.unsent -= (before - slot.unsent) as usize;
            if !ended || end_quietly(slot, now, buffers, driver) {
                return Wake::Nobody;
            }
        }
        match (slot.owner, slot.link) {
            (Some(task), _) => Wake::Task(task),
            (None, NIL) => Wake::Nobody,
            (None, link) => {
                let waiting = &mut self.waiting[link as usize];
                let woken = match data.kind {
                    Kind::Recv => waiting.reader.take(),
                    _ => waiting.writer.take(),
                };
                woken.map_or(Wake::Nobody, Wake::Waker)
            }
        }
    }

    fn waiting_of(&mut self, at: StreamRef) -> Option<&mut Waiting> {
        let slot = &mut self.slots[at.index as usize];
        if slot.owner.is_some() {
            return None;
        }
        if slot.link == NIL {
            slot.link = self.waiting_free.pop().unwrap_or_else(|| {
                self.waiting.push(Waiting::default());
                self.waiting.len() as u32 - 1
            });
        }
        Some(&mut self.waiting[slot.link as usize])
    }

    fn free_slot(&mut self) -> u32 {
        if self.free == NIL {
            self.slots.push(Slot {
                sock: Sock::new(0, 0),
                recv: Token::NONE,
                send: Token::NONE,
                owner: None,
                received: Queue::EMPTY,
                recv_end: OPEN,
                send_end: 0,
                unsent: 0,
                link: NIL,
                generation: 0,
                flags: 0,
                chunks: 0,
                live: false,
            });
            return self.slots.len() as u32 - 1;
        }
        let index = self.free;
        self.free = self.slots[index as usize].link;
        index
    }
}

fn recv_completed(slot: &mut Slot, completion: Completion, driver: &mut Driver) {
    if completion.flags.has_more() {
        if slot.chunks >= RECV_CHUNKS_MAX {
            pause(slot, driver);
        }
        return;
    }
    slot.recv = Token::NONE;
    let paused = slot.flags & PAUSING != 0 && completion.result == errno::CANCELLED;
    slot.flags &= !PAUSING;
    if !paused {
        slot.recv_end = completion.result.min(0);
    }
}

fn pause(slot: &mut Slot, driver: &mut Driver) {
    if slot.recv.is_none() || slot.flags & PAUSING != 0 {
        return;
    }
    // When the table is full, the next piece tries again.
    if let Ok(cancel) = driver.push(Op::Cancel { target: slot.recv }, UserData::IGNORED) {
        driver.orphan(cancel);
        slot.flags |= PAUSING;
    }
}

fn arm_recv(slot: &mut Slot, index: u32, driver: &mut Driver) {
    let data = UserData::new(Kind::Recv, slot.generation, index).to_bits();
    match driver.push(Op::Recv { sock: slot.sock }, data) {
        Ok(token) => slot.recv = token,
        Err(_) => slot.recv_end = errno::NO_BUFFER_SPACE,
    }
}

fn refused(error: PushError) -> io::Error {
    kind_error(error.kind)
}

fn kind_error(kind: PushErrorKind) -> io::Error {
    match kind {
        PushErrorKind::Full => io::ErrorKind::QuotaExceeded.into(),
        PushErrorKind::Os(error) => error,
        PushErrorKind::Unsupported => io::ErrorKind::Unsupported.into(),
        _ => io::ErrorKind::NotConnected.into(),
    }
}

/// Keeps the waker that is there if it wakes the same task.
fn store(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(old) => old.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}
