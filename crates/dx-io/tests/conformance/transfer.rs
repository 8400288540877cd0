//! Rows about bytes and how connections begin and end.
//!
//! Owns nothing but rows. Invariant: every row ends with empty tables.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use dx_io::limits::SEND_VECTORS_MAX;
use dx_io::{Op, Payload, errno};

use crate::Backend;
use crate::bench::{Bench, CLOG, pattern};
use crate::net::{read_meanwhile, reset, write_meanwhile};

pub fn echo(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    for round in 0..20u8 {
        client.write_all(&[round; 5]).expect("write");
        let buf = bench.read(recv, 5);
        assert_eq!(buf, [round; 5]);
        let place = buf.as_ptr();
        let (result, payload) = bench.run(Op::Send { sock, buf, start: 0 });
        let Payload::Buffer(buf) = payload else { panic!("{payload:?}") };
        assert_eq!((result, buf.as_slice(), buf.as_ptr()), (5, &[round; 5][..], place));
        let mut answer = [0; 5];
        client.read_exact(&mut answer).expect("read");
        assert_eq!(answer, [round; 5]);
    }
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn pieces_arrive_in_order(backend: Backend) {
    for len in [1, 255, 256, 257, 256 * 4, 256 * 37 + 11] {
        let mut bench = Bench::open_with(backend, |config| {
            config.recv_buffers = 4;
            config.recv_buffer_len = 256;
        });
        let (sock, client) = bench.pair();
        let recv = bench.push(Op::Recv { sock });
        let sent = pattern(len, len);
        let writing = write_meanwhile(client, sent.clone(), 1, Duration::ZERO);
        assert_eq!(bench.read(recv, len), sent, "{len} bytes");
        drop(writing.join());
        assert_eq!(bench.last(recv).result, 0);
        bench.close(sock);
        bench.assert_clean();
    }
}

pub fn end_of_stream(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    client.write_all(b"the end").expect("write");
    client.shutdown(Shutdown::Write).expect("shutdown");
    assert_eq!(bench.read(recv, 7), b"the end", "data before the end comes first");
    let end = bench.next(recv);
    assert_eq!((end.result, end.flags.bits()), (0, 0));
    // Once only: asking again is a new operation, with the same answer.
    bench.rest();
    assert_eq!(bench.run(Op::Recv { sock }).0, 0);
    bench.close(sock);
    bench.assert_clean();
}

pub fn reset_by_peer(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    bench.turn();
    reset(client);
    let end = bench.next(recv);
    assert_eq!((end.result, end.flags.bits()), (errno::CONNECTION_RESET, 0));
    bench.close(sock);
    bench.assert_clean();
}

pub fn half_closed_connections_still_send(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    client.shutdown(Shutdown::Write).expect("shutdown");
    assert_eq!(bench.last(recv).result, 0);
    assert_eq!(bench.run(Op::Send { sock, buf: b"late".to_vec(), start: 0 }).0, 4);
    let (result, payload) = bench.run(Op::Shutdown { sock, how: Shutdown::Write });
    assert!(result == 0 && matches!(payload, Payload::None));
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("read");
    assert_eq!(answer, b"late");
    bench.close(sock);
    bench.assert_clean();
}

pub fn a_peer_that_does_not_read(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let (send, before) = bench.clog(sock);
    bench.rest(); // it waits, and burns nothing
    assert!(matches!(bench.reactor.take(send.token), Payload::None), "still in flight");
    let reading = read_meanwhile(client);
    let (result, payload) = bench.finish(send);
    assert!(result > 0 && result as usize <= CLOG, "{result}");
    let Payload::Buffer(buf) = payload else { panic!("{payload:?}") };
    assert_eq!(buf, pattern(before, CLOG));
    let mut sent = before + result as usize;
    // The rest of a short send goes first, from where it stopped.
    let (mut buf, mut start) = (buf, result as usize);
    while start < buf.len() {
        let (result, payload) = bench.run(Op::Send { sock, buf, start });
        let Payload::Buffer(back) = payload else { panic!("{payload:?}") };
        assert!(result > 0, "{result}");
        (buf, start, sent) = (back, start + result as usize, sent + result as usize);
    }
    bench.close(sock);
    let received = reading.join();
    assert!(received == pattern(0, sent), "{} of {sent} bytes, or other ones", received.len());
    bench.assert_clean();
}

pub fn vectors_leave_in_order(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    for lens in [vec![], vec![3], vec![0, 5, 0, 1, 900], vec![7; SEND_VECTORS_MAX + 36]] {
        let mut at = 0;
        let mut bufs: Vec<Vec<u8>> = Vec::new();
        for len in lens {
            bufs.push(pattern(at, len));
            at += len;
        }
        let expected: Vec<u8> = bufs.iter().take(SEND_VECTORS_MAX).flatten().copied().collect();
        let (result, payload) = bench.run(Op::SendVectored { sock, bufs: bufs.clone() });
        assert_eq!(result as usize, expected.len(), "an idle connection takes it all");
        assert!(matches!(payload, Payload::Buffers(back) if back == bufs));
        let mut received = vec![0; expected.len()];
        client.read_exact(&mut received).expect("read");
        assert_eq!(received, expected);
    }
    bench.close(sock);
    bench.assert_clean();
}

pub fn a_send_starts_where_it_is_told(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    for (start, expected) in [(0, 4), (1, 3), (4, 0), (5, 0), (usize::MAX, 0)] {
        let (result, payload) = bench.run(Op::Send { sock, buf: b"abcd".to_vec(), start });
        assert_eq!(result, expected, "from {start}");
        assert!(matches!(payload, Payload::Buffer(buf) if buf == b"abcd"));
    }
    bench.close(sock);
    let mut received = String::new();
    client.read_to_string(&mut received).expect("read");
    assert_eq!(received, "abcdbcd");
    bench.assert_clean();
}

pub fn sending_to_a_dead_peer(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    bench.turn();
    reset(client);
    assert_eq!(bench.last(recv).result, errno::CONNECTION_RESET);
    // The process lives: no SIGPIPE. The buffers come back.
    let (result, payload) = bench.run(Op::Send { sock, buf: vec![1; 9], start: 0 });
    assert_eq!(result, errno::BROKEN_PIPE);
    assert!(matches!(payload, Payload::Buffer(buf) if buf == [1; 9]));
    let (result, payload) = bench.run(Op::SendVectored { sock, bufs: vec![vec![2]] });
    assert_eq!(result, errno::BROKEN_PIPE);
    assert!(matches!(payload, Payload::Buffers(bufs) if bufs == [[2]]));
    bench.close(sock);
    bench.assert_clean();
}

pub fn connect_and_talk(backend: Backend) {
    let mut bench = Bench::open(backend);
    let listener = bench.net.peer_listener();
    let address = listener.address();
    let (result, payload) = bench.run(Op::Connect { peer: address });
    let Payload::Connection { sock, peer } = payload else { panic!("{result} {payload:?}") };
    assert_eq!((result, peer, bench.reactor.sockets()), (0, address, 1));
    let mut stream = listener.accept();
    assert_eq!(bench.run(Op::Send { sock, buf: b"hello".to_vec(), start: 0 }).0, 5);
    let mut received = [0; 5];
    stream.read_exact(&mut received).expect("read");
    assert_eq!(&received, b"hello");
    let recv = bench.push(Op::Recv { sock });
    stream.write_all(b"world").expect("write");
    assert_eq!(bench.read(recv, 5), b"world");
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn connect_refused(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (peer, _kept) = bench.net.closed_port();
    let connect = bench.push(Op::Connect { peer });
    let end = bench.last(connect);
    assert_eq!(end.into_result().expect_err("refused").kind(), ErrorKind::ConnectionRefused);
    assert!(matches!(bench.reactor.take(connect.token), Payload::None));
    bench.assert_clean();
}

pub fn accepted_elsewhere(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let accept = bench.push(Op::Accept { listener, hand_over: true });
    let mut client = bench.net.connect(address).expect("connect");
    let (result, payload) = bench.finish(accept);
    let Payload::Accepted(accepted) = payload else { panic!("{result} {payload:?}") };
    assert_eq!((result, accepted.peer()), (0, client.local_addr().expect("address")));
    assert_eq!(bench.reactor.sockets(), 1, "the listener; the connection is not ours");
    client.write_all(b"ping").expect("write");
    bench.net.elsewhere(backend, move |other| {
        let sock = other.reactor.attach(accepted).expect("attach");
        let recv = other.push(Op::Recv { sock });
        let buf = other.read(recv, 4);
        assert_eq!(other.run(Op::Send { sock, buf, start: 0 }).0, 4);
        other.close(sock);
        other.last(recv);
        other.assert_clean();
    });
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("read");
    assert_eq!(answer, "ping");
    bench.close(listener);
    bench.assert_clean();
}
