//! How rows are run.
//!
//! Owns the ways of sending a row: whole, cut, byte by byte, twice. May not know what any row is
//! about. Invariant: a row says the same however it is sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use dx_reactor::IoBackend;

use crate::backends::backends;
use crate::bench::{self, Bench, WATCHDOG};
use crate::client::{Client, End};
use crate::judge::{Expected, FURTHER, Invitation};
use crate::row::{After, Bounds, Row};

/// Runs the rows in every way on every backend, each on a server whose turns are made here.
pub fn run(rows: &[Row]) {
    let mut faults = Vec::new();
    for backend in backends() {
        for bounds in [Bounds::Default, Bounds::Tight] {
            let bench = Bench::start(backend, bounds);
            for row in rows.iter().filter(|row| row.bounds == bounds) {
                faults.extend(run_row(&bench, row).err().map(|why| describe(row, backend, &why)));
            }
            bench.stop();
        }
    }
    assert!(faults.is_empty(), "{} rows fail\n\n{}", faults.len(), faults.join("\n\n"));
}

fn describe(row: &Row, backend: IoBackend, why: &str) -> String {
    let Row { name, clause, .. } = row;
    let bytes = row.bytes();
    let shown = &bytes[..bytes.len().min(300)];
    format!("{name} ({clause}) on {backend}, {why}\nsent: {}", shown.escape_ascii())
}

/// Runs one row in every way, up to the first that fails.
fn run_row(bench: &Bench, row: &Row) -> Result<(), String> {
    let bytes = row.bytes();
    let invitation = |cut: usize| match row.invitation() {
        Some(end) if end == cut => Invitation::Sent,
        _ => Invitation::NotSent,
    };
    let run = |how: &str, pieces: &[&[u8]], invitations: &[Invitation]| {
        let expected = Expected::new(row, invitations);
        exchange(bench, row, pieces, &expected).map_err(|why| format!("{how}: {why}"))
    };
    run("whole", &[&bytes], &[Invitation::NotSent])?;
    let twice = [&bytes[..], &bytes].concat();
    run("twice", &[&twice], &[Invitation::NotSent; 2])?;
    for cut in row.cuts() {
        let (first, second) = bytes.split_at(cut);
        run(&format!("cut at {cut}"), &[first, second], &[invitation(cut)])?;
    }
    // All cuts at once: byte by byte, where they are everywhere.
    let ends = row.cuts().into_iter().chain([bytes.len()]);
    let mut start = 0;
    let pieces: Vec<&[u8]> =
        ends.map(|end| &bytes[core::mem::replace(&mut start, end)..end]).collect();
    let copies = if row.after == After::Open { 2 } else { 1 };
    run("in pieces", &pieces.repeat(copies), &vec![Invitation::Sent; copies])
}

/// Sends the pieces, each when the one before has been read, and then what shows in which state
/// the connection is.
fn exchange(
    bench: &Bench,
    row: &Row,
    pieces: &[&[u8]],
    expected: &Expected<'_>,
) -> Result<(), String> {
    let mut client = Client::connect(bench);
    for piece in pieces {
        client.send(piece);
    }
    match row.after {
        After::Finished | After::Abandoned => client.finish(),
        // Behind the end of the stream there is no answer that could come.
        After::Closed if client.end.is_some() => {}
        After::Open | After::Closed => client.send(FURTHER),
    }
    client.receive_until(|received| expected.is_complete(received));
    let (received, end) = (core::mem::take(&mut client.received), client.end);
    client.vanish();
    expected.verdict(&received).map_err(|why| format!("{why}\n{}", received.escape_ascii()))?;
    let right = if row.after == After::Open { None } else { Some(End::Eof) };
    if end == right { Ok(()) } else { Err(format!("{:?}, but the end is {end:?}", row.after)) }
}

/// Runs the rows whole, cut once, and twice, on servers with threads of their own, as users have
/// them. Here nobody knows what is read at once.
pub fn run_threaded(rows: &[&Row]) {
    let mut faults = Vec::new();
    for backend in backends() {
        for bounds in [Bounds::Default, Bounds::Tight] {
            let server = bench::describe(backend, bounds).build().start().expect("it starts");
            let addr = server.addr();
            for row in rows.iter().filter(|row| row.bounds == bounds) {
                let outcome = run_row_threaded(addr, row);
                faults.extend(outcome.err().map(|why| describe(row, backend, &why)));
            }
            for report in server.stop().expect("it ends in order") {
                assert!(report.held.is_nothing(), "{:?}", report.held);
            }
        }
    }
    assert!(faults.is_empty(), "{} rows fail\n\n{}", faults.len(), faults.join("\n\n"));
}

fn run_row_threaded(addr: SocketAddr, row: &Row) -> Result<(), String> {
    let bytes = row.bytes();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let ways: [(&str, &[&[u8]], usize); 3] = [
        ("whole", &[&bytes], 1),
        ("cut once", &[first, second], 1),
        ("twice", &[&bytes, &bytes], 2),
    ];
    for (how, pieces, copies) in ways {
        let expected = Expected::new(row, &vec![Invitation::Either; copies]);
        exchange_threaded(addr, row, pieces, &expected).map_err(|why| format!("{how}: {why}"))?;
    }
    Ok(())
}

fn exchange_threaded(
    addr: SocketAddr,
    row: &Row,
    pieces: &[&[u8]],
    expected: &Expected<'_>,
) -> Result<(), String> {
    let mut stream = TcpStream::connect(addr).expect("connects");
    stream.set_nodelay(true).expect("no delay");
    stream.set_read_timeout(Some(WATCHDOG)).expect("watchdog");
    let mut send = |bytes: &[u8]| stream.write_all(bytes).expect("the server takes what is sent");
    pieces.iter().for_each(|piece| send(piece));
    if matches!(row.after, After::Open | After::Closed) {
        send(FURTHER);
    }
    // Everything that is asked for is answered before the end, which must be one in order.
    stream.shutdown(Shutdown::Write).expect("half-closes");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).map_err(|error| format!("no end in order: {error}"))?;
    expected.verdict(&received).map_err(|why| format!("{why}\n{}", received.escape_ascii()))
}
