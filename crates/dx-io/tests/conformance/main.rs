//! One table of behaviours, run against every backend of this crate.
//!
//! Owns the list of backends ([`BACKENDS`]); `table.rs` has the rows, `net.rs` the peers they
//! talk to. Knows no row. Invariant: a new backend is one more line here, and a row that it skips
//! has its reason beside it.

mod net;
mod processor;
#[path = "table.rs"]
mod table;

use dx_io::{Driver, IoBackend, ReactorConfig, SqPoll, UringRung};
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
    /// For io_uring, whether submissions are polled.
    pub polled: bool,
    /// An accepted connection takes a descriptor of the process.
    pub accepts_take_descriptors: bool,
    /// Rows that make no sense here, as `group::row`, and why.
    pub skips: &'static [(&'static str, &'static str)],
}

/// Every backend that is tested.
#[cfg(windows)]
pub const BACKENDS: &[Backend] = &[Backend {
    name: "iocp",
    backend: IoBackend::Iocp,
    rung: UringRung::Deferred,
    polled: false,
    accepts_take_descriptors: true,
    skips: IOCP_SKIPS,
}];

/// Why [`IoBackend::Iocp`] refuses to send files.
#[cfg(windows)]
const NO_SEND_FILE: &str = "TransmitFile does not tell what went out before it was cancelled";

/// What is different on Windows, or under Wine.
#[cfg(windows)]
const IOCP_SKIPS: &[(&str, &str)] = &[
    ("bounds::no_descriptors_left", "no limit of handles can be set for a process"),
    (
        "bounds::a_dead_idle_connection_is_quiet",
        "Wine 8 forgets a reset that came while nobody received: a plain recv gives 0 there",
    ),
    ("storms::signals_end_no_operation", "Windows has no signals that interrupt calls"),
    ("storms::a_child_inherits_no_descriptor", "asks Linux's proc(5) what a child has"),
    ("files::drop_with_files_in_flight", NO_SEND_FILE),
    ("files::a_file_is_sent", NO_SEND_FILE),
    ("files::files_and_bytes_take_turns", NO_SEND_FILE),
    ("files::a_file_waits_for_its_peer", NO_SEND_FILE),
    ("files::a_file_on_a_socket_that_closes", NO_SEND_FILE),
    ("files::a_file_to_a_dead_peer", NO_SEND_FILE),
];

/// Every backend that is tested.
#[cfg(target_os = "linux")]
pub const BACKENDS: &[Backend] = &[
    Backend {
        name: "epoll",
        backend: IoBackend::Epoll,
        rung: UringRung::Deferred,
        polled: false,
        accepts_take_descriptors: true,
        skips: &[],
    },
    Backend {
        name: "io_uring, the 6.1 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Deferred,
        polled: false,
        accepts_take_descriptors: false,
        skips: &[],
    },
    Backend {
        name: "io_uring, the 5.19 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Provided,
        polled: false,
        accepts_take_descriptors: true,
        skips: &[],
    },
    Backend {
        name: "io_uring, the 5.1 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Poll,
        polled: false,
        accepts_take_descriptors: true,
        skips: &[],
    },
    Backend {
        name: "io_uring, with a submission poller",
        backend: IoBackend::IoUring,
        rung: UringRung::Deferred,
        polled: true,
        accepts_take_descriptors: false,
        skips: &[],
    },
];

impl Backend {
    /// Whether the backend opens here. Where a sandbox or an old kernel forbids it, its rows are
    /// skipped with the reason, except where everything is required to run.
    fn opens(&self) -> bool {
        let mut config = ReactorConfig::default();
        self.configure(&mut config);
        let why = match Driver::open(self.backend, &config) {
            Ok((_, detection)) => match detection.warnings().first() {
                None => return true,
                Some(left_out) => left_out.to_string(),
            },
            Err(error) => error.to_string(),
        };
        let required = std::env::var_os("DX_TEST_REQUIRE_ALL").is_some();
        assert!(!required, "{}: {why}", self.name);
        println!("skipped on {}: {why}", self.name);
        false
    }

    /// What makes this form of the backend.
    pub fn configure(&self, config: &mut ReactorConfig) {
        config.uring_rung_max = self.rung;
        config.sqpoll = self.polled.then(|| {
            let mut poller = SqPoll::default();
            // Rows that say "no processor time is burnt" wait for longer than this.
            poller.idle_ms = 4;
            poller
        });
    }
}
