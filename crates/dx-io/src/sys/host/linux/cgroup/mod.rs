//! Limits of control groups, versions 1 and 2.
//!
//! Owns the reading of /proc/self/cgroup (cgroups(7)) and /proc/self/mountinfo (proc(5)), and the
//! walk from a group up to the root that can be seen; each controller has a file of its own. Opens
//! no file: a closure does. Invariant: text that is not what these pages describe counts as no
//! limit.

mod cpu;
mod memory;

use std::path::{Path, PathBuf};

pub(super) use cpu::quota;
pub(super) use memory::limit;

/// Ancestors looked at of one group. cgroup.max.depth has no default, a path has 4,096 bytes.
const DEPTH_MAX: usize = 2048;

/// The version of the interface a hierarchy is mounted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Where a hierarchy of groups is mounted.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    version: Version,
    /// The group that the mount point shows; not `/` in a container without a namespace.
    root: PathBuf,
    point: PathBuf,
}

/// The smallest limit of the groups that `groups` (/proc/self/cgroup) names for `controller`, and
/// of their ancestors below the mounts in `mounts` (/proc/self/mountinfo). `limit` gives that of
/// one group, by its folder.
fn smallest<T: PartialOrd>(
    controller: &str,
    (groups, mounts): (&str, &str),
    mut limit: impl FnMut(Version, &Path) -> Option<T>,
) -> Option<T> {
    let mut smallest: Option<T> = None;
    for mount in mounts.lines().filter_map(|line| mount(line, controller)) {
        // A host may run both versions at once; the controller is then in one of them, and the
        // files of the other do not exist.
        let Some(group) = groups.lines().find_map(|line| group(line, controller, mount.version))
        else {
            continue;
        };
        let leaf = directory(&mount, group);
        let up_to_mount = leaf.ancestors().take_while(|dir| dir.starts_with(&mount.point));
        for dir in up_to_mount.take(DEPTH_MAX) {
            smallest = match (smallest, limit(mount.version, dir)) {
                (Some(old), Some(new)) => Some(if new < old { new } else { old }),
                (old, new) => old.or(new),
            };
        }
    }
    smallest
}

/// The group's path, if `line` of /proc/self/cgroup (`hierarchy:controllers:path`) is about
/// `controller` in that version.
fn group<'a>(line: &'a str, controller: &str, version: Version) -> Option<&'a str> {
    let (hierarchy, rest) = line.split_once(':')?;
    // The path comes last because it may contain colons itself.
    let (controllers, path) = rest.split_once(':')?;
    let ours = match version {
        Version::Two => hierarchy == "0" && controllers.is_empty(),
        Version::One => controllers.split(',').any(|each| each == controller),
    };
    (ours && path.starts_with('/')).then_some(path)
}

/// The mount that `line` of /proc/self/mountinfo describes, if `controller` may be in it:
/// `id parent major:minor root point options [optional...] - type source super_options`.
fn mount(line: &str, controller: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let version = match kind.next()? {
        "cgroup2" => Version::Two,
        "cgroup" if kind.nth(1)?.split(',').any(|option| option == controller) => Version::One,
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V2: &str = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";

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
            assert_eq!(group(line, "cpu", version), expected, "{line:?} {version:?}");
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
            assert_eq!(mount(line, "cpu"), expected, "{line:?}");
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

    proptest! {
        #[test]
        fn any_field_is_survived(field in "[ -~é\\\\]{0,120}") {
            prop_assert!(field.contains('\\') || unescape(&field) == Path::new(&field));
        }
    }
}
