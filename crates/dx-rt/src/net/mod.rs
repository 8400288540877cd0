//! Sockets as futures.
//!
//! Owns [`TcpListener`], [`TcpStream`] and the tables behind them. May not know protocols or
//! operating systems. Invariant: a dropped handle orphans what is in flight and closes the socket;
//! memory the kernel may still write to stays with the reactor.

mod buffers;
mod chunks;
mod listener;
mod listeners;
mod peer;
mod stream;
mod streams;
mod user_data;

pub use buffers::Buffers;
pub use listener::TcpListener;
pub(crate) use listeners::Listeners;
pub use peer::PeerAddr;
pub use stream::TcpStream;
pub(crate) use streams::{Streams, Wake};
pub(crate) use user_data::{GENERATION_MASK, Kind, UserData};
