//! What the integration tests of this crate share.
//!
//! Owns the choice of backends, one core turned by hand, and a watchdog against hangs. May not
//! know what is tested. Invariant: no row is skipped in silence: a backend that does not open here
//! is named, and one that was asked for must open.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dx_io::{BACKEND_VARIABLE, Driver, IoBackend, ReactorConfig};
use dx_rt::{Core, CoreConfig, Wait};

/// No row takes nearly as long as this; a hang takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows begun.
static PROGRESS: AtomicU64 = AtomicU64::new(0);

/// The backends that open here, or the one that the environment asks for.
pub fn backends() -> Vec<IoBackend> {
    static WATCHDOG: Once = Once::new();
    WATCHDOG.call_once(|| drop(std::thread::spawn(watch)));
    PROGRESS.fetch_add(1, Ordering::Relaxed);
    let asked = std::env::var(BACKEND_VARIABLE).unwrap_or_else(|_| String::from("auto"));
    let asked: IoBackend = asked.parse().expect("the environment names a backend");
    if asked != IoBackend::Auto {
        return vec![asked];
    }
    let mut open = vec![IoBackend::IoUring, IoBackend::Epoll, IoBackend::Iocp];
    open.retain(|&backend| match Driver::open(backend, &ReactorConfig::default()) {
        Ok(_) => true,
        Err(error) => {
            eprintln!("without {backend}: {error}");
            false
        }
    });
    assert!(!open.is_empty(), "no backend opens here");
    open
}

/// A reactor of default size.
pub fn driver(backend: IoBackend) -> Driver {
    PROGRESS.fetch_add(1, Ordering::Relaxed);
    Driver::open(backend, &ReactorConfig::default()).expect("it opened before").0
}

/// A core on its own.
pub fn core(backend: IoBackend) -> Core {
    Core::new(driver(backend), &CoreConfig::default())
}

/// Turns `core` until `future` is done.
pub fn run<T: 'static>(core: &Core, future: impl Future<Output = T> + 'static) -> T {
    let task = core.spawn(future);
    while !task.is_finished() {
        core.turn(Wait::Forever).expect("the reactor works");
    }
    task.try_take().expect("the task has not panicked")
}

/// Aborts when no row has begun for a long time: the harness itself would wait for ever.
fn watch() {
    let mut seen = PROGRESS.load(Ordering::Relaxed);
    loop {
        std::thread::sleep(PATIENCE);
        let now = PROGRESS.load(Ordering::Relaxed);
        if now == seen {
            eprintln!("no test has made progress for {PATIENCE:?}: a wake was lost, or worse");
            std::process::abort();
        }
        seen = now;
    }
}
