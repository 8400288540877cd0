//! Rows about reaching a bound: buffers, sockets, descriptors, operations.
//!
//! Owns nothing but rows. Invariant: reaching a bound loses nothing, and waiting for room burns
//! no processor time.

use std::io::{ErrorKind, Read, Write};
use std::process::Command;
use std::time::Duration;

use dx_io::{Lease, Op, Payload, PushErrorKind, errno};

use crate::Backend;
use crate::bench::{Bench, pattern};
use crate::net::{Peer, reset};

/// Opens a backend with two receive buffers of 64 bytes.
fn open_scarce(backend: Backend) -> Bench {
    Bench::open_with(backend, |config| {
        config.recv_buffers = 2;
        config.recv_buffer_len = 64;
    })
}

pub fn no_free_buffer_parks_and_resumes(backend: Backend) {
    const LEN: usize = 64 * 9 + 5;
    let mut bench = open_scarce(backend);
    let mut pairs = [0, 1, 2].map(|_| bench.pair());
    let recvs = pairs.each_ref().map(|&(sock, _)| bench.push(Op::Recv { sock }));
    for (n, (_, client)) in pairs.iter_mut().enumerate() {
        client.write_all(&pattern(n * LEN, LEN)).expect("write");
    }
    let mut received = [const { Vec::new() }; 3];
    let mut held: Vec<Lease> = Vec::new();
    while received.iter().map(Vec::len).sum::<usize>() < 3 * LEN {
        // All buffers are out: nothing more comes, and nobody is told of an error.
        while held.len() < 2 && received.iter().map(Vec::len).sum::<usize>() < 3 * LEN {
            bench.turn();
            if recvs.iter().all(|&recv| !bench.has(recv)) {
                bench.pause(Duration::from_millis(5));
            }
            for (recv, received) in recvs.iter().zip(&mut received) {
                while bench.has(*recv) {
                    let completion = bench.next(*recv);
                    assert!(completion.flags.has_more(), "{completion:?}");
                    let lease = bench.reactor.claim(&completion).expect("received bytes");
                    received.extend_from_slice(&lease);
                    held.push(lease);
                }
            }
        }
        if held.len() == 2 && received.iter().map(Vec::len).sum::<usize>() < 8 * 64 {
            bench.rest();
        }
        assert!(held.len() <= 2, "more than there are");
        held.remove(0);
    }
    for (n, received) in received.iter().enumerate() {
        assert!(*received == pattern(n * LEN, LEN), "connection {n}");
    }
    held.clear();
    for (sock, _) in pairs {
        bench.close(sock);
    }
    for recv in recvs {
        bench.last(recv);
    }
    bench.assert_clean();
}

pub fn a_parked_receive_can_end(backend: Backend) {
    let mut bench = open_scarce(backend);
    let (hog, mut hog_client) = bench.pair();
    let hog_recv = bench.push(Op::Recv { sock: hog });
    hog_client.write_all(&[1; 64 * 5]).expect("write");
    let mut leases: Vec<Lease> = (0..2)
        .map(|_| {
            let completion = bench.next(hog_recv);
            bench.reactor.claim(&completion).expect("received bytes")
        })
        .collect();
    let mut pairs = [0, 1, 2, 3].map(|_| bench.pair());
    let recvs = pairs.each_ref().map(|&(sock, _)| bench.push(Op::Recv { sock }));
    for (_, client) in &mut pairs {
        client.write_all(b"waits").expect("write");
        bench.turn(); // in this order
    }
    bench.rest();
    // Two are cancelled, one orphaned, one closed; then one buffer comes back.
    for cancelled in [hog_recv, recvs[0]] {
        assert_eq!(bench.run(Op::Cancel { target: cancelled.token }).0, 0);
        assert_eq!(bench.last(cancelled).result, errno::CANCELLED);
    }
    bench.reactor.orphan(recvs[1].token);
    bench.close(pairs[2].0);
    assert_eq!(bench.last(recvs[2]).result, errno::CANCELLED);
    bench.rest();
    leases.pop();
    // It goes to the one that still waits, though it is the last.
    assert_eq!(bench.read(recvs[3], 5), b"waits");
    leases.pop();
    bench.rest();
    assert!(!bench.has(recvs[1]));
    // The bytes were never taken from the sockets.
    let again = [hog, pairs[0].0].map(|sock| bench.push(Op::Recv { sock }));
    assert_eq!(bench.read(again[0], 64 * 3), [1; 64 * 3]);
    assert_eq!(bench.read(again[1], 5), b"waits");
    for sock in [hog, pairs[0].0, pairs[1].0, pairs[3].0] {
        bench.close(sock);
    }
    for recv in [again[0], again[1], recvs[3]] {
        bench.last(recv);
    }
    bench.assert_clean();
}

pub fn a_full_socket_table_holds_accepts_back(backend: Backend) {
    let mut bench = Bench::open_with(backend, |config| config.sockets_max = 2);
    let (listener, address) = bench.listen();
    let mut clients: Vec<Peer> =
        (0..5).map(|_| bench.net.connect(address).expect("connect")).collect();
    let accepts: Vec<_> =
        (0..5).map(|_| bench.push(Op::Accept { listener, hand_over: false })).collect();
    let mut open = Vec::new();
    for (n, accept) in accepts.into_iter().enumerate() {
        if open.len() == 2 {
            bench.turn();
            bench.rest();
            assert!(!bench.has(accept), "no room for connection {n}");
            let (sock, recv) = open.remove(0);
            bench.close(sock);
            bench.last(recv);
        }
        let (result, payload) = bench.finish(accept);
        let Payload::Connection { sock, peer } = payload else { panic!("{result} {payload:?}") };
        let client = clients.iter_mut().find(|client| client.local_addr().unwrap() == peer);
        let client = client.expect("one of ours");
        // The client was kept waiting, not dropped.
        client.write_all(&[n as u8]).expect("write");
        let recv = bench.push(Op::Recv { sock });
        assert_eq!(bench.read(recv, 1), [n as u8]);
        open.push((sock, recv));
    }
    for (sock, recv) in open {
        bench.close(sock);
        bench.last(recv);
    }
    bench.close(listener);
    bench.assert_clean();
}

pub fn attach_refuses_when_full(backend: Backend) {
    let mut bench = Bench::open_with(backend, |config| config.sockets_max = 1);
    let attach = |bench: &mut Bench| {
        let (accepted, client) = bench.net.unattached();
        (bench.reactor.attach(accepted), client)
    };
    let (first, _first_client) = attach(&mut bench);
    let (second, mut client) = attach(&mut bench);
    assert_eq!(second.expect_err("full").kind(), ErrorKind::QuotaExceeded);
    assert_eq!(client.read_to_end(&mut Vec::new()).expect("closed"), 0);
    bench.close(first.expect("room for one"));
    let (third, _third_client) = attach(&mut bench);
    bench.close(third.expect("room again"));
    bench.assert_clean();
}

/// Runs itself again in a process with few descriptors, because limits are the process's.
pub fn no_descriptors_left(backend: Backend) {
    const CHILD: &str = "DX_IO_TEST_FEW_DESCRIPTORS";
    if let Some(name) = std::env::var_os(CHILD) {
        if name == backend.name {
            exhaust_descriptors(backend);
        }
        return;
    }
    let status = Command::new("sh")
        .args(["-c", "ulimit -n 96 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "table::rows::bounds::no_descriptors_left", "--nocapture"])
        .env(CHILD, backend.name)
        .status()
        .expect("sh");
    assert!(status.success(), "{status}");
}

fn exhaust_descriptors(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let _clients =
        [0, 1].map(|_| bench.net.connect(address).expect("the kernel's queue takes them"));
    let mut hoard = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hoard.push(file);
    }
    assert!(hoard.len() < 96, "the limit is in force");
    let accepts = [0, 1].map(|_| bench.push(Op::Accept { listener, hand_over: false }));
    if !backend.accepts_take_descriptors {
        for accept in accepts {
            assert!(matches!(bench.finish(accept), (0, Payload::Connection { .. })));
        }
        return;
    }
    for accept in accepts {
        let (result, payload) = bench.finish(accept);
        assert!(
            result == errno::DESCRIPTORS_PROCESS && matches!(payload, Payload::None),
            "{result}"
        );
    }
    assert!(matches!(
        bench.refused(Op::Connect { peer: address }),
        (PushErrorKind::Os(error), Op::Connect { .. })
            if error.raw_os_error() == Some(-errno::DESCRIPTORS_PROCESS)
    ));
    hoard.truncate(hoard.len() - 2); // `rest` reads a file
    bench.rest();
    hoard.clear();
    // Nobody was dropped.
    let accept = bench.push(Op::Accept { listener, hand_over: false });
    assert!(matches!(bench.finish(accept), (0, Payload::Connection { .. })));
}

pub fn a_full_table_returns_the_operation(backend: Backend) {
    let mut bench = Bench::open_with(backend, |config| config.in_flight_max = 2);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    let send = bench.push(Op::Send { sock, buf: vec![1], start: 0 });
    for _ in 0..3 {
        let (kind, op) = bench.refused(Op::Send { sock, buf: b"kept".to_vec(), start: 3 });
        assert!(matches!(kind, PushErrorKind::Full));
        assert!(matches!(op, Op::Send { buf, start: 3, .. } if buf == b"kept"));
    }
    assert_eq!(bench.last(send).result, 1);
    // It ended, but its slot is free only after its payload was taken.
    assert!(matches!(bench.refused(Op::Recv { sock }).0, PushErrorKind::Full));
    assert!(matches!(bench.reactor.take(send.token), Payload::Buffer(_)));
    client.write_all(b"x").expect("write");
    assert_eq!(bench.read(recv, 1), b"x");
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn a_dead_idle_connection_is_quiet(backend: Backend) {
    let mut bench = Bench::open(backend);
    // Ended by a FIN, by a reset, and with both directions shut down: nobody waits on any.
    let (finished, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock: finished });
    drop(client);
    assert_eq!(bench.last(recv).result, 0);
    let how = std::net::Shutdown::Both;
    assert_eq!(bench.run(Op::Shutdown { sock: finished, how }).0, 0);
    let (broken, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock: broken });
    bench.turn();
    assert_eq!(bench.run(Op::Cancel { target: recv.token }).0, 0);
    bench.last(recv);
    reset(client);
    bench.rest();
    // Still there when somebody asks.
    assert_eq!(bench.run(Op::Recv { sock: broken }).0, errno::CONNECTION_RESET);
    bench.rest();
    bench.close(finished);
    bench.close(broken);
    bench.assert_clean();
}

pub fn a_refused_listener_is_quiet(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let (sock, _client) = bench.accept(listener, address);
    // Somebody knocks, and nobody wants to accept.
    let _second = bench.net.connect(address).expect("connect");
    let (start, timeout) = (bench.net.now(), Duration::from_millis(30));
    assert_eq!(bench.reactor.wait(Some(timeout)).expect("wait"), 0);
    assert!(bench.net.now() - start >= timeout, "a knock that nobody hears ends no wait");
    bench.rest();
    let (result, payload) = bench.run(Op::Accept { listener: sock, hand_over: false });
    assert!(result < 0 && matches!(payload, Payload::None), "a connection accepts nothing");
    assert!(bench.run(Op::Recv { sock: listener }).0 < 0, "a listener receives nothing");
    bench.close(sock);
    bench.close(listener);
    bench.assert_clean();
}
