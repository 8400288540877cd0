//! The room's sockets.
//!
//! Owns the generations of direct descriptors and the plain descriptors beside them. Knows no
//! operation. Invariant: an entry's generation changes when it is closed, so that an old
//! [`Sock`] is refused.

use std::collections::HashMap;
use std::io;

use socket2::Socket;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};

use crate::limits::KEPT_DESCRIPTORS_MAX;
use crate::sock::Sock;

/// Marks indices of plain descriptors; direct ones are the kernel's slot numbers.
const PLAIN: u32 = 1 << 30;

/// What an operation is aimed at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A slot of the ring's own descriptor table: no process-wide number, no look-up.
    Direct(u32),
    /// An ordinary descriptor: listeners, connects, and what was handed over.
    Plain(RawFd),
}

#[derive(Clone, Copy, Debug, Default)]
struct Direct {
    generation: u32,
    /// Operations in flight whose end nobody has asked for.
    wanted: u16,
    /// Shutdowns in flight. The kernel runs them on a thread of its own and looks the slot up
    /// there, so the slot must not be given out again before they are over.
    shutdowns: u8,
    /// [`OPEN`] and [`LENDS`].
    flags: u8,
}

const OPEN: u8 = 1 << 0;
/// The kernel may still read bytes of ours for this socket.
const LENDS: u8 = 1 << 1;

impl Direct {
    const fn is_open(&self) -> bool {
        self.flags & OPEN != 0
    }
}

const _: () = assert!(size_of::<Direct>() == 8);

#[derive(Debug, Default)]
struct Plain {
    generation: u32,
    wanted: u16,
    shutdowns: u8,
    lends: bool,
    /// Listeners do not count as connections.
    listens: bool,
    /// Was put into non-blocking mode.
    sends_files: bool,
    socket: Option<Socket>,
}

/// All sockets of one ring.
#[derive(Debug)]
pub(super) struct Socks {
    direct: Vec<Direct>,
    /// Slots in use or being closed: the kernel frees one when its close completes.
    direct_used: u32,
    /// Accepts in flight, each of which may take a slot at any moment.
    direct_promised: u32,
    direct_max: u32,
    plain: Vec<Plain>,
    plain_free: Vec<u32>,
    listeners: u32,
    /// Ordinary descriptors of direct sockets that have sent from a file, by slot. They close when
    /// the socket is closed, at the latest: while one is open, the connection is.
    installed: HashMap<u32, Socket>,
}

impl Socks {
    pub(super) fn new(direct_max: u32) -> Self {
        Self {
            direct: Vec::new(),
            direct_used: 0,
            direct_promised: 0,
            direct_max,
            plain: Vec::new(),
            plain_free: Vec::new(),
            listeners: 0,
            installed: HashMap::new(),
        }
    }

    /// Sets a place aside for an accept, if one is free.
    pub(super) const fn promise(&mut self) -> bool {
        let connections = self.open() - self.listeners as usize;
        if connections + self.direct_promised as usize >= self.direct_max as usize {
            return false;
        }
        self.direct_promised += 1;
        true
    }

    /// An accept has ended: without a connection the promise is void.
    pub(super) const fn promise_ended(&mut self) {
        self.direct_promised -= 1;
    }

    /// The kernel put a connection into `slot`.
    pub(super) fn opened(&mut self, slot: u32) -> Sock {
        let index = slot as usize;
        if index >= self.direct.len() {
            self.direct.resize(index + 1, Direct::default());
        }
        let entry = &mut self.direct[index];
        debug_assert!(!entry.is_open(), "the kernel gave out a slot twice");
        entry.flags = OPEN;
        self.direct_used += 1;
        Sock { index: slot, generation: entry.generation }
    }

    /// Whether `index` is a slot of the ring's own table.
    pub(super) const fn is_direct(index: u32) -> bool {
        index & PLAIN == 0
    }

    /// The kernel has closed entry `index`: it may be given out again.
    pub(super) fn freed(&mut self, index: u32) {
        if Self::is_direct(index) {
            self.direct_used -= 1;
        } else {
            let index = index & !PLAIN;
            if core::mem::take(&mut self.plain[index as usize].listens) {
                self.listeners -= 1;
            }
            self.plain_free.push(index);
        }
    }

    /// Adds a listener, which never counts as a connection.
    pub(super) fn add_listener(&mut self, socket: Socket) -> Sock {
        let sock = self.add_plain(socket);
        self.plain[(sock.index & !PLAIN) as usize].listens = true;
        self.listeners += 1;
        sock
    }

    pub(super) fn add_plain(&mut self, socket: Socket) -> Sock {
        let index = self.plain_free.pop().unwrap_or_else(|| {
            self.plain.push(Plain::default());
            self.plain.len() as u32 - 1
        });
        let entry = &mut self.plain[index as usize];
        entry.socket = Some(socket);
        Sock { index: index | PLAIN, generation: entry.generation }
    }

    /// What `sock` stands for, unless it is stale.
    pub(super) fn target(&self, sock: Sock) -> Option<Target> {
        if Self::is_direct(sock.index) {
            let entry = self.direct.get(sock.index as usize)?;
            return (entry.is_open() && entry.generation == sock.generation)
                .then_some(Target::Direct(sock.index));
        }
        let entry = self.plain.get((sock.index & !PLAIN) as usize)?;
        let socket = entry.socket.as_ref().filter(|_| entry.generation == sock.generation)?;
        Some(Target::Plain(socket.as_raw_fd()))
    }

    /// Keeps an ordinary descriptor of `sock`; a stale one's is closed at once.
    pub(super) fn install(&mut self, sock: Sock, socket: Socket) {
        // Non-blocking for sendfile(2), which has no flag for it. The ring's own operations do not
        // look at the mode: only accepts do, and a connection has none.
        if self.target(sock).is_some() && socket.set_nonblocking(true).is_ok() {
            self.installed.insert(sock.index, socket);
        }
    }

    /// A send from a file has ended: its descriptor is kept if there are not too many.
    pub(super) fn sent_file(&mut self, sock: Sock) {
        if self.installed.len() > KEPT_DESCRIPTORS_MAX && self.target(sock).is_some() {
            self.installed.remove(&sock.index);
        }
    }

    /// The ordinary descriptor of `sock`, if it has one.
    pub(super) fn installed(&self, sock: Sock) -> Option<&Socket> {
        self.target(sock)?;
        if Self::is_direct(sock.index) {
            return self.installed.get(&sock.index);
        }
        self.plain.get((sock.index & !PLAIN) as usize)?.socket.as_ref()
    }

    /// As [`Self::installed`], in non-blocking mode.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn sends_files(&mut self, sock: Sock) -> io::Result<Option<&Socket>> {
        if !Self::is_direct(sock.index)
            && self.target(sock).is_some()
            && let Some(plain) = self.plain.get_mut((sock.index & !PLAIN) as usize)
            && let Some(socket) = plain.socket.as_ref()
            && !plain.sends_files
        {
            socket.set_nonblocking(true)?;
            plain.sends_files = true;
        }
        Ok(self.installed(sock))
    }

    /// An operation on `sock` begins.
    pub(super) fn begin(&mut self, sock: Sock) {
        if let Some(wanted) = self.wanted(sock) {
            *wanted = wanted.saturating_add(1);
        }
    }

    /// An operation on `sock` has ended, or its end was asked for.
    pub(super) fn end(&mut self, sock: Sock) {
        if let Some(wanted) = self.wanted(sock) {
            *wanted = wanted.saturating_sub(1);
        }
    }

    /// Whether operations are in flight on `sock` that would not end by themselves.
    pub(super) fn is_busy(&mut self, sock: Sock) -> bool {
        self.wanted(sock).is_some_and(|wanted| *wanted > 0)
    }

    /// The kernel begins, or ends, to read bytes of ours for `sock`. For one send at a time, which
    /// is the rule for sends.
    pub(super) fn set_lends(&mut self, sock: Sock, lends: bool) {
        if self.target(sock).is_none() {
            return;
        }
        if !Self::is_direct(sock.index) {
            self.plain[(sock.index & !PLAIN) as usize].lends = lends;
        } else if lends {
            self.direct[sock.index as usize].flags |= LENDS;
        } else {
            self.direct[sock.index as usize].flags &= !LENDS;
        }
    }

    /// Whether the kernel may still read bytes of ours for `sock`.
    pub(super) fn lends(&self, sock: Sock) -> bool {
        if Self::is_direct(sock.index) {
            return self.direct.get(sock.index as usize).is_some_and(|e| e.flags & LENDS != 0);
        }
        self.plain.get((sock.index & !PLAIN) as usize).is_some_and(|entry| entry.lends)
    }

    /// A shutdown of entry `index` begins.
    pub(super) fn shutdown_begins(&mut self, index: u32) {
        if let Some(shutdowns) = self.shutdowns(index) {
            *shutdowns = shutdowns.saturating_add(1);
        }
    }

    /// A shutdown of entry `index` is over. Whether it was the last one.
    pub(super) fn shutdown_ends(&mut self, index: u32) -> bool {
        self.shutdowns(index).is_some_and(|shutdowns| {
            *shutdowns = shutdowns.saturating_sub(1);
            *shutdowns == 0
        })
    }

    /// Whether a shutdown of entry `index` is under way.
    pub(super) fn is_shutting_down(&mut self, index: u32) -> bool {
        self.shutdowns(index).is_some_and(|shutdowns| *shutdowns > 0)
    }

    fn shutdowns(&mut self, index: u32) -> Option<&mut u8> {
        if Self::is_direct(index) {
            return self.direct.get_mut(index as usize).map(|entry| &mut entry.shutdowns);
        }
        self.plain.get_mut((index & !PLAIN) as usize).map(|entry| &mut entry.shutdowns)
    }

    fn wanted(&mut self, sock: Sock) -> Option<&mut u16> {
        if Self::is_direct(sock.index) {
            let entry = self.direct.get_mut(sock.index as usize)?;
            return (entry.is_open() && entry.generation == sock.generation)
                .then_some(&mut entry.wanted);
        }
        let entry = self.plain.get_mut((sock.index & !PLAIN) as usize)?;
        (entry.socket.is_some() && entry.generation == sock.generation).then_some(&mut entry.wanted)
    }

    /// Makes `sock` stale. The caller owns the closing of what is returned, and says by
    /// [`Self::freed`] that it is done.
    pub(super) fn close(&mut self, sock: Sock) -> Option<Target> {
        self.target(sock)?;
        if Self::is_direct(sock.index) {
            let entry = &mut self.direct[sock.index as usize];
            entry.flags = 0;
            entry.wanted = 0;
            entry.generation = entry.generation.wrapping_add(1);
            if !self.installed.is_empty() {
                self.installed.remove(&sock.index);
            }
            return Some(Target::Direct(sock.index));
        }
        let index = sock.index & !PLAIN;
        let entry = &mut self.plain[index as usize];
        entry.wanted = 0;
        entry.sends_files = false;
        entry.lends = false;
        entry.generation = entry.generation.wrapping_add(1);
        entry.socket.take().map(|socket| Target::Plain(socket.into_raw_fd()))
    }

    /// Sockets that are open or not yet closed by the kernel.
    pub(super) const fn open(&self) -> usize {
        self.direct_used as usize + self.plain.len() - self.plain_free.len()
    }

    /// Slots an accept could still take.
    pub(super) const fn direct_max(&self) -> u32 {
        self.direct_max
    }
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};

    use super::{KEPT_DESCRIPTORS_MAX, Socks};

    fn socket() -> Socket {
        Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket")
    }

    #[test]
    fn descriptors_for_files_are_kept_up_to_a_bound_and_go_with_their_socket() {
        let mut socks = Socks::new(u32::MAX >> 2);
        let all: Vec<_> =
            (0..=KEPT_DESCRIPTORS_MAX as u32).map(|slot| socks.opened(slot)).collect();
        let shared = socket();
        let mut installed = 0;
        for &sock in &all {
            let Ok(socket) = shared.try_clone() else { break };
            socks.install(sock, socket);
            installed += 1;
        }
        let (first, last) = (all[0], all[installed - 1]);
        socks.sent_file(first);
        assert_eq!(socks.installed(first).is_none(), installed > KEPT_DESCRIPTORS_MAX);
        socks.sent_file(last);
        assert!(socks.installed(last).is_some(), "there is room again");
        assert!(socks.close(last).is_some());
        assert!(socks.installed.len() < KEPT_DESCRIPTORS_MAX, "closed with its socket");
        socks.install(last, socket());
        assert!(socks.installed(last).is_none(), "too late: it is closed");
    }

    #[test]
    fn lent_bytes_are_remembered_until_the_socket_closes() {
        let mut socks = Socks::new(8);
        for sock in [socks.opened(3), socks.add_plain(socket())] {
            assert!(!socks.lends(sock));
            socks.set_lends(sock, true);
            assert!(socks.lends(sock) && socks.target(sock).is_some());
            socks.set_lends(sock, false);
            assert!(!socks.lends(sock) && socks.target(sock).is_some());
            socks.set_lends(sock, true);
            socks.close(sock);
            socks.freed(sock.index);
            assert!(!socks.lends(sock));
        }
        let again = socks.opened(3);
        assert!(!socks.lends(again), "that was another socket's");
    }
}
