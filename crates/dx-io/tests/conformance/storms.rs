//! Rows about more at once than a queue holds, and about what happens beside the reactor.
//!
//! Owns nothing but rows. Invariant: nothing is lost when a queue is full, when a signal
//! interrupts a call, or when one peer is faster than all others.

use std::io::Write;
use std::time::Duration;

use dx_io::{Op, Payload, errno};

use crate::Backend;
use crate::bench::{Bench, Pushed, pattern};
use crate::net::{reset, write_meanwhile};

/// Opens a backend with queues of a few entries, and buffers enough for everybody.
fn open_narrow(backend: Backend) -> Bench {
    Bench::open_with(backend, |config| {
        config.submissions = 8;
        config.completions = 16;
        config.recv_buffers = 256;
        config.recv_buffer_len = 256;
    })
}

pub fn more_completions_than_the_queue_holds(backend: Backend) {
    let mut bench = open_narrow(backend);
    let target = bench.reactor.waker();
    let mut wakes: Vec<Pushed> = Vec::new();
    for _ in 0..20 {
        for _ in 0..50 {
            wakes.push(bench.push(Op::Wake { target: target.clone() }));
        }
        assert_eq!(bench.reactor.submit().expect("submit"), 50, "nothing was reaped meanwhile");
    }
    for wake in wakes {
        let (result, payload) = bench.finish(wake);
        assert!(result == 0 && matches!(payload, Payload::None), "{result} {payload:?}");
    }
    bench.assert_clean();
}

pub fn more_arrivals_than_the_queue_holds(backend: Backend) {
    const CONNECTIONS: usize = 100;
    let mut bench = open_narrow(backend);
    let (listener, address) = bench.listen();
    let mut pairs: Vec<_> = (0..CONNECTIONS).map(|_| bench.accept(listener, address)).collect();
    let recvs: Vec<Pushed> = pairs.iter().map(|&(sock, _)| bench.push(Op::Recv { sock })).collect();
    bench.reactor.submit().expect("submit");
    for (n, (_, client)) in pairs.iter_mut().enumerate() {
        client.write_all(&pattern(n * 100, 100)).expect("write");
    }
    for (n, &recv) in recvs.iter().enumerate() {
        assert!(bench.read(recv, 100) == pattern(n * 100, 100), "connection {n}");
    }
    for &(sock, _) in &pairs {
        bench.close(sock);
    }
    bench.close(listener);
    for recv in recvs {
        bench.last(recv);
    }
    bench.assert_clean();
}

pub fn a_cancel_behind_a_full_submission_queue(backend: Backend) {
    let mut bench = open_narrow(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    bench.turn();
    let target = bench.reactor.waker();
    let wakes: Vec<Pushed> =
        (0..100).map(|_| bench.push(Op::Wake { target: target.clone() })).collect();
    let cancel = bench.push(Op::Cancel { target: recv.token });
    assert_eq!(bench.reactor.submit().expect("submit"), 101);
    assert_eq!(bench.last(cancel).result, 0);
    assert_eq!(bench.last(recv).result, errno::CANCELLED);
    wakes.into_iter().for_each(|wake| assert_eq!(bench.finish(wake).0, 0));
    // It was the receive that ended, not the connection.
    client.write_all(b"kept").expect("write");
    let recv = bench.push(Op::Recv { sock });
    assert_eq!(bench.read(recv, 4), b"kept");
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn a_reset_with_output_queued(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    let (send, _) = bench.clog(sock);
    reset(client);
    let (result, payload) = bench.finish(send);
    // What went out before the reset is a short send.
    let ends = [errno::CONNECTION_RESET, errno::BROKEN_PIPE, errno::CONNECTION_ABORTED];
    assert!(result > 0 || ends.contains(&result), "{result}");
    assert!(matches!(payload, Payload::Buffer(buf) if !buf.is_empty()), "the buffer comes back");
    let end = bench.last(recv).result;
    // One of the two calls is told of the reset; the other sees the end.
    assert!(ends.contains(&end) || end == 0, "{end}");
    let (result, _) = bench.run(Op::Send { sock, buf: vec![1], start: 0 });
    assert!(ends.contains(&result), "{result}");
    bench.close(sock);
    bench.assert_clean();
}

pub fn a_flood_does_not_starve_the_others(backend: Backend) {
    const FLOOD: usize = 4 << 20;
    let mut bench = Bench::open_with(backend, |config| {
        config.recv_buffers = 4;
        config.recv_buffer_len = 1024;
    });
    let (flooded, flooder) = bench.pair();
    let (quiet, mut client) = bench.pair();
    let flood = bench.push(Op::Recv { sock: flooded });
    let word = bench.push(Op::Recv { sock: quiet });
    let writing = write_meanwhile(flooder, pattern(0, FLOOD), 1, Duration::ZERO);
    let mut received = 0;
    let mut answered = 0;
    while received < FLOOD {
        if !bench.has(word) && received >> 18 > answered {
            answered += 1;
            client.write_all(b"w").expect("write");
        }
        let completion = bench.next(flood);
        let lease = bench.reactor.claim(&completion).expect("received bytes");
        assert!(*lease == *pattern(received, lease.len()), "after {received}");
        received += lease.len();
    }
    assert_eq!(bench.read(word, answered), vec![b'w'; answered], "while the flood went on");
    drop(writing.join());
    bench.close(flooded);
    bench.close(quiet);
    bench.last(flood);
    bench.last(word);
    bench.assert_clean();
}

/// A signal handler that does nothing, for a signal that interrupts calls (no `SA_RESTART`).
#[cfg(target_os = "linux")]
pub fn signals_end_no_operation(backend: Backend) {
    use std::os::unix::thread::JoinHandleExt;
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: the handler does nothing; the structure is zeroed, which is a valid empty one, and
    // lives until the call returns.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR2, &raw const action, core::ptr::null_mut()), 0);
    }
    let thread = std::thread::spawn(move || {
        let mut bench = Bench::open(backend);
        let (sock, client) = bench.pair();
        let recv = bench.push(Op::Recv { sock });
        let pause = Duration::from_millis(2);
        let writing = write_meanwhile(client, b"tick".to_vec(), 50, pause);
        assert_eq!(bench.read(recv, 200), b"tick".repeat(50));
        drop(writing.join());
        bench.close(sock);
        bench.last(recv);
        bench.assert_clean();
    });
    while !thread.is_finished() {
        // SAFETY: the thread was not joined, so its number is valid.
        let killed = unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR2) };
        assert_eq!(killed, 0);
        std::thread::sleep(Duration::from_micros(300));
    }
    thread.join().expect("thread");
}

/// What a child process inherits besides the standard streams: nothing.
#[cfg(target_os = "linux")]
pub fn a_child_inherits_no_descriptor(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (listener, address) = bench.listen();
    let (sock, _client) = bench.accept(listener, address);
    let handed = bench.push(Op::Accept { listener, hand_over: true });
    bench.turn();
    let (connected, _) = bench.run(Op::Connect { peer: address });
    assert_eq!(connected, 0);
    let (_, accepted) = bench.finish(handed);
    let output = std::process::Command::new("ls").args(["-l", "/proc/self/fd"]).output();
    let listed = String::from_utf8(output.expect("ls").stdout).expect("text");
    let foreign = ["socket:", "anon_inode:", "eventpoll", "io_uring"];
    // The standard streams may be anything: they are the first three.
    let inherited: Vec<&str> = listed
        .lines()
        .filter(|line| foreign.iter().any(|kind| line.contains(kind)))
        .filter(|line| !["0", "1", "2"].iter().any(|fd| line.contains(&format!(" {fd} -> "))))
        .collect();
    assert!(inherited.is_empty(), "{inherited:?}");
    drop(accepted);
    bench.close(sock);
}

/// Elsewhere the table skips the row, with the reason.
#[cfg(not(target_os = "linux"))]
pub fn signals_end_no_operation(backend: Backend) {
    unreachable!("skipped on {}", backend.name);
}

/// Elsewhere the table skips the row, with the reason.
#[cfg(not(target_os = "linux"))]
pub fn a_child_inherits_no_descriptor(backend: Backend) {
    unreachable!("skipped on {}", backend.name);
}
