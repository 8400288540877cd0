//! Rows about operations whose owner has let go, at every point of their life.
//!
//! Owns [`Point`]. Invariant: after letting go nothing is heard of the operation, and when the
//! sockets are closed nothing of it is left.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use dx_io::{Op, Token};

use crate::Backend;
use crate::bench::{Bench, Pushed};
use crate::net::Net;

/// When the owner lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Before the operation is handed over.
    Pushed,
    /// After that, before anything of it was seen.
    Submitted,
    /// Something has happened (or had the time to) and was not reaped.
    Unreaped,
    /// It was reaped, its payload not taken.
    Untaken,
}

const POINTS: [Point; 4] = [Point::Pushed, Point::Submitted, Point::Unreaped, Point::Untaken];

/// Pushes `op` and lets go of it at `point`; then nothing may be heard of it.
fn let_go(bench: &mut Bench, op: Op, point: Point) {
    let pushed = bench.push(op);
    match point {
        Point::Pushed => bench.reactor.orphan(pushed.token),
        Point::Submitted => {
            bench.reactor.submit().expect("submit");
            bench.reactor.orphan(pushed.token);
        }
        Point::Unreaped => {
            bench.reactor.submit().expect("submit");
            bench.reactor.wait(Some(Duration::from_millis(20))).expect("wait");
            bench.reactor.orphan(pushed.token);
        }
        Point::Untaken => {
            let completion = bench.next(pushed);
            drop(bench.reactor.claim(&completion));
            bench.reactor.orphan(pushed.token);
        }
    }
    bench.reactor.orphan(pushed.token); // a second time changes nothing
    silence(bench, pushed);
}

fn silence(bench: &mut Bench, pushed: Pushed) {
    for _ in 0..3 {
        bench.turn();
        bench.pause(Duration::from_millis(5));
    }
    assert!(!bench.has(pushed), "heard of an operation that nobody waits for");
}

pub fn accepts(backend: Backend) {
    for point in [Point::Pushed, Point::Submitted, Point::Unreaped] {
        println!("{point:?}");
        for hand_over in [false, true] {
            let mut bench = Bench::open(backend);
            let (listener, address) = bench.listen();
            let_go(&mut bench, Op::Accept { listener, hand_over }, point);
            bench.assert_left((0, 0, 1)); // only the listener
            // The connection it would have taken goes to the next one.
            let (sock, _client) = bench.accept(listener, address);
            bench.close(sock);
            bench.close(listener);
            bench.assert_clean();
        }
    }
}

pub fn accepts_that_brought_a_connection(backend: Backend) {
    for point in [Point::Unreaped, Point::Untaken] {
        println!("{point:?}");
        for hand_over in [false, true] {
            let mut bench = Bench::open(backend);
            let (listener, address) = bench.listen();
            let mut client = bench.net.connect(address).expect("connect");
            let_go(&mut bench, Op::Accept { listener, hand_over }, point);
            let mut end = Vec::new();
            assert_eq!(client.read_to_end(&mut end).expect("closed by us"), 0);
            bench.close(listener);
            bench.assert_clean();
        }
    }
}

pub fn connects(backend: Backend) {
    let net = Net::new(backend);
    let reachable = net.peer_listener();
    let (deaf, _full) = net.deaf_listener();
    let (closed, _kept) = net.closed_port();
    for (peer, points) in
        [(reachable.address(), &POINTS[..]), (closed, &POINTS[..]), (deaf, &POINTS[..3])]
    {
        for &point in points {
            println!("{peer} {point:?}");
            let mut bench = Bench::on(&net, backend, |_| {});
            let_go(&mut bench, Op::Connect { peer }, point);
            bench.assert_clean();
        }
    }
}

pub fn receives(backend: Backend) {
    for point in POINTS {
        println!("{point:?}");
        let mut bench = Bench::open(backend);
        let (sock, mut client) = bench.pair();
        client.write_all(b"data").expect("write");
        let_go(&mut bench, Op::Recv { sock }, point);
        client.write_all(b"more data").expect("write");
        bench.rest();
        bench.assert_left((0, 0, 1)); // only the socket
        bench.close(sock);
        bench.assert_clean();
    }
}

pub fn sends(backend: Backend) {
    for point in POINTS {
        println!("{point:?}");
        let mut bench = Bench::open(backend);
        let (sock, mut client) = bench.pair();
        let_go(&mut bench, Op::Send { sock, buf: b"one ".to_vec(), start: 0 }, point);
        let bufs = vec![b"two ".to_vec(), b"three".to_vec()];
        let_go(&mut bench, Op::SendVectored { sock, bufs }, point);
        bench.close(sock);
        bench.assert_clean();
        // Letting go of a send is not taking it back.
        let mut received = String::new();
        client.read_to_string(&mut received).expect("read");
        assert_eq!(received, "one two three");
    }
}

pub fn pending_sends(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let (send, _) = bench.clog(sock);
    bench.reactor.orphan(send.token);
    silence(&mut bench, send);
    assert_eq!(bench.reactor.in_flight(), 1, "the kernel may still need the buffer");
    bench.close(sock);
    bench.assert_clean();
    assert!(!bench.has(send));
    drop(client);
}

pub fn small_operations(backend: Backend) {
    for point in POINTS {
        println!("{point:?}");
        let mut bench = Bench::open(backend);
        let (sock, mut client) = bench.pair();
        let target = bench.reactor.waker();
        let_go(&mut bench, Op::Wake { target }, point);
        let_go(&mut bench, Op::Cancel { target: Token::NONE }, point);
        let_go(&mut bench, Op::Shutdown { sock, how: Shutdown::Write }, point);
        let mut end = Vec::new();
        assert_eq!(client.read_to_end(&mut end).expect("shut down"), 0);
        let_go(&mut bench, Op::Close { sock }, point);
        bench.assert_clean();
    }
}
