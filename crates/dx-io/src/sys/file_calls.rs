//! Reading and writing a file at an offset, by calls that block.
//!
//! Owns what each platform calls that. Knows no operation. Invariant: an offset that no file has
//! is an error on every platform, never the end of the file.

use std::fs::File;
use std::io;

/// Reads once at `offset` (pread(2)).
#[cfg(unix)]
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

/// Writes once at `offset` (pwrite(2)).
#[cfg(unix)]
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}

/// The number of ours that `error` of a call above stands for.
#[cfg(target_os = "linux")]
pub(super) fn errno(error: &io::Error) -> i32 {
    -super::socket_calls::errno(error)
}

/// Reads once at `offset`. Unlike pread(2) it moves the file's own position, which nobody who
/// uses offsets asks for.
#[cfg(windows)]
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, possible(offset)?)
}

/// As [`read_at`], but writes.
#[cfg(windows)]
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, possible(offset)?)
}

/// `offset`, if a file can have it: the largest number would stand for the end of the file.
#[cfg(windows)]
fn possible(offset: u64) -> io::Result<u64> {
    let parameter = windows_sys::Win32::Foundation::ERROR_INVALID_PARAMETER.cast_signed();
    let possible = i64::try_from(offset).is_ok().then_some(offset);
    possible.ok_or_else(|| io::Error::from_raw_os_error(parameter))
}

/// The number of ours that `error` of a call above stands for.
#[cfg(windows)]
pub(super) fn errno(error: &io::Error) -> i32 {
    match super::iocp::errno_of(error) {
        // Of a handle that is open: it is not open for this.
        crate::errno::ACCESS_DENIED => crate::errno::BAD_DESCRIPTOR,
        errno => errno,
    }
}
