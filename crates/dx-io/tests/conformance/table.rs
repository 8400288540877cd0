//! The table: every row, and how it is run on every backend.
//!
//! Owns the list of rows; they are functions over the [`Bench`](bench::Bench) of `bench.rs`,
//! grouped by noun: turns, transfer, endings, orphans, bounds, storms, churn,
//! files, options. May know only the
//! public interface, and of peers and clocks only what `net` offers. Invariant: a row says nothing
//! about a backend's means, so that a crate with a backend of its own includes this file as it is;
//! at its root are `BACKENDS`, `Backend`, `net` and this file's `bench`.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub mod bench;
mod bounds;
mod churn;
mod endings;
mod files;
mod options;
mod orphans;
mod storms;
mod transfer;
mod turns;

/// Makes each row a test that runs on every backend, but for those that skip it; says why.
macro_rules! rows {
    ($($module:ident: $($row:ident)+;)+) => {
        /// Every row, as `group::row`.
        const ROWS: &[&str] = &[$($(concat!(stringify!($module), "::", stringify!($row)),)+)+];

        $(mod $module {
            $(#[test]
            fn $row() {
                let row = concat!(stringify!($module), "::", stringify!($row));
                super::run(row, crate::table::$module::$row);
            })+
        })+
    };
}

/// No row takes nearly as long as this; a hang takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows begun, each time on one more backend.
static PROGRESS: AtomicU64 = AtomicU64::new(0);

/// Aborts when no row has begun for a long time: the harness itself would wait for ever.
fn watch() {
    let mut seen = PROGRESS.load(Ordering::Relaxed);
    loop {
        std::thread::sleep(PATIENCE);
        let now = PROGRESS.load(Ordering::Relaxed);
        if now == seen {
            eprintln!("no row has begun for {PATIENCE:?}: something waits for ever");
            std::process::abort();
        }
        seen = now;
    }
}

/// Runs one row on every backend.
fn run(row: &str, on: fn(crate::Backend)) {
    static WATCHDOG: Once = Once::new();
    WATCHDOG.call_once(|| drop(std::thread::spawn(watch)));
    for &backend in crate::BACKENDS.iter().filter(|backend| backend.opens()) {
        match backend.skips.iter().find(|(skipped, _)| *skipped == row) {
            Some((_, reason)) => println!("{row} skipped on {}: {reason}", backend.name),
            None => {
                PROGRESS.fetch_add(1, Ordering::Relaxed);
                println!("{}", backend.name); // shown when the row fails
                on(backend);
            }
        }
    }
}

/// The rows.
mod rows {
    use super::run;

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
        storms:
            more_completions_than_the_queue_holds
            more_arrivals_than_the_queue_holds
            a_cancel_behind_a_full_submission_queue
            a_reset_with_output_queued
            a_flood_does_not_starve_the_others
            signals_end_no_operation
            a_child_inherits_no_descriptor;
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

    /// A row that was renamed must not be skipped by its old name for ever.
    #[test]
    fn skips_name_rows() {
        for backend in crate::BACKENDS {
            for (row, reason) in backend.skips {
                assert!(ROWS.contains(row), "{} skips {row}, which is no row", backend.name);
                assert!(!reason.is_empty(), "{} skips {row} for no reason", backend.name);
            }
        }
    }
}
