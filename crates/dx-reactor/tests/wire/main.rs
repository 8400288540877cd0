//! HTTP/1.x on the wire: what is sent, what must come back, and what then happens to the
//! connection, row by row with its clause.
//!
//! Owns the table, by subject, and the promise that it is large enough. May know the public
//! interface of the server and nothing behind it. Invariant: every row runs on every backend that
//! opens here, over real sockets.
//!
//! Which proof is which:
//! - `cut::*` run the server's worker on the test's own thread, turn by turn. A piece is sent when
//!   the worker has read the one before, so each cut is one that the server has seen. Each row
//!   runs whole, twice in one piece, cut in two at every byte, and byte by byte (twice, if the
//!   connection stays open).
//!   Rows of more than a kilobyte, which exist for the default bounds, are cut around their edges
//!   and every few thousand bytes; the rows for tight bounds cut the same rules everywhere.
//! - `threaded` runs each row whole, cut once and twice against a server with a thread of its own,
//!   with nothing between the test and it.
//! - A connection that stays open has answered a further request; one that closes has brought the
//!   end of the stream and no reset, has answered nothing of what was sent behind the row, and has
//!   taken it.

mod answer;
#[path = "../integration/backends.rs"]
mod backends;
mod bench;
mod client;
mod judge;
mod row;
mod runner;

mod chunked;
mod connection;
mod content_length;
mod expect;
mod fields;
mod host;
mod limits;
mod methods;
mod pipelining;
mod request_line;
mod responses;
mod transfer_encoding;
mod upgrade;
mod versions;

use std::collections::BTreeSet;

use row::{After, Bounds, Row};

/// The table, and a test for each subject.
macro_rules! subjects {
    ($($subject:ident)+) => {
        const TABLE: &[&[Row]] = &[$($subject::ROWS),+];

        mod cut {
            $(#[test]
            fn $subject() {
                crate::runner::run(crate::$subject::ROWS);
            })+
        }
    };
}

subjects! {
    request_line host fields content_length transfer_encoding chunked expect connection
    methods versions upgrade pipelining responses limits
}

fn all() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().copied().flatten()
}

#[test]
fn threaded() {
    runner::run_threaded(&all().collect::<Vec<_>>());
}

#[test]
fn there_are_enough_rows_and_each_is_one_of_its_own() {
    let (mut names, mut requests) = (BTreeSet::new(), BTreeSet::new());
    for Row { name, clause, .. } in all() {
        assert!(names.insert(name), "two rows are called {name:?}");
        assert!(is_clause(clause), "{name}: {clause:?}");
    }
    for row in all() {
        let ends = matches!(row.after, After::Finished | After::Abandoned);
        let sent = (row.bytes(), row.bounds == Bounds::Tight, ends);
        assert!(requests.insert(sent), "{}: another row sends the same", row.name);
    }
    assert!(names.len() >= 300, "{} rows", names.len());
}

/// The number of an RFC, a section, and perhaps one of its rules: `9112-6.3(4)`.
fn is_clause(clause: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((rfc, section)) = clause.split_once('-') else { return false };
    let section = match section.strip_suffix(')').map(|rest| rest.split_once('(')) {
        Some(Some((section, rule))) if is_number(rule) => section,
        Some(_) => return false,
        None => section,
    };
    rfc.len() == 4 && is_number(rfc) && section.split('.').all(is_number)
}
