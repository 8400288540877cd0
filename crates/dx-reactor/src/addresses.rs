//! How many connections each client has.
//!
//! Owns the counts of one worker. May not know connections. Its one invariant: an address is
//! remembered only while it has a connection, so there are never more than connections.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Connections by address. Of IPv6 the network counts, which one client has to itself (RFC 6177:
/// no less than a /64).
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    counts: HashMap<Client, u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl Addresses {
    /// Counts one more connection, unless that is more than `max`.
    pub(crate) fn add(&mut self, address: IpAddr, max: u32) -> bool {
        let count = self.counts.entry(client(address)).or_insert(0);
        if *count >= max {
            // One that has just been made is below every bound but 0.
            if *count == 0 {
                self.counts.remove(&client(address));
            }
            return false;
        }
        *count += 1;
        true
    }

    /// Counts one connection less.
    pub(crate) fn remove(&mut self, address: IpAddr) {
        if let Entry::Occupied(mut entry) = self.counts.entry(client(address)) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

fn client(address: IpAddr) -> Client {
    match address.to_canonical() {
        IpAddr::V4(address) => Client::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Client::V6([a, b, c, d])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_client_has_its_own_count() {
        let mut addresses = Addresses::default();
        let rows = [
            ("10.0.0.1", true),
            ("10.0.0.1", true),
            ("10.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("10.0.0.2", true),
            ("2001:db8::1", true),
            ("2001:db8::2:0:0:1", true),
            ("2001:db8::3", false),
            ("2001:db8:0:1::1", true),
        ];
        for (address, wanted) in rows {
            assert_eq!(addresses.add(of(address), 2), wanted, "{address}");
        }
        addresses.remove(of("10.0.0.1"));
        assert!(addresses.add(of("10.0.0.1"), 2));
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let mut addresses = Addresses::default();
        assert!(!addresses.add(of("10.0.0.1"), 0));
        assert!(addresses.add(of("10.0.0.2"), 1));
        addresses.remove(of("10.0.0.2"));
        addresses.remove(of("10.0.0.2"));
        assert!(addresses.counts.is_empty());
    }
}
