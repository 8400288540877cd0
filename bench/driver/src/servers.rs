//! The five servers.
//!
//! Owns their names, what each is compared with, and their arguments. Knows nothing of how they
//! are built or run. Invariant: every server takes `--listen ADDR` and uses one thread for
//! requests.

/// A server that can be measured, in the order in which they alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    Actix,
    FloorEpoll,
    OursEpoll,
    FloorIoUring,
    OursIoUring,
}

impl Server {
    pub(crate) const ALL: [Self; 5] =
        [Self::Actix, Self::FloorEpoll, Self::OursEpoll, Self::FloorIoUring, Self::OursIoUring];

    /// The name on the command line and in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Actix => "actix",
            Self::FloorEpoll => "floor-epoll",
            Self::OursEpoll => "ours-epoll",
            Self::FloorIoUring => "floor-io_uring",
            Self::OursIoUring => "ours-io_uring",
        }
    }

    /// The server called `name`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|server| server.name() == name)
    }

    /// The name of its executable, as cargo calls the target.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::Actix => "actix-hello",
            Self::FloorEpoll => "floor-epoll",
            Self::FloorIoUring => "floor-io-uring",
            Self::OursEpoll | Self::OursIoUring => "hello",
        }
    }

    /// Its arguments beside `--listen ADDR`.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            // TCP_NODELAY as all others have it: without it batches of 256 stall for 40 ms.
            Self::Actix => &["--workers", "1", "--nodelay"],
            Self::FloorEpoll | Self::FloorIoUring => &[],
            Self::OursEpoll => &["--workers", "1", "--backend", "epoll"],
            Self::OursIoUring => &["--workers", "1", "--backend", "io_uring"],
        }
    }

    /// Whether it is this repository's server.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::OursEpoll | Self::OursIoUring)
    }

    /// The floor on the same backend.
    pub(crate) fn floor(self) -> Option<Self> {
        match self {
            Self::OursEpoll => Some(Self::FloorEpoll),
            Self::OursIoUring => Some(Self::FloorIoUring),
            Self::Actix | Self::FloorEpoll | Self::FloorIoUring => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_servers() {
        for server in Server::ALL {
            assert_eq!(Server::from_name(server.name()), Some(server));
            assert_eq!(server.floor().is_some(), server.is_ours());
        }
        assert_eq!(Server::from_name("nginx"), None);
    }
}
