//! Rows about turning itself: counting, waiting, waking, clocks.
//!
//! Owns nothing but rows. Knows no peers. Invariant: a wait's length is only ever bounded from
//! below.

use std::collections::HashMap;
use std::time::Duration;

use dx_io::{Completion, Op, Payload, Token};
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::strategy::Just;
use proptest::test_runner::{Config, TestRunner};

use crate::Backend;
use crate::bench::Bench;

pub fn numbers_come_back(backend: Backend) {
    let mut bench = Bench::open(backend);
    let numbers = [0, 1, u64::from(u32::MAX), 1 << 63, u64::MAX];
    for number in numbers {
        let target = bench.reactor.waker();
        bench.reactor.push(Op::Wake { target }, number).expect("push");
    }
    let mut out = Vec::new();
    while out.len() < numbers.len() {
        bench.reactor.submit_and_wait(1, None).expect("submit_and_wait");
        bench.reactor.reap(&mut out);
    }
    assert_eq!(out.iter().map(|done| done.user_data).collect::<Vec<_>>(), numbers);
    for done in out {
        assert_eq!((done.result, done.flags.bits()), (0, 0));
    }
}

/// What a generated batch is made of. All of it ends without a peer.
#[derive(Clone, Copy, Debug)]
enum Small {
    Accept,
    CancelLastAccept,
    CancelNothing,
    Wake,
}

fn batches() -> impl Strategy<Value = Vec<Vec<Small>>> {
    let small = prop_oneof![
        Just(Small::Accept),
        Just(Small::CancelLastAccept),
        Just(Small::CancelNothing),
        Just(Small::Wake),
    ];
    vec(vec(small, 0..20), 1..8)
}

/// Pushes the batches, checks every count, cancels what is left; how often each number ended.
fn play(backend: Backend, batches: &[Vec<Small>]) -> HashMap<u64, u32> {
    let mut bench = Bench::open(backend);
    let (listener, _) = bench.listen();
    let mut accepts: Vec<Token> = Vec::new();
    let mut all: Vec<Token> = Vec::new();
    let mut out: Vec<Completion> = Vec::new();
    let mut number = 0;
    let mut push = |bench: &mut Bench, op| {
        number += 1;
        bench.reactor.push(op, number).expect("push")
    };
    for batch in batches {
        for small in batch {
            let op = match small {
                Small::Accept => Op::Accept { listener, hand_over: false },
                Small::CancelLastAccept => {
                    Op::Cancel { target: accepts.pop().unwrap_or(Token::NONE) }
                }
                Small::CancelNothing => Op::Cancel { target: Token::NONE },
                Small::Wake => Op::Wake { target: bench.reactor.waker() },
            };
            let token = push(&mut bench, op);
            all.push(token);
            if matches!(small, Small::Accept) {
                accepts.push(token);
            }
        }
        assert_eq!(bench.reactor.submit().expect("submit"), batch.len());
        assert_eq!(bench.reactor.submit().expect("submit"), 0);
        bench.reactor.reap(&mut out);
    }
    let last = push(&mut bench, Op::Close { sock: listener });
    all.push(last);
    assert_eq!(bench.reactor.submit_and_wait(0, None).expect("submit"), 1);
    while out.len() < all.len() {
        bench.reactor.submit_and_wait(1, None).expect("submit_and_wait");
        bench.reactor.reap(&mut out);
    }
    for token in all {
        assert!(matches!(bench.reactor.take(token), Payload::None));
    }
    bench.assert_clean();
    bench.reactor.reap(&mut out);
    let mut ended = HashMap::new();
    for done in out {
        *ended.entry(done.user_data).or_default() += 1;
    }
    ended
}

pub fn submit_counts_exactly(backend: Backend) {
    let mut bench = Bench::open(backend);
    for count in [0, 1, 3, 64, 65, 200] {
        for _ in 0..count {
            bench.push(Op::Cancel { target: Token::NONE });
        }
        assert_eq!(bench.reactor.submit_and_wait(0, None).expect("submit"), count);
        assert_eq!(bench.reactor.submit().expect("submit"), 0);
        let mut out = Vec::new();
        while out.len() < count {
            bench.reactor.wait(None).expect("wait");
            bench.reactor.reap(&mut out);
        }
        assert_eq!(out.len(), count);
        assert!(out.iter().all(|done| done.result < 0), "there was nothing to cancel");
    }
}

pub fn every_push_ends_once(backend: Backend) {
    let mut runner =
        TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&batches(), |batches| {
            let pushed = batches.iter().map(Vec::len).sum::<usize>() as u64 + 1;
            let ended = play(backend, &batches);
            assert_eq!(ended.len() as u64, pushed);
            assert!((1..=pushed).all(|number| ended[&number] == 1), "{ended:?}");
            Ok(())
        })
        .expect("every operation ends once");
}

pub fn a_wake_before_the_wait_ends_it(backend: Backend) {
    let mut bench = Bench::open(backend);
    let mut out = Vec::new();
    bench.reactor.waker().wake();
    bench.reactor.wait(None).expect("wait");
    assert_eq!(bench.reactor.reap(&mut out), 0);
    bench.reactor.waker().wake();
    assert_eq!(bench.reactor.submit_and_wait(1, None).expect("wait"), 0);
    assert_eq!(bench.reactor.reap(&mut out), 0);
}

pub fn a_wake_during_the_wait_ends_it(backend: Backend) {
    let mut bench = Bench::open(backend);
    let waker = bench.reactor.waker();
    for after in [20, 40, 60] {
        let waker = waker.clone();
        bench.net.later(Duration::from_millis(after), move || waker.wake());
    }
    bench.reactor.wait(None).expect("wait");
    assert_eq!(bench.reactor.reap(&mut Vec::new()), 0);
    bench.net.sleep(Duration::from_millis(60));
    drop(bench);
    waker.wake(); // outlives its reactor harmlessly
}

pub fn one_reactor_wakes_another(backend: Backend) {
    let mut bench = Bench::open(backend);
    let net = bench.net.clone();
    let reaped = net.wait_elsewhere(backend, |target| {
        let (result, payload) = bench.run(Op::Wake { target });
        assert!(result == 0 && matches!(payload, Payload::None));
    });
    assert_eq!(reaped, 0);
    bench.assert_clean();
}

pub fn many_wakes_end(backend: Backend) {
    let mut bench = Bench::open(backend);
    let waker = bench.reactor.waker();
    (0..1000).for_each(|_| waker.wake());
    bench.reactor.wait(None).expect("wait");
    assert_eq!(bench.reactor.reap(&mut Vec::new()), 0);
    // What a wake leaves behind is used up by and by, not reported for ever.
    bench.rest();
}

pub fn a_timeout_is_waited_out(backend: Backend) {
    let mut bench = Bench::open(backend);
    for micros in [1, 300, 1_700, 30_000] {
        let timeout = Duration::from_micros(micros);
        let (host, ours) = (bench.net.now(), bench.reactor.now());
        assert_eq!(bench.reactor.wait(Some(timeout)).expect("wait"), 0);
        assert!(bench.reactor.now() - ours >= timeout, "{timeout:?}");
        assert!(bench.net.now() - host >= timeout, "{timeout:?}");
        let host = bench.net.now();
        assert_eq!(bench.reactor.submit_and_wait(1, Some(timeout)).expect("wait"), 0);
        assert!(bench.net.now() - host >= timeout, "{timeout:?}");
    }
}

pub fn min_zero_does_not_wait(backend: Backend) {
    let mut bench = Bench::open(backend);
    let (sock, mut client) = bench.pair();
    let recv = bench.push(Op::Recv { sock });
    assert_eq!(bench.reactor.submit_and_wait(0, None).expect("submit"), 1);
    std::io::Write::write_all(&mut client, b"x").expect("write");
    // Never waiting still sees what happens.
    while !bench.has(recv) {
        bench.turn();
    }
    assert_eq!(bench.read(recv, 1), b"x");
    bench.close(sock);
    bench.last(recv);
    bench.assert_clean();
}

pub fn clocks_and_chance(backend: Backend) {
    let mut bench = Bench::open(backend);
    let first = bench.reactor.now();
    bench.net.sleep(Duration::from_millis(2));
    assert!(bench.reactor.now() - first >= Duration::from_millis(2));
    let years = bench.reactor.wall().as_secs() / (365 * 24 * 3600);
    assert!(years >= 50, "the host's clock, {years} years after 1970");
    let drawn: Vec<u64> = (0..100).map(|_| bench.reactor.entropy()).collect();
    let mut distinct = drawn.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), drawn.len());
    assert_ne!(Bench::open(backend).reactor.entropy(), drawn[0], "another reactor, other keys");
}
