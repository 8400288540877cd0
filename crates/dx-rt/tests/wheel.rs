//! The timing wheel against a naive oracle, and what it costs.
#![cfg(not(loom))]

use std::collections::BTreeMap;

use dx_io::Instant;
use dx_rt::Full;
use dx_rt::limits::TIMER_TICK_NANOS as TICK;
use dx_rt::wheel::{TimerKey, Wheel};
use proptest::prelude::*;

fn tick(tick: u64) -> Instant {
    Instant::from_nanos(tick * TICK)
}

fn advance(wheel: &mut Wheel, now: Instant) -> Vec<u64> {
    let mut fired = Vec::new();
    wheel.advance(now, &mut |_, owner| fired.push(owner));
    fired
}

/// What is pending: the point from which a timer is due (rounded up, beyond u64 at the very end)
/// and its owner, to its key.
#[derive(Default)]
struct Oracle {
    pending: BTreeMap<(u128, u64), TimerKey>,
    now: u64,
}

impl Oracle {
    fn due(deadline: u64) -> u128 {
        let tick = u128::from(TICK);
        u128::from(deadline).next_multiple_of(tick)
    }

    fn advance(&mut self, now: u64) -> Vec<(u128, u64)> {
        self.now = self.now.max(now);
        let later = self.pending.split_off(&(u128::from(self.now) + 1, 0));
        std::mem::replace(&mut self.pending, later).into_keys().collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Deadline this far from now, which may be behind.
    Insert(i128),
    /// A deadline anywhere at all.
    InsertAt(u64),
    Cancel(prop::sample::Index),
    CancelStale(prop::sample::Index),
    Advance(u64),
    /// To `next_deadline`, as a core that waits does.
    AdvanceToNext,
}

/// Distances of every magnitude.
fn distance() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>()).prop_map(|(bits, noise)| noise >> (63 - bits))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => distance().prop_map(|distance| Step::Insert(i128::from(distance))),
        2 => (0..200 * TICK).prop_map(|distance| Step::Insert(i128::from(distance))),
        1 => (0..200 * TICK).prop_map(|distance| Step::Insert(-i128::from(distance))),
        1 => any::<u64>().prop_map(Step::InsertAt),
        2 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => any::<prop::sample::Index>().prop_map(Step::CancelStale),
        2 => (0..200 * TICK).prop_map(Step::Advance),
        1 => distance().prop_map(|distance| Step::Advance(distance >> 14)),
        1 => distance().prop_map(Step::Advance),
        2 => Just(Step::AdvanceToNext),
    ]
}

fn check_next(wheel: &Wheel, oracle: &Oracle) -> Result<(), TestCaseError> {
    let next = wheel.next_deadline();
    prop_assert_eq!(next.is_none(), oracle.pending.is_empty());
    if let (Some(next), Some(&(due, _))) = (next, oracle.pending.keys().next()) {
        let due = due.max(u128::from(oracle.now / TICK * TICK));
        prop_assert!(u128::from(next.as_nanos()) <= due, "{} after {}", next, due);
        let due = due.min(u128::from(u64::MAX)); // never
        if (due / u128::from(TICK)) / 64 == u128::from(oracle.now / TICK) / 64 {
            prop_assert_eq!(u128::from(next.as_nanos()), due, "exact within the current 64 ticks");
        }
    }
    Ok(())
}

fn run(start: u64, timers_max: u32, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut wheel = Wheel::new(Instant::from_nanos(start), timers_max);
    let mut oracle = Oracle { now: start, ..Oracle::default() };
    let mut stale = Vec::new();
    for (owner, step) in (0_u64..).zip(steps) {
        let insert = match &step {
            Step::Insert(distance) => {
                let at = (i128::from(oracle.now) + distance).clamp(0, i128::from(u64::MAX));
                Some(at as u64)
            }
            Step::InsertAt(at) => Some(*at),
            _ => None,
        };
        if let Some(deadline) = insert {
            match wheel.insert(Instant::from_nanos(deadline), owner) {
                Ok(key) => {
                    prop_assert!(oracle.pending.len() < timers_max as usize);
                    oracle.pending.insert((Oracle::due(deadline), owner), key);
                }
                Err(Full(())) => prop_assert_eq!(oracle.pending.len(), timers_max as usize),
            }
        }
        match step {
            Step::Cancel(which) if !oracle.pending.is_empty() => {
                let nth = which.index(oracle.pending.len());
                let (&at, &key) = oracle.pending.iter().nth(nth).unwrap();
                oracle.pending.remove(&at);
                prop_assert_eq!(wheel.cancel(key), Some(at.1));
                stale.push(key);
            }
            Step::CancelStale(which) if !stale.is_empty() => {
                prop_assert_eq!(wheel.cancel(stale[which.index(stale.len())]), None);
            }
            Step::Advance(distance) => {
                check_advance(&mut wheel, &mut oracle, distance, &mut stale)?;
            }
            Step::AdvanceToNext => {
                let next = wheel.next_deadline().map_or(0, Instant::as_nanos);
                let distance = next.saturating_sub(oracle.now);
                check_advance(&mut wheel, &mut oracle, distance, &mut stale)?;
            }
            _ => {}
        }
        prop_assert_eq!(wheel.len(), oracle.pending.len());
        prop_assert!(oracle.pending.values().all(|&key| wheel.contains(key)));
        prop_assert!(!stale.iter().any(|&key| wheel.contains(key)));
        check_next(&wheel, &oracle)?;
    }
    Ok(())
}

fn check_advance(
    wheel: &mut Wheel,
    oracle: &mut Oracle,
    distance: u64,
    stale: &mut Vec<TimerKey>,
) -> Result<(), TestCaseError> {
    let now = oracle.now.saturating_add(distance);
    let keys = oracle.pending.clone();
    let (floor, expected) = (oracle.now, oracle.advance(now));
    let mut fired = Vec::new();
    let advanced = wheel.advance(Instant::from_nanos(now), &mut |key, owner| {
        fired.push((key, owner));
    });
    prop_assert_eq!(advanced.fired, expected.len());
    let of: BTreeMap<u64, u128> = expected.iter().map(|&(due, owner)| (owner, due)).collect();
    let mut last = 0;
    for &(key, owner) in &fired {
        let due = of.get(&owner).copied();
        prop_assert!(due.is_some(), "{} fired early or twice", owner);
        let due = due.unwrap();
        prop_assert_eq!(keys.get(&(due, owner)), Some(&key));
        let due = due.max(u128::from(floor / TICK * TICK));
        prop_assert!(last <= due, "ticks fire in order");
        last = due;
        stale.push(key);
    }
    prop_assert_eq!(fired.len(), of.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None, // a failure prints what it takes to repeat it
        ..ProptestConfig::default()
    })]

    #[test]
    fn fires_what_the_oracle_fires(
        start in prop_oneof![Just(0), 0..1_000 * TICK, any::<u64>()],
        timers_max in prop_oneof![3 => Just(1000_u32), 1 => 0_u32..20],
        steps in prop::collection::vec(step(), 0..120),
    ) {
        run(start, timers_max, steps)?;
    }
}

#[test]
fn never_early_and_at_most_one_tick_late() {
    for (deadline, quiet, fires) in [
        (0, None, 0),
        (1, Some(TICK - 1), TICK),
        (TICK, Some(TICK - 1), TICK),
        (TICK + 1, Some(2 * TICK - 1), 2 * TICK),
        (63 * TICK, Some(63 * TICK - 1), 63 * TICK),
        (64 * TICK, Some(64 * TICK - 1), 64 * TICK),
        (4096 * TICK + 5, Some(4097 * TICK - 1), 4097 * TICK),
        ((1 << 36) * TICK, Some((1 << 36) * TICK - 1), (1 << 36) * TICK),
    ] {
        let mut wheel = Wheel::new(Instant::ZERO, 1);
        wheel.insert(Instant::from_nanos(deadline), 9).unwrap();
        if let Some(quiet) = quiet {
            assert_eq!(advance(&mut wheel, Instant::from_nanos(quiet)), [], "{deadline}");
        }
        assert_eq!(advance(&mut wheel, Instant::from_nanos(fires)), [9], "{deadline}");
    }
}

#[test]
fn never_is_never() {
    let mut wheel = Wheel::new(Instant::ZERO, 2);
    let key = wheel.insert(Instant::MAX, 1).unwrap();
    assert_eq!(advance(&mut wheel, Instant::MAX), []);
    assert_eq!(wheel.next_deadline(), Some(Instant::MAX));
    assert_eq!(wheel.cancel(key), Some(1));
    wheel.insert(tick(5), 2).unwrap();
    assert_eq!(advance(&mut wheel, Instant::ZERO), [2], "overdue; time does not run backwards");
}

#[test]
fn full_is_an_answer_and_places_are_reused() {
    let mut wheel = Wheel::new(Instant::ZERO, 2);
    let first = wheel.insert(tick(1), 1).unwrap();
    wheel.insert(tick(2), 2).unwrap();
    assert_eq!(wheel.insert(tick(3), 3), Err(Full(())));
    assert_eq!(wheel.cancel(first), Some(1));
    let third = wheel.insert(tick(1), 3).unwrap();
    assert_ne!(first, third, "same place, same deadline, another timer");
    assert_eq!(wheel.cancel(first), None);
    assert_eq!(advance(&mut wheel, tick(2)), [3, 2]);
    assert_eq!(wheel.cancel(third), None);
    assert!(wheel.is_empty());
}

#[test]
fn a_place_refuses_its_last_500_000_keys() {
    let mut wheel = Wheel::new(Instant::ZERO, 1);
    let oldest = wheel.insert(tick(8192), 0).unwrap();
    wheel.cancel(oldest);
    for owner in 1..500_000 {
        let key = wheel.insert(tick(8192), owner).unwrap();
        assert_eq!(wheel.cancel(oldest), None);
        assert_eq!(wheel.cancel(key), Some(owner));
        assert_eq!(wheel.cancel(key), None, "free places refuse too");
    }
}

#[test]
fn idle_deadlines_cost_nothing() {
    let mut wheel = Wheel::new(Instant::ZERO, 100_001);
    for owner in 0..100_000 {
        wheel.insert(tick(60_000 + owner % 15_000), owner).unwrap();
    }
    let (mut slots, mut moved) = (0, 0);
    for now in 1..=1000 {
        wheel.insert(tick(now), u64::MAX).unwrap();
        let advanced = wheel.advance(tick(now), &mut |_, owner| assert_eq!(owner, u64::MAX));
        assert_eq!(advanced.fired, 1);
        slots += advanced.slots;
        moved += advanced.moved;
    }
    // Every 64th tick begins a slot of the level above; its timer passes through there.
    assert_eq!(moved, 1000 / 64);
    assert_eq!(slots, 1000 + 1000 / 64, "no slot is looked into for 100,000 idle timers");
    assert_eq!(wheel.len(), 100_000);

    let quiet = wheel.advance(tick(50_000), &mut |_, _| panic!("nothing is due"));
    assert_eq!((quiet.slots, quiet.moved), (0, 0), "49 s of nothing in one step");

    let all = wheel.advance(tick(75_000), &mut |_, _| {});
    assert_eq!(all.fired, 100_000);
    assert!(all.moved <= 2 * 100_000, "each moves once per level below its first: {all:?}");
}

#[test]
fn a_panic_in_fire_loses_no_other_timer() {
    let mut wheel = Wheel::new(Instant::ZERO, 10);
    for owner in 0..5 {
        wheel.insert(tick(3), owner).unwrap();
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wheel.advance(tick(7), &mut |_, _| panic!("a test's panic"));
    }));
    assert!(panicked.is_err());
    assert_eq!(wheel.len(), 4);
    assert_eq!(advance(&mut wheel, tick(7)).len(), 4);
}
