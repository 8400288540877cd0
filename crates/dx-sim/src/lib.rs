//! A reactor made of memory and one seed.
//!
//! Owns a network, a clock and chance ([`World`]), the [`dx_io::Reactor`]s on it ([`SimReactor`]),
//! the peers a test drives ([`SimPeer`]), and what goes wrong ([`Faults`]). May not know protocols
//! or tasks. Invariant: everything that happens follows from the seed and the calls that are made;
//! nothing sleeps, and nothing reads a clock or a random number of the system.
//!
//! ```
//! use std::io::{Read, Write};
//!
//! use dx_io::{Completion, Op, Payload, Reactor, ReactorConfig};
//! use dx_sim::{Faults, World};
//!
//! let world = World::new(7, Faults::none());
//! let mut reactor = world.reactor(&ReactorConfig::default());
//! let listener = world.listen(world.free_address());
//! let address = listener.local_addr();
//! let listener = reactor.listen(listener)?;
//! let accept = reactor.push(Op::Accept { listener, hand_over: false }, 1)?;
//!
//! let mut client = world.connect(address)?;
//! let mut done: Vec<Completion> = Vec::new();
//! while done.is_empty() {
//!     reactor.submit_and_wait(1, None)?;
//!     reactor.reap(&mut done);
//! }
//! let Payload::Connection { sock, .. } = reactor.take(accept) else { unreachable!() };
//! let send = reactor.push(Op::Send { sock, buf: b"hello".to_vec(), start: 0 }, 2)?;
//! reactor.submit()?;
//! let mut word = [0; 5];
//! client.read_exact(&mut word)?;
//! assert_eq!(&word, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod chance;
mod deliver;
mod execute;
mod faults;
mod files;
pub mod limits;
mod loose;
mod ops;
mod peer;
mod reactor;
mod room;
mod schedule;
pub mod seeds;
mod socks;
mod state;
mod trace;
mod wire;
mod world;

pub use chance::Chance;
pub use faults::Faults;
pub use peer::SimPeer;
pub use reactor::SimReactor;
pub use schedule::{Schedule, Sleeper, Step};
pub use world::{SimListener, World};
