//! Why a run gave no report.
//!
//! Owns [`LoadError`] and [`Fault`]. What goes wrong while a run lasts ends no run: it is counted
//! (`tally`). Invariant: every error names whose fault it is.

use core::fmt;
use std::io;
use std::net::SocketAddr;

use dx_io::{StartError, errno};

use crate::plan::PlanError;
use crate::wire::AnswerError;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The server, or the way to it.
    Peer,
    /// The caller: the plan cannot be run.
    Local,
    /// This machine's operating system.
    Os,
}

/// Why a run gave no report.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The plan cannot be run.
    Plan(PlanError),
    /// The connection after `opened` others could not be opened.
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Connections that were open by then.
        opened: usize,
        /// What the system said.
        error: io::Error,
    },
    /// The server closed or broke the connection instead of answering the first request.
    Closed(io::Error),
    /// The first answer was not complete in time.
    TimedOut,
    /// The first answer cannot be the measure of the others.
    Answer(AnswerError),
    /// The reactor could not be made.
    Start(StartError),
    /// The reactor, once made, refused to work.
    Reactor(io::Error),
}

impl LoadError {
    /// Who is at fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Plan(_) => Fault::Local,
            Self::Connect { error, .. } if is_local(error) => Fault::Os,
            Self::Connect { .. } | Self::Closed(_) | Self::TimedOut | Self::Answer(_) => {
                Fault::Peer
            }
            Self::Start(_) | Self::Reactor(_) => Fault::Os,
        }
    }
}

/// Whether connecting failed before anybody else was asked.
fn is_local(error: &io::Error) -> bool {
    let exhausted = [errno::DESCRIPTORS_PROCESS, errno::DESCRIPTORS_SYSTEM];
    // No port left, or a table of the reactor is full.
    let kinds = [io::ErrorKind::AddrNotAvailable, io::ErrorKind::QuotaExceeded];
    error.raw_os_error().is_some_and(|number| exhausted.contains(&-number))
        || kinds.contains(&error.kind())
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::Connect { address, opened: 0, error } => {
                write!(f, "cannot connect to {address}: {error}")
            }
            Self::Connect { address, opened, error } => {
                write!(f, "cannot connect to {address} once more after {opened} times: {error}")
            }
            Self::Closed(error) => write!(f, "the server closed without an answer: {error}"),
            Self::TimedOut => f.write_str("the server did not answer in time"),
            Self::Answer(error) => write!(f, "the first answer cannot be measured: {error}"),
            Self::Start(error) => error.fmt(f),
            Self::Reactor(error) => write!(f, "the reactor refused: {error}"),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Plan(error) => Some(error),
            Self::Connect { error, .. } | Self::Closed(error) | Self::Reactor(error) => Some(error),
            Self::Answer(error) => Some(error),
            Self::Start(error) => Some(error),
            Self::TimedOut => None,
        }
    }
}

impl From<PlanError> for LoadError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, LoadError, errno, io};

    #[test]
    fn what_this_machine_lacks_is_not_the_peers_fault() {
        let fault = |error| {
            let address = ([127, 0, 0, 1], 1).into();
            LoadError::Connect { address, opened: 7, error }.fault()
        };
        assert_eq!(fault(io::ErrorKind::ConnectionRefused.into()), Fault::Peer);
        assert_eq!(fault(io::ErrorKind::TimedOut.into()), Fault::Peer);
        assert_eq!(fault(io::ErrorKind::AddrNotAvailable.into()), Fault::Os);
        assert_eq!(fault(errno::to_error(errno::DESCRIPTORS_PROCESS)), Fault::Os);
    }
}
