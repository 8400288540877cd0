//! The limit of memory.
//!
//! Owns the reading of `memory.max` (the kernel's cgroup-v2.rst) and of `memory.limit_in_bytes`
//! (cgroup-v1/memory.rst). Opens no file: a closure does. Invariant: what stands for "no limit" in
//! either version is none.

use std::path::Path;

use super::{Version, smallest};

/// Version 1 has no word for "no limit": its counter of pages is then at its end, which is
/// `i64::MAX` bytes cut to whole pages, of 64 KiB at most on the targets we know.
const UNLIMITED_FROM: u64 = i64::MAX as u64 - 0xffff;

/// The smallest limit, in bytes, of the groups and mounts of a process and their ancestors. `read`
/// gives a file's text.
pub(in crate::sys::host::linux) fn limit(
    groups: &str,
    mounts: &str,
    mut read: impl FnMut(&Path) -> Option<String>,
) -> Option<u64> {
    smallest("memory", (groups, mounts), |version, dir| {
        let file = match version {
            Version::Two => "memory.max",
            Version::One => "memory.limit_in_bytes",
        };
        bytes(&read(&dir.join(file))?)
    })
}

/// The bytes that `text` allows: `None` for `max`, for version 1's largest number, and for what is
/// no number.
fn bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes < UNLIMITED_FROM)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
    const V1: &str = "35 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory\n\
                      32 31 0:29 / /cg/cpu rw,relatime - cgroup cgroup rw,cpu\n";

    #[test]
    fn bytes_rows() {
        let rows = [
            ("max\n", None),
            ("536870912\n", Some(512 << 20)),
            ("0", Some(0)),
            ("9223372036854771712\n", None),
            ("9223372036854710272\n", None),
            ("9223372036854710271\n", Some(9_223_372_036_854_710_271)),
            ("18446744073709551615", None),
            ("18446744073709551616", None),
            ("-1", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
    }

    /// groups, mounts, files, the limit they amount to.
    type Row = (&'static str, String, &'static [(&'static str, &'static str)], Option<u64>);

    #[test]
    fn the_smallest_of_a_group_and_its_ancestors_counts() {
        let rows: Vec<Row> = vec![
            ("0::/\n", V2.into(), &[], None),
            (
                "0::/a/b\n",
                V2.into(),
                &[
                    ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
                    ("/sys/fs/cgroup/a/memory.max", "2000\n"),
                    ("/sys/fs/cgroup/memory.max", "3000\n"),
                    ("/sys/fs/memory.max", "1\n"),
                    ("/sys/fs/cgroup/a/memory.limit_in_bytes", "1\n"),
                ],
                Some(2000),
            ),
            (
                "4:memory:/x\n1:cpu:/y\n0::/\n",
                format!("{V1}{V2}"),
                &[
                    ("/cg/memory/x/memory.limit_in_bytes", "9223372036854771712\n"),
                    ("/cg/memory/memory.limit_in_bytes", "7000\n"),
                    ("/cg/cpu/y/memory.limit_in_bytes", "1\n"),
                    ("/cg/memory/y/memory.limit_in_bytes", "1\n"),
                ],
                Some(7000),
            ),
        ];
        for (groups, mounts, files, expected) in &rows {
            let found = limit(groups, mounts, |path| {
                let file = files.iter().find(|(name, _)| Path::new(name) == path);
                file.map(|(_, text)| (*text).to_owned())
            });
            assert_eq!(found, *expected, "{groups:?}");
        }
    }
}
