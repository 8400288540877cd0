//! Files as operations name them, and the memory they are read into.
//!
//! Owns [`File`], a counted handle, and [`FileBuf`]. Knows no kernel. Invariant: an operation in
//! flight holds its own count, so a file stays open and its memory in place until it has ended.

use core::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::buf::FixedBuf;

/// An open file. Clones share one descriptor, which closes with the last of them. It belongs to
/// no reactor and may cross threads.
///
/// Opening blocks, so a server opens files at its start, or on the
/// [`BlockingPool`](crate::BlockingPool).
///
/// ```
/// let path = std::env::current_exe()?;
/// let file = dx_io::File::from(std::fs::File::open(path)?);
/// assert!(file.std().metadata()?.len() > 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct File(Arc<std::fs::File>);

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> Self {
        Self(Arc::new(file))
    }
}

impl File {
    /// The file as the standard library knows it, for what needs no reactor.
    #[must_use]
    pub fn std(&self) -> &std::fs::File {
        &self.0
    }
}

/// Memory for [`Op::Read`](crate::Op::Read) and [`Op::Write`](crate::Op::Write).
#[derive(Debug)]
#[non_exhaustive]
pub enum FileBuf {
    /// Ordinary memory. Its length says how much is read or written.
    Owned(Vec<u8>),
    /// Memory that the kernel has mapped beforehand
    /// ([`Reactor::fixed_buffer`](crate::Reactor::fixed_buffer)).
    Fixed(FixedBuf),
}

impl Deref for FileBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(buf) => buf,
            Self::Fixed(buf) => buf,
        }
    }
}

impl DerefMut for FileBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Owned(buf) => buf,
            Self::Fixed(buf) => buf,
        }
    }
}
