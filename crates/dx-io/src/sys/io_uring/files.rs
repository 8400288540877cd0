//! Reading and writing files, and lending memory that the kernel has mapped beforehand.
//!
//! Owns the fixed buffers' registration and the entries of reads and writes. Knows no socket.
//! Invariant: a fixed entry names a buffer of this ring's own registration; any other memory goes
//! as ordinary memory.

use std::os::fd::AsRawFd;

use io_uring::types::Fd;
use io_uring::{opcode, squeue};

use super::held::Held;
use super::ring::Ring;
use super::{NO_SOCK, UringReactor};
use crate::buf::FixedBuffers;
use crate::config::{ReactorConfig, StartError, StartStep};
use crate::file::{File, FileBuf};
use crate::token::{OpKind, Token};

/// Allocates the buffers that `config` asks for and has `ring` map them.
///
/// # Errors
/// `ENOMEM` when they are more than the process may lock.
pub(super) fn fixed_buffers(
    ring: &Ring,
    config: &ReactorConfig,
) -> Result<FixedBuffers, StartError> {
    let buffers = FixedBuffers::new(config.fixed_buffers, config.fixed_buffer_len);
    if config.fixed_buffers == 0 {
        return Ok(buffers);
    }
    let vectors: Vec<libc::iovec> = buffers
        .regions()
        .into_iter()
        .map(|(base, len)| libc::iovec { iov_base: base.cast(), iov_len: len })
        .collect();
    // SAFETY: the memory is on the heap and does not move. It lives until `buffers` drops, which
    // the reactor does after its ring is gone, or until a buffer that was lent out drops after
    // that. The kernel writes to it for entries only, whose buffers are in the in-flight table.
    unsafe { ring.uring().submitter().register_buffers(&vectors) }
        .map_err(|error| StartError::new(StartStep::UringFixedBuffers, error))?;
    Ok(buffers)
}

impl UringReactor {
    pub(super) fn read(&mut self, file: File, mut buf: FileBuf, offset: u64, data: u64) -> Token {
        let (base, len) = (buf.as_mut_ptr(), entry_len(&buf));
        let fd = Fd(file.std().as_raw_fd());
        let entry = match self.fixed_index(&buf) {
            Some(index) => opcode::ReadFixed::new(fd, base, len, index).offset(offset).build(),
            None => opcode::Read::new(fd, base, len).offset(offset).build(),
        };
        self.file_entry(OpKind::Read, Held::File { _file: file, buf }, entry, (offset, data))
    }

    pub(super) fn write(
        &mut self,
        file: File,
        buf: FileBuf,
        start: usize,
        offset: u64,
        data: u64,
    ) -> Token {
        let bytes = &buf[start.min(buf.len())..];
        let (base, len) = (bytes.as_ptr(), entry_len(bytes));
        let fd = Fd(file.std().as_raw_fd());
        let entry = match self.fixed_index(&buf) {
            Some(index) => opcode::WriteFixed::new(fd, base, len, index).offset(offset).build(),
            None => opcode::Write::new(fd, base, len).offset(offset).build(),
        };
        self.file_entry(OpKind::Write, Held::File { _file: file, buf }, entry, (offset, data))
    }

    fn file_entry(
        &mut self,
        kind: OpKind,
        held: Held,
        entry: squeue::Entry,
        at: (u64, u64),
    ) -> Token {
        let (offset, user_data) = at;
        let token = self.insert(kind, NO_SOCK, user_data, Some(held));
        if i64::try_from(offset).is_err() {
            // pread(2) refuses them; the ring takes -1 for the file's own position.
            self.end_locally(token, -libc::EINVAL);
            return token;
        }
        // SAFETY: file and memory are in the in-flight table until the operation completes; the
        // heap block of either kind of buffer does not move with its owner.
        unsafe { self.queue(entry, token) };
        token
    }

    /// The number of `buf` in this ring's registration.
    fn fixed_index(&self, buf: &FileBuf) -> Option<u16> {
        match buf {
            FileBuf::Fixed(buf) if self.fixed.lent(buf) => Some(buf.index()),
            _ => None,
        }
    }
}

/// What one entry can say; longer buffers come back short, as from pread(2).
fn entry_len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
