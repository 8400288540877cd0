//! Rules about words that code may not use.
//!
//! Owns `os-name`, `glob-reexport` and `leftovers`. Knows no crate but the one room where operating
//! systems are named. Invariant: words in comments and literals are not code, and a marker of
//! unfinished work counts in comments only.

use crate::finding::{Finding, Rule};
use crate::search::{applied, has_word, line_of, words};
use crate::tree::{Source, Tree};

/// Words that name an operating system, its library, or the type of a descriptor.
const OS_WORDS: [&str; 13] = [
    "target_os",
    "target_family",
    "libc",
    "RawFd",
    "OwnedFd",
    "BorrowedFd",
    "AsRawFd",
    "FromRawFd",
    "IntoRawFd",
    "RawHandle",
    "OwnedHandle",
    "RawSocket",
    "OwnedSocket",
];

/// Words that name an operating system when a `cfg` asks for them. Elsewhere they are ordinary:
/// slices have `windows`.
const CFG_WORDS: [&str; 2] = ["unix", "windows"];

/// Macros that stand for missing code, or were left from debugging.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Markers of unfinished work in comments. In two parts, where the whole would be found by others.
const MARKERS: [&str; 3] = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];

/// Lints whose silencing hides code that nobody calls: one, and the group that it is in.
const DEAD: [&str; 2] = ["dead_code", "unused"];

/// Checks every source of `tree`.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for source in tree.sources() {
        if may_not_know_systems(&source.path) {
            os_name(source, findings);
        }
        glob_reexport(source, findings);
        leftovers(source, findings);
    }
}

/// `src` of every crate of the house, except the room. Tests, examples and benches are free.
fn may_not_know_systems(path: &str) -> bool {
    let parts: Vec<&str> = path.splitn(4, '/').collect();
    matches!(parts.as_slice(), ["crates", _, "src", _])
        && !path.starts_with("crates/dx-io/src/sys/")
        && path != "crates/dx-io/src/sys.rs"
}

fn os_name(source: &Source, findings: &mut Vec<Finding>) {
    let code = &source.code;
    let mut report = |offset, what: &str| {
        let message = format!("`{what}` outside crates/dx-io/src/sys");
        findings.push(Finding::new(&source.path, line_of(code, offset), Rule::OsName, message));
    };
    for word in OS_WORDS {
        words(code, word).for_each(|offset| report(offset, word));
    }
    // As a path's segment, so that `std::{os::fd::AsFd}` is found too.
    for offset in words(code, "os").filter(|offset| code[offset + 2..].starts_with("::")) {
        report(offset, "std::os::");
    }
    for word in CFG_WORDS {
        for name in ["cfg", "cfg_attr"] {
            for (offset, _) in applied(code, name).filter(|(_, inside)| has_word(inside, word)) {
                report(offset, word);
            }
        }
    }
}

fn glob_reexport(source: &Source, findings: &mut Vec<Finding>) {
    for offset in words(&source.code, "use") {
        let before = source.code[..offset].trim_end();
        let scope = before.strip_suffix(')').and_then(|open| open.rsplit_once("pub("));
        let is_public = before.ends_with("pub")
            || scope.is_some_and(|(_, scope)| !scope.contains(['(', ')', ';']));
        let rest = &source.code[offset..];
        let names = &rest[..rest.find(';').unwrap_or(rest.len())];
        if is_public && names.contains('*') {
            let line = line_of(&source.code, offset);
            let message = "re-export names one by one";
            findings.push(Finding::new(&source.path, line, Rule::GlobReexport, message));
        }
    }
}

fn leftovers(source: &Source, findings: &mut Vec<Finding>) {
    let code = &source.code;
    let mut report = |offset, what: &str| {
        let message = format!("`{what}` was left");
        findings.push(Finding::new(&source.path, line_of(code, offset), Rule::Leftovers, message));
    };
    for name in MACROS {
        for offset in words(code, name) {
            let rest = &code[offset + name.len()..];
            if rest.starts_with('!') && !rest.starts_with("!=") {
                report(offset, &format!("{name}!"));
            }
        }
    }
    for offset in words(code, "ignore").filter(|&offset| code[..offset].ends_with("#[")) {
        report(offset, concat!("#[", "ignore]"));
    }
    for lint in DEAD {
        for (offset, _) in applied(code, "allow").filter(|(_, inside)| has_word(inside, lint)) {
            report(offset, &format!("allow({lint})"));
        }
    }
    for (index, comment) in source.comments.lines().enumerate() {
        for marker in MARKERS.into_iter().filter(|marker| has_word(comment, marker)) {
            let message = format!("`{marker}` was left");
            findings.push(Finding::new(&source.path, index + 1, Rule::Leftovers, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MARKERS, check};
    use crate::finding::Rule;
    use crate::rules::rows::lines;

    const PATH: &str = "crates/dx-rt/src/a.rs";

    /// Each row: code, and the lines at which `rule` must object to it.
    fn run(rule: Rule, rows: &[(&str, &[usize])]) {
        for (text, expected) in rows {
            assert_eq!(lines(PATH, text, rule, check), *expected, "{text}");
        }
    }

    #[test]
    fn systems_are_not_named() {
        run(
            Rule::OsName,
            &[
                ("a\n#[cfg(target_os = \"linux\")]", &[2]),
                ("cfg!(target_family = \"wasm\")", &[1]),
                ("libc::close(a);", &[1]),
                ("use libc as c;", &[1]),
                ("fn a(b: RawFd, c: OwnedFd) {}", &[1, 1]),
                ("use std::os::fd::AsFd;", &[1]),
                ("use std::{\n    os::fd::AsFd,\n};", &[2]),
                ("#[cfg(unix)]", &[1]),
                ("#[cfg(not(windows))]", &[1]),
                ("\n#[cfg(all(\n    test,\n    unix,\n))]", &[2]),
                ("#[cfg_attr(windows, path = \"a.rs\")]", &[1]),
                ("a.windows(2); let unix = 1;", &[]),
                ("// libc::close, RawFd, #[cfg(unix)]\n\"libc::close\"", &[]),
                ("#[cfg(test)] mod os; macos::a(); libc_free(); MyRawFd", &[]),
                ("#[cfg(target_pointer_width = \"64\")]", &[]),
            ],
        );
    }

    #[test]
    fn systems_are_named_in_one_room_and_in_tests() {
        let text = "#[cfg(unix)]";
        for (path, expected) in [
            ("crates/dx-io/src/sys/epoll.rs", false),
            ("crates/dx-io/src/sys.rs", false),
            ("crates/dx-io/src/system.rs", true),
            ("crates/dx-io/src/driver.rs", true),
            ("crates/dx-rt/src/sys/a.rs", true),
            ("crates/dx-io/tests/a.rs", false),
            ("crates/dx-io/examples/a.rs", false),
            ("crates/dx-io/benches/a.rs", false),
            ("xtask/src/a.rs", false),
            ("bench/load/src/a.rs", false),
        ] {
            let found = lines(path, text, Rule::OsName, check);
            assert_eq!(!found.is_empty(), expected, "{path}");
        }
    }

    #[test]
    fn everything_is_never_reexported() {
        run(
            Rule::GlobReexport,
            &[
                ("a;\npub use b::*;", &[2]),
                ("pub(crate) use a::*;", &[1]),
                ("pub use a::{\n    b,\n    c::*,\n};", &[1]),
                ("pub use a::{b, c};\nuse d::*;", &[]),
                ("use a::*;", &[]),
                ("pub(crate) fn f() {}\nuse a::*;", &[]),
                ("pub(crate) struct A(u8);\nfn f()\n{ use a::*; }", &[]),
                ("// pub use a::*;\n\"pub use a::*;\"", &[]),
                ("pub use a::b;\nlet c = *d;", &[]),
            ],
        );
    }

    #[test]
    fn nothing_is_left() {
        run(
            Rule::Leftovers,
            &[
                ("a\ntodo!()", &[2]),
                ("unimplemented!(\"b\")", &[1]),
                ("let a = dbg!(b);", &[1]),
                ("#[ignore]", &[1]),
                ("#[ignore = \"slow\"]", &[1]),
                ("#[allow(dead_code)]", &[1]),
                ("#![allow(\n    clippy::a,\n    dead_code,\n)]", &[1]),
                ("#[allow(unused)]", &[1]),
                ("if todo!=a {} let dbg = b;", &[]),
                ("#[ignored] fn ignore() {}", &[]),
                ("#[allow(unused_imports)] fn f(dead_code: u8) {}", &[]),
                ("// todo!() and dbg!(a)\n\"todo!() #[ignore] allow(dead_code)\"", &[]),
            ],
        );
    }

    #[test]
    fn markers_count_in_comments() {
        for marker in MARKERS {
            for (text, expected) in [
                (format!("a\n// {marker}: b"), [2].as_slice()),
                (format!("/* a\n{marker}\n*/"), &[2]),
                (format!("/// {marker}"), &[1]),
                (format!("const A: &str = \"{marker}\";"), &[]),
                (format!("// 0{marker}_"), &[]),
            ] {
                assert_eq!(lines(PATH, &text, Rule::Leftovers, check), expected, "{text}");
            }
        }
    }
}
