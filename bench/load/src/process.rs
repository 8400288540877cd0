//! Another process's CPU time and memory, as the kernel accounts for them (proc(5)).
//!
//! Owns the parsing of `/proc`. Invariant: a number comes back only when the kernel printed one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::str::FromStr;

/// The CPU time of each thread of one process at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuTimes {
    /// Nanoseconds by thread id.
    tasks: BTreeMap<u32, u64>,
}

impl CpuTimes {
    /// What every living thread of `pid` has spent on a CPU so far, in user and kernel mode: the
    /// first fields of `/proc/PID/task/*/schedstat`. A running thread's may lag by one tick.
    ///
    /// # Errors
    ///
    /// What reading `/proc` reports; `InvalidData` when a file has another form.
    pub fn read(pid: u32) -> io::Result<Self> {
        let mut tasks = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?;
            let id = first_number(&task.file_name().to_string_lossy())?;
            match fs::read_to_string(task.path().join("schedstat")) {
                Ok(line) => _ = tasks.insert(id, first_number(&line)?),
                // The thread ended between the listing and the reading.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { tasks })
    }

    /// Nanoseconds spent between `before` and `self`; `None` when a thread ended in between,
    /// because its share is lost and the sum would flatter the process.
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<u64> {
        let ended = before.tasks.keys().any(|id| !self.tasks.contains_key(id));
        let spent = |(id, now): (&u32, &u64)| now - before.tasks.get(id).unwrap_or(&0);
        (!ended).then(|| self.tasks.iter().map(spent).sum())
    }
}

/// Bytes of physical memory that `pid` occupies: `VmRSS` of `/proc/PID/status`. Kernel memory of
/// its sockets is not in it.
///
/// # Errors
///
/// What reading `/proc` reports; `InvalidData` when the line is missing.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(first_number::<u64>(line.ok_or(io::ErrorKind::InvalidData)?)? * 1024)
}

fn first_number<T: FromStr>(line: &str) -> io::Result<T> {
    let field = line.split_whitespace().next();
    field
        .and_then(|field| field.parse().ok())
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows_as_time_and_memory_as_bytes() {
        let pid = std::process::id();
        let (before, resident) = (CpuTimes::read(pid).unwrap(), resident_bytes(pid).unwrap());
        let memory = vec![1_u8; 64 << 20];
        let sum: u64 = memory.iter().map(|byte| u64::from(*byte)).sum();
        assert_eq!(sum, 64 << 20);
        let after = CpuTimes::read(pid).unwrap();
        assert!(after.tasks.values().sum::<u64>() > 0 && after != before);
        assert!(resident_bytes(pid).unwrap() >= resident + (60 << 20));
        drop(memory);
    }

    #[test]
    fn a_thread_that_ended_leaves_no_sum() {
        let times = |tasks: &[(u32, u64)]| CpuTimes { tasks: tasks.iter().copied().collect() };
        let before = times(&[(1, 100), (2, 50)]);
        assert_eq!(times(&[(1, 130), (2, 50)]).since(&before), Some(30));
        assert_eq!(times(&[(1, 130), (2, 50), (3, 7)]).since(&before), Some(37));
        assert_eq!(times(&[(1, 130), (3, 7)]).since(&before), None);
    }

    #[test]
    fn other_forms_are_errors() {
        assert!(first_number::<u64>("").is_err() && first_number::<u64>("a 1").is_err());
        assert_eq!(first_number::<u64>("12 34 5\n").unwrap(), 12);
    }
}
