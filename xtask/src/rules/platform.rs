//! Rules about names: which may be used where, and how they are handed on.
//!
//! Owns `os-name` and `glob-reexport`. May not know what a kernel is. Invariant: the one room that
//! may name an operating system is named here once.

use super::{Source, rooms};
use crate::finding::{Finding, Rule};

/// The room of the kernels.
const KERNEL_ROOM: &str = "crates/dx-io/src/sys";

/// Words that name an operating system or the type of its handles.
const OS_WORDS: &[&str] = &[
    "target_os",
    "target_family",
    "libc",
    "RawFd",
    "OwnedFd",
    "BorrowedFd",
    "RawSocket",
    "OwnedSocket",
];

/// Words that name an operating system inside a `cfg` predicate; elsewhere they are ordinary.
const CFG_WORDS: &[&str] = &["unix", "windows"];

/// Sources of our crates name no operating system outside the room of the kernels.
pub(super) fn os_name(source: &Source<'_>, findings: &mut Vec<Finding>) {
    let ours = source.path.starts_with("crates/") && source.is_src();
    if !ours || rooms::is_within(source.path, KERNEL_ROOM) {
        return;
    }
    let mut found = |line, what: &str| {
        let message = format!("`{what}` names an operating system outside {KERNEL_ROOM}");
        findings.push(Finding::new(source.path, line, Rule::OsName, message));
    };
    for (index, token) in source.code.tokens.iter().enumerate() {
        if OS_WORDS.contains(&token.text) {
            found(token.line, token.text);
        }
        if is_std_os(source, index) {
            found(token.line, "std::os");
        }
        if let Some(open) = cfg_group(source, index) {
            let inside = source.code.group(open);
            let method = |at: usize| at > 0 && inside[at - 1].text == ".";
            for (at, token) in inside.iter().enumerate() {
                if CFG_WORDS.contains(&token.text) && !method(at) {
                    found(token.line, &format!("cfg({})", token.text));
                }
            }
        }
    }
}

/// Whether the token at `index` is the `os` of `std::os::` or of `std::{.., os::..}`.
fn is_std_os(source: &Source<'_>, index: usize) -> bool {
    if !source.code.reads(index, &["os", ":", ":"]) {
        return false;
    }
    let follows = |pattern: &[&str]| {
        index.checked_sub(pattern.len()).is_some_and(|start| source.code.reads(start, pattern))
    };
    follows(&["std", ":", ":"]) || follows(&["{"]) || follows(&[","])
}

/// Where the predicates open that the `cfg`, `cfg_attr` or `cfg_select` at `index` begins.
fn cfg_group(source: &Source<'_>, index: usize) -> Option<usize> {
    let word = source.code.tokens[index].text;
    if !matches!(word, "cfg" | "cfg_attr" | "cfg_select") {
        return None;
    }
    let open = index + 1 + usize::from(source.code.reads(index + 1, &["!"]));
    (source.code.reads(open, &["("]) || source.code.reads(open, &["{"])).then_some(open)
}

/// No `pub use` ends in a star: a reader can find every name by its text.
pub(super) fn glob_reexport(source: &Source<'_>, findings: &mut Vec<Finding>) {
    let code = &source.code;
    for (index, token) in code.tokens.iter().enumerate().filter(|(_, token)| token.text == "pub") {
        let mut at = index + 1;
        if code.reads(at, &["("]) {
            at += code.group(at).len() + 2;
        }
        if !code.reads(at, &["use"]) {
            continue;
        }
        let mut names = code.tokens[at..].iter().take_while(|token| token.text != ";");
        if names.any(|name| name.text == "*") {
            let message = "re-exports by `*`: name what is re-exported";
            findings.push(Finding::new(source.path, token.line, Rule::GlobReexport, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::lines;

    #[test]
    fn os_name_rows() {
        let rows: &[(&str, &[usize])] = &[
            ("#[cfg(target_os = \"linux\")]\nfn f() {}", &[1]),
            ("fn f() {\n    libc::close(1);\n}", &[2]),
            ("use std::os::fd::AsFd;", &[1]),
            ("use std::{io, os::fd::AsFd};", &[1]),
            ("use std::{os::fd::AsFd, io};", &[1]),
            ("fn f(fd: OwnedFd) -> RawFd {}", &[1, 1]),
            ("#[cfg(unix)]\nmod a;", &[1]),
            ("#[cfg(not(windows))]\nmod a;", &[1]),
            ("#[cfg_attr(any(test, unix), path = \"a.rs\")]\nmod a;", &[1]),
            ("if cfg!(windows) {}", &[1]),
            ("cfg_select! {\n    unix => { f() }\n    _ => {}\n}", &[2]),
            ("#[cfg(target_family = \"unix\")]\nmod a;", &[1]),
            ("#[cfg(test)]\nmod a { fn f() { bytes.windows(2); let unix = 1; } }", &[]),
            ("cfg_select! { test => { bytes.windows(2) } _ => {} }", &[]),
            ("// on target_os linux, libc::close and std::os::fd\n", &[]),
            ("let s = \"libc::close cfg(unix)\";", &[]),
            ("let os = core::ops::Add::add(a, b); crate::os::f()", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(lines(os_name, "crates/dx-rt/src/a.rs", text), *expected, "{text:?}");
        }
        let places: &[(&str, &[usize])] = &[
            ("crates/dx-io/src/sys/epoll.rs", &[]),
            ("crates/dx-io/src/sys.rs", &[]),
            ("crates/dx-io/src/system.rs", &[1]),
            ("crates/dx-io/src/buf/pool.rs", &[1]),
            ("crates/dx-io/tests/a.rs", &[]),
            ("crates/dx-io/examples/a.rs", &[]),
            ("bench/load/src/a.rs", &[]),
        ];
        for (path, expected) in places {
            assert_eq!(lines(os_name, path, "use libc;"), *expected, "{path}");
        }
    }

    #[test]
    fn glob_reexport_rows() {
        let rows: &[(&str, &[usize])] = &[
            ("pub use a::*;", &[1]),
            ("pub use a::{b, c::*};", &[1]),
            ("mod a;\npub(crate) use a::*;", &[2]),
            ("pub use a::{\n    b,\n    c,\n};\n", &[]),
            ("use super::*;", &[]),
            ("pub use a::b;\nconst C: u8 = 2 * 3;", &[]),
            ("pub fn f(a: *const u8) {}", &[]),
            ("// pub use a::*;\n", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(lines(glob_reexport, "crates/dx-rt/src/a.rs", text), *expected, "{text:?}");
        }
    }
}
