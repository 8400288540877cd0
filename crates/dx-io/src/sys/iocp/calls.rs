//! Calls of Winsock that the standard library has no name for.
//!
//! Owns the pointers to AcceptEx and its kin, and the reading of every call's result. Knows no
//! operation and no table. Invariant: no call blocks; one that says it has begun ends by exactly
//! one packet, also when it was done at once.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use std::io;
use std::net::SocketAddr;
use std::os::windows::io::AsRawSocket;

use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};
use windows_sys::Win32::Networking::WinSock::{
    LPFN_ACCEPTEX, LPFN_CONNECTEX, LPFN_GETACCEPTEXSOCKADDRS, SIO_GET_EXTENSION_FUNCTION_POINTER,
    SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT, SOCKADDR, SOCKET, SOL_SOCKET,
    WSA_IO_PENDING, WSABUF, WSAGetLastError, WSAID_ACCEPTEX, WSAID_CONNECTEX,
    WSAID_GETACCEPTEXSOCKADDRS, WSAIoctl, WSARecv, WSASend, setsockopt,
};
use windows_sys::Win32::System::IO::OVERLAPPED;
use windows_sys::core::GUID;

use super::translate;
use crate::buf::RoomBuffers;
use crate::limits::SEND_VECTORS_MAX;

/// AcceptEx wants 16 bytes more than the longest address, for each of the two.
const ADDRESS_LEN: usize = size_of::<SockAddrStorage>() + 16;

/// The functions that are found at run time, as their documentation demands.
#[derive(Clone, Copy)]
pub(super) struct Extensions {
    accept: LPFN_ACCEPTEX,
    connect: LPFN_CONNECTEX,
    addresses: LPFN_GETACCEPTEXSOCKADDRS,
}

impl core::fmt::Debug for Extensions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Extensions")
    }
}

impl Extensions {
    /// Asks the provider of TCP.
    ///
    /// # Errors
    /// The system's: there is no network, or no such function.
    pub(super) fn load() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        // SAFETY: each type is that of the function its GUID names (mswsock.h).
        unsafe {
            Ok(Self {
                accept: extension(&socket, WSAID_ACCEPTEX)?,
                connect: extension(&socket, WSAID_CONNECTEX)?,
                addresses: extension(&socket, WSAID_GETACCEPTEXSOCKADDRS)?,
            })
        }
    }

    /// Begins to accept a connection of `listener` into `socket`.
    ///
    /// # Errors
    /// A number of ours: nothing has begun.
    ///
    /// # Safety
    /// `addresses` and `overlapped` stay in place until the packet.
    pub(super) unsafe fn accept(
        &self,
        listener: &Socket,
        socket: &Socket,
        addresses: &mut AddressBuffer,
        overlapped: *mut OVERLAPPED,
    ) -> Result<(), i32> {
        let accept = self.accept.ok_or(crate::errno::UNSUPPORTED)?;
        let len = ADDRESS_LEN as u32;
        let mut received = 0;
        // SAFETY: the buffer has room for two addresses of the length that is told, and no data
        // is asked for; the rest is our caller's promise.
        let done = unsafe {
            let out = addresses.bytes.as_mut_ptr().cast();
            accept(raw(listener), raw(socket), out, 0, len, len, &mut received, overlapped)
        };
        begun(done != 0)
    }

    /// The peer's address, after an accept into `addresses` has completed.
    pub(super) fn peer(&self, addresses: &AddressBuffer) -> Option<SocketAddr> {
        let len = ADDRESS_LEN as u32;
        let (mut local, mut peer) = (ptr::null_mut(), ptr::null_mut());
        let (mut local_len, mut peer_len) = (0, 0);
        let bytes = addresses.bytes.as_ptr().cast();
        // SAFETY: the buffer and the lengths are those AcceptEx was called with; the call points
        // into the buffer.
        unsafe {
            let pointers = self.addresses?;
            pointers(bytes, 0, len, len, &mut local, &mut local_len, &mut peer, &mut peer_len);
        }
        let mut storage = SockAddrStorage::zeroed();
        let len = usize::try_from(peer_len).ok()?.min(storage.size_of() as usize);
        if peer.is_null() {
            return None;
        }
        // SAFETY: `peer` spans `peer_len` bytes of the buffer, and the storage at least `len`;
        // every bit pattern of it is valid.
        let address = unsafe {
            ptr::copy_nonoverlapping(peer.cast::<u8>(), ptr::from_mut(&mut storage).cast(), len);
            SockAddr::new(storage, len as i32)
        };
        address.as_socket()
    }

    /// Begins to connect `socket`, which is bound, to `address`.
    ///
    /// # Errors
    /// A number of ours: nothing has begun.
    ///
    /// # Safety
    /// `address` and `overlapped` stay in place until the packet.
    pub(super) unsafe fn connect(
        &self,
        socket: &Socket,
        address: &SockAddr,
        overlapped: *mut OVERLAPPED,
    ) -> Result<(), i32> {
        let connect = self.connect.ok_or(crate::errno::UNSUPPORTED)?;
        let name: *const SOCKADDR = address.as_ptr().cast();
        // SAFETY: the address is as long as it says, and no data is sent with it; the rest is our
        // caller's promise.
        let done = unsafe {
            let mut sent = 0;
            connect(raw(socket), name, address.len(), ptr::null(), 0, &mut sent, overlapped)
        };
        begun(done != 0)
    }
}

/// Where AcceptEx writes the local and the peer's address.
#[derive(Debug)]
#[repr(C, align(8))]
pub(super) struct AddressBuffer {
    bytes: [u8; 2 * ADDRESS_LEN],
}

impl AddressBuffer {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 2 * ADDRESS_LEN] }
    }
}

/// Makes an accepted socket a connected one in Winsock's own eyes.
pub(super) fn update_accepted(socket: &Socket, listener: &Socket) -> Result<(), i32> {
    let listener = raw(listener).to_ne_bytes();
    update(socket, SO_UPDATE_ACCEPT_CONTEXT, &listener)
}

/// Makes a socket that ConnectEx has connected a connected one in Winsock's own eyes.
pub(super) fn update_connected(socket: &Socket) -> Result<(), i32> {
    update(socket, SO_UPDATE_CONNECT_CONTEXT, &[])
}

/// Begins to wait until there is something to receive, or an end, by receiving no bytes: memory
/// is needed only when they have come.
///
/// # Errors
/// A number of ours: nothing has begun.
///
/// # Safety
/// `overlapped` stays in place until the packet.
pub(super) unsafe fn await_bytes(socket: &Socket, overlapped: *mut OVERLAPPED) -> Result<(), i32> {
    let nothing = WSABUF { len: 0, buf: ptr::null_mut() };
    let mut flags = 0;
    // SAFETY: Winsock copies the array of buffers before it returns, and the buffer is empty; the
    // rest is our caller's promise.
    let status =
        unsafe { WSARecv(raw(socket), &nothing, 1, ptr::null_mut(), &mut flags, overlapped, None) };
    begun(status == 0)
}

/// Begins to send the first [`SEND_VECTORS_MAX`] of `pieces`.
///
/// # Errors
/// A number of ours: nothing has begun.
///
/// # Safety
/// The bytes of `pieces` and `overlapped` stay in place until the packet.
pub(super) unsafe fn send<'a>(
    socket: &Socket,
    pieces: impl Iterator<Item = &'a [u8]>,
    overlapped: *mut OVERLAPPED,
) -> Result<(), i32> {
    let mut buffers = [WSABUF { len: 0, buf: ptr::null_mut() }; SEND_VECTORS_MAX];
    let (mut count, mut room) = (0, i32::MAX as usize);
    for (buffer, piece) in buffers.iter_mut().zip(pieces) {
        // A completion counts up to `i32::MAX`; more is sent in parts, as after any short send.
        let len = piece.len().min(room);
        *buffer = WSABUF { len: len as u32, buf: piece.as_ptr().cast_mut() };
        count += 1;
        room -= len;
        if len < piece.len() {
            break;
        }
    }
    // SAFETY: Winsock copies the array of buffers before it returns; `count` of them are set. The
    // rest is our caller's promise. The kernel only reads the bytes.
    let status = unsafe {
        let sent = ptr::null_mut();
        WSASend(raw(socket), buffers.as_ptr(), count, sent, 0, overlapped, None)
    };
    begun(status == 0)
}

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
    /// A number of ours.
    Failed(i32),
}

/// Receives once into a free buffer of the pool. The socket is in non-blocking mode.
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
    let outcome = socket.recv(memory);
    if let Ok(len @ 1..) = outcome {
        let len = len as u16; // at most `buffer_len`
        // SAFETY: the id came from the returned list, so this room holds the buffer, and the call
        // wrote `len` bytes from its start.
        unsafe { buffers.mark_filled(id, len) };
        return Received::Bytes { id, len };
    }
    buffers.push_returned(id);
    match outcome {
        Ok(_) => Received::End,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
        Err(error) => Received::Failed(translate::error(&error)),
    }
}

/// The pointer to the function that `name` stands for.
///
/// # Safety
/// `F` is an optional pointer to a function of the type that `name` stands for.
unsafe fn extension<F>(socket: &Socket, name: GUID) -> io::Result<F> {
    const { assert!(size_of::<F>() == size_of::<*const c_void>()) };
    let mut function = MaybeUninit::<F>::zeroed();
    let mut written = 0;
    // SAFETY: both pointers are to locals of the lengths that are told.
    let status = unsafe {
        WSAIoctl(
            raw(socket),
            SIO_GET_EXTENSION_FUNCTION_POINTER,
            ptr::from_ref(&name).cast(),
            size_of::<GUID>() as u32,
            function.as_mut_ptr().cast(),
            size_of::<F>() as u32,
            &mut written,
            ptr::null_mut(),
            None,
        )
    };
    if status != 0 || written as usize != size_of::<F>() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has written a pointer to a function of this type, our caller says.
    Ok(unsafe { function.assume_init() })
}

fn update(socket: &Socket, option: i32, value: &[u8]) -> Result<(), i32> {
    // SAFETY: pointer and length are those of `value`, which may be empty.
    let status =
        unsafe { setsockopt(raw(socket), SOL_SOCKET, option, value.as_ptr(), value.len() as i32) };
    if status == 0 { Ok(()) } else { Err(last()) }
}

/// A call that is done and one that goes on both end by a packet.
fn begun(done: bool) -> Result<(), i32> {
    if done {
        return Ok(());
    }
    // SAFETY: the call takes nothing.
    match unsafe { WSAGetLastError() } {
        WSA_IO_PENDING => Ok(()),
        error => Err(translate::code(error.cast_unsigned())),
    }
}

fn last() -> i32 {
    // SAFETY: the call takes nothing.
    translate::code(unsafe { WSAGetLastError() }.cast_unsigned())
}

fn raw(socket: &Socket) -> SOCKET {
    socket.as_raw_socket() as SOCKET
}
