//! The room of a platform that has none of a kind.
//!
//! Owns [`Absent`], which cannot exist: making one fails. Knows no kernel. Invariant: there is no
//! value of the type, so its methods are never called and cost nothing.

use core::time::Duration;
use std::io;

use socket2::SockRef;

use crate::buf::{BufferPool, FixedBuf, Lease};
use crate::completion::Completion;
use crate::config::{IoBackend, ReactorConfig, StartError, StartStep};
use crate::op::{Op, Payload, PushError};
use crate::reactor::Reactor;
use crate::sock::{Accepted, Listener, Sock};
use crate::time::Instant;
use crate::token::Token;
use crate::wake::Waker;

/// No reactor.
#[derive(Debug)]
pub(crate) enum Absent {}

impl Absent {
    /// A name that is never asked of a room: `Driver` decides what it stands for.
    pub(crate) const BACKEND: IoBackend = IoBackend::Auto;

    pub(crate) fn features(&self) -> String {
        match *self {}
    }

    #[cfg(not(any(target_os = "linux", windows)))] // asked of a completion room only
    pub(crate) const fn enters(&self) -> Option<u64> {
        match *self {}
    }

    pub(crate) const fn sockets_max(&self) -> u32 {
        match *self {}
    }
}

impl Reactor for Absent {
    fn new(_config: &ReactorConfig) -> Result<Self, StartError> {
        Err(StartError::new(StartStep::Unsupported, io::ErrorKind::Unsupported.into()))
    }

    fn backend(&self) -> IoBackend {
        match *self {}
    }

    fn push(&mut self, _op: Op, _user_data: u64) -> Result<Token, PushError> {
        match *self {}
    }

    fn submit(&mut self) -> io::Result<usize> {
        match *self {}
    }

    fn wait(&mut self, _timeout: Option<Duration>) -> io::Result<usize> {
        match *self {}
    }

    fn submit_and_wait(&mut self, _min: usize, _timeout: Option<Duration>) -> io::Result<usize> {
        match *self {}
    }

    fn reap(&mut self, _out: &mut Vec<Completion>) -> usize {
        match *self {}
    }

    fn take(&mut self, _token: Token) -> Payload {
        match *self {}
    }

    fn orphan(&mut self, _token: Token) {
        match *self {}
    }

    fn claim(&mut self, _completion: &Completion) -> Option<Lease> {
        match *self {}
    }

    fn listen(&mut self, _listener: Listener) -> io::Result<Sock> {
        match *self {}
    }

    fn attach(&mut self, _accepted: Accepted) -> io::Result<Sock> {
        match *self {}
    }

    fn with_raw(&mut self, _sock: Sock, _f: &mut dyn FnMut(SockRef<'_>)) -> io::Result<()> {
        match *self {}
    }

    fn fixed_buffer(&mut self) -> Option<FixedBuf> {
        match *self {}
    }

    fn buffers(&self) -> &BufferPool {
        match *self {}
    }

    fn waker(&self) -> Waker {
        match *self {}
    }

    fn now(&self) -> Instant {
        match *self {}
    }

    fn wall(&self) -> Duration {
        match *self {}
    }

    fn entropy(&mut self) -> u64 {
        match *self {}
    }

    fn in_flight(&self) -> usize {
        match *self {}
    }

    fn sockets(&self) -> usize {
        match *self {}
    }
}
