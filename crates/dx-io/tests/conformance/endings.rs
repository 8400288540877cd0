//! Rows about operations that end early, and names that are no longer valid.
//!
//! Owns nothing but rows. Invariant: every operation ends exactly once, however it is ended.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use dx_io::{Completion, CompletionFlags, Op, Payload, PushErrorKind, Sock, Token, errno};

use crate::Backend;
use crate::bench::{Bench, Pushed};

/// Cancels `target`, which waits, and checks both ends. Returns what the target owned.
fn cancel(bench: &mut Bench, target: Pushed) -> (i32, Payload) {
    let (result, payload) = bench.run(Op::Cancel { target: target.token });
    assert!(result == 0 && matches!(payload, Payload::None), "{result} {payload:?}");
    bench.finish(target)
}

pub fn cancel_in_the_same_submission(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    let cancel = bench.push(Op::Cancel { target: recv.token });
    assert_eq!(bench.reactor.submit().expect("submit"), 2);
    assert_eq!(bench.last(cancel).result, 0);
    assert_eq!(bench.last(recv).result, errno::CANCELLED);
    bench.rest();
    // Nothing is lost with a cancelled receive: the bytes wait for the next one.
    client.write_all(b"kept").expect("write");
    let recv = bench.push(Op::Recv { sock });
    assert_eq!(bench.read(recv, 4), b"kept");
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn cancel_while_waiting(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let (listener, address) = bench.listen();
    let recv = bench.push(Op::Recv { sock });
    let accepts = [false, true].map(|hand_over| bench.push(Op::Accept { listener, hand_over }));
    bench.turn();
    for target in [recv, accepts[0], accepts[1]] {
        let (result, payload) = cancel(&mut bench, target);
        assert!(result == errno::CANCELLED && matches!(payload, Payload::None), "{result}");
    }
    client.write_all(b"unread").expect("write");
    let client = bench.net.connect(address).expect("connect");
    bench.rest();
    drop(client);
    bench.close(sock);
    bench.close(listener);
    bench.assert_clean();
}

pub fn cancel_a_pending_connect(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (peer, _full) = bench.net.deaf_listener();
    let connect = bench.push(Op::Connect { peer });
    bench.turn();
    bench.rest();
    let (result, payload) = cancel(&mut bench, connect);
    assert!(result == errno::CANCELLED && matches!(payload, Payload::None), "{result}");
    bench.assert_clean();
}

pub fn cancel_a_pending_send(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let (send, _) = bench.clog(sock);
    let (result, payload) = cancel(&mut bench, send);
    // What went out before is a short send; nothing went out: cancelled.
    assert!(result == errno::CANCELLED || result > 0, "{result}");
    assert!(matches!(payload, Payload::Buffer(buf) if !buf.is_empty()), "the buffer comes back");
    bench.rest();
    drop(client);
    bench.close(sock);
    bench.assert_clean();
}

pub fn cancel_what_has_ended(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, _client) = bench.pair();
    let send = bench.push(Op::Send { sock, buf: vec![1], start: 0 });
    assert_eq!(bench.last(send).result, 1);
    let before_take = bench.run(Op::Cancel { target: send.token }).0;
    assert!(matches!(bench.reactor.take(send.token), Payload::Buffer(_)), "untouched");
    let after_take = bench.run(Op::Cancel { target: send.token }).0;
    let nobody = bench.run(Op::Cancel { target: Token::NONE }).0;
    assert_eq!([before_take, after_take, nobody], [errno::NOT_FOUND; 3]);
    bench.rest();
    bench.close(sock);
    bench.assert_clean();
}

pub fn close_with_work_in_flight(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    let (send, _) = bench.clog(sock);
    let close = bench.push(Op::Close { sock });
    assert_eq!(bench.last(close).result, 0);
    assert_eq!(bench.last(recv).result, errno::CANCELLED);
    let (result, payload) = bench.finish(send);
    assert!(result == errno::CANCELLED || result > 0, "{result}");
    assert!(matches!(payload, Payload::Buffer(buf) if !buf.is_empty()), "the buffer comes back");
    // The peer sees the end, by FIN or by reset.
    let _ = client.read_to_end(&mut Vec::new());
    bench.assert_clean();
}

pub fn close_a_listener_with_accepts(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let accepts = [false, true].map(|hand_over| bench.push(Op::Accept { listener, hand_over }));
    bench.turn();
    bench.close(listener);
    for accept in accepts {
        let (result, payload) = bench.finish(accept);
        assert!(result == errno::CANCELLED && matches!(payload, Payload::None), "{result}");
    }
    let refused = bench.net.connect(address).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    bench.assert_clean();
}

/// Every operation on `sock` is refused and comes back.
fn assert_stale(bench: &mut Bench, sock: Sock) {
    let ops = [
        Op::Accept { listener: sock, hand_over: false },
        Op::Recv { sock },
        Op::Send { sock, buf: b"back".to_vec(), start: 1 },
        Op::SendVectored { sock, bufs: vec![b"back".to_vec()] },
        Op::Shutdown { sock, how: Shutdown::Both },
        Op::Close { sock },
    ];
    for op in ops {
        let pushed = format!("{op:?}");
        let (kind, back) = bench.refused(op);
        assert!(matches!(kind, PushErrorKind::StaleSock), "{pushed}: {kind:?}");
        assert_eq!(format!("{back:?}"), pushed);
    }
}

pub fn closed_sockets_are_refused(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let (old, mut old_client) = bench.accept(listener, address);
    // At once, before the close is even handed over; what was pushed before it still counts.
    let send = bench.push(Op::Send { sock: old, buf: b"bye".to_vec(), start: 0 });
    let close = bench.push(Op::Close { sock: old });
    assert_stale(&mut bench, old);
    assert_eq!((bench.finish(send).0, bench.last(close).result), (3, 0));
    let mut received = String::new();
    old_client.read_to_string(&mut received).expect("read");
    assert_eq!(received, "bye");
    // The entry's next connection is another one.
    let (new, mut client) = bench.accept(listener, address);
    assert_ne!(old, new);
    assert_stale(&mut bench, old);
    assert_stale(&mut bench, Sock::new(new.index(), new.generation().wrapping_add(1)));
    assert_stale(&mut bench, Sock::new(u32::MAX, 0));
    let recv = bench.push(Op::Recv { sock: new });
    client.write_all(b"mine").expect("write");
    assert_eq!(bench.read(recv, 4), b"mine");
    bench.close(new);
    bench.close(listener);
    bench.last(recv);
    bench.assert_clean();
}

pub fn stale_tokens_give_nothing(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, _client) = bench.pair();
    let send = bench.push(Op::Send { sock, buf: b"payload".to_vec(), start: 0 });
    assert!(matches!(bench.reactor.take(send.token), Payload::None), "not submitted");
    bench.reactor.submit_and_wait(1, None).expect("submit_and_wait");
    assert!(matches!(bench.reactor.take(send.token), Payload::None), "not reaped");
    assert_eq!(bench.last(send).result, 7);
    assert!(matches!(bench.reactor.take(send.token), Payload::Buffer(buf) if buf == b"payload"));
    assert!(matches!(bench.reactor.take(send.token), Payload::None), "taken");
    // The slot's next operation is not touched by its old name.
    let next = bench.push(Op::Send { sock, buf: b"next".to_vec(), start: 0 });
    assert_ne!(next.token, send.token);
    bench.reactor.orphan(send.token);
    bench.reactor.orphan(Token::NONE);
    assert_eq!(bench.last(next).result, 4);
    assert!(matches!(bench.reactor.take(send.token), Payload::None));
    assert!(matches!(bench.reactor.take(next.token), Payload::Buffer(buf) if buf == b"next"));
    bench.close(sock);
    bench.assert_clean();
}

pub fn forged_completions_give_nothing(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    client.write_all(b"real").expect("write");
    let real = bench.next(recv);
    let lease = bench.reactor.claim(&real).expect("received bytes");
    for id in 0..=u16::MAX {
        let forged = Completion::new(recv.number, 4, CompletionFlags::buffer(id));
        assert!(bench.reactor.claim(&forged).is_none(), "{id}");
    }
    let bare = Completion::new(recv.number, 4, CompletionFlags::MORE);
    assert!(bench.reactor.claim(&bare).is_none());
    assert_eq!((&*lease, bench.reactor.buffers().held()), (&b"real"[..], 1));
    drop(lease);
    assert!(bench.reactor.claim(&real).is_none(), "after the last lease");
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn drop_with_everything_in_flight(backend: Backend) {
    let mut bench = Bench::open(backend);
    let net = bench.net.clone();
    let (deaf, _full) = net.deaf_listener();
    let (listener, address) = bench.listen();
    let (clogged, mut clogged_client) = bench.accept(listener, address);
    let (sock, mut client) = bench.accept(listener, address);
    let recv = bench.push(Op::Recv { sock });
    client.write_all(b"kept").expect("write");
    let received = bench.next(recv);
    let lease = bench.reactor.claim(&received).expect("received bytes");
    bench.push(Op::Recv { sock: clogged });
    bench.clog(clogged);
    bench.push(Op::Accept { listener, hand_over: false });
    bench.push(Op::Accept { listener, hand_over: true });
    bench.push(Op::Connect { peer: deaf });
    bench.turn();
    // Done, not reaped; and pushed, not submitted.
    client.write_all(b"lost").expect("write");
    bench.reactor.wait(None).expect("wait");
    bench.push(Op::Send { sock, buf: vec![7; 100], start: 0 });
    bench.push(Op::Connect { peer: address });
    bench.push(Op::Accept { listener, hand_over: false });
    drop(bench);
    assert_eq!(&*lease, b"kept", "leases outlive the reactor");
    // Every socket is closed: the peers see the end, by FIN or by reset.
    let _ = client.read_to_end(&mut Vec::new());
    let _ = clogged_client.read_to_end(&mut Vec::new());
    assert!(net.connect(address).is_err(), "nobody listens");
}
