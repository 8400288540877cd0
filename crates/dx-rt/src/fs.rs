//! Files as futures.
//!
//! Owns [`File`]. May not know protocols or operating systems. Invariant: a dropped future gives up
//! on its operation, and the memory stays with the reactor until that has ended.

use std::io;
use std::path::{Path, PathBuf};

use dx_io::{FileBuf, FixedBuf, Op, Payload, PushError, PushErrorKind, Reactor, errno};

use crate::single;

/// An open file. Clones share one descriptor. Belongs to no core and may cross threads.
///
/// ```
/// use dx_io::FileBuf;
/// use dx_rt::fs::File;
///
/// async fn beginning(path: &str) -> std::io::Result<Vec<u8>> {
///     let file = File::open(path).await?;
///     let (read, buf) = file.read_at(FileBuf::Owned(vec![0; 4096]), 0).await;
///     let len = read?;
///     Ok(buf[..len].to_vec())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct File(dx_io::File);

impl From<dx_io::File> for File {
    fn from(file: dx_io::File) -> Self {
        Self(file)
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> Self {
        Self(file.into())
    }
}

impl File {
    /// Opens a file for reading, on the pool for work that blocks.
    ///
    /// # Errors
    /// What the system says; `ResourceBusy` when the pool is full.
    ///
    /// # Panics
    /// Outside a core.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path: PathBuf = path.as_ref().into();
        let opened = crate::spawn_blocking(move || std::fs::File::open(path)).await;
        opened.unwrap_or_else(|_lost| Err(io::ErrorKind::ResourceBusy.into())).map(Self::from)
    }

    /// The file as the reactor names it.
    #[must_use]
    pub const fn inner(&self) -> &dx_io::File {
        &self.0
    }

    /// Reads at `offset` into all of `buf` and gives it back with how many bytes were read, which
    /// may be fewer than asked for; 0 is the end of the file.
    ///
    /// # Errors
    /// What the system says; `QuotaExceeded` when the core's tables are full.
    ///
    /// # Panics
    /// Outside a core.
    pub async fn read_at(&self, buf: FileBuf, offset: u64) -> (io::Result<usize>, FileBuf) {
        run(Op::Read { file: self.0.clone(), buf, offset }).await
    }

    /// Writes `buf` at `offset` and gives it back with how many bytes were written, which may be
    /// fewer than all.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    ///
    /// # Panics
    /// Outside a core.
    pub async fn write_at(&self, buf: FileBuf, offset: u64) -> (io::Result<usize>, FileBuf) {
        run(Op::Write { file: self.0.clone(), buf, start: 0, offset }).await
    }
}

/// Takes one of the current core's fixed buffers (`fixed_buffers` of the reactor's configuration);
/// `None` when all are out.
///
/// # Panics
/// Outside a core.
#[must_use]
pub fn fixed_buffer() -> Option<FixedBuf> {
    crate::current::current().driver.borrow_mut().fixed_buffer()
}

async fn run(op: Op) -> (io::Result<usize>, FileBuf) {
    let core = crate::current::current();
    match single::run(&core, op).await {
        Ok((result, Payload::File(buf))) => {
            let count = usize::try_from(result).map_err(|_| errno::to_error(result));
            (count, buf)
        }
        Ok((result, _)) => (Err(errno::to_error(result)), FileBuf::Owned(Vec::new())),
        Err(PushError { op: Op::Read { buf, .. } | Op::Write { buf, .. }, kind }) => {
            (Err(refused(kind)), buf)
        }
        Err(error) => (Err(refused(error.kind)), FileBuf::Owned(Vec::new())),
    }
}

fn refused(kind: PushErrorKind) -> io::Error {
    match kind {
        PushErrorKind::Os(error) => error,
        PushErrorKind::Unsupported => io::ErrorKind::Unsupported.into(),
        _ => io::ErrorKind::QuotaExceeded.into(),
    }
}
