//! Linux as a host.
//!
//! Owns the calls behind the functions of `host`, in their order; control groups, cures, settings
//! and signals have files of their own beside this one. Invariant: memory given to a call is
//! exactly as long as the length given with it.

mod cgroup;
mod cure;
mod settings;
mod termination;

use std::fs;
use std::io;
use std::mem;
use std::path::Path;

use libc::{c_ulong, rlimit};

use super::{HostLimits, SystemCallFilter, TcpSettings};

pub(super) use cure::cure;
pub use termination::{Termination, TerminationHandle};

/// Bits of one word of a CPU mask: the kernel counts in `unsigned long`.
const WORD_BITS: usize = c_ulong::BITS as usize;
/// Words of the first mask tried: 1,024 CPUs, what glibc's `cpu_set_t` has.
const MASK_WORDS: usize = 1024 / WORD_BITS;
/// Numbers of CPUs we can imagine. Linux has `CONFIG_NR_CPUS` of at most 8,192 (6.18).
const CPUS_MAX: usize = 1 << 16;

pub(super) fn kernel_release() -> Option<String> {
    // SAFETY: `utsname` consists of arrays of characters, for which all-zero bytes are valid.
    let mut names: libc::utsname = unsafe { mem::zeroed() };
    // SAFETY: `names` is a whole `utsname` that we own, and uname(2) writes nothing beyond it.
    checked(unsafe { libc::uname(&raw mut names) }).ok()?;
    // Characters are signed on some targets and not on others; their bytes are the same.
    let release = names.release.iter().map(|c| c.to_ne_bytes()[0]).take_while(|byte| *byte != 0);
    String::from_utf8(release.collect()).ok()
}

pub(super) fn io_uring_disabled() -> Option<u8> {
    read_number("/proc/sys/kernel/io_uring_disabled")
}

pub(super) fn system_call_filter() -> Option<SystemCallFilter> {
    settings::filter(&fs::read_to_string("/proc/self/status").ok()?)
}

pub(super) fn allowed_cpus() -> io::Result<Vec<usize>> {
    let mut mask: Vec<c_ulong> = vec![0; MASK_WORDS];
    loop {
        // SAFETY: the pointer and the length in bytes are those of one live vector of
        // `unsigned long`, which is what the kernel fills; pid 0 is the calling thread.
        let status =
            unsafe { libc::sched_getaffinity(0, size_of_val(&mask[..]), mask.as_mut_ptr().cast()) };
        let Err(error) = checked(status) else { return Ok(cpus_of(&mask)) };
        // EINVAL: the mask is shorter than the kernel's own, sched_getaffinity(2).
        let longer = mask.len() * 2;
        if error.raw_os_error() != Some(libc::EINVAL) || longer > CPUS_MAX / WORD_BITS {
            return Err(error);
        }
        mask.resize(longer, 0);
    }
}

pub(super) fn restrict_current_thread(cpus: &[usize]) -> io::Result<()> {
    let mask = mask_of(cpus).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the pointer and the length in bytes are those of one live vector of `unsigned
    // long`, which the kernel only reads; pid 0 is the calling thread.
    checked(unsafe { libc::sched_setaffinity(0, size_of_val(&mask[..]), mask.as_ptr().cast()) })
}

pub(super) fn current_cpu() -> io::Result<usize> {
    // SAFETY: sched_getcpu(3) takes nothing and touches no memory of ours.
    let cpu = unsafe { libc::sched_getcpu() };
    usize::try_from(cpu).map_err(|_| io::Error::last_os_error())
}

pub(super) fn cpu_quota() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    cgroup::quota(&groups, &mounts, |file| fs::read_to_string(file).ok())
}

pub(super) fn memory_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    cgroup::limit(&groups, &mounts, |file| fs::read_to_string(file).ok())
}

pub(super) fn limits() -> HostLimits {
    // getrlimit(2) fails only for bad arguments or under a sandbox; 1,024 and 8 MiB are then what
    // the kernel starts a process with.
    let descriptors = descriptor_limit().unwrap_or(rlimit { rlim_cur: 1024, rlim_max: 1024 });
    let memlock = memlock_limit().map_or(8 << 20, |limit| limit.rlim_cur);
    HostLimits {
        descriptors_soft: descriptors.rlim_cur,
        descriptors_hard: descriptors.rlim_max,
        memlock_bytes: (memlock != libc::RLIM_INFINITY).then_some(memlock),
        accept_queue_max: read_number("/proc/sys/net/core/somaxconn"),
    }
}

pub(super) fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = descriptor_limit()?;
    if limit.rlim_cur != limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: `limit` is a whole `rlimit` that the kernel only reads.
        checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })?;
    }
    Ok(limit.rlim_cur)
}

pub(super) fn tcp_settings() -> TcpSettings {
    let folder = Path::new("/proc/sys/net/ipv4");
    settings::tcp(|name| fs::read_to_string(folder.join(name)).ok())
}

pub(super) const SHARES_PORTS: bool = true;

pub(super) fn own_port(socket: &socket2::Socket) -> io::Result<()> {
    // Takes no port from a listener: that is only done to connections in TIME_WAIT, socket(7).
    socket.set_reuse_address(true)
}

pub(super) fn share_port(socket: &socket2::Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

/// The indices of the bits that are set, ascending.
fn cpus_of(mask: &[c_ulong]) -> Vec<usize> {
    (0..mask.len() * WORD_BITS)
        .filter(|cpu| mask[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1 == 1)
        .collect()
}

/// A mask just long enough with the bits of `cpus` set; `None` if one is beyond any machine.
fn mask_of(cpus: &[usize]) -> Option<Vec<c_ulong>> {
    let highest = cpus.iter().copied().max().unwrap_or(0);
    if highest >= CPUS_MAX {
        return None;
    }
    let mut mask = vec![0; highest / WORD_BITS + 1];
    for cpu in cpus {
        mask[cpu / WORD_BITS] |= 1 << (cpu % WORD_BITS);
    }
    Some(mask)
}

fn descriptor_limit() -> io::Result<rlimit> {
    let mut limit = rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a whole `rlimit` that we own, and the kernel writes nothing beyond it.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    Ok(limit)
}

fn memlock_limit() -> io::Result<rlimit> {
    let mut limit = rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: as in `descriptor_limit`.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) })?;
    Ok(limit)
}

/// The number that is all a file under /proc/sys holds.
fn read_number<N: core::str::FromStr>(file: &str) -> Option<N> {
    fs::read_to_string(Path::new(file)).ok()?.trim_ascii_end().parse().ok()
}

/// What errno says if a call returned -1.
fn checked(status: libc::c_int) -> io::Result<()> {
    if status == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{CPUS_MAX, cpus_of, mask_of};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_mask_is_no_longer_than_any_machine() {
        assert_eq!(mask_of(&[CPUS_MAX]), None);
        assert_eq!(mask_of(&[0, usize::MAX]), None);
        assert_eq!(mask_of(&[CPUS_MAX - 1]).map(|mask| cpus_of(&mask)), Some(vec![CPUS_MAX - 1]));
        assert_eq!(mask_of(&[]).map(|mask| cpus_of(&mask)), Some(vec![]));
    }

    proptest! {
        #[test]
        fn a_mask_holds_the_set_it_was_made_of(
            cpus in proptest::collection::vec(0..5_000_usize, 0..64),
        ) {
            let set: BTreeSet<usize> = cpus.iter().copied().collect();
            let held = cpus_of(&mask_of(&cpus).unwrap());
            prop_assert_eq!(held, set.into_iter().collect::<Vec<_>>());
        }
    }
}
