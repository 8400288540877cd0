//! How much processor time a row has burnt.
//!
//! Owns the one question, as each host answers it. Invariant: the answer is about the calling
//! thread alone.

use std::time::Duration;

/// Processor time of this thread (proc(5), `schedstat`).
#[cfg(target_os = "linux")]
pub fn time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let nanos = stat.split_whitespace().next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.expect("nanoseconds"))
}

/// Processor time of this thread (`GetThreadTimes`), in steps of the system's tick.
#[cfg(windows)]
pub fn time() -> Duration {
    use windows_sys::Win32::Foundation::FILETIME;
    use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

    let mut times = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the pseudo handle is this thread's, and the pointers are to four locals.
    let done = unsafe { GetThreadTimes(GetCurrentThread(), created, ended, kernel, user) };
    assert!(done != 0, "{}", std::io::Error::last_os_error());
    // Hundreds of nanoseconds, in two halves.
    let ticks =
        |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos(100 * (ticks(times[2]) + ticks(times[3])))
}
