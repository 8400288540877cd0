//! Each fault is seen, and each breach of the contract is reported.
//!
//! Owns nothing but tests over the public interface. Invariant: a fault that is set to always
//! happens at its first occasion.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use dx_io::{Completion, Op, Payload, PushErrorKind, Reactor, ReactorConfig, Sock, Token, errno};
use dx_sim::{Faults, SimPeer, SimReactor, World};

fn world(change: impl FnOnce(&mut Faults)) -> (World, SimReactor) {
    let mut faults = Faults::none();
    change(&mut faults);
    let world = World::new(5, faults);
    let mut config = ReactorConfig::default();
    (config.recv_buffers, config.recv_buffer_len) = (4, 256);
    let reactor = world.reactor(&config);
    (world, reactor)
}

fn pair(world: &World, reactor: &mut SimReactor) -> (Sock, SimPeer) {
    let (accepted, peer) = world.unattached();
    (reactor.attach(accepted).expect("room"), peer)
}

fn turn(reactor: &mut SimReactor) -> Vec<Completion> {
    let mut done = Vec::new();
    reactor.submit_and_wait(1, Some(Duration::from_secs(1))).expect("never fails");
    reactor.reap(&mut done);
    done
}

#[test]
fn sends_come_back_short() {
    let (world, mut reactor) = world(|faults| faults.short_send = 1.0);
    let (sock, mut peer) = pair(&world, &mut reactor);
    let mut shorter = 0;
    for _ in 0..50 {
        let send = reactor.push(Op::Send { sock, buf: vec![7; 100], start: 0 }, 1).expect("push");
        let sent = turn(&mut reactor)[0].result;
        assert!((1..=100).contains(&sent), "{sent}");
        shorter += i32::from(sent < 100);
        reactor.take(send);
        peer.read_exact(&mut vec![0; sent as usize]).expect("all that was sent");
    }
    assert!(shorter > 40, "{shorter}");
}

#[test]
fn accepts_fail_and_lose_nobody_but_the_aborted() {
    let (world, mut reactor) = world(|faults| faults.accept_error = 1.0);
    let listener = world.listen(world.free_address());
    let address = listener.local_addr();
    let listener = reactor.listen(listener).expect("ours");
    let mut client = world.connect(address).expect("somebody listens");
    let mut seen = Vec::new();
    while !seen.contains(&errno::CONNECTION_ABORTED) {
        let op = Op::Accept { listener, hand_over: false };
        let accept = reactor.push(op, 1).expect("push");
        seen.push(turn(&mut reactor)[0].result);
        assert!(matches!(reactor.take(accept), Payload::None));
        assert_eq!(client.is_reset(), seen.contains(&errno::CONNECTION_ABORTED));
    }
    let known = [errno::DESCRIPTORS_PROCESS, errno::DESCRIPTORS_SYSTEM, errno::CONNECTION_ABORTED];
    assert!(seen.iter().all(|result| known.contains(result)), "{seen:?}");
    assert_eq!(client.read(&mut [0]).expect_err("reset").kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_full_table_refuses_and_ends_the_wait() {
    let (world, mut reactor) = world(|faults| faults.push_full = 1.0);
    let (sock, _peer) = pair(&world, &mut reactor);
    reactor.push(Op::Recv { sock }, 1).expect("an empty table is not full");
    let refused = reactor.push(Op::Recv { sock }, 2).expect_err("full");
    assert!(matches!(refused.kind, PushErrorKind::Full));
    reactor.submit_and_wait(1, None).expect("somebody looks again");
}

#[test]
fn bytes_survive_every_cut() {
    let (world, mut reactor) = world(|faults| {
        faults.segment = 1.0;
        faults.latency_max = Duration::from_millis(10);
        (faults.starve, faults.late_completion, faults.few_completions) = (0.5, 0.5, 0.5);
    });
    let (sock, mut peer) = pair(&world, &mut reactor);
    let sent: Vec<u8> = (0..5000u32).map(|at| ((at * 7) >> 3) as u8).collect();
    peer.write_by_and_by(&sent);
    reactor.push(Op::Recv { sock }, 1).expect("push");
    let (mut received, mut pieces) = (Vec::new(), 0);
    while received.len() < sent.len() {
        for done in turn(&mut reactor) {
            received.extend_from_slice(&reactor.claim(&done).expect("bytes"));
            pieces += 1;
        }
    }
    assert!(received == sent && pieces > 40, "{pieces} pieces");
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn clocks_leap() {
    let (world, reactor) = world(|faults| (faults.clock_jump, faults.wall_jump) = (1.0, 1.0));
    let (mut back, mut before) = (0, (reactor.now(), reactor.wall()));
    for _ in 0..50 {
        world.advance(Duration::from_millis(1));
        let after = (reactor.now(), reactor.wall());
        assert!(after.0 > before.0, "the monotonic clock goes forward only");
        back += i32::from(after.1 < before.1);
        before = after;
    }
    assert!((5..45).contains(&back), "the wall clock goes both ways: {back} times back");
}

#[test]
fn the_network_resets() {
    let (world, mut reactor) = world(|faults| faults.reset = 1.0);
    let (sock, mut peer) = pair(&world, &mut reactor);
    reactor.push(Op::Recv { sock }, 1).expect("push");
    assert_eq!(turn(&mut reactor)[0].result, errno::CONNECTION_RESET);
    assert_eq!(peer.write(&[1]).expect_err("reset").kind(), ErrorKind::ConnectionReset);
    assert_eq!(world.excuses().0, 1);
}

#[test]
fn breaches_of_the_contract_are_reported() {
    let (world, mut reactor) = world(|_| ());
    let (sock, _peer) = pair(&world, &mut reactor);
    let expect = |count: usize, what: &str| {
        let seen = world.violations();
        assert!(seen.len() == count && seen[count - 1].contains(what), "{seen:?}");
    };
    reactor.push(Op::Recv { sock }, 1).expect("push");
    reactor.push(Op::Recv { sock }, 2).expect("push");
    assert_eq!(turn(&mut reactor)[0].result, errno::BUSY);
    expect(1, "two receives");
    // More than fits, so that the next one waits.
    let op = Op::Send { sock, buf: vec![0; 300_000], start: 0 };
    let send = reactor.push(op, 3).expect("push");
    turn(&mut reactor);
    reactor.take(send);
    for number in [5, 6] {
        reactor.push(Op::Send { sock, buf: vec![0], start: 0 }, number).expect("push");
    }
    turn(&mut reactor);
    expect(2, "two sends");
    let pending = reactor.push(Op::Cancel { target: Token::NONE }, 7).expect("push");
    assert!(matches!(reactor.take(pending), Payload::None));
    expect(3, "taken before its end");
    reactor.push(Op::Recv { sock: Sock::new(9, 9) }, 8).expect_err("stale");
    expect(4, "stale");
    drop(reactor);
    expect(5, "dropped with");
}

#[test]
fn what_is_dropped_on_its_way_closes() {
    let (world, reactor) = world(|_| ());
    let (accepted, mut peer) = world.unattached();
    drop(accepted);
    assert_eq!(peer.read(&mut [0]).expect("the end"), 0);
    let listener = world.listen(world.free_address());
    let address = listener.local_addr();
    drop(listener);
    assert!(world.connect(address).is_err());
    drop(reactor);
    assert_eq!(world.violations(), Vec::<String>::new());
}
