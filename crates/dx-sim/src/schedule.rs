//! Several cores on one thread.
//!
//! Owns [`Schedule`], which decides who runs next. May not know what a core is beyond the two
//! halves of its turn. Invariant: a core that sleeps is woken by its reactor, by its own deadline,
//! or by chance where that is a fault; so a wake that was lost is a core that sleeps for ever.

use core::time::Duration;

use crate::world::World;

/// One core, as a schedule drives it.
pub trait Sleeper {
    /// The number of its reactor ([`SimReactor::index`](crate::SimReactor::index)).
    fn reactor(&self) -> usize;

    /// The first half of a turn: everything up to the wait. How long the core would wait; `None`
    /// for ever.
    fn begin(&self) -> Option<Duration>;

    /// The second half: the wait is over.
    fn end(&self);
}

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A core has run.
    Ran(usize),
    /// Nobody had anything to do, and time has passed.
    Passed,
    /// Nobody has anything to do, ever.
    Stuck,
}

/// Who sleeps until when.
#[derive(Debug)]
pub struct Schedule {
    world: World,
    /// One a core: not asleep, or until when.
    asleep: Vec<Option<u64>>,
}

impl Schedule {
    /// For `cores` cores that have not run.
    #[must_use]
    pub fn new(world: &World, cores: usize) -> Self {
        Self { world: world.clone(), asleep: vec![None; cores] }
    }

    /// Lets one core run, drawn from those that can, or time pass.
    pub fn step(&mut self, cores: &[&dyn Sleeper]) -> Step {
        self.world.settle();
        let now = self.world.now().as_nanos();
        let mut able: Vec<usize> = (0..cores.len())
            .filter(|&core| match self.asleep[core] {
                None => true,
                Some(until) => until <= now || self.world.is_due(cores[core].reactor()),
            })
            .collect();
        if able.is_empty() && self.world.with(|s| s.chance.happens(s.faults.spurious_wake)) {
            able = (0..cores.len()).collect();
        }
        if able.is_empty() {
            let until = self.asleep.iter().flatten().copied().filter(|&at| at < u64::MAX).min();
            return if self.world.step_before(until) { Step::Passed } else { Step::Stuck };
        }
        let core = able[self.world.draw(|chance| chance.index(able.len()))];
        self.world.with(|state| state.note("run", core as u64, 0, 0));
        if self.asleep[core].take().is_some() {
            cores[core].end();
        }
        let patience = cores[core].begin();
        let now = self.world.now().as_nanos();
        let until = patience.map_or(u64::MAX, |time| {
            now.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
        });
        self.asleep[core] = Some(until);
        Step::Ran(core)
    }

    /// Ends the wait of every core that is in one, so that each can be turned by other means.
    pub fn wake_all(&mut self, cores: &[&dyn Sleeper]) {
        for (asleep, core) in self.asleep.iter_mut().zip(cores) {
            if asleep.take().is_some() {
                core.end();
            }
        }
    }
}
