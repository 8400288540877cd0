//! The quota of CPU time.
//!
//! Owns the reading of `cpu.max` (the kernel's cgroup-v2.rst) and of `cpu.cfs_quota_us`
//! (sched-bwc.rst). Opens no file: a closure does. Invariant: a quota is a positive number.

use std::path::Path;

use super::{Version, smallest};

/// The smallest quota, in cores, of the groups and mounts of a process and their ancestors.
/// `read` gives a file's text.
pub(in crate::sys::host::linux) fn quota(
    groups: &str,
    mounts: &str,
    mut read: impl FnMut(&Path) -> Option<String>,
) -> Option<f64> {
    smallest("cpu", (groups, mounts), |version, dir| match version {
        Version::Two => read(&dir.join("cpu.max")).and_then(|text| cpu_max(&text)),
        Version::One => read(&dir.join("cpu.cfs_quota_us"))
            .zip(read(&dir.join("cpu.cfs_period_us")))
            .and_then(|(quota, period)| ratio(quota.trim(), period.trim())),
    })
}

/// `cpu.max`: `QUOTA PERIOD` in microseconds, or `max PERIOD` for no quota.
fn cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    ratio(quota, period)
}

/// Cores allowed: `quota` / `period`. `None` for what is no positive number, such as the `max` of
/// version 2 and the -1 of version 1.
fn ratio(quota: &str, period: &str) -> Option<f64> {
    let quota: u32 = quota.parse().ok().filter(|micros| *micros > 0)?;
    let period: u32 = period.parse().ok().filter(|micros| *micros > 0)?;
    Some(f64::from(quota) / f64::from(period))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V2: &str = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
    const V1: &str = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";

    #[test]
    fn cpu_max_rows() {
        let rows = [
            ("max 100000\n", None),
            ("200000 100000\n", Some(2.0)),
            ("50000 100000\n", Some(0.5)),
            ("150000 100000", Some(1.5)),
            ("0 100000", None),
            ("100000 0", None),
            ("100000", None),
            ("-1 100000", None),
            ("1e5 100000", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(cpu_max(text), expected, "{text:?}");
        }
    }

    /// groups, mounts, files, the quota they amount to.
    type Row = (&'static str, String, &'static [(&'static str, &'static str)], Option<f64>);

    fn quota_of(row: &Row) -> Option<f64> {
        let (groups, mounts, files, _) = row;
        quota(groups, mounts, |path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn the_smallest_of_a_group_and_its_ancestors_counts() {
        let rows: Vec<Row> = vec![
            ("0::/\n", V2.into(), &[], None),
            ("0::/\n", V2.into(), &[("/sys/fs/cgroup/cpu.max", "300000 100000\n")], Some(3.0)),
            (
                "0::/a/b\n",
                V2.into(),
                &[
                    ("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
                    ("/sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
                    ("/sys/fs/cgroup/cpu.max", "400000 100000\n"),
                    ("/sys/fs/cpu.max", "1 100000\n"),
                    ("/sys/fs/cgroup/other/cpu.max", "1 100000\n"),
                ],
                Some(1.5),
            ),
            ("0::/../up\n", V2.into(), &[("/sys/fs/cgroup/cpu.max", "7 2\n")], Some(3.5)),
            (
                "4:cpu,cpuacct:/x\n0::/y\n",
                format!("{V1}{V2}"),
                &[
                    ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n"),
                    ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
                    ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n"),
                    ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
                    ("/sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "1\n"),
                    ("/sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\n"),
                ],
                Some(2.5),
            ),
            (
                "4:cpu:/docker/7/sub\n",
                "40 30 0:29 /docker/7 /cpu rw - cgroup cgroup rw,cpu\n".into(),
                &[("/cpu/sub/cpu.cfs_quota_us", "50000"), ("/cpu/sub/cpu.cfs_period_us", "100000")],
                Some(0.5),
            ),
        ];
        for row in &rows {
            assert_eq!(quota_of(row), row.3, "{row:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(groups in ".{0,80}", mounts in "[ -~é\\\\]{0,120}", file in ".*") {
            let quota = quota(&groups, &mounts, |_| Some(file.clone()));
            prop_assert!(quota.is_none_or(|cores| cores > 0.0));
        }

        #[test]
        fn the_smallest_wins(quotas in proptest::collection::vec(1..9_000_000_u32, 1..8)) {
            let leaf = format!("/sys/fs/cgroup{}", "/g".repeat(quotas.len() - 1));
            let group = format!("0::{}\n", if quotas.len() == 1 { "/".into() } else {
                "/g".repeat(quotas.len() - 1)
            });
            let found = quota(&group, V2, |file| {
                let dir = file.parent();
                let above = Path::new(&leaf).ancestors().position(|above| Some(above) == dir);
                above.and_then(|up| quotas.get(up)).map(|micros| format!("{micros} 100000\n"))
            });
            let expected = quotas.iter().min().map(|micros| f64::from(*micros) / 100_000.0);
            prop_assert_eq!(found, expected);
        }
    }
}
