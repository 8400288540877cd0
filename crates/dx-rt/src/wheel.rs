//! A hierarchical timing wheel.
//!
//! Owns deadlines and who asked for them; every deadline is rounded up to a tick. May not know
//! tasks or clocks: `now` is an argument, an owner is a number. Invariant: an entry stands in the
//! slot that `Position::of` computes from its deadline and the ticks elapsed, always; so a slot
//! need not be stored, no slot of a level lies behind the level's hand, and every entry of one
//! level is due before every entry of the next.
//!
//! After Varghese and Lauck, "Hashed and hierarchical timing wheels" (SOSP 1987), scheme 7. The
//! level of a deadline is that of the highest bit in which it differs from the elapsed ticks.
//! Eight levels of 64 slots span 2^48 ticks, more than an [`Instant`] can hold: there is no
//! horizon, and no special case for what lies beyond one.

use core::num::NonZeroU32;

use dx_io::Instant;

use crate::bounded::{self, Full};
use crate::limits::TIMER_TICK_NANOS;

/// Bits of a tick number that one level resolves.
const LEVEL_BITS: u32 = 6;
/// Slots of one level.
const SLOTS: usize = 1 << LEVEL_BITS;
/// Levels: enough for every tick number there is.
const LEVELS: usize = 8;
/// Bits of [`Entry::stamp`] that hold the generation; the deadline's tick has the others.
const GENERATION_BITS: u32 = 19;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
/// The last tick: the one that `Instant::MAX` is rounded up to.
const TICK_MAX: u64 = u64::MAX.div_ceil(TIMER_TICK_NANOS);
/// End of a list.
const NONE: u32 = u32::MAX;
/// `prev` of a free entry: whatever a stale key looks like, it cannot take one out of a list twice.
const FREE: u32 = u32::MAX - 1;

const _: () = {
    assert!(TICK_MAX < 1 << (64 - GENERATION_BITS), "a tick fits beside the generation");
    assert!(TICK_MAX < 1 << (LEVEL_BITS * LEVELS as u32), "a tick fits the levels");
    assert!(size_of::<Entry>() == 24);
    assert!(size_of::<Option<TimerKey>>() == 8);
};

/// Names one pending timer of one [`Wheel`]. Refused once the timer has fired or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerKey {
    index: u32,
    /// The low half of the entry's stamp: its generation and 13 bits of its deadline.
    stamp: NonZeroU32,
}

/// What one [`Wheel::advance`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Timers fired.
    pub fired: usize,
    /// Timers moved to a lower level, closer to their deadline.
    pub moved: usize,
    /// Slots looked into. Empty ones are skipped, not looked into.
    pub slots: usize,
}

/// Deadlines of one core.
///
/// A timer never fires early, and fires in the first [`advance`](Self::advance) at or after its
/// deadline rounded up to a tick of [`TIMER_TICK_NANOS`]: at most that much late. A deadline in the
/// last tick that an [`Instant`] can hold means never.
///
/// Memory is 24 bytes for each of the most timers that were pending at once, and 2 KiB.
///
/// ```
/// use core::time::Duration;
/// use dx_io::Instant;
/// use dx_rt::wheel::Wheel;
///
/// let mut wheel = Wheel::new(Instant::ZERO, 1000);
/// let start = Instant::ZERO;
/// let head = wheel.insert(start + Duration::from_secs(5), 7).unwrap();
/// let idle = wheel.insert(start + Duration::from_secs(60), 8).unwrap();
/// assert_eq!(wheel.cancel(idle), Some(8));
/// assert_eq!(wheel.cancel(idle), None, "the key is stale now");
///
/// let mut fired = Vec::new();
/// wheel.advance(start + Duration::from_secs(5), &mut |key, owner| fired.push((key, owner)));
/// assert_eq!(fired, [(head, 7)]);
/// assert_eq!(wheel.next_deadline(), None);
/// ```
#[derive(Debug)]
pub struct Wheel {
    /// The tick up to which everything has fired.
    elapsed: u64,
    /// First entry of each slot's list.
    heads: [[u32; SLOTS]; LEVELS],
    /// Bit `s` of level `l` is set exactly when the slot's list is not empty.
    occupied: [u64; LEVELS],
    entries: Vec<Entry>,
    /// First of the free entries, which are linked by `next`.
    free: u32,
    len: u32,
    timers_max: u32,
}

/// A pending timer, or a free place that keeps its generation.
#[derive(Debug)]
struct Entry {
    owner: u64,
    /// `tick << GENERATION_BITS | generation`; the generation is never 0.
    stamp: u64,
    next: u32,
    prev: u32,
}

/// A slot.
#[derive(Clone, Copy)]
struct Position {
    level: usize,
    slot: usize,
}

impl Wheel {
    /// An empty wheel whose hands stand at `now`, for at most `timers_max` pending timers.
    #[must_use]
    pub fn new(now: Instant, timers_max: u32) -> Self {
        Self {
            elapsed: tick_floor(now),
            heads: [[NONE; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
            entries: Vec::new(),
            free: NONE,
            len: 0,
            timers_max: timers_max.min(FREE), // indices stay below the marks
        }
    }

    /// Asks for `owner` to be named to `fire` once `deadline` has passed. A deadline that has
    /// passed already fires in the next [`advance`](Self::advance).
    ///
    /// # Errors
    ///
    /// [`Full`] when `timers_max` timers are pending.
    pub fn insert(&mut self, deadline: Instant, owner: u64) -> Result<TimerKey, Full> {
        let tick = tick_ceil(deadline);
        let index = match self.free {
            NONE => {
                let entry = Entry { owner, stamp: stamp(tick, 1), next: NONE, prev: NONE };
                bounded::push(&mut self.entries, entry, self.timers_max).map_err(|_| Full(()))?
            }
            index => {
                let entry = &mut self.entries[index as usize];
                self.free = entry.next;
                entry.owner = owner;
                entry.stamp = stamp(tick, entry.stamp & GENERATION_MASK);
                index
            }
        };
        self.link(index);
        self.len += 1;
        Ok(self.entries[index as usize].key(index))
    }

    /// Takes a pending timer back and returns its owner; `None` when the key is stale, that is
    /// when the timer has fired or was cancelled. O(1).
    ///
    /// Staleness is judged by 19 bits of generation and the low 13 bits of the deadline in ticks:
    /// a key is mistaken only if its place was reused a multiple of 524,287 times and then for a
    /// deadline equal in those bits.
    pub fn cancel(&mut self, key: TimerKey) -> Option<u64> {
        if !self.contains(key) {
            return None;
        }
        self.unlink(key.index);
        Some(self.release(key.index))
    }

    /// Moves the hands to `now` and calls `fire` with the key (stale by then) and the owner of
    /// each timer that is due, tick by tick; within a tick in no promised order. A `now` before the
    /// last one counts as the last one.
    ///
    /// The cost is that of the slots that hold something due or about to be; idle deadlines cost
    /// nothing. Each timer is moved at most once per level in its life.
    ///
    /// # Panics
    ///
    /// Only if `fire` does; the wheel is then consistent, and the timers that were not fired yet
    /// are pending.
    pub fn advance(&mut self, now: Instant, fire: &mut impl FnMut(TimerKey, u64)) -> Advanced {
        let target = tick_floor(now).max(self.elapsed);
        let mut advanced = Advanced::default();
        while let Some(position) = self.first() {
            let start = position.start(self.elapsed);
            if start > target {
                break;
            }
            self.elapsed = start;
            advanced.slots += 1;
            if position.level == 0 {
                advanced.fired += self.fire_slot(position, fire);
            } else {
                advanced.moved += self.cascade(position);
            }
        }
        self.elapsed = target;
        advanced
    }

    /// A point before which no timer is due, for the time-out of a wait; `None` when no timer is
    /// pending. Exact (to the tick) when the next timer is due within the current 64 ticks,
    /// otherwise possibly early: advancing to it then brings the timers closer. O(levels).
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let start = self.first()?.start(self.elapsed);
        Some(Instant::from_nanos(start.saturating_mul(TIMER_TICK_NANOS)))
    }

    /// When the timer will fire, to the tick; `None` when it has fired or was cancelled.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Option<Instant> {
        let entry = self.entries.get(key.index as usize)?;
        (entry.prev != FREE && entry.key(key.index) == key)
            .then(|| Instant::from_nanos(entry.tick().saturating_mul(TIMER_TICK_NANOS)))
    }

    /// Whether the timer is pending: it has not fired and was not cancelled.
    #[must_use]
    pub fn contains(&self, key: TimerKey) -> bool {
        self.deadline(key).is_some()
    }

    /// Timers pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no timer is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slot that is due first: levels are ordered, and so are the slots of a level.
    fn first(&self) -> Option<Position> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        Some(Position { level, slot: self.occupied[level].trailing_zeros() as usize })
    }

    /// Empties a slot of level 0. Entry by entry, so that a panic in `fire` loses none.
    fn fire_slot(&mut self, at: Position, fire: &mut impl FnMut(TimerKey, u64)) -> usize {
        let mut fired = 0;
        loop {
            let index = self.heads[at.level][at.slot];
            if index == NONE {
                return fired;
            }
            let key = self.entries[index as usize].key(index);
            self.unlink(index);
            let owner = self.release(index);
            fired += 1;
            fire(key, owner);
        }
    }

    /// Moves the entries of a slot that the hand has reached to lower levels.
    fn cascade(&mut self, at: Position) -> usize {
        let mut index = core::mem::replace(&mut self.heads[at.level][at.slot], NONE);
        self.occupied[at.level] &= !(1 << at.slot);
        let mut moved = 0;
        while index != NONE {
            let next = self.entries[index as usize].next;
            self.link(index);
            index = next;
            moved += 1;
        }
        moved
    }

    /// Puts an entry at the head of its slot's list.
    fn link(&mut self, index: u32) {
        let at = Position::of(self.entries[index as usize].tick(), self.elapsed);
        let head = core::mem::replace(&mut self.heads[at.level][at.slot], index);
        self.occupied[at.level] |= 1 << at.slot;
        let entry = &mut self.entries[index as usize];
        entry.next = head;
        entry.prev = NONE;
        if head != NONE {
            self.entries[head as usize].prev = index;
        }
    }

    /// Takes an entry out of its slot's list.
    fn unlink(&mut self, index: u32) {
        let Entry { next, prev, .. } = self.entries[index as usize];
        if next != NONE {
            self.entries[next as usize].prev = prev;
        }
        if prev != NONE {
            self.entries[prev as usize].next = next;
            return;
        }
        let at = Position::of(self.entries[index as usize].tick(), self.elapsed);
        debug_assert_eq!(self.heads[at.level][at.slot], index, "the module's invariant");
        self.heads[at.level][at.slot] = next;
        if next == NONE {
            self.occupied[at.level] &= !(1 << at.slot);
        }
    }

    /// Frees the place of an unlinked entry: its keys are stale from here on.
    fn release(&mut self, index: u32) -> u64 {
        let entry = &mut self.entries[index as usize];
        let generation = entry.stamp & GENERATION_MASK;
        let generation = if generation == GENERATION_MASK { 1 } else { generation + 1 };
        entry.stamp = stamp(0, generation);
        entry.prev = FREE;
        entry.next = core::mem::replace(&mut self.free, index);
        self.len -= 1;
        entry.owner
    }
}

impl Entry {
    fn tick(&self) -> u64 {
        self.stamp >> GENERATION_BITS
    }

    fn key(&self, index: u32) -> TimerKey {
        let stamp = NonZeroU32::new(self.stamp as u32).expect("a generation is never 0");
        TimerKey { index, stamp }
    }
}

impl Position {
    /// Where an entry due at `tick` stands. What is overdue stands with what is due now.
    fn of(tick: u64, elapsed: u64) -> Self {
        let tick = tick.max(elapsed);
        let differing = (tick ^ elapsed) | 1; // equal: level 0
        let level = differing.ilog2() / LEVEL_BITS;
        let slot = (tick >> (level * LEVEL_BITS)) as usize % SLOTS;
        Self { level: level as usize, slot }
    }

    /// The first tick of the slot: it shares the bits above its level with `elapsed`.
    fn start(self, elapsed: u64) -> u64 {
        let shift = self.level as u32 * LEVEL_BITS;
        let above = elapsed >> (shift + LEVEL_BITS) << LEVEL_BITS;
        (above | self.slot as u64) << shift
    }
}

fn stamp(tick: u64, generation: u64) -> u64 {
    tick << GENERATION_BITS | generation
}

/// Rounded up: a deadline must not be early.
fn tick_ceil(instant: Instant) -> u64 {
    instant.as_nanos().div_ceil(TIMER_TICK_NANOS)
}

/// Rounded down: a tick has passed only when all of it has.
fn tick_floor(instant: Instant) -> u64 {
    instant.as_nanos() / TIMER_TICK_NANOS
}
