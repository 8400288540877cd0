//! End to end: a client on one side of a real socket, a started server on the other.
//!
//! Owns the table of rows; the rows are functions of a backend, grouped by noun in `integration/`.
//! May know the public interface of the server and nothing behind it. Invariant: a row says
//! nothing about a backend's means, so every row runs on every backend that opens here.

#[path = "integration/backends.rs"]
mod backends;
#[path = "integration/bench.rs"]
mod bench;
#[path = "integration/bodies.rs"]
mod bodies;
#[path = "integration/budgets.rs"]
mod budgets;
#[path = "integration/churn.rs"]
mod churn;
#[path = "integration/client.rs"]
mod client;
#[path = "integration/deadlines.rs"]
mod deadlines;
#[path = "integration/groups.rs"]
mod groups;
#[path = "integration/handlers.rs"]
mod handlers;
#[path = "integration/loose_ends.rs"]
mod loose_ends;
#[path = "integration/pipelining.rs"]
mod pipelining;
#[path = "integration/refusals.rs"]
mod refusals;
#[path = "integration/requests.rs"]
mod requests;
#[path = "integration/shutdown.rs"]
mod shutdown;
#[path = "integration/start.rs"]
mod start;
#[path = "integration/starvation.rs"]
mod starvation;
#[path = "integration/streaming.rs"]
mod streaming;

/// Makes each row a test that runs on every backend.
macro_rules! rows {
    ($($module:ident: $($row:ident)+;)+) => {
        $(mod $module {
            $(#[test]
            fn $row() {
                for backend in crate::backends::backends() {
                    println!("{backend}"); // shown when the row fails
                    crate::$module::$row(backend);
                }
            })+
        })+
    };
}

/// The table.
mod rows {
    rows! {
        requests:
            get_head_and_post
            keep_alive_of_many_requests
            versions_and_connection_options
            expect_100_continue
            routing
            json
            a_request_in_single_bytes;
        pipelining:
            mixed_requests_are_answered_in_order
            a_bad_request_in_the_middle_ends_the_connection
            nothing_behind_a_close_is_answered
            every_cut_gives_the_same_answers
            random_cuts_give_the_same_answers
            half_close_still_gets_all_answers
            an_endless_pipeline_takes_no_memory;
        refusals:
            heads_that_are_refused
            bodies_that_are_refused
            limits_of_heads
            limits_of_bodies
            what_a_refused_peer_sends_on_is_swallowed
            a_peer_that_promises_more_than_it_sends
            resets_at_every_byte;
        deadlines:
            a_head_that_never_ends
            a_head_that_drips
            a_body_that_stops
            a_body_that_is_slow_but_goes_on
            a_body_that_drips
            an_idle_connection
            an_idle_connection_has_all_its_time
            a_slow_reader_is_not_idle
            what_one_peer_left_unfinished_is_not_the_next_ones
            a_peer_that_reads_slowly
            a_peer_that_never_reads;
        bodies:
            large_echoes
            a_large_response
            many_connections_at_once;
        streaming:
            content_of_unknown_length
            content_of_announced_length
            content_that_fails
            a_file_and_a_part_of_it
            a_reader_that_is_behind
            who_leaves_ends_the_content
            uploads_of_any_length
            a_handler_that_is_behind
            invitations
            answers_before_the_end
            content_that_is_refused_half_way
            a_client_that_leaves_half_way;
        loose_ends:
            an_uninvited_client_waits
            content_that_is_read_elsewhere
            an_echo_that_streams
            requests_while_room_is_short
            a_reader_outlives_its_connection
            a_writer_with_a_waker_of_its_own
            content_that_fails_without_chunks
            a_head_of_thorny_content;
        budgets:
            connections_of_one_address
            answers_without_room
            heads_that_have_begun
            many_who_never_read;
        handlers:
            pending_ones_run_side_by_side
            state_of_the_worker_is_not_shared
            panics_cost_one_connection
            spawned_tasks_are_awaited
            a_handler_ends_with_its_client;
        groups:
            arguments_arrive_however_they_are_cut
            bodies_are_limited_by_route
            handlers_have_their_time
            layers_around_pipelined_requests;
        starvation:
            partial_heads_and_slow_handlers
            four_receive_buffers
            peers_that_are_being_closed;
        shutdown:
            idle_connections_end_at_once
            idle_peers_that_do_not_react
            requests_in_flight_are_answered
            a_received_batch_is_answered
            who_came_before_the_shutdown_is_answered
            no_answer_is_lost_to_a_reset
            a_handler_that_never_ends_is_cut
            ending_at_once;
        start:
            what_cannot_start_says_why
            a_port_in_use
            several_addresses_and_workers;
        churn:
            nothing_is_left_of_many_connections;
    }
}
