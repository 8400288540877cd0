//! Where unsafe code may be, and that it is explained.
//!
//! Owns `unsafe-room` and `safety-comment`, the rooms, and the list of single files outside them.
//! Knows nothing of what the code does. Invariant: a file is in the list only while it needs to be.

use crate::finding::{Finding, Rule};
use crate::limits::SAFETY_LINES_ABOVE;
use crate::search::{line_of, words};
use crate::tree::{Source, Tree};

/// The rooms: a module each, as one file or as a folder.
const ROOMS: [&str; 6] = [
    "crates/dx-io/src/sys",
    "crates/dx-io/src/buf",
    "crates/dx-io/src/inflight",
    "crates/dx-rt/src/task",
    "crates/dx-teleport/src/raw",
    "crates/dx-http/src/scan",
];

/// Files outside the rooms that need unsafe code, and what for.
pub(crate) const LISTED: &[(&str, &str)] = &[
    ("bench/driver/src/child.rs", "affinity and the death signal are set between fork and exec"),
    ("bench/floors/src/uring/buffers.rs", "the bare loop's ring of provided buffers"),
    ("bench/floors/src/uring/mod.rs", "the bare loop lends its buffers to the kernel"),
    ("bench/floors/src/uring/queue.rs", "submissions of the bare loop"),
    ("bench/load/src/holder.rs", "IP_BIND_ADDRESS_NO_PORT, which no safe crate sets"),
    ("crates/dx-io/tests/conformance/processor.rs", "processor time of a thread of Windows"),
    ("crates/dx-io/tests/conformance/storms.rs", "interrupts a thread by signals"),
    ("crates/dx-io/tests/host.rs", "lowers RLIMIT_NOFILE, to see it raised again"),
    ("crates/dx-reactor-cli/tests/doctor.rs", "a child process filters its own system calls"),
    ("crates/dx-reactor/tests/no_allocation.rs", "an allocator that counts on worker threads"),
    ("crates/dx-reactor/tests/seccomp.rs", "a child process filters its own system calls"),
    ("crates/dx-rt/tests/pool_box.rs", "a counting allocator; a future that asks where it is"),
    ("crates/dx-rt/tests/pool_teardown.rs", "an allocator that counts and poisons pages"),
];

const FORBID: &str = "#![forbid(unsafe_code)]";
const DENY: &str = "#![deny(unsafe_code)]";

/// Checks every source of `tree`; `listed` are files and reasons as in [`LISTED`].
pub(crate) fn check(tree: &Tree, listed: &[(&str, &str)], findings: &mut Vec<Finding>) {
    let is_listed = |path: &str| listed.iter().any(|(file, _)| *file == path);
    for source in tree.sources() {
        if !is_in_room(&source.path) && !is_listed(&source.path) {
            for offset in words(&source.code, "unsafe") {
                let line = line_of(&source.code, offset);
                let message = "unsafe code outside its rooms";
                findings.push(Finding::new(&source.path, line, Rule::UnsafeRoom, message));
            }
        }
        safety_comment(source, findings);
        if let Some(folder) = root_of(&source.path) {
            let has_room = tree.sources().iter().any(|other| {
                other.path.starts_with(folder)
                    && (is_in_room(&other.path) || is_listed(&other.path))
            });
            crate_root(source, has_room, findings);
        }
    }
    for (path, _) in listed {
        let source = tree.sources().iter().find(|source| source.path == *path);
        if source.is_none_or(|source| words(&source.code, "unsafe").next().is_none()) {
            let message = "listed in xtask as a file with unsafe code, and has none";
            findings.push(Finding::new(path, 1, Rule::UnsafeRoom, message));
        }
    }
}

fn is_in_room(path: &str) -> bool {
    ROOMS.iter().any(|room| {
        let rest = path.strip_prefix(room);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    })
}

/// The `src/` folder that `path` is the crate root of.
fn root_of(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("lib.rs").or_else(|| path.strip_suffix("main.rs"))?;
    let crate_folder = folder.strip_suffix("/src/")?;
    let parts: Vec<&str> = crate_folder.split('/').collect();
    matches!(parts.as_slice(), ["crates", _] | ["xtask"] | ["bench", ..]).then_some(folder)
}

/// A crate without rooms forbids unsafe code; one with rooms denies it, and allows it by module.
fn crate_root(source: &Source, has_room: bool, findings: &mut Vec<Finding>) {
    let code: String = source.code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.contains(FORBID) || (has_room && code.contains(DENY)) {
        return;
    }
    let message = format!("a crate root must say `{}`", if has_room { DENY } else { FORBID });
    findings.push(Finding::new(&source.path, 1, Rule::UnsafeRoom, message));
}

fn safety_comment(source: &Source, findings: &mut Vec<Finding>) {
    let code: Vec<&str> = source.code.lines().collect();
    let comments: Vec<&str> = source.comments.lines().collect();
    for offset in words(&source.code, "unsafe") {
        let rest = source.code[offset + "unsafe".len()..].trim_start();
        if !rest.starts_with('{') && words(rest, "impl").next() != Some(0) {
            continue;
        }
        let line = line_of(&source.code, offset);
        let mut first = (line - 1).saturating_sub(SAFETY_LINES_ABOVE);
        // A long proof may begin further up, as long as it ends close by.
        while first > 0 && code[first].trim().is_empty() && !comments[first].trim().is_empty() {
            first -= 1;
        }
        if !comments[first..line].iter().any(|comment| comment.contains("SAFETY")) {
            let message = format!("no SAFETY comment within {SAFETY_LINES_ABOVE} lines above");
            findings.push(Finding::new(&source.path, line, Rule::SafetyComment, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LISTED, check};
    use crate::finding::Rule;
    use crate::rules::rows::{found, lines};

    const NONE: &[(&str, &str)] = &[];

    #[test]
    fn unsafe_code_stays_in_its_rooms() {
        let rows = [
            ("crates/dx-io/src/sys/epoll.rs", true),
            ("crates/dx-io/src/sys/io_uring/ring.rs", true),
            ("crates/dx-io/src/buf/pool.rs", true),
            ("crates/dx-io/src/buf.rs", true),
            ("crates/dx-io/src/inflight.rs", true),
            ("crates/dx-io/src/inflight/slots.rs", true),
            ("crates/dx-rt/src/task/slab.rs", true),
            ("crates/dx-teleport/src/raw.rs", true),
            ("crates/dx-http/src/scan/wide.rs", true),
            ("crates/dx-io/src/buffers.rs", false),
            ("crates/dx-io/src/driver.rs", false),
            ("crates/dx-io/tests/sys/a.rs", false),
            ("crates/dx-io/benches/a.rs", false),
            ("crates/dx-http/src/scanner.rs", false),
            ("crates/dx-sim/src/sys/a.rs", false),
            ("xtask/src/a.rs", false),
            ("bench/load/src/a.rs", false),
        ];
        for (path, is_room) in rows {
            let expected: &[usize] = if is_room { &[] } else { &[2] };
            let found = lines(path, "\nunsafe fn a() {}", Rule::UnsafeRoom, |tree, findings| {
                check(tree, NONE, findings);
            });
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn the_word_counts_as_code_only() {
        let rows: [(&str, &[usize]); 7] = [
            ("unsafe { a() }", &[1]),
            ("unsafe impl A for B {}\n#[unsafe(no_mangle)]", &[1, 2]),
            ("type A = unsafe extern \"C\" fn();", &[1]),
            ("// unsafe {}\n/* unsafe */", &[]),
            ("\"unsafe\"; r#\"unsafe\"#", &[]),
            ("#[allow(unsafe_code, unsafe_op_in_unsafe_fn)] mod a;", &[]),
            ("let unsafely = is_unsafe;", &[]),
        ];
        for (text, expected) in rows {
            let path = "crates/dx-rt/src/a.rs";
            let found = lines(path, text, Rule::UnsafeRoom, |tree, findings| {
                check(tree, NONE, findings);
            });
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_file_is_listed_while_it_needs_to_be() {
        const PATH: &str = "crates/dx-rt/tests/a.rs";
        let rows = [
            (PATH, "unsafe fn a() {}", false),
            (PATH, "fn a() {} // unsafe", true),
            ("crates/dx-rt/tests/b.rs", "fn b() {}", true),
        ];
        for (path, text, expected) in rows {
            let found = found([(path, text)], Rule::UnsafeRoom, |tree, findings| {
                check(tree, &[(PATH, "a reason")], findings);
            });
            let expected = if expected { vec![(PATH.to_owned(), 1)] } else { vec![] };
            assert_eq!(found, expected, "{path}: {text}");
        }
        for (path, reason) in LISTED {
            assert!(!reason.is_empty() && !super::is_in_room(path), "{path}");
        }
    }

    #[test]
    fn crate_roots_say_which_kind_they_are() {
        const LIB: &str = "crates/dx-io/src/lib.rs";
        const MAIN: &str = "bench/load/src/main.rs";
        let (forbid, deny) = ("//! a\n#![forbid(unsafe_code)]", "//! a\n#![deny( unsafe_code )]");
        let (room, other) = ("crates/dx-io/src/sys/mod.rs", "crates/dx-io/src/op.rs");
        let rows = [
            (LIB, forbid, other, true),
            (LIB, forbid, room, true),
            (LIB, deny, other, false),
            (LIB, deny, room, true),
            (LIB, deny, "crates/dx-io-more/src/sys/mod.rs", false),
            (LIB, "//! a", room, false),
            (LIB, "// #![forbid(unsafe_code)]", other, false),
            (MAIN, forbid, other, true),
            (MAIN, deny, room, false),
            (MAIN, "//! a", other, false),
            ("bench/load/src/bin/main.rs", "//! a", other, true),
            ("crates/dx-io/src/op/lib.rs", "//! a", other, true),
            ("crates/dx-io/tests/conformance/main.rs", "//! a", other, true),
            ("xtask/src/main.rs", "//! a", other, false),
        ];
        for (root, text, beside, expected) in rows {
            let files = [(root, text), (beside, "//! b")];
            let found = found(files, Rule::UnsafeRoom, |tree, findings| {
                check(tree, NONE, findings);
            });
            let expected = if expected { vec![] } else { vec![(root.to_owned(), 1)] };
            assert_eq!(found, expected, "{root} {text} {beside}");
        }
    }

    #[test]
    fn a_proof_stands_close_above() {
        let code = |count: usize| "    a();\n".repeat(count);
        let rows: Vec<(String, &[usize])> = vec![
            ("// SAFETY: b\nunsafe { a() }".into(), &[]),
            ("// safe: b\nunsafe { a() }".into(), &[2]),
            ("unsafe { a() } // SAFETY: b".into(), &[]),
            ("/* SAFETY: b */ unsafe\n{ a() }".into(), &[]),
            ("unsafe { a() }\n// SAFETY: b".into(), &[1]),
            ("unsafe\n{ a() }".into(), &[1]),
            ("unsafe impl A for B {}".into(), &[1]),
            ("// SAFETY: c\nunsafe impl A for B {}".into(), &[]),
            ("unsafe fn a() {}\nunsafe trait B {}\nlet implied = 1;".into(), &[]),
            ("unsafe implied".into(), &[]),
            ("let a = \"SAFETY\";\nunsafe { a() }".into(), &[2]),
            (format!("// SAFETY: b\n{}unsafe {{ a() }}", code(5)), &[]),
            (format!("// SAFETY: b\n{}unsafe {{ a() }}", code(6)), &[8]),
            (format!("// SAFETY: b\n{}unsafe {{ a() }}", "// c\n".repeat(20)), &[]),
            (format!("// SAFETY: b\n// c\n{}unsafe {{ a() }}", code(5)), &[]),
            (format!("// SAFETY: b\n\n{}unsafe {{ a() }}", "// c\n".repeat(20)), &[23]),
        ];
        for (text, expected) in rows {
            let path = "crates/dx-io/src/sys/a.rs";
            let found = lines(path, &text, Rule::SafetyComment, |tree, findings| {
                check(tree, NONE, findings);
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
