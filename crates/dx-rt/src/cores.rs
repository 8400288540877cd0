//! Threads, one a core.
//!
//! Owns starting them together, pinning them, and ending them. May not know what they serve: the
//! caller gives each core its main future. Invariant: either every core starts, or none is left
//! running and the caller learns why.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use dx_io::{BlockingPool, Detection, Driver, IoBackend, ReactorConfig, StartError, host};

use crate::bounded::Full;
use crate::core::{Core, CoreConfig, Held, Seat, Wait};
use crate::current;
use crate::peers::{CoreStats, Group, Peer, Phase};
use crate::state::State;

/// Turns given to the kernel to let go of what a core held, before it counts as a leak.
const QUIESCE_TURNS: u32 = 200;

/// How many cores, where, and on what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CoresConfig {
    /// The CPU each core is pinned to; its length is the number of cores. `None`: not pinned.
    pub cpus: Vec<Option<usize>>,
    /// The backend to open.
    pub backend: IoBackend,
    /// Sizes of each reactor.
    pub reactor: ReactorConfig,
    /// Sizes of each core.
    pub core: CoreConfig,
}

impl CoresConfig {
    /// `workers` cores, each pinned to one of the CPUs this process may use, in their order; more
    /// workers than CPUs go around again.
    #[must_use]
    pub fn pinned(workers: usize) -> Self {
        let allowed = host::worker_cpus();
        let cpus = (0..workers).map(|index| allowed.get(index % allowed.len()).copied()).collect();
        Self {
            cpus,
            backend: IoBackend::Auto,
            reactor: ReactorConfig::default(),
            core: CoreConfig::default(),
        }
    }
}

/// Why a core could not start or go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The backend could not be opened.
    Start(StartError),
    /// The thread could not be started.
    Thread(io::Error),
    /// The reactor failed while it ran.
    Reactor(io::Error),
    /// The core's thread panicked outside any task's care.
    Panicked,
    /// No core was asked for.
    NoCores,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "the I/O backend did not start: {error}"),
            Self::Thread(error) => write!(f, "a worker thread did not start: {error}"),
            Self::Reactor(error) => write!(f, "the reactor failed: {error}"),
            Self::Panicked => f.write_str("a worker thread panicked"),
            Self::NoCores => f.write_str("at least one worker is needed"),
        }
    }
}

impl std::error::Error for RunError {}

/// Where a core's main future runs.
#[derive(Clone, Copy, Debug)]
pub struct CoreContext {
    /// Which of the cores, from 0.
    pub index: usize,
    /// The CPU it is pinned to.
    pub cpu: Option<usize>,
    /// Connections its reactor can hold.
    pub sockets_max: u32,
}

/// How a core ended.
#[derive(Clone, Copy, Debug)]
pub struct CoreReport {
    /// What it still held after everything was cancelled: nothing, unless there is a defect.
    pub held: Held,
}

/// Running cores.
pub struct Cores {
    threads: Vec<thread::JoinHandle<Result<CoreReport, RunError>>>,
    group: Arc<Group>,
    detections: Vec<Detection>,
    blocking: BlockingPool,
}

/// What a thread tells the starter before it begins.
type Ready = Result<(usize, Arc<Peer>, Detection), RunError>;

impl Cores {
    /// Starts one thread a core, opens a reactor on each, and runs `main` there. A core ends when
    /// its main future does.
    ///
    /// # Errors
    /// The first core that could not start; the others have ended by then.
    pub fn start<M, F>(config: &CoresConfig, main: M) -> Result<Self, RunError>
    where
        M: Fn(CoreContext) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + 'static,
    {
        if config.cpus.is_empty() {
            return Err(RunError::NoCores);
        }
        // Its threads inherit this thread's CPUs, so it is made before anything is pinned.
        let blocking = BlockingPool::default();
        let (config, spare) = (&whole(config), spare_cpus(config));
        let main = Arc::new(main);
        let (ready, told) = channel::<Ready>();
        // A thread passes once every core is known; an error drops the sender instead.
        let mut gates: Vec<Sender<Arc<Group>>> = Vec::new();
        let mut threads = Vec::new();
        for (index, &cpu) in config.cpus.iter().enumerate() {
            let (gate, opened) = channel();
            gates.push(gate);
            let starter = Starter {
                index,
                cpu,
                config: polled_elsewhere(config, index, &spare),
                ready: ready.clone(),
                opened,
                blocking: blocking.clone(),
            };
            let main = main.clone();
            let thread = thread::Builder::new()
                .name(format!("dx-core-{index}"))
                .spawn(move || starter.run(&*main));
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => return Err(give_up(gates, threads, RunError::Thread(error))),
            }
        }
        drop(ready);
        let (peers, detections) = match collect(&told, threads.len()) {
            Ok(known) => known,
            Err(error) => return Err(give_up(gates, threads, error)),
        };
        let group = Group::form(peers);
        for gate in gates {
            // A thread that is gone has told us why above.
            let _ = gate.send(group.clone());
        }
        Ok(Self { threads, group, detections, blocking })
    }

    /// Which backend each core opened, and why.
    #[must_use]
    pub fn detections(&self) -> &[Detection] {
        &self.detections
    }

    /// Cores in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.group.peers.len()
    }

    /// Never: there is at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.group.peers.is_empty()
    }

    /// What core `index` has done so far.
    #[must_use]
    pub fn stats(&self, index: usize) -> Option<&CoreStats> {
        self.group.peers.get(index).map(|peer| &peer.stats)
    }

    /// Moves every core on to `phase`; their main futures act on it.
    pub fn enter_phase(&self, phase: Phase) {
        self.group.enter(phase);
    }

    /// A handle that can do the same from anywhere.
    #[must_use]
    pub fn phase_handle(&self) -> PhaseHandle {
        PhaseHandle { group: self.group.clone() }
    }

    /// Runs `call` on core `index`.
    ///
    /// # Errors
    /// [`Full`] when that core's mailbox is, it has ended, or there is no such core.
    pub fn call(&self, index: usize, call: impl FnOnce() + Send + 'static) -> Result<(), Full<()>> {
        self.group.peers.get(index).ok_or(Full(()))?.call(Box::new(call))
    }

    /// Waits for every core to end.
    ///
    /// # Errors
    /// The first core that failed, after all have ended.
    pub fn join(self) -> Result<Vec<CoreReport>, RunError> {
        let ends: Vec<_> = self
            .threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Err(RunError::Panicked)))
            .collect();
        self.blocking.shutdown();
        ends.into_iter().collect()
    }
}

/// Moves a group of cores on to another phase, from any thread.
#[derive(Clone)]
pub struct PhaseHandle {
    group: Arc<Group>,
}

impl PhaseHandle {
    /// As [`Cores::enter_phase`].
    pub fn enter(&self, phase: Phase) {
        self.group.enter(phase);
    }
}

impl fmt::Debug for PhaseHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhaseHandle({:?})", self.group.phase())
    }
}

/// The current core's phase, as of this turn.
///
/// # Panics
/// Outside a core.
#[must_use]
pub fn phase() -> Phase {
    current::current().phase()
}

/// Waits until the current core's group has reached `phase` or a later one.
///
/// # Panics
/// Outside a core.
pub async fn reached(phase: Phase) {
    let core = current::current();
    let wait = PhaseWait { number: core.new_phase_wait(), core };
    core::future::poll_fn(|cx| {
        if wait.core.phase() >= phase {
            return core::task::Poll::Ready(());
        }
        wait.core.wait_phase(wait.number, cx.waker());
        core::task::Poll::Pending
    })
    .await;
}

/// One wait for a phase, which leaves nothing behind when it is given up.
struct PhaseWait {
    core: Rc<State>,
    number: u64,
}

impl Drop for PhaseWait {
    fn drop(&mut self) {
        self.core.forget_phase_wait(self.number);
    }
}

/// Everything a thread needs to become a core.
struct Starter {
    index: usize,
    cpu: Option<usize>,
    config: CoresConfig,
    ready: Sender<Ready>,
    opened: Receiver<Arc<Group>>,
    blocking: BlockingPool,
}

impl Starter {
    fn run<M, F>(self, main: &M) -> Result<CoreReport, RunError>
    where
        M: Fn(CoreContext) -> F,
        F: Future<Output = ()> + 'static,
    {
        let Self { index, cpu, mut config, ready, opened, blocking } = self;
        // One pool for everything that blocks.
        config.reactor.blocking.get_or_insert_with(|| blocking.clone());
        if let Some(cpu) = cpu {
            // A CPU may have gone offline since it was listed: slower, but not wrong.
            let _ = host::pin_current_thread(cpu);
        }
        let (driver, detection) = match Driver::open(config.backend, &config.reactor) {
            Ok(opened) => opened,
            Err(error) => {
                let _ = ready.send(Err(RunError::Start(error)));
                return Ok(CoreReport { held: Held::default() });
            }
        };
        let context = CoreContext { index, cpu, sockets_max: driver.sockets_max() };
        let seat = Seat::new(driver);
        let _ = ready.send(Ok((index, seat.peer.clone(), detection)));
        drop(ready);
        let Ok(group) = opened.recv() else {
            // Another core could not start, so none does.
            return Ok(CoreReport { held: Held::default() });
        };
        let core = seat.take(&config.core, index, group, blocking);
        serve(&core, || main(context))
    }
}

/// `config`, with what each reactor must know of the others. For the calling thread, which is not
/// pinned: a core's own thread sees one CPU only.
fn whole(config: &CoresConfig) -> CoresConfig {
    let mut config = config.clone();
    let reactor = &mut config.reactor;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    reactor.reactors = reactor.reactors.max(count(config.cpus.len()));
    if reactor.cpus == 0 {
        reactor.cpus = count(host::worker_cpus().len());
    }
    config
}

/// CPUs that no core is pinned to.
fn spare_cpus(config: &CoresConfig) -> Vec<usize> {
    let mut cpus = host::allowed_cpus().unwrap_or_default();
    cpus.retain(|&cpu| !config.cpus.contains(&Some(cpu)));
    cpus
}

/// `config` for core `index`: the kernel's poller inherits the CPU of the thread that makes it,
/// where it would compete with the very core it works for, so it is sent to a spare one.
fn polled_elsewhere(config: &CoresConfig, index: usize, spare: &[usize]) -> CoresConfig {
    let mut config = config.clone();
    let pinned = config.cpus[index].is_some();
    if let Some(poller) = config.reactor.sqpoll.as_mut().filter(|poller| poller.cpu.is_none())
        && pinned
        && !spare.is_empty()
    {
        poller.cpu = u32::try_from(spare[index % spare.len()]).ok();
    }
    config
}

/// Turns `core` until its main future has ended, then empties it.
fn serve<F>(core: &Core, main: impl FnOnce() -> F) -> Result<CoreReport, RunError>
where
    F: Future<Output = ()> + 'static,
{
    let main = core.enter(|| crate::spawn::spawn(main()));
    while !main.is_finished() {
        core.turn(Wait::Forever).map_err(RunError::Reactor)?;
    }
    let held = core.quiesce(QUIESCE_TURNS).map_err(RunError::Reactor)?;
    // Lost: the main future has panicked.
    main.try_take().map(|()| CoreReport { held }).ok_or(RunError::Panicked)
}

/// Waits for the threads that wait at their gates to end, and hands `error` on.
fn give_up(
    gates: Vec<Sender<Arc<Group>>>,
    threads: Vec<thread::JoinHandle<Result<CoreReport, RunError>>>,
    error: RunError,
) -> RunError {
    drop(gates);
    for thread in threads {
        // How it ended does not matter beside `error`, the first that failed.
        let _ = thread.join();
    }
    error
}

/// The peers of all cores in order, or the first error.
fn collect(
    told: &Receiver<Ready>,
    count: usize,
) -> Result<(Vec<Arc<Peer>>, Vec<Detection>), RunError> {
    let mut known = Vec::new();
    for _ in 0..count {
        // The sender is dropped without a word only by a panic.
        known.push(told.recv().unwrap_or(Err(RunError::Panicked))?);
    }
    known.sort_by_key(|(index, ..)| *index);
    Ok(known.into_iter().map(|(_, peer, detection)| (peer, detection)).unzip())
}

#[cfg(test)]
mod tests {
    use dx_io::SqPoll;

    use super::{CoresConfig, polled_elsewhere};

    #[test]
    fn pollers_go_to_cpus_that_no_core_has() {
        let mut config = CoresConfig::pinned(1);
        config.cpus = vec![Some(0), Some(1), Some(2), None];
        let cpu = |config: &CoresConfig, index, spare: &[usize]| {
            polled_elsewhere(config, index, spare).reactor.sqpoll.map(|poller| poller.cpu)
        };
        assert_eq!(cpu(&config, 0, &[3, 4]), None, "nobody asked");
        config.reactor.sqpoll = Some(SqPoll::default());
        let chosen = [0, 1, 2].map(|index| cpu(&config, index, &[3, 4]));
        assert_eq!(chosen, [Some(Some(3)), Some(Some(4)), Some(Some(3))], "in turn");
        assert_eq!(cpu(&config, 0, &[]), Some(None), "there is none");
        assert_eq!(cpu(&config, 3, &[5]), Some(None), "not pinned, so neither is its poller");
        if let Some(poller) = &mut config.reactor.sqpoll {
            poller.cpu = Some(9);
        }
        assert_eq!(cpu(&config, 0, &[3]), Some(Some(9)), "as asked for");
    }
}
