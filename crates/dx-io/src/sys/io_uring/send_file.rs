//! Sending from a file, and the ordinary descriptors that this and options need.
//!
//! Owns the steps of [`Op::SendFile`](crate::Op::SendFile): a descriptor for the slot, once in its
//! life (`IORING_OP_FIXED_FD_INSTALL`, Linux 6.8), then writability (`IORING_OP_POLL_ADD`), then
//! one sendfile(2) that does not block. There is no such operation of the ring's own, and a splice
//! (two entries and a pipe) runs on threads of the kernel. Knows nothing of files' contents.
//! Invariant: a step is taken only for the socket that the operation began with, looked up by its
//! generation.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};

use io_uring::opcode;
use io_uring::types::{Fd, Fixed};
use socket2::{SockRef, Socket};

use super::UringReactor;
use super::held::Held;
use super::socks::Target;
use crate::completion::Completion;
use crate::file::File;
use crate::inflight::Entry;
use crate::sock::Sock;
use crate::sys::socket_calls;
use crate::token::{OpKind, Token};

/// A send from a file, on its way.
#[derive(Debug)]
pub(super) struct SendFile {
    file: File,
    offset: u64,
    len: u32,
    /// The entry in flight makes a descriptor; else it waits for writability.
    installing: bool,
}

impl UringReactor {
    pub(super) fn send_file(
        &mut self,
        sock: Sock,
        file: File,
        range: (u64, u32),
        user_data: u64,
    ) -> Token {
        let (offset, len) = range;
        let target = self.socks.target(sock);
        let installing = match target {
            Some(Target::Direct(_)) => self.socks.installed(sock).is_none(),
            _ => false,
        };
        let held = Held::SendFile(SendFile { file, offset, len, installing });
        let token = self.insert(OpKind::SendFile, sock, user_data, Some(held));
        match target {
            Some(Target::Direct(slot)) if installing => {
                // Flags 0: it closes at exec(2).
                let entry = opcode::FixedFdInstall::new(Fixed(slot), 0).build();
                // SAFETY: the entry points to nothing.
                unsafe { self.queue(entry, token) };
            }
            _ => self.poll_writable(token, sock),
        }
        token
    }

    pub(super) fn send_file_completed(
        &mut self,
        token: Token,
        result: i32,
        out: &mut Vec<Completion>,
    ) {
        let Some(entry) = self.in_flight.entry(token) else { return };
        let Some(Held::SendFile(sending)) = self.in_flight.payload_mut(token) else { return };
        let installed = core::mem::take(&mut sending.installing);
        if installed && result >= 0 {
            // SAFETY: the kernel has just made this descriptor for us; nobody else knows it.
            let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(result) });
            self.socks.install(entry.sock, socket);
        }
        if let Some(result) = self.send_file_step(token, &entry, installed, result) {
            self.socks.sent_file(entry.sock);
            // Its owner gets nothing back, so there is nothing to take.
            drop(self.in_flight.strip(token));
            self.retire(token, &entry, result, out);
        }
    }

    /// The next step after one that came to `result`; the operation's own result if it was the
    /// last.
    fn send_file_step(
        &mut self,
        token: Token,
        entry: &Entry,
        installed: bool,
        result: i32,
    ) -> Option<i32> {
        if result < 0 {
            return Some(result);
        }
        if entry.cancel_requested || self.socks.target(entry.sock).is_none() {
            return Some(-libc::ECANCELED);
        }
        if !installed {
            let Some(Held::SendFile(sending)) = self.in_flight.payload_mut(token) else {
                return Some(-libc::EINVAL);
            };
            let socket = match self.socks.sends_files(entry.sock) {
                Ok(Some(socket)) => socket,
                Ok(None) => return Some(-libc::ECANCELED),
                Err(error) => return Some(-socket_calls::errno(&error)),
            };
            let SendFile { file, offset, len, .. } = sending;
            let sent = socket_calls::send_file(socket.as_fd(), file, *offset, *len);
            if sent.is_some() {
                return sent;
            }
        }
        self.poll_writable(token, entry.sock);
        None
    }

    fn poll_writable(&mut self, token: Token, sock: Sock) {
        let events = libc::POLLOUT as u32;
        let entry = match self.socks.target(sock) {
            Some(Target::Direct(slot)) => opcode::PollAdd::new(Fixed(slot), events),
            Some(Target::Plain(fd)) => opcode::PollAdd::new(Fd(fd), events),
            // Not reached: every caller has looked. The kernel says EBADF.
            None => opcode::PollAdd::new(Fd(-1), events),
        };
        // SAFETY: the entry points to nothing.
        unsafe { self.queue(entry.build(), token) };
    }

    /// Lends an ordinary descriptor of `sock` to `f`: for a direct one, made for the call.
    pub(super) fn lend_raw(
        &mut self,
        sock: Sock,
        f: &mut dyn FnMut(SockRef<'_>),
    ) -> io::Result<()> {
        let target = self.socks.target(sock).ok_or(io::ErrorKind::NotConnected)?;
        if let Some(socket) = self.socks.installed(sock) {
            f(SockRef::from(socket));
            return Ok(());
        }
        let Target::Direct(slot) = target else { return Err(io::ErrorKind::NotConnected.into()) };
        // SAFETY: the entry points to nothing.
        let fd = unsafe { self.ring.call(opcode::FixedFdInstall::new(Fixed(slot), 0).build()) }?;
        // SAFETY: the kernel has just made this descriptor for us; nobody else knows it.
        let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(fd) });
        f(SockRef::from(&socket));
        Ok(())
    }
}
