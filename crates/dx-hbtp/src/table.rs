//! Where a handler is found: by opcode, and by route.
//!
//! Owns two tables that are filled at start and read by index. May not know what a handler is. Its
//! one invariant: a look-up is one bounds check and one or two loads, however many entries there
//! are (property 10).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::HbtpOpcode;

/// The entry has a handler already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken;

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entry has a handler already")
    }
}

impl core::error::Error for Taken {}

/// Handlers by opcode: 256 places of one byte, and the handlers behind each other.
///
/// ```
/// use dx_hbtp::{HbtpOpcode, OpcodeTable};
/// let mut table = OpcodeTable::new();
/// table.insert(HbtpOpcode::RpcCall, "calls").unwrap();
/// assert_eq!(table.find(HbtpOpcode::RpcCall), Some(&"calls"));
/// assert_eq!(table.find(HbtpOpcode::Ping), None);
/// ```
#[derive(Debug)]
pub struct OpcodeTable<H> {
    /// One more than the place in `handlers`; 0 is none. At most 253 opcodes name frames.
    places: Box<[u8; 256]>,
    handlers: Vec<H>,
}

impl<H> OpcodeTable<H> {
    /// An empty table.
    pub fn new() -> Self {
        Self { places: Box::new([0; 256]), handlers: Vec::new() }
    }

    /// Sets the handler of `opcode`.
    ///
    /// # Errors
    /// If it has one.
    ///
    /// # Panics
    /// If `opcode` never names a frame (H-1.3).
    pub fn insert(&mut self, opcode: HbtpOpcode, handler: H) -> Result<(), Taken> {
        assert!(!opcode.is_reserved(), "{opcode:?} never names a frame");
        let place = &mut self.places[usize::from(opcode.value())];
        if *place != 0 {
            return Err(Taken);
        }
        self.handlers.push(handler);
        *place = self.handlers.len() as u8;
        Ok(())
    }

    /// The handler of `opcode`.
    #[inline]
    pub fn find(&self, opcode: HbtpOpcode) -> Option<&H> {
        let place = self.places[usize::from(opcode.value())];
        self.handlers.get(usize::from(place).wrapping_sub(1))
    }

    /// The handler of `opcode`, to be called by mutable reference.
    #[inline]
    pub fn find_mut(&mut self, opcode: HbtpOpcode) -> Option<&mut H> {
        let place = self.places[usize::from(opcode.value())];
        self.handlers.get_mut(usize::from(place).wrapping_sub(1))
    }
}

impl<H> Default for OpcodeTable<H> {
    fn default() -> Self {
        Self::new()
    }
}

/// Handlers by route index, 0 to 65,535 (H-7.6). As long as its highest index.
#[derive(Debug)]
pub struct RouteTable<H> {
    routes: Vec<Option<H>>,
}

impl<H> RouteTable<H> {
    /// An empty table.
    pub const fn new() -> Self {
        Self { routes: Vec::new() }
    }

    /// Sets the handler of `route`.
    ///
    /// # Errors
    /// If it has one.
    pub fn insert(&mut self, route: u16, handler: H) -> Result<(), Taken> {
        let index = usize::from(route);
        if index >= self.routes.len() {
            self.routes.resize_with(index + 1, || None);
        }
        if self.routes[index].is_some() {
            return Err(Taken);
        }
        self.routes[index] = Some(handler);
        Ok(())
    }

    /// The handler of `route`.
    #[inline]
    pub fn find(&self, route: u16) -> Option<&H> {
        self.routes.get(usize::from(route)).and_then(Option::as_ref)
    }

    /// The handler of `route`, to be called by mutable reference.
    #[inline]
    pub fn find_mut(&mut self, route: u16) -> Option<&mut H> {
        self.routes.get_mut(usize::from(route)).and_then(Option::as_mut)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

impl<H> Default for RouteTable<H> {
    fn default() -> Self {
        Self::new()
    }
}
