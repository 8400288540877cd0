//! The first answer, from which all others are judged.
//!
//! Owns one blocking exchange on a connection of its own. Invariant: it ends by its deadline, also
//! when the server sends a byte now and then.

use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::error::LoadError;
use crate::limits::ANSWER_BYTES_MAX;
use crate::plan::Plan;
use crate::wire::{AnswerError, Wire};

/// Bytes read at a time.
const PIECE: usize = 16 * 1024;

/// Asks once and lets `wire` learn; the bytes of one answer.
pub(crate) fn learn(plan: &Plan, wire: &mut dyn Wire) -> Result<usize, LoadError> {
    let address = plan.address;
    let connect = crate::limits::CONNECT;
    let mut stream = TcpStream::connect_timeout(&address, connect)
        .map_err(|error| LoadError::Connect { address, opened: 0, error })?;
    let deadline = Instant::now() + plan.answer_timeout;
    let timeout = Some(plan.answer_timeout);
    stream.set_write_timeout(timeout).map_err(LoadError::Reactor)?;
    stream.write_all(wire.request()).map_err(failed)?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left < Duration::from_micros(1) {
            return Err(LoadError::TimedOut);
        }
        stream.set_read_timeout(Some(left)).map_err(LoadError::Reactor)?;
        match stream.read(&mut piece) {
            Ok(0) => return Err(LoadError::Closed(ErrorKind::UnexpectedEof.into())),
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        }
        if let Some(length) = wire.learn(&bytes).map_err(LoadError::Answer)? {
            // More than was asked for: the end of an answer is not where this server puts it.
            let fits = bytes.len() == length;
            return if fits { Ok(length) } else { Err(LoadError::Answer(AnswerError::Length)) };
        }
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(LoadError::Answer(AnswerError::TooLong));
        }
    }
}

fn failed(error: std::io::Error) -> LoadError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => LoadError::TimedOut,
        _ => LoadError::Closed(error),
    }
}
