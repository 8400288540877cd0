//! One table of behaviours, run against every backend.
//!
//! Owns the list of backends ([`BACKENDS`]) and of rows; the rows are functions over the
//! [`Bench`](bench::Bench) of `bench.rs`, grouped by noun: turns, transfer, endings, orphans,
//! bounds, churn, files, options. May know only the public interface. Invariant: a row says
//! nothing about a backend's means, so a new backend is one more line here.

mod bench;
mod bounds;
mod churn;
mod endings;
mod files;
mod options;
mod orphans;
mod transfer;
mod turns;

use dx_io::{Driver, IoBackend, ReactorConfig, SqPoll, UringRung};

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
}

/// Every backend that is tested.
pub const BACKENDS: &[Backend] = &[
    Backend {
        name: "epoll",
        backend: IoBackend::Epoll,
        rung: UringRung::Deferred,
        polled: false,
        accepts_take_descriptors: true,
    },
    Backend {
        name: "io_uring, the 6.1 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Deferred,
        polled: false,
        accepts_take_descriptors: false,
    },
    Backend {
        name: "io_uring, the 5.19 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Provided,
        polled: false,
        accepts_take_descriptors: true,
    },
    Backend {
        name: "io_uring, the 5.1 rung",
        backend: IoBackend::IoUring,
        rung: UringRung::Poll,
        polled: false,
        accepts_take_descriptors: true,
    },
    Backend {
        name: "io_uring, with a submission poller",
        backend: IoBackend::IoUring,
        rung: UringRung::Deferred,
        polled: true,
        accepts_take_descriptors: false,
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

/// Makes each row a test that runs on every backend.
macro_rules! rows {
    ($($module:ident: $($row:ident)+;)+) => {
        $(mod $module {
            $(#[test]
            fn $row() {
                for backend in super::super::BACKENDS.iter().filter(|backend| backend.opens()) {
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
        files:
            files_are_written_and_read
            file_errors_bring_the_memory_back
            fixed_buffers_carry_files
            many_files_at_once
            given_up_files
            drop_with_files_in_flight
            a_file_is_sent
            files_and_bytes_take_turns
            a_file_waits_for_its_peer
            a_file_on_a_socket_that_closes
            a_file_to_a_dead_peer;
        options:
            zero_copy_sends_arrive
            zero_copy_ends_when_the_bytes_are_free
            zero_copy_sends_can_be_ended
            zero_copy_to_a_dead_peer
            the_raw_socket_is_lent
            memory_that_cannot_be_locked_is_an_error_with_a_cure;
    }
}
