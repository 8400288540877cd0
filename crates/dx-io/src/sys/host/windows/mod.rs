//! Windows as a host.
//!
//! Owns the functions of `linux`, in its order, for the first 64 processors (one processor
//! group). Knows no reactor. Invariant: what Windows has no notion of is `None`, `Unsupported` or
//! "unlimited", never a guess.

mod termination;

use std::io;
use std::os::windows::io::AsRawSocket;

use windows_sys::Win32::Networking::WinSock::{
    SO_EXCLUSIVEADDRUSE, SOCKET, SOCKET_ERROR, SOL_SOCKET, setsockopt,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentProcessorNumber, GetCurrentThread, GetProcessAffinityMask,
    SetThreadAffinityMask,
};

use super::{HostLimits, SystemCallFilter, TcpSettings};
use crate::config::StartStep;

pub use termination::{Termination, TerminationHandle};

pub(super) fn kernel_release() -> Option<String> {
    None
}

pub(super) fn io_uring_disabled() -> Option<u8> {
    None
}

pub(super) fn system_call_filter() -> Option<SystemCallFilter> {
    None
}

pub(super) fn allowed_cpus() -> io::Result<Vec<usize>> {
    let allowed = process_mask()?;
    // A thread's mask can only be read by replacing it, which has no effect for this instant: the
    // process's mask contains it.
    let own = set_thread_mask(allowed)?;
    set_thread_mask(own)?;
    Ok((0..usize::BITS as usize).filter(|cpu| own & (1 << cpu) != 0).collect())
}

pub(super) fn restrict_current_thread(cpus: &[usize]) -> io::Result<()> {
    let mut wanted = 0;
    for &cpu in cpus {
        let bit = u32::try_from(cpu).ok().and_then(|cpu| 1usize.checked_shl(cpu));
        wanted |= bit.ok_or(io::ErrorKind::InvalidInput)?;
    }
    let mask = wanted & process_mask()?;
    if mask == 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    set_thread_mask(mask).map(drop)
}

pub(super) fn current_cpu() -> io::Result<usize> {
    // SAFETY: the call takes nothing and cannot fail.
    Ok(unsafe { GetCurrentProcessorNumber() } as usize)
}

pub(super) fn cpu_quota() -> Option<f64> {
    None
}

pub(super) fn memory_limit() -> Option<u64> {
    None
}

pub(super) fn limits() -> HostLimits {
    // Handles are bounded by memory, and no call tells how many there may be.
    HostLimits {
        descriptors_soft: u64::MAX,
        descriptors_hard: u64::MAX,
        memlock_bytes: None,
        accept_queue_max: None,
    }
}

pub(super) fn raise_descriptor_limit() -> io::Result<u64> {
    Ok(limits().descriptors_hard)
}

pub(super) fn tcp_settings() -> TcpSettings {
    TcpSettings::default()
}

/// `SO_REUSEADDR` lets sockets share an address here, but all connections go to one of them.
pub(super) const SHARES_PORTS: bool = false;

pub(super) fn own_port(socket: &socket2::Socket) -> io::Result<()> {
    // Binding over TIME_WAIT needs no option here; without this one, a stranger's SO_REUSEADDR
    // takes the port away.
    let on = 1i32.to_ne_bytes();
    // SAFETY: the pointer and length are those of `on`, and the socket is open.
    let status = unsafe {
        setsockopt(
            socket.as_raw_socket() as SOCKET,
            SOL_SOCKET,
            SO_EXCLUSIVEADDRUSE,
            on.as_ptr(),
            on.len() as i32,
        )
    };
    if status == SOCKET_ERROR { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn share_port(_socket: &socket2::Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn cure(_step: StartStep, _error: &io::Error) -> Option<&'static str> {
    None
}

/// The processors of the process's group that it may use.
fn process_mask() -> io::Result<usize> {
    let (mut process, mut system) = (0, 0);
    // SAFETY: both pointers are to locals, and the pseudo handle needs no closing.
    let done = unsafe { GetProcessAffinityMask(GetCurrentProcess(), &mut process, &mut system) };
    // Zero stands for a process with threads in several groups: then there is no one mask.
    match (done, process) {
        (0, _) => Err(io::Error::last_os_error()),
        (_, 0) => Err(io::ErrorKind::Unsupported.into()),
        _ => Ok(process),
    }
}

/// Sets the calling thread's mask and returns the one before.
fn set_thread_mask(mask: usize) -> io::Result<usize> {
    // SAFETY: the pseudo handle is the calling thread's and needs no closing.
    match unsafe { SetThreadAffinityMask(GetCurrentThread(), mask) } {
        0 => Err(io::Error::last_os_error()),
        before => Ok(before),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::{allowed_cpus, current_cpu, restrict_current_thread};

    #[test]
    fn a_pinned_thread_stays() {
        let all = allowed_cpus().expect("a mask");
        assert!(!all.is_empty() && all.is_sorted());
        std::thread::spawn(move || {
            for &cpu in &all {
                restrict_current_thread(&[cpu]).expect("allowed");
                assert_eq!(allowed_cpus().expect("a mask"), [cpu]);
                assert_eq!(current_cpu().expect("a number"), cpu);
            }
            for refused in [&[][..], &[64], &[usize::MAX]] {
                let error = restrict_current_thread(refused).expect_err("no such processor");
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{refused:?}");
            }
        })
        .join()
        .expect("thread");
    }
}
