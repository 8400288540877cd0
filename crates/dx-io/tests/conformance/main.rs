//! One table of behaviours, run against every backend of this crate.
//!
//! Owns the list of backends ([`BACKENDS`]); `table.rs` has the rows, `net.rs` the peers they
//! talk to. Knows no row. Invariant: a new backend is one more line here, and a row that it skips
//! has its reason beside it.

mod net;
#[path = "table.rs"]
mod table;

use dx_io::{Driver, IoBackend, ReactorConfig, UringRung};
use table::bench;

/// One backend in one form.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// For failure messages.
    pub name: &'static str,
    /// What to open.
    pub backend: IoBackend,
    /// For io_uring, the highest rung.
    pub rung: UringRung,
    /// An accepted connection takes a descriptor of the process.
    pub accepts_take_descriptors: bool,
    /// Rows that make no sense here, as `group::row`, and why.
    pub skips: &'static [(&'static str, &'static str)],
}

/// Every backend that is tested.
pub const BACKENDS: &[Backend] = &[
    Backend {
        name: "epoll",
        backend: IoBackend::Epoll,
        rung: UringRung::Deferred,
        accepts_take_descriptors: true,
        skips: &[],
    },
    Backend {
        name: "io_uring, the 6.1 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Deferred,
        accepts_take_descriptors: false,
        skips: &[],
    },
    Backend {
        name: "io_uring, the 5.19 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Provided,
        accepts_take_descriptors: true,
        skips: &[],
    },
    Backend {
        name: "io_uring, the 5.1 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Poll,
        accepts_take_descriptors: true,
        skips: &[],
    },
];

impl Backend {
    /// Whether the backend opens here. Where a sandbox or an old kernel forbids it, its rows are
    /// skipped with the reason, except where everything is required to run.
    fn opens(&self) -> bool {
        let mut config = ReactorConfig::default();
        config.uring_rung_max = self.rung;
        match Driver::open(self.backend, &config) {
            Ok(_) => true,
            Err(why) if std::env::var_os("DX_TEST_REQUIRE_ALL").is_none() => {
                println!("skipped on {}: {why}", self.name);
                false
            }
            Err(why) => panic!("{}: {why}", self.name),
        }
    }
}
