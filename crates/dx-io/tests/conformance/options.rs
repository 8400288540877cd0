//! Rows about what goes beyond plain sockets: sends without a copy, the system's own socket, and
//! what a kernel may refuse to lock.
//!
//! Owns nothing but rows. Invariant: every row ends with empty tables.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use dx_io::limits::ZERO_COPY_MIN;
use dx_io::{Op, Payload, PushErrorKind, ReactorConfig, errno};
use dx_io::{Sock, StartStep};

use crate::Backend;
use crate::bench::{Bench, pattern};
use crate::net::{Net, read_meanwhile, reset};

/// What an idle connection's kernel buffers take, and a peer's receive window does not.
const BEYOND_THE_WINDOW: usize = 2 << 20;

pub fn zero_copy_sends_arrive(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    for (len, start) in
        [(0, 0), (1, 0), (1, 1), (4096, 7), (ZERO_COPY_MIN, 0), (3 * ZERO_COPY_MIN + 1, 1)]
    {
        let buf = pattern(len, len);
        let (expected, place) = (buf[start..].to_vec(), buf.as_ptr());
        let send = bench.push(Op::SendZeroCopy { sock, buf, start });
        let mut received = vec![0; expected.len()];
        bench.turn();
        client.read_exact(&mut received).expect("read");
        assert_eq!(received, expected);
        let completion = bench.next(send);
        assert_eq!((completion.result as usize, completion.flags.bits()), (expected.len(), 0));
        let Payload::Buffer(buf) = bench.reactor.take(send.token) else { panic!("no buffer") };
        assert_eq!((buf.len(), buf.as_ptr()), (len, place), "the same memory");
        bench.rest(); // one completion, not two
    }
    bench.close(sock);
    bench.assert_clean();
}

pub fn zero_copy_ends_when_the_bytes_are_free(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let sent = pattern(0, BEYOND_THE_WINDOW);
    let send = bench.push(Op::SendZeroCopy { sock, buf: sent.clone(), start: 0 });
    // The peer does not read, so the kernel still needs some of the bytes, unless it copies.
    for _ in 0..10 {
        bench.turn();
        bench.pause(Duration::from_millis(10));
    }
    let mut early = None;
    if bench.has(send) {
        let (result, payload) = bench.finish(send);
        let Payload::Buffer(mut buf) = payload else { panic!("{payload:?}") };
        buf.fill(0xEE); // whoever still reads it is found out
        early = Some((result, buf));
    }
    let reading = read_meanwhile(client);
    let result = early.as_ref().map_or_else(|| bench.finish(send).0, |(result, _)| *result);
    assert!(result > 0, "{result}");
    bench.close(sock);
    let received = reading.join();
    assert!(received == sent[..result as usize], "{} of {result} bytes", received.len());
    drop(early);
    bench.assert_clean();
}

pub fn zero_copy_sends_can_be_ended(backend: Backend) {
    // Cancelled, closed, given up and closed, dropped with the reactor.
    for way in 0..4 {
        let mut bench = Bench::open(backend);
        let (sock, client) = bench.pair();
        let mut client = Some(client);
        // More than the kernel takes: the peer does not read.
        let buf = vec![7; 64 << 20];
        let send = bench.push(Op::SendZeroCopy { sock, buf, start: 0 });
        bench.turn();
        bench.pause(Duration::from_millis(20));
        // A plain send comes back short; it must be the second one that waits.
        let send = match bench.has(send) {
            true => {
                assert!(bench.finish(send).0 > 0);
                bench.push(Op::SendZeroCopy { sock, buf: vec![7; 64 << 20], start: 0 })
            }
            false => send,
        };
        bench.turn();
        let mut reader = None;
        match way {
            0 => {
                let cancel = bench.push(Op::Cancel { target: send.token });
                bench.turn();
                // What is on its way has to arrive.
                reader = client.take().map(read_meanwhile);
                let (result, payload) = bench.finish(send);
                assert!(result == errno::CANCELLED || result > 0 && result < 64 << 20, "{result}");
                assert!(matches!(payload, Payload::Buffer(buf) if buf.len() == 64 << 20));
                bench.last(cancel);
                bench.close(sock);
            }
            1 => {
                bench.close(sock);
                let (result, _) = bench.finish(send);
                assert!(result == errno::CANCELLED || result > 0, "{result}");
            }
            2 => {
                bench.reactor.orphan(send.token);
                bench.close(sock);
            }
            _ => {
                drop(bench);
                continue;
            }
        }
        bench.assert_clean();
        if let Some(reader) = reader {
            reader.join();
        }
        // Its bytes, then the end or a reset.
        if let Some(mut client) = client {
            let _ = client.read_to_end(&mut Vec::new());
        }
    }
}

pub fn zero_copy_to_a_dead_peer(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    bench.turn();
    reset(client);
    assert_eq!(bench.last(recv).result, errno::CONNECTION_RESET);
    let (result, payload) = bench.run(Op::SendZeroCopy { sock, buf: vec![1; 9], start: 0 });
    assert_eq!(result, errno::BROKEN_PIPE);
    assert!(matches!(payload, Payload::Buffer(buf) if buf == [1; 9]));
    bench.close(sock);
    let refused = bench.refused(Op::SendZeroCopy { sock, buf: vec![2], start: 0 });
    assert!(
        matches!(refused, (PushErrorKind::StaleSock, Op::SendZeroCopy { buf, .. }) if buf == [2])
    );
    bench.assert_clean();
}

pub fn the_raw_socket_is_lent(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let (sock, mut client) = bench.accept(listener, address);
    let recv = bench.push(Op::Recv { sock });
    client.write_all(b"before").expect("write");
    for keepalive in [true, false, true] {
        let mut found = None;
        bench
            .reactor
            .with_raw(sock, &mut |socket| {
                socket.set_keepalive(keepalive).expect("set");
                let peer = socket.peer_addr().expect("connected").as_socket();
                found = Some((socket.keepalive().expect("get"), peer));
            })
            .expect("lent");
        assert_eq!(found, Some((keepalive, client.local_addr().ok())));
    }
    // What was in flight has not been disturbed, and what came meanwhile is not lost.
    assert_eq!(bench.read(recv, 6), b"before");
    client.write_all(b"after").expect("write");
    assert_eq!(bench.read(recv, 5), b"after");
    let mut bound = None;
    bench
        .reactor
        .with_raw(listener, &mut |socket| bound = socket.local_addr().expect("bound").as_socket())
        .expect("lent");
    assert_eq!(bound, Some(address));
    bench.close(sock);
    bench.last(recv);
    assert_eq!(client.read(&mut [0]).expect("read"), 0, "no descriptor was kept");
    for stale in [sock, Sock::new(200, 7), Sock::new(u32::MAX, 0)] {
        let refused = bench.reactor.with_raw(stale, &mut |_| panic!("a stale socket was lent"));
        assert_eq!(refused.expect_err("stale").kind(), ErrorKind::NotConnected);
    }
    bench.close(listener);
    bench.assert_clean();
}

pub fn memory_that_cannot_be_locked_is_an_error_with_a_cure(backend: Backend) {
    let Some(limit) = dx_io::host::limits().memlock_bytes else {
        return println!("skipped: this process may lock all memory");
    };
    let mut config = ReactorConfig::default();
    config.fixed_buffer_len = 1 << 20;
    let Ok(count) = u16::try_from((limit >> 20) + 2) else {
        return println!("skipped: the limit is beyond what can be asked for");
    };
    config.fixed_buffers = count;
    let opened = Net::new(backend).try_reactor(backend, &config);
    match opened {
        Ok(mut reactor) => {
            // Only io_uring locks; and a privileged process may lock what it likes.
            assert!(reactor.fixed_buffer().is_some_and(|buf| buf.len() == 1 << 20));
        }
        Err(error) => {
            assert_eq!(error.step, StartStep::UringFixedBuffers, "{error}");
            assert!(error.to_string().contains("ulimit -l"), "{error}");
        }
    }
}
