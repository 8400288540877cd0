//! Starting tasks.
//!
//! Owns the three ways: local, stealable, blocking. Invariants: local tasks never leave their core;
//! only work that is `Send` may; a task that panics takes nothing else with it.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::bounded::Full;
use crate::current;
use crate::join::{self, JoinHandle};
use crate::task::{PoolBox, TaskRef};

/// Runs `future` on the current core, where it stays. It need not be `Send`.
///
/// # Panics
/// Outside a core, or when the core's task table is full.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    let (end, handle) = join::local();
    let task = PoolBox::future(async move {
        if let Some(output) = contained(future).await {
            end.finish(output);
        }
    });
    let spawned = current::current().tasks.spawn(task);
    assert!(spawned.is_ok(), "the core's task table is full");
    handle
}

/// Runs a future that is already in its place, on the current core, without a handle.
///
/// # Errors
/// The future, when the core's task table is full.
///
/// # Panics
/// Outside a core.
pub fn spawn_pooled(
    future: PoolBox<dyn Future<Output = ()>>,
) -> Result<TaskRef, Full<PoolBox<dyn Future<Output = ()>>>> {
    current::current().tasks.spawn(future)
}

/// The task that is being polled, if any: what `TcpStream::set_owner` and timers take.
#[must_use]
pub fn current_task() -> Option<TaskRef> {
    current::try_current()?.tasks.current()
}

/// Completions that the last wait of the current core brought. After a wait that brought none,
/// whatever the kernel had before it is taken in; one wait brings only a part of much.
///
/// # Panics
/// Outside a core.
#[must_use]
pub fn completions() -> usize {
    current::current().reaped.get()
}

/// Wakes every task of the current core: after a change that each must look at for itself.
///
/// # Panics
/// Outside a core.
pub fn wake_all() {
    current::current().tasks.wake_all();
}

/// Runs `future` on the current core, or on any other that has nothing else to do.
///
/// One that waits and has left its waker with nobody can never go on: it is dropped, and its handle
/// gives [`JoinLost`](crate::JoinLost).
///
/// # Panics
/// Outside a core.
pub fn spawn_stealable<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (end, handle) = join::shared();
    let home = Arc::clone(&current::current().peer);
    let schedule = move |job| match current::try_current() {
        // Woken on a core of the same group: it runs where its data is warm.
        Some(core) if core.group.has(&home) => core.push_job(job),
        _ => home.run(job),
    };
    let contained = async move {
        if let Some(output) = contained(future).await {
            end.finish(output);
        }
    };
    let (job, task) = async_task::spawn(contained, schedule);
    job.schedule();
    task.detach();
    handle
}

/// Runs `job`, which may block, on the pool for such work.
///
/// The handle gives [`JoinLost`](crate::JoinLost) when the pool's queue is full or shut down.
///
/// # Panics
/// Outside a core.
pub fn spawn_blocking<T, F>(job: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (end, handle) = join::shared();
    // A refused job is dropped here, and with it `end`: the handle learns that it is lost.
    let _ = current::current().blocking.run(Box::new(move || end.finish(job())));
    handle
}

/// A task that panics ends, and nothing else does: its handle learns that it is lost, the panic
/// hook has said why.
async fn contained<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // Whatever the future broke dies with it: it is not polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}
