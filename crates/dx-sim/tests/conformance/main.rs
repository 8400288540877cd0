//! The conformance table of dx-io, run against the simulation.
//!
//! Owns the backend in two forms: a kind world, and one whose bytes come late and in pieces. The
//! table and its rows are dx-io's; `net.rs` here has peers that are simulated. Invariant: a row
//! that is skipped has its reason beside it.

mod net;
#[path = "../../../dx-io/tests/conformance/table.rs"]
mod table;

use table::bench;

/// The simulation in one form.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// For failure messages.
    pub name: &'static str,
    /// An accepted connection takes a descriptor of the process.
    pub accepts_take_descriptors: bool,
    /// Rows that make no sense here, as `group::row`, and why.
    pub skips: &'static [(&'static str, &'static str)],
    /// Whether completions and bytes are as late and as cut as they may be without a fault.
    pub slow: bool,
}

/// Rows about what only a process has.
const OF_PROCESSES: &[(&str, &str)] = &[
    ("bounds::no_descriptors_left", "the limit is the system's; accept errors are a fault here"),
    ("storms::signals_end_no_operation", "no call into a kernel is made that could be interrupted"),
    ("storms::a_child_inherits_no_descriptor", "there are no descriptors"),
    ("options::the_raw_socket_is_lent", "there are no descriptors"),
];

/// As [`OF_PROCESSES`], and rows that expect completions of different operations in the order of
/// the operations. The contract does not promise it, though every kernel keeps it there.
const OF_PROCESSES_OR_ORDERED: &[(&str, &str)] = &[
    OF_PROCESSES[0],
    OF_PROCESSES[1],
    OF_PROCESSES[2],
    OF_PROCESSES[3],
    ("turns::numbers_come_back", "expects the order in which small operations were pushed"),
    ("churn::two_thousand_connections", "expects a send to be seen before a close that came later"),
];

/// Every form that is tested.
pub const BACKENDS: &[Backend] = &[
    Backend { name: "sim", accepts_take_descriptors: false, skips: OF_PROCESSES, slow: false },
    Backend {
        name: "sim, slow",
        accepts_take_descriptors: false,
        skips: OF_PROCESSES_OR_ORDERED,
        slow: true,
    },
];

impl Backend {
    fn opens(&self) -> bool {
        true
    }
}
