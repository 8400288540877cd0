//! Peers that a test drives.
//!
//! Owns [`SimPeer`]: the other end of a connection, as blocking or non-blocking [`Read`] and
//! [`Write`]. May not know reactors. Invariant: a call that waits lets the world go on, and panics
//! when nothing is left that could end the wait.

use core::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

use dx_io::errno;

use crate::state::State;
use crate::wire::Owner;
use crate::world::World;

/// One end of a simulated connection. Dropping it closes, as close(2) does.
pub struct SimPeer {
    world: World,
    end: usize,
}

impl SimPeer {
    pub(crate) const fn new(world: World, end: usize) -> Self {
        Self { world, end }
    }

    /// Where it is.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// This end's address.
    ///
    /// # Errors
    /// None; the standard library's form.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.world.with(|state| state.ends[self.end].local))
    }

    /// Writes what there is room for, without waiting.
    ///
    /// # Errors
    /// `WouldBlock`, `ConnectionReset`, `BrokenPipe`.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = self.end;
        let sent = self.world.with(|state| {
            check(state, end)?;
            if state.ends[end].write_shut {
                return Err(errno::to_error(errno::BROKEN_PIPE));
            }
            if !bytes.is_empty() && state.room_at(end) == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(state.send_bytes(end, bytes))
        });
        self.world.settle();
        sent
    }

    /// Reads what is there, without waiting; 0 at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock`, `ConnectionReset`.
    pub fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let end = self.end;
        let read = self.world.with(|state| {
            let len = state.ends[end].queue.len().min(buf.len());
            if len == 0 && !buf.is_empty() {
                check(state, end)?;
                let closed = state.ends[end].fin || state.ends[end].reset;
                return if closed { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
            }
            for (place, byte) in buf.iter_mut().zip(state.ends[end].queue.drain(..len)) {
                *place = byte;
            }
            state.was_read(end, len);
            Ok(len)
        });
        self.world.settle();
        read
    }

    /// Writes `bytes` by and by, as there is room, behind what is being written so.
    pub fn write_by_and_by(&mut self, bytes: &[u8]) {
        write_by_and_by(&self.world, self.end, bytes);
    }

    /// Does [`Self::write_by_and_by`] from elsewhere, such as a call of [`World::later`].
    pub fn writer(&self) -> impl Fn(&[u8]) + 'static {
        let (world, end) = (self.world.clone(), self.end);
        move |bytes| write_by_and_by(&world, end, bytes)
    }

    /// Whether everything was written that [`Self::write_by_and_by`] was given.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.world.with(|state| state.ends[self.end].outbox.is_empty())
    }

    /// From now on everything is read as it arrives, for [`Self::collect`].
    pub fn read_by_and_by(&mut self) {
        let end = self.end;
        self.world.with(|state| {
            state.ends[end].collected.get_or_insert_default();
            state.pump_peer(end);
        });
    }

    /// Waits for the end of the stream; everything that was read since [`Self::read_by_and_by`].
    ///
    /// # Errors
    /// `ConnectionReset`.
    pub fn collect(self) -> io::Result<Vec<u8>> {
        let end = self.end;
        self.world.wait_until("the end of a stream", || {
            let over = self.world.with(|state| state.ends[end].fin || state.ends[end].reset);
            over.then_some(())
        });
        self.world.with(|state| {
            check(state, end)?;
            Ok(state.ends[end].collected.take().unwrap_or_default())
        })
    }

    /// Ends one or both directions.
    ///
    /// # Errors
    /// `NotConnected` after a reset.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let end = self.end;
        let shut = self.world.with(|state| {
            if state.ends[end].reset {
                return Err(io::ErrorKind::NotConnected.into());
            }
            if how != Shutdown::Read {
                state.finish_sending(end);
            }
            state.ends[end].read_shut |= how != Shutdown::Write;
            Ok(())
        });
        self.world.settle();
        shut
    }

    /// Ends the connection by a reset.
    pub fn reset(self) {
        let end = self.end;
        self.world.with(|state| {
            if !state.ends[end].reset {
                state.send_reset(end);
                state.ends[end].reset = true;
            }
        });
        drop(self);
    }

    /// Whether the other end has finished or the connection was reset, read or not.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.world.with(|state| state.ends[self.end].fin || state.ends[self.end].reset)
    }

    /// Whether the network has broken the connection: that is nobody's doing.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.world.with(|state| state.ends[self.end].cut)
    }

    /// Whether the listener has gone before anybody took the connection in.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.world.with(|state| state.ends[self.end].unheard)
    }

    /// Whether the connection was reset by the other end or the network.
    #[must_use]
    pub fn is_reset(&self) -> bool {
        self.world.with(|state| state.ends[self.end].reset)
    }
}

fn write_by_and_by(world: &World, end: usize, bytes: &[u8]) {
    world.with(|state| {
        state.ends[end].outbox.extend(bytes);
        state.pump_peer(end);
    });
    world.settle();
}

/// The error that a reset leaves behind, once.
fn check(state: &mut State, end: usize) -> io::Result<()> {
    let state = &mut state.ends[end];
    if core::mem::take(&mut state.error) {
        return Err(errno::to_error(errno::CONNECTION_RESET));
    }
    Ok(())
}

impl Read for SimPeer {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let world = self.world.clone();
        world.wait_until("bytes to read", || match self.try_read(buf) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            outcome => Some(outcome),
        })
    }
}

impl Write for SimPeer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let world = self.world.clone();
        world.wait_until("room to write", || match self.try_write(buf) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            outcome => Some(outcome),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SimPeer {
    fn drop(&mut self) {
        let end = self.end;
        self.world.with(|state| {
            if state.ends[end].owner == Owner::Peer {
                state.close_end(end);
            }
        });
        self.world.settle();
    }
}

impl fmt::Debug for SimPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimPeer({})", self.end)
    }
}
