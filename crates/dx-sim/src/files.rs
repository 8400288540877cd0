//! Operations on files, which are the system's own.
//!
//! Owns reading and writing at an offset, and how long that seems to take. May not know sockets.
//! Invariant: a file's own position is put to use, so nobody else may rely on it meanwhile.

use std::io::{self, Read, Seek, SeekFrom, Write};

use dx_io::{File, Token, errno};

use crate::ops::Held;
use crate::state::State;

impl State {
    /// Does what a read or a write asks for; a count or `-errno`.
    pub(crate) fn do_file(&mut self, room: usize, token: Token) -> i32 {
        let short = self.chance.happens(self.faults.short_send);
        let drawn = self.chance.bits();
        let cut = |len: usize| match len {
            0 | 1 => len,
            _ if short => 1 + (drawn % len as u64) as usize,
            _ => len,
        };
        let Some(flight) = self.rooms[room].ops.get(token) else { return errno::NOT_FOUND };
        let outcome = match &mut flight.held {
            Held::Read { file, buf, offset } => {
                let len = cut(buf.len());
                read_all(file, *offset, &mut buf[..len])
            }
            Held::Write { file, buf, start, offset } => {
                let bytes = &buf[(*start).min(buf.len())..];
                write_all(file, *offset, &bytes[..cut(bytes.len())])
            }
            _ => Err(io::ErrorKind::InvalidInput.into()),
        };
        outcome.map_or_else(|error| result_of(&error), |count| count as i32)
    }
}

/// At most `len` bytes at `offset`, or `-errno`.
pub(crate) fn read_some(file: &File, offset: u64, len: usize) -> Result<Vec<u8>, i32> {
    let mut bytes = vec![0; len];
    let read = read_all(file, offset, &mut bytes).map_err(|error| result_of(&error))?;
    bytes.truncate(read);
    Ok(bytes)
}

fn read_all(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let mut file = file.std();
    file.seek(SeekFrom::Start(offset))?;
    let mut read = 0;
    while read < buf.len() {
        match file.read(&mut buf[read..])? {
            0 => break,
            count => read += count,
        }
    }
    Ok(read)
}

fn write_all(file: &File, offset: u64, bytes: &[u8]) -> io::Result<usize> {
    let mut file = file.std();
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    Ok(bytes.len())
}

fn result_of(error: &io::Error) -> i32 {
    error.raw_os_error().map_or(errno::INPUT_OUTPUT, |code| -code)
}
