//! What the process may hold: descriptors, locked memory, memory.
//!
//! Owns these checks and the needs they are held against. Knows no backend but by what it opened.
//! Invariant: a limit is judged by what a server of these workers needs, not by habit.

use std::io::ErrorKind;

use dx_io::limits::{COMPLETIONS, DESCRIPTORS_RESERVED, LISTEN_BACKLOG, SUBMISSIONS};
use dx_io::{IoBackend, KernelVersion};

use super::counted;
use crate::doctor::facts::{Descriptors, Facts, Tried};
use crate::doctor::report::{Check, State};

/// Bytes of one worker's rings: submissions of 64 bytes and an index of 4, completions of 16,
/// io_uring_setup(2).
const RING_BYTES: u64 = SUBMISSIONS as u64 * (64 + 4) + COMPLETIONS as u64 * 16;
/// From here on rings are no longer counted as locked memory.
const RINGS_UNCOUNTED: KernelVersion = KernelVersion::new(5, 12, 0);
/// Memory of one busy worker: 4 MiB of receive buffers, 32 MiB of output chunks kept for reuse, and
/// as much again for what connections and handlers hold.
const WORKER_MIB: u64 = 64;

const MORE_DESCRIPTORS: &str = "`ulimit -n 1048576` (as root, before the start), systemd \
    `LimitNOFILE=1048576`, `docker run --ulimit nofile=1048576:1048576`";
const MORE_LOCKED: &str = "`ulimit -l unlimited` (as root, before the start), systemd \
    `LimitMEMLOCK=infinity`, `docker run --ulimit memlock=-1`";

pub(super) fn judge(facts: &Facts, checks: &mut Vec<Check>) {
    checks.push(descriptors(facts));
    checks.push(memlock(facts));
    checks.push(memory(facts));
}

fn descriptors(facts: &Facts) -> Check {
    let Descriptors { soft, hard, raised } = facts.descriptors;
    let [soft_text, hard_text, raised_text] = [soft, hard, raised].map(amount);
    let mut value = format!("soft {soft_text}, hard {hard_text}");
    if soft < raised {
        value += &format!(", raised to {raised_text} by the server");
    }
    let in_all = connections(facts);
    for (name, count) in &in_all {
        value += &format!("; {name} holds {}", counted(*count, "connection"));
    }
    // Of the backend that a server takes; of any if it takes none.
    let taken = facts.chosen.as_ref().map_or("", |chosen| chosen.backend.as_str());
    let taken = in_all.iter().find(|(name, _)| *name == taken).or(in_all.first());
    let state = match taken.map_or(u64::MAX, |(_, count)| *count) {
        0 => {
            value += &format!("; the process keeps {DESCRIPTORS_RESERVED} for itself");
            State::Problem
        }
        count if count < u64::from(LISTEN_BACKLOG) => State::Warning,
        _ => State::Ok,
    };
    let check = Check::new("descriptors", state, value);
    if state == State::Ok { check } else { check.cure(MORE_DESCRIPTORS) }
}

/// The connections of all workers together, for each backend that opens.
fn connections(facts: &Facts) -> Vec<(&'static str, u64)> {
    let count = |tried: &Tried| match tried {
        Tried::Opened { connections, .. } => Some(*connections),
        _ => None,
    };
    let workers = u64::try_from(facts.workers).unwrap_or(u64::MAX);
    let uring = facts.rungs.iter().find_map(|rung| count(&rung.tried));
    [(IoBackend::IoUring, uring), (IoBackend::Epoll, count(&facts.epoll))]
        .into_iter()
        .filter_map(|(backend, each)| {
            Some((backend.as_str(), u64::from(each?).saturating_mul(workers)))
        })
        .collect()
}

fn memlock(facts: &Facts) -> Check {
    let name = "locked memory";
    let value = facts.memlock.map_or_else(|| String::from("unlimited"), bytes);
    let is_short = facts.rungs.iter().any(|rung| match &rung.tried {
        Tried::Refused(refusal) => refusal.kind == ErrorKind::OutOfMemory,
        _ => false,
    });
    if is_short {
        let value = format!("{value}; io_uring was short of memory");
        return Check::new(name, State::Warning, value).cure(MORE_LOCKED);
    }
    let version = facts.release.as_deref().and_then(KernelVersion::parse);
    let is_counted = version.is_some_and(|version| version < RINGS_UNCOUNTED);
    let needed = RING_BYTES.saturating_mul(u64::try_from(facts.workers).unwrap_or(u64::MAX));
    if is_counted && facts.memlock.is_some_and(|limit| limit < needed) {
        let value = format!("{value}; this kernel counts rings, {} of them", bytes(needed));
        return Check::new(name, State::Warning, value).cure(MORE_LOCKED);
    }
    Check::ok(name, value)
}

fn memory(facts: &Facts) -> Check {
    let name = "memory limit";
    let Some(limit) = facts.memory else { return Check::ok(name, "none") };
    let workers = u64::try_from(facts.workers).unwrap_or(u64::MAX);
    let needed = workers.saturating_mul(WORKER_MIB);
    if limit >> 20 >= needed {
        return Check::ok(name, bytes(limit));
    }
    let busy = counted(workers, "busy worker");
    let value = format!("{}; {busy} may take {needed} MiB", bytes(limit));
    Check::new(name, State::Warning, value).cure(format!(
        "`docker run --memory {needed}m`, Kubernetes `resources.limits.memory: {needed}Mi`, \
         systemd `MemoryMax={needed}M`, or fewer workers: `dx-reactor serve --workers N`"
    ))
}

/// A limit, of which the largest number means none.
fn amount(limit: u64) -> String {
    if limit == u64::MAX { String::from("unlimited") } else { limit.to_string() }
}

/// In the largest unit that leaves two digits, or in bytes.
fn bytes(count: u64) -> String {
    match count {
        0..0x2800 => counted(count, "byte"),
        0x2800..0xa0_0000 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, memory};
    use crate::doctor::facts::{Descriptors, Facts, Tried};
    use crate::doctor::judge::rows::{Row, good, opened, refuse_io_uring, refused, run};
    use crate::doctor::report::State;
    use std::io::ErrorKind;

    fn limit(facts: &mut Facts, soft: u64, hard: u64, (uring, epoll): (u32, u32)) {
        facts.descriptors = Descriptors { soft, hard, raised: hard };
        facts.rungs.iter_mut().for_each(|rung| rung.tried = opened(uring));
        facts.epoll = opened(epoll);
    }

    #[test]
    fn descriptors() {
        let name = "descriptors";
        let rows: [Row; 10] = [
            (
                |f| limit(f, 1024, 20_000, (20_000, 9968)),
                name,
                State::Ok,
                &[
                    "soft 1024, hard 20000, raised to 20000",
                    "io_uring holds 40000 connections",
                    "epoll holds 19936 connections",
                ],
                &[],
            ),
            (
                |f| limit(f, u64::MAX, u64::MAX, (1 << 20, 1 << 20)),
                name,
                State::Ok,
                &["soft unlimited, hard unlimited;"],
                &[],
            ),
            (|f| limit(f, 9000, 9000, (2048, 2048)), name, State::Ok, &["hard 9000;"], &[]),
            (|f| limit(f, 4096, 4096, (4096, 2016)), name, State::Ok, &["epoll holds 4032"], &[]),
            (
                |f| {
                    limit(f, 1024, 4096, (4096, 2016));
                    refuse_io_uring(f, ErrorKind::PermissionDenied);
                },
                name,
                State::Warning,
                &["hard 4096, raised to 4096 by the server; epoll holds 4032"],
                &["ulimit -n", "LimitNOFILE", "--ulimit nofile"],
            ),
            (
                |f| limit(f, 65, 65, (65, 1)),
                name,
                State::Warning,
                &["epoll holds 2 connections"],
                &["ulimit -n"],
            ),
            (
                |f| {
                    limit(f, 64, 64, (64, 0));
                    refuse_io_uring(f, ErrorKind::PermissionDenied);
                },
                name,
                State::Problem,
                &["epoll holds 0 connections; the process keeps 64"],
                &["ulimit -n"],
            ),
            (
                |f| limit(f, 64, 64, (64, 0)),
                name,
                State::Warning,
                &["epoll holds 0"],
                &["ulimit -n"],
            ),
            (
                |f| {
                    refuse_io_uring(f, ErrorKind::PermissionDenied);
                    f.epoll = Tried::Refused(refused(ErrorKind::Other));
                    f.chosen = Err(refused(ErrorKind::Other));
                },
                name,
                State::Ok,
                &["soft 1024, hard 100000, raised to 100000 by the server"],
                &[],
            ),
            (
                |f| {
                    limit(f, 32, 20_000, (32, 0));
                    f.descriptors.raised = 32;
                },
                name,
                State::Warning,
                &["soft 32, hard 20000; io_uring holds 64"],
                &["ulimit -n"],
            ),
        ];
        run(&rows);
    }

    #[test]
    fn locked_memory() {
        fn old(facts: &mut Facts, memlock: u64) {
            facts.release = Some(String::from("5.11.9"));
            facts.memlock = Some(memlock);
        }
        let name = "locked memory";
        let rows: [Row; 5] = [
            (|_| {}, name, State::Ok, &["unlimited"], &[]),
            (|f| f.memlock = Some(65_536), name, State::Ok, &["64 KiB"], &[]),
            (|f| old(f, 401_408), name, State::Ok, &["392 KiB"], &[]),
            (
                |f| old(f, 401_407),
                name,
                State::Warning,
                &["counts rings, 392 KiB"],
                &["ulimit -l", "LimitMEMLOCK", "--ulimit memlock"],
            ),
            (
                |f| {
                    f.memlock = Some(8 << 20);
                    refuse_io_uring(f, ErrorKind::OutOfMemory);
                },
                name,
                State::Warning,
                &["8192 KiB; io_uring was short"],
                &["ulimit -l"],
            ),
        ];
        run(&rows);
    }

    #[test]
    fn memory_limits() {
        let name = "memory limit";
        let rows: [Row; 3] = [
            (|_| {}, name, State::Ok, &["none"], &[]),
            (|f| f.memory = Some(128 << 20), name, State::Ok, &["128 MiB"], &[]),
            (
                |f| f.memory = Some((128 << 20) - 1),
                name,
                State::Warning,
                &["take 128 MiB"],
                &["--memory 128m", "MemoryMax=128M", "--workers"],
            ),
        ];
        run(&rows);
        // As many workers as a flag can name.
        let facts = Facts { workers: usize::MAX, memory: Some(u64::MAX), ..good() };
        assert_eq!(memory(&facts).state, State::Warning);
    }

    #[test]
    fn bytes_are_read_by_people() {
        let rows = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (10_239, "10239 bytes"),
            (10_240, "10 KiB"),
            (10_485_759, "10239 KiB"),
            (10_485_760, "10 MiB"),
            (u64::MAX, "17592186044415 MiB"),
        ];
        for (count, text) in rows {
            assert_eq!(bytes(count), text);
        }
    }
}
