//! The servers.
//!
//! Owns their names, what each is compared with, and their arguments. Knows nothing of how they
//! are built or run. Invariant: every server takes `--listen ADDR` and uses one thread for
//! requests.

use serde::Serialize;

/// A server that can be measured, in the order in which they alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    Actix,
    Axum,
    Hyper,
    May,
    FloorEpoll,
    OursEpoll,
    FloorIoUring,
    OursIoUring,
}

impl Server {
    pub(crate) const ALL: [Self; 8] = [
        Self::Actix,
        Self::Axum,
        Self::Hyper,
        Self::May,
        Self::FloorEpoll,
        Self::OursEpoll,
        Self::FloorIoUring,
        Self::OursIoUring,
    ];

    /// The name on the command line and in the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Actix => "actix",
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::May => "may_minihttp",
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
            Self::Axum => "axum-hello",
            Self::Hyper => "hyper-hello",
            Self::May => "may-hello",
            Self::FloorEpoll => "floor-epoll",
            Self::FloorIoUring => "floor-io-uring",
            Self::OursEpoll | Self::OursIoUring => "hello",
        }
    }

    /// The package of this workspace that builds it; `None` for ours, which another one builds.
    pub(crate) fn package(self) -> Option<&'static str> {
        match self {
            Self::Actix => Some("bench-actix"),
            Self::Axum => Some("bench-axum"),
            Self::Hyper => Some("bench-hyper"),
            Self::May => Some("bench-may"),
            Self::FloorEpoll | Self::FloorIoUring => Some("bench-floors"),
            Self::OursEpoll | Self::OursIoUring => None,
        }
    }

    /// Its arguments beside `--listen ADDR`.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            // TCP_NODELAY as all others have it: without it batches of 256 stall for 40 ms.
            Self::Actix => &["--workers", "1", "--nodelay"],
            Self::OursEpoll => &["--workers", "1", "--backend", "epoll"],
            Self::OursIoUring => &["--workers", "1", "--backend", "io_uring"],
            Self::Axum | Self::Hyper | Self::May | Self::FloorEpoll | Self::FloorIoUring => &[],
        }
    }

    /// The library it stands for, as `bench/Cargo.lock` names it, if its version matters.
    pub(crate) fn library(self) -> Option<&'static str> {
        match self {
            Self::Actix => Some("actix-web"),
            Self::Axum => Some("axum"),
            Self::Hyper => Some("hyper"),
            Self::May => Some("may_minihttp"),
            _ => None,
        }
    }

    /// Whether it is this repository's server.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::OursEpoll | Self::OursIoUring)
    }

    /// Whether it is measured with every number of connections. The other peers are with one.
    pub(crate) fn is_core(self) -> bool {
        !matches!(self, Self::Axum | Self::Hyper | Self::May)
    }

    /// The floor to compare it with: that of its backend.
    pub(crate) fn floor(self) -> Option<Self> {
        match self {
            Self::FloorEpoll | Self::FloorIoUring => None,
            Self::OursIoUring => Some(Self::FloorIoUring),
            _ => Some(Self::FloorEpoll),
        }
    }
}

impl Serialize for Server {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_servers() {
        for server in Server::ALL {
            assert_eq!(Server::from_name(server.name()), Some(server));
            assert_eq!(server.package().is_none(), server.is_ours());
            assert_ne!(server.floor(), Some(server));
        }
        assert_eq!(Server::from_name("nginx"), None);
    }
}
