//! One table of behaviours, run against every backend.
//!
//! Owns the list of backends ([`BACKENDS`]) and of rows; the rows are functions over the
//! [`Bench`](bench::Bench) of `bench.rs`, grouped by noun: turns, transfer, endings, orphans,
//! bounds, churn. May know only the public interface. Invariant: a row says nothing about a
//! backend's means, so a new backend is one more line here.

mod bench;
mod bounds;
mod churn;
mod endings;
mod orphans;
mod processor;
mod transfer;
mod turns;

use dx_io::{Driver, IoBackend, ReactorConfig, UringRung};

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
    /// Rows that cannot hold on it, each with its reason.
    pub skips: &'static [(&'static str, &'static str)],
}

/// Every backend that is tested.
#[cfg(windows)]
pub const BACKENDS: &[Backend] = &[Backend {
    name: "iocp",
    backend: IoBackend::Iocp,
    rung: UringRung::Deferred,
    accepts_take_descriptors: true,
    skips: IOCP_SKIPS,
}];

/// What is different on Windows, or under Wine.
#[cfg(windows)]
const IOCP_SKIPS: &[(&str, &str)] = &[
    ("bounds::no_descriptors_left", "no limit of handles can be set for a process"),
    (
        "bounds::a_dead_idle_connection_is_quiet",
        "Wine 8 forgets a reset that came while nobody received: a plain recv gives 0 there",
    ),
];

/// Every backend that is tested.
#[cfg(target_os = "linux")]
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
];

impl Backend {
    /// Whether `row` is in the table for this backend; says why not.
    fn has(&self, row: &str) -> bool {
        let skip = self.skips.iter().find(|(name, _)| *name == row);
        if let Some((_, reason)) = skip {
            println!("skipped on {}: {reason}", self.name);
        }
        skip.is_none()
    }

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

/// Makes each row a test that runs on every backend.
macro_rules! rows {
    ($($module:ident: $($row:ident)+;)+) => {
        $(mod $module {
            $(#[test]
            fn $row() {
                const ROW: &str = concat!(stringify!($module), "::", stringify!($row));
                let backends = super::super::BACKENDS.iter();
                for backend in backends.filter(|backend| backend.has(ROW) && backend.opens()) {
                    println!("{}", backend.name); // shown when the row fails
                    crate::$module::$row(*backend);
                }
            })+
        })+
    };
}

/// The table.
mod rows {
    rows! {
        turns:
            numbers_come_back
            submit_counts_exactly
            every_push_ends_once
            a_wake_before_the_wait_ends_it
            a_wake_during_the_wait_ends_it
            one_reactor_wakes_another
            many_wakes_end
            a_timeout_is_waited_out
            min_zero_does_not_wait
            clocks_and_chance;
        transfer:
            echo
            pieces_arrive_in_order
            end_of_stream
            reset_by_peer
            half_closed_connections_still_send
            a_peer_that_does_not_read
            vectors_leave_in_order
            a_send_starts_where_it_is_told
            sending_to_a_dead_peer
            connect_and_talk
            connect_refused
            accepted_elsewhere;
        endings:
            cancel_in_the_same_submission
            cancel_while_waiting
            cancel_a_pending_connect
            cancel_a_pending_send
            cancel_what_has_ended
            close_with_work_in_flight
            close_a_listener_with_accepts
            closed_sockets_are_refused
            stale_tokens_give_nothing
            forged_completions_give_nothing
            drop_with_everything_in_flight;
        orphans:
            accepts
            accepts_that_brought_a_connection
            connects
            receives
            sends
            pending_sends
            small_operations;
        bounds:
            no_free_buffer_parks_and_resumes
            a_parked_receive_can_end
            a_full_socket_table_holds_accepts_back
            attach_refuses_when_full
            no_descriptors_left
            a_full_table_returns_the_operation
            a_dead_idle_connection_is_quiet
            a_refused_listener_is_quiet;
        churn:
            two_thousand_connections;
    }
}
