//! The other end's address, in few bytes.
//!
//! Owns [`PeerAddr`]. Invariant: converts back to the address it was made from, but for the flow
//! label and scope of IPv6, which a server has no use for and which are boxed when set.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// A peer's address: 16 bytes in place of 32, since every idle connection keeps one.
///
/// ```
/// use dx_rt::net::PeerAddr;
///
/// let addr: std::net::SocketAddr = "[2001:db8::7]:443".parse().unwrap();
/// assert_eq!(PeerAddr::from(addr).to_socket_addr(), addr);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PeerAddr(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    V4(Ipv4Addr, u16),
    V6(Box<SocketAddrV6>),
}

const _: () = assert!(size_of::<PeerAddr>() == 16);

impl PeerAddr {
    /// The address in the standard library's form.
    #[must_use]
    pub fn to_socket_addr(&self) -> SocketAddr {
        match &self.0 {
            Repr::V4(ip, port) => SocketAddr::V4(SocketAddrV4::new(*ip, *port)),
            Repr::V6(addr) => SocketAddr::V6(**addr),
        }
    }
}

impl From<SocketAddr> for PeerAddr {
    fn from(addr: SocketAddr) -> Self {
        Self(match addr {
            SocketAddr::V4(addr) => Repr::V4(*addr.ip(), addr.port()),
            SocketAddr::V6(addr) => Repr::V6(Box::new(addr)),
        })
    }
}

impl fmt::Debug for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_socket_addr().fmt(f)
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_socket_addr().fmt(f)
    }
}
