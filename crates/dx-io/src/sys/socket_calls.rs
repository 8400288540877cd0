//! Calls on sockets that never block, for the rooms that make them themselves.
//!
//! Owns the flags of every call and the reading of their results. Knows no operation and no
//! table. Invariant: no call blocks, raises `SIGPIPE`, or leaks a descriptor into a child.

use core::cell::Cell;
use core::mem::{self, MaybeUninit};
use core::ptr;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::buf::RoomBuffers;
use crate::file::File;
use crate::limits::{SEND_FILE_MAX, SEND_VECTORS_MAX};

/// Without `MSG_DONTWAIT` an attached stream in blocking mode would stop the core.
const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;

/// What one receive came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// `len` bytes are in buffer `id`, which is marked as filled.
    Bytes { id: u16, len: u16 },
    /// The peer has finished sending.
    End,
    /// Nothing to read after all.
    Nothing,
    /// No buffer is free; the socket was not asked.
    NoBuffer,
    /// The system's error number.
    Failed(i32),
}

/// Receives once into a free buffer of the pool (recv(2)).
pub(super) fn recv(socket: &Socket, buffers: &RoomBuffers) -> Received {
    let Some(id) = buffers.pop_returned() else { return Received::NoBuffer };
    // SAFETY: the buffer spans `buffer_len` bytes from `address(id)`, which live as long as
    // `buffers`; its id was on the list of returned buffers, so there is neither a lease nor a
    // kernel that reads or writes it; the bytes may be uninitialised, as their type says.
    let memory = unsafe {
        core::slice::from_raw_parts_mut(
            buffers.address(id).as_ptr().cast::<MaybeUninit<u8>>(),
            usize::from(buffers.buffer_len()),
        )
    };
    let outcome = socket.recv_with_flags(memory, libc::MSG_DONTWAIT);
    if let Ok(len @ 1..) = outcome {
        let len = len as u16; // at most `buffer_len`
        // SAFETY: the id came from the returned list, so this room holds the buffer, and recv(2)
        // wrote `len` bytes from its start.
        unsafe { buffers.mark_filled(id, len) };
        return Received::Bytes { id, len };
    }
    buffers.push_returned(id);
    match outcome {
        Ok(_) => Received::End,
        Err(error) if is_try_again(&error) => Received::Nothing,
        Err(error) => Received::Failed(errno(&error)),
    }
}

/// Sends what the kernel takes at once (send(2)): a count, `-errno`, or `None` when it is full.
pub(super) fn send(socket: &Socket, bytes: &[u8]) -> Option<i32> {
    sent(|| socket.send_with_flags(bytes, SEND_FLAGS))
}

/// As [`send`], from the first `SEND_VECTORS_MAX` of `bufs` (sendmsg(2)).
pub(super) fn send_vectored(socket: &Socket, bufs: &[Vec<u8>]) -> Option<i32> {
    let mut vectors = [IoSlice::new(&[]); SEND_VECTORS_MAX];
    for (vector, buf) in vectors.iter_mut().zip(bufs) {
        *vector = IoSlice::new(buf);
    }
    let count = bufs.len().min(SEND_VECTORS_MAX);
    sent(|| socket.send_vectored_with_flags(&vectors[..count], SEND_FLAGS))
}

/// Sends up to `len` bytes of `file` from `offset` on, and at most [`SEND_FILE_MAX`]
/// (sendfile(2)): as [`send`]. The socket must be in non-blocking mode: there is no flag for it.
pub(super) fn send_file(socket: BorrowedFd<'_>, file: &File, offset: u64, len: u32) -> Option<i32> {
    let Ok(mut offset) = libc::off_t::try_from(offset) else { return Some(-libc::EINVAL) };
    let (socket, file) = (socket.as_raw_fd(), file.std().as_raw_fd());
    let len = len.min(SEND_FILE_MAX) as usize;
    block_sigpipe();
    sent(|| {
        // SAFETY: both descriptors are open for the call, which reads and writes `offset` only.
        let status = unsafe { libc::sendfile(socket, file, &raw mut offset, len) };
        usize::try_from(status).map_err(|_| io::Error::last_os_error())
    })
}

/// Keeps `SIGPIPE` from this thread: sendfile(2) has no `MSG_NOSIGNAL`. Rust's own programs ignore
/// the signal, but a core may run in somebody else's. Once a thread; the standard library gives
/// children an empty mask.
fn block_sigpipe() {
    thread_local! {
        static BLOCKED: Cell<bool> = const { Cell::new(false) };
    }
    if BLOCKED.replace(true) {
        return;
    }
    // SAFETY: all zeroes is a valid set, which sigemptyset(3) and sigaddset(3) then fill in; the
    // set lives until the last call returns, and no old mask is asked for.
    unsafe {
        let mut pipe: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut pipe);
        libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, ptr::null_mut());
    }
}

/// Accepts one connection (accept4(2)).
///
/// # Errors
/// The system's; `WouldBlock` when nobody waits.
pub(super) fn accept(listener: &Socket) -> io::Result<(Socket, SocketAddr)> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: `storage` and `len` are valid for the call, which writes at most `len` bytes and
    // sets `len` to the length of the address.
    let (fd, peer) = unsafe {
        SockAddr::try_init(|storage, len| {
            match libc::accept4(listener.as_raw_fd(), storage.cast(), len, flags) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(fd),
            }
        })
    }?;
    // SAFETY: the kernel has just made this descriptor and nobody else knows it.
    let socket = unsafe { Socket::from_raw_fd(fd) };
    Ok((socket, peer.as_socket().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))))
}

/// A socket on which to connect to `peer`, with `TCP_NODELAY` as accepted ones have it.
///
/// # Errors
/// The system's: too many descriptors, no such family.
pub(super) fn connecting(peer: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(peer), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}

/// Starts to connect (connect(2)): 0, `-errno`, or `None` when it goes on by itself.
pub(super) fn connect(socket: &Socket, peer: SocketAddr) -> Option<i32> {
    match socket.connect(&peer.into()) {
        Ok(()) => Some(0),
        // After a signal the attempt goes on like after EINPROGRESS.
        Err(error) => match errno(&error) {
            libc::EINPROGRESS | libc::EINTR => None,
            errno => Some(-errno),
        },
    }
}

/// What came of a connect: 0, `-errno`, or `None` while it still goes on.
pub(super) fn connected(socket: &Socket) -> Option<i32> {
    match socket.take_error() {
        Ok(None) => match socket.peer_addr() {
            Ok(_) => Some(0),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => None,
            Err(error) => Some(-errno(&error)),
        },
        Ok(Some(error)) | Err(error) => Some(-errno(&error)),
    }
}

/// The system's number of `error`.
pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

fn is_try_again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn sent(mut call: impl FnMut() -> io::Result<usize>) -> Option<i32> {
    loop {
        return match call() {
            // One call moves at most 0x7ffff000 bytes (send(2), as write(2)).
            Ok(count) => Some(i32::try_from(count).unwrap_or(i32::MAX)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Some(-errno(&error)),
        };
    }
}
