//! Which crate of the house may name which.
//!
//! Owns `crate-floor` and the plan of the house. Knows nothing of crates from elsewhere. Invariant:
//! in the plan nothing points upward and there are no circles.

use crate::finding::{Finding, Rule};
use crate::manifest::{self, Dependency};
use crate::tree::{TextFile, Tree};

/// A crate's place in the house.
struct Member {
    name: &'static str,
    floor: u8,
    /// What it may name; and whatever that, in turn, may name.
    may_name: &'static [&'static str],
    /// What it may name when a feature asks for it.
    may_name_by_feature: &'static [&'static str],
}

const fn member(
    name: &'static str,
    floor: u8,
    may_name: &'static [&'static str],
    may_name_by_feature: &'static [&'static str],
) -> Member {
    Member { name, floor, may_name, may_name_by_feature }
}

/// The house, floor by floor. A new crate gets its line here first.
const HOUSE: [Member; 14] = [
    member("dx-teleport-derive", 0, &[], &[]),
    member("dx-teleport", 0, &["dx-teleport-derive"], &[]),
    member("dx-hbtp", 0, &[], &[]),
    member("dx-http", 0, &[], &[]),
    member("dx-io", 0, &[], &[]),
    member("dx-cache", 0, &[], &[]),
    member("dx-rt", 1, &["dx-io"], &[]),
    member("dx-sim", 1, &["dx-io"], &[]),
    member("dx-load", 2, &["dx-io", "dx-hbtp"], &[]),
    member("dx-client", 2, &["dx-hbtp", "dx-teleport"], &["dx-rt"]),
    // dx-sim: servers in a simulated world, for the tests of their users.
    member("dx-reactor", 3, &["dx-rt", "dx-http", "dx-hbtp", "dx-teleport"], &["dx-sim"]),
    member("dx-db-teleport", 4, &["dx-reactor", "dx-cache"], &[]),
    member("dx-reactor-cli", 5, &["dx-db-teleport", "dx-client", "dx-load", "dx-sim"], &[]),
    // Not of the house: chores name nobody, and nobody names them.
    member("xtask", u8::MAX, &[], &[]),
];

/// Dev-dependencies that point upward, as crate and dependency, each with its reason beside it.
/// There is none: what needs two floors is tested on the higher one.
pub(crate) const DEV_LISTED: &[(&str, &str)] = &[];

/// Checks the manifest of every folder in `crates`; `dev_listed` is as [`DEV_LISTED`].
pub(crate) fn check(tree: &Tree, dev_listed: &[(&str, &str)], findings: &mut Vec<Finding>) {
    for file in tree.files() {
        let parts: Vec<&str> = file.path.split('/').collect();
        if let ["crates", folder, "Cargo.toml"] = parts.as_slice() {
            check_manifest(file, folder, dev_listed, findings);
        }
    }
}

fn check_manifest(
    file: &TextFile,
    folder: &str,
    dev_listed: &[(&str, &str)],
    findings: &mut Vec<Finding>,
) {
    let mut report = |line, message: String| {
        findings.push(Finding::new(&file.path, line, Rule::CrateFloor, message));
    };
    let manifest = manifest::read(&file.text);
    if manifest.name != folder {
        report(1, format!("package `{}` in folder `{folder}`", manifest.name));
    }
    let Some(from) = find(folder) else {
        return report(1, format!("`{folder}` has no floor: add it to the house in xtask"));
    };
    for dependency in &manifest.dependencies {
        let name = dependency.package.as_str();
        match find(name) {
            None if is_ours(dependency) => {
                report(dependency.line, format!("`{name}` is not in the house"));
            }
            None => {}
            Some(to) => {
                if let Some(message) = objection(from, to, dependency, dev_listed) {
                    report(dependency.line, message);
                }
            }
        }
    }
}

/// What is wrong with `from` depending on `to`, if anything is.
fn objection(
    from: &Member,
    to: &Member,
    dependency: &Dependency,
    dev_listed: &[(&str, &str)],
) -> Option<String> {
    if dependency.is_dev {
        let is_fine = to.floor <= from.floor || dev_listed.contains(&(from.name, to.name));
        return (!is_fine).then(|| {
            format!("tests of `{}` may not name `{}`, which is above it", from.name, to.name)
        });
    }
    if reaches(from, to.name, false) {
        return None;
    }
    if !reaches(from, to.name, true) {
        return Some(format!("`{}` may not name `{}`", from.name, to.name));
    }
    (!dependency.is_optional)
        .then(|| format!("`{}` may name `{}` by a feature only: optional", from.name, to.name))
}

/// Whether `from` may name `to`. Ends, as the house has no circles.
fn reaches(from: &Member, to: &str, by_feature: bool) -> bool {
    let optional = if by_feature { from.may_name_by_feature } else { &[] };
    from.may_name
        .iter()
        .chain(optional)
        .any(|name| *name == to || find(name).is_some_and(|member| reaches(member, to, by_feature)))
}

fn find(name: &str) -> Option<&'static Member> {
    HOUSE.iter().find(|member| member.name == name)
}

/// Whether a dependency that is not in the house looks as if it should be.
fn is_ours(dependency: &Dependency) -> bool {
    dependency.has_path || dependency.package.starts_with("dx-")
}

#[cfg(test)]
mod tests {
    use super::{DEV_LISTED, HOUSE, check, find, reaches};
    use crate::finding::Rule;
    use crate::rules::rows::lines;

    /// The lines found in the manifest of `name` with `rest` from line 3 on.
    fn run(name: &str, rest: &str, dev_listed: &[(&str, &str)]) -> Vec<usize> {
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        let path = format!("crates/{name}/Cargo.toml");
        lines(&path, &text, Rule::CrateFloor, |tree, findings| check(tree, dev_listed, findings))
    }

    #[test]
    fn the_house_has_no_circles_and_nothing_points_upward() {
        for (index, member) in HOUSE.iter().enumerate() {
            assert_eq!(HOUSE.iter().filter(|other| other.name == member.name).count(), 1);
            for name in member.may_name.iter().chain(member.may_name_by_feature) {
                let to = HOUSE.iter().position(|other| other.name == *name).unwrap();
                let is_derive = (member.name, *name) == ("dx-teleport", "dx-teleport-derive");
                assert!(to < index, "{} -> {name}", member.name);
                assert!(HOUSE[to].floor < member.floor || is_derive, "{} -> {name}", member.name);
            }
        }
    }

    #[test]
    fn the_command_line_names_everybody() {
        let cli = find("dx-reactor-cli").unwrap();
        for member in &HOUSE {
            let expected = !["dx-reactor-cli", "xtask"].contains(&member.name);
            assert_eq!(reaches(cli, member.name, false), expected, "{}", member.name);
        }
    }

    #[test]
    fn arrows_are_followed_and_nothing_else() {
        let rows = [
            ("dx-rt", "dx-io", true),
            ("dx-rt", "dx-http", false),
            ("dx-rt", "dx-sim", false),
            ("dx-rt", "dx-reactor", false),
            ("dx-io", "dx-rt", false),
            ("dx-http", "dx-hbtp", false),
            ("dx-teleport", "dx-teleport-derive", true),
            ("dx-teleport-derive", "dx-teleport", false),
            ("dx-sim", "dx-io", true),
            ("dx-load", "dx-hbtp", true),
            ("dx-load", "dx-http", false),
            ("dx-client", "dx-teleport", true),
            ("dx-client", "dx-rt", false),
            ("dx-client", "dx-http", false),
            ("dx-reactor", "dx-rt", true),
            ("dx-reactor", "dx-io", true),
            ("dx-reactor", "dx-teleport-derive", true),
            ("dx-reactor", "dx-cache", false),
            ("dx-db-teleport", "dx-cache", true),
            ("dx-db-teleport", "dx-http", true),
            ("dx-db-teleport", "dx-client", false),
            ("dx-reactor-cli", "dx-sim", true),
            ("dx-reactor-cli", "xtask", false),
            ("dx-rt", "dx-unknown", false),
            ("dx-rt", "memchr", true),
        ];
        for (from, to, is_fine) in rows {
            for table in ["dependencies", "build-dependencies", "target.'cfg(a)'.dependencies"] {
                let rest = format!("[{table}]\n{to}.workspace = true");
                let expected: &[usize] = if is_fine { &[] } else { &[4] };
                assert_eq!(run(from, &rest, DEV_LISTED), expected, "{from} {rest}");
            }
        }
    }

    #[test]
    fn some_are_named_by_feature_only() {
        let rows: [(&str, &str, &[usize]); 5] = [
            ("dx-client", "dx-rt = { workspace = true, optional = true }", &[]),
            ("dx-client", "dx-io = { workspace = true, optional = true }", &[]),
            ("dx-client", "dx-rt = { workspace = true, optional = false }", &[4]),
            ("dx-client", "dx-http = { workspace = true, optional = true }", &[4]),
            ("dx-http", "dx-io = { workspace = true, optional = true }", &[4]),
        ];
        for (from, line, expected) in rows {
            assert_eq!(run(from, &format!("[dependencies]\n{line}"), &[]), expected, "{line}");
        }
    }

    #[test]
    fn tests_may_name_their_own_floor_and_those_below() {
        let rows = [
            ("dx-http", "dx-hbtp", true),
            ("dx-rt", "dx-sim", true),
            ("dx-rt", "dx-http", true),
            ("dx-io", "dx-sim", false),
            ("dx-rt", "dx-reactor", false),
            ("dx-rt", "xtask", false),
            ("dx-rt", "dx-unknown", false),
            ("dx-rt", "proptest", true),
        ];
        for (from, to, is_fine) in rows {
            let rest = format!("[dev-dependencies]\n{to} = \"1\"");
            let expected: &[usize] = if is_fine { &[] } else { &[4] };
            assert_eq!(run(from, &rest, &[]), expected, "{from} {to}");
        }
        let rest = "[dev-dependencies]\ndx-sim = \"1\"\n[dependencies]\ndx-sim = \"1\"";
        assert_eq!(run("dx-io", rest, &[("dx-io", "dx-sim")]), [6]);
        assert_eq!(run("dx-io", rest, &[("dx-http", "dx-sim")]), [4, 6]);
    }

    #[test]
    fn renames_and_unknown_crates_are_seen() {
        let path = "crates/dx-rt/Cargo.toml";
        let renamed = "[dependencies]\nhttp = { package = \"dx-http\", version = \"1\" }";
        assert_eq!(run("dx-rt", renamed, &[]), [4]);
        assert_eq!(run("dx-rt", "[dependencies]\nshim = { path = \"../shim\" }", &[]), [4]);
        assert_eq!(run("dx-other", "", &[]), [1]);
        let text = "[package]\nname = \"dx-runtime\"\n";
        assert_eq!(lines(path, text, Rule::CrateFloor, |t, f| check(t, &[], f)), [1]);
        let outside = "[dependencies]\ndx-anything = \"1\"";
        let path = "bench/load/Cargo.toml";
        assert!(lines(path, outside, Rule::CrateFloor, |t, f| check(t, &[], f)).is_empty());
    }
}
