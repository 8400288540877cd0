//! The operations of one reactor that are in flight.
//!
//! Owns [`Ops`]: what was pushed, what it owns, and how far it is. May not know what operations do.
//! Invariant: a token names one operation for ever; after its end it names none.

use core::num::NonZeroU64;
use std::net::{Shutdown, SocketAddr};

use dx_io::{File, FileBuf, Payload, Token, Waker};

/// What an operation is to do, and what it owns.
#[derive(Debug)]
pub(crate) enum Held {
    Accept {
        ear: usize,
        hand_over: bool,
    },
    Connect {
        slot: u32,
        peer: SocketAddr,
    },
    Recv {
        slot: u32,
    },
    Send {
        slot: u32,
        buf: Vec<u8>,
        start: usize,
    },
    SendVectored {
        slot: u32,
        bufs: Vec<Vec<u8>>,
    },
    SendFile {
        slot: u32,
        file: File,
        offset: u64,
        len: u32,
    },
    Read {
        file: File,
        buf: FileBuf,
        offset: u64,
    },
    Write {
        file: File,
        buf: FileBuf,
        start: usize,
        offset: u64,
    },
    Shutdown {
        slot: u32,
        how: Shutdown,
    },
    Close {
        slot: u32,
    },
    Cancel {
        target: Token,
    },
    Wake {
        target: Waker,
    },
    /// It has ended, and this is to be taken.
    Ended(Payload),
}

impl Held {
    /// Whether its end brings something to be taken.
    pub(crate) const fn owns(&self) -> bool {
        matches!(
            self,
            Self::Accept { .. }
                | Self::Connect { .. }
                | Self::Send { .. }
                | Self::SendVectored { .. }
                | Self::Read { .. }
                | Self::Write { .. }
                | Self::Ended(_)
        )
    }

    /// What comes back, once it has ended.
    pub(crate) fn payload(self) -> Payload {
        match self {
            Self::Send { buf, .. } => Payload::Buffer(buf),
            Self::SendVectored { bufs, .. } => Payload::Buffers(bufs),
            Self::Read { buf, .. } | Self::Write { buf, .. } => Payload::File(buf),
            Self::Ended(payload) => payload,
            _ => Payload::None,
        }
    }
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Pushed, not handed over.
    Queued,
    /// Handed over.
    Active,
    /// Its last completion waits to be reaped.
    Ended,
    /// Reaped; its payload waits to be taken.
    Reaped,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) user_data: u64,
    pub(crate) stage: Stage,
    pub(crate) orphaned: bool,
    pub(crate) held: Held,
    /// When its last completion so far becomes visible.
    pub(crate) seen_at: u64,
}

/// All operations of one reactor.
#[derive(Debug)]
pub(crate) struct Ops {
    slots: Vec<(u32, Option<Flight>)>,
    free: Vec<u32>,
    live: usize,
    max: usize,
}

impl Ops {
    pub(crate) const fn new(max: u32) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), live: 0, max: max as usize }
    }

    pub(crate) const fn live(&self) -> usize {
        self.live
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.live >= self.max
    }

    pub(crate) fn insert(&mut self, user_data: u64, held: Held) -> Token {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.0 += 1;
        slot.1 =
            Some(Flight { user_data, stage: Stage::Queued, orphaned: false, held, seen_at: 0 });
        self.live += 1;
        let number = u64::from(slot.0) << 32 | u64::from(index);
        NonZeroU64::new(number).map_or(Token::NONE, Token::external)
    }

    pub(crate) fn get(&mut self, token: Token) -> Option<&mut Flight> {
        let (generation, index) = split(token);
        let slot = self.slots.get_mut(index)?;
        if slot.0 == generation { slot.1.as_mut() } else { None }
    }

    pub(crate) fn remove(&mut self, token: Token) -> Option<Flight> {
        self.get(token)?;
        let (_, index) = split(token);
        let flight = self.slots[index].1.take();
        self.free.push(index as u32);
        self.live -= 1;
        flight
    }

    /// Everything that is in flight and belongs to somebody, for reports.
    pub(crate) fn owned(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().filter_map(|slot| slot.1.as_ref()).filter(|flight| !flight.orphaned)
    }
}

const fn split(token: Token) -> (u32, usize) {
    ((token.number() >> 32) as u32, token.number() as u32 as usize)
}

/// The token of this number.
pub(crate) fn token(number: u64) -> Token {
    NonZeroU64::new(number).map_or(Token::NONE, Token::external)
}
