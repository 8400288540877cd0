//! CPU quotas of control groups, versions 1 and 2.
//!
//! Owns the reading of /proc/self/cgroup (cgroups(7)), /proc/self/mountinfo (proc(5)), `cpu.max`
//! (the kernel's cgroup-v2.rst) and `cpu.cfs_quota_us` (sched-bwc.rst). Opens no file: a closure
//! does. Invariant: text that is not what these pages describe counts as no quota.

use std::path::{Path, PathBuf};

/// Ancestors looked at of one group. cgroup.max.depth has no default, a path has 4,096 bytes.
const DEPTH_MAX: usize = 2048;

/// The version of the interface a hierarchy is mounted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Where a hierarchy that controls CPU time is mounted.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    version: Version,
    /// The group that the mount point shows; not `/` in a container without a namespace.
    root: PathBuf,
    point: PathBuf,
}

/// The smallest quota, in cores, of the groups that `groups` (/proc/self/cgroup) names and of
/// their ancestors below the mounts in `mounts` (/proc/self/mountinfo). `read` gives a file's text.
pub(super) fn quota(
    groups: &str,
    mounts: &str,
    mut read: impl FnMut(&Path) -> Option<String>,
) -> Option<f64> {
    let mut smallest: Option<f64> = None;
    for mount in mounts.lines().filter_map(mount) {
        // A host may run both versions at once; the CPU controller is then in one of them, and
        // the files of the other do not exist.
        let Some(group) = groups.lines().find_map(|line| group(line, mount.version)) else {
            continue;
        };
        let leaf = directory(&mount, group);
        let up_to_mount = leaf.ancestors().take_while(|dir| dir.starts_with(&mount.point));
        for dir in up_to_mount.take(DEPTH_MAX) {
            let found = match mount.version {
                Version::Two => read(&dir.join("cpu.max")).and_then(|text| cpu_max(&text)),
                Version::One => read(&dir.join("cpu.cfs_quota_us"))
                    .zip(read(&dir.join("cpu.cfs_period_us")))
                    .and_then(|(quota, period)| ratio(quota.trim(), period.trim())),
            };
            smallest = match (smallest, found) {
                (Some(old), Some(new)) => Some(old.min(new)),
                (old, new) => old.or(new),
            };
        }
    }
    smallest
}

/// The group's path, if `line` of /proc/self/cgroup (`hierarchy:controllers:path`) is about the
/// CPU controller in that version.
fn group(line: &str, version: Version) -> Option<&str> {
    let (hierarchy, rest) = line.split_once(':')?;
    // The path comes last because it may contain colons itself.
    let (controllers, path) = rest.split_once(':')?;
    let ours = match version {
        Version::Two => hierarchy == "0" && controllers.is_empty(),
        Version::One => controllers.split(',').any(|controller| controller == "cpu"),
    };
    (ours && path.starts_with('/')).then_some(path)
}

/// The mount that `line` of /proc/self/mountinfo describes, if it is a hierarchy we read:
/// `id parent major:minor root point options [optional...] - type source super_options`.
fn mount(line: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let version = match kind.next()? {
        "cgroup2" => Version::Two,
        "cgroup" if kind.nth(1)?.split(',').any(|option| option == "cpu") => Version::One,
        _ => return None,
    };
    let mut place = place.split(' ').skip(3);
    let root = unescape(place.next()?);
    let point = unescape(place.next()?);
    Some(Mount { version, root, point })
}

/// The directory of `group` below `mount`; the mount point itself if the group is not below it
/// (as `/..` in another namespace's view is not), because that is the nearest we can see.
fn directory(mount: &Mount, group: &str) -> PathBuf {
    match Path::new(group).strip_prefix(&mount.root) {
        Ok(below) if below.components().all(|part| part.as_os_str() != "..") => {
            // Joining an empty path would add a slash.
            if below.as_os_str().is_empty() { mount.point.clone() } else { mount.point.join(below) }
        }
        _ => mount.point.clone(),
    }
}

/// A field of mountinfo with its octal escapes (`\040` for a space) undone.
fn unescape(field: &str) -> PathBuf {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = rest.get(at + 1..at + 4).and_then(|code| u8::from_str_radix(code, 8).ok());
        // The kernel escapes space, tab, newline and backslash, all of them ASCII.
        match escape.filter(u8::is_ascii) {
            Some(byte) => {
                text.push(char::from(byte));
                rest = &rest[at + 4..];
            }
            None => {
                text.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(rest);
    PathBuf::from(text)
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

    #[test]
    fn group_rows() {
        let rows = [
            ("0::/a/b", Version::Two, Some("/a/b")),
            ("0::/", Version::Two, Some("/")),
            ("0::/a:b", Version::Two, Some("/a:b")),
            ("0::a", Version::Two, None),
            ("1:name=systemd:/x", Version::Two, None),
            ("4:cpu,cpuacct:/x", Version::One, Some("/x")),
            ("4:cpuacct,cpu:/x", Version::One, Some("/x")),
            ("4:cpuset:/x", Version::One, None),
            ("0::/x", Version::One, None),
            ("", Version::One, None),
        ];
        for (line, version, expected) in rows {
            assert_eq!(group(line, version), expected, "{line:?} {version:?}");
        }
    }

    #[test]
    fn mount_rows() {
        let made = |version, root: &str, point: &str| {
            Some(Mount { version, root: root.into(), point: point.into() })
        };
        let rows = [
            (V2.trim(), made(Version::Two, "/", "/sys/fs/cgroup")),
            (
                "40 30 0:29 /docker/7 /c\\040d\\134 rw shared:1 master:2 - cgroup c rw,cpu",
                made(Version::One, "/docker/7", "/c d\\"),
            ),
            ("33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset", None),
            ("33 31 0:30 / /proc rw - proc proc rw", None),
            ("33 31 - cgroup2 cgroup2 rw", None),
            ("", None),
        ];
        for (line, expected) in rows {
            assert_eq!(mount(line), expected, "{line:?}");
        }
    }

    #[test]
    fn unescape_rows() {
        let rows = [
            ("/plain", "/plain"),
            ("/a\\040b\\011c", "/a b\tc"),
            ("\\134\\134", "\\\\"),
            ("/é\\04é", "/é\\04é"),
            ("\\777", "\\777"),
            ("\\", "\\"),
        ];
        for (field, expected) in rows {
            assert_eq!(unescape(field), Path::new(expected), "{field:?}");
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
            let point = unescape(&mounts);
            prop_assert!(mounts.contains('\\') || point == Path::new(&mounts));
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
