//! Rules about unsafe code: where it may stand, and that it is proved.
//!
//! Owns `unsafe-room` and `safety-comment`. May not know which rooms there are: `rooms` does.
//! Invariant: the keyword counts only as code; comments, strings and the names of lints are free.

use super::{Source, rooms};
use crate::finding::{Finding, Rule};
use crate::limits::SAFETY_LINES;

/// What a root says when its crate has no unsafe code at all.
const FORBID: &[&str] = &["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"];

/// What a root says when its crate has rooms, which are then allowed one by one.
const DENY: &[&str] = &["#", "!", "[", "deny", "(", "unsafe_code", ")", "]"];

/// Unsafe code stays in the rooms.
pub(super) fn rooms(source: &Source<'_>, findings: &mut Vec<Finding>) {
    if rooms::may_be_unsafe(source.path) {
        return;
    }
    for line in unsafe_lines(source) {
        let message = "unsafe code outside the rooms; see xtask/src/rules/rooms.rs";
        findings.push(Finding::new(source.path, line, Rule::UnsafeRoom, message));
    }
}

/// Every crate root forbids unsafe code, or denies it when the crate has rooms.
pub(super) fn crate_roots(sources: &[Source<'_>], findings: &mut Vec<Finding>) {
    let folder = |path: &str| path.split_once("/src/").map(|(folder, _)| folder.to_owned());
    let is_room = |source: &&Source<'_>| rooms::may_be_unsafe(source.path);
    let with_rooms: Vec<_> =
        sources.iter().filter(is_room).filter_map(|source| folder(source.path)).collect();
    for root in sources.iter().filter(|source| source.is_root()) {
        let has_rooms = folder(root.path).is_some_and(|folder| with_rooms.contains(&folder));
        if says(root, FORBID) || (has_rooms && says(root, DENY)) {
            continue;
        }
        let wanted = if has_rooms { DENY } else { FORBID }.concat();
        let message = format!("this crate root must say `{wanted}`");
        findings.push(Finding::new(root.path, 1, Rule::UnsafeRoom, message));
    }
}

/// Every exception in the table is still needed.
pub(super) fn stale_exceptions(
    sources: &[Source<'_>],
    exceptions: &[(&str, &str)],
    findings: &mut Vec<Finding>,
) {
    for (path, _) in exceptions {
        let file = sources.iter().find(|source| source.path == *path);
        let what = match file {
            None => "does not exist",
            Some(source) if unsafe_lines(source).next().is_none() => "has no unsafe code",
            Some(_) => continue,
        };
        let message = format!("{what}: strike it from the table in xtask/src/rules/rooms.rs");
        findings.push(Finding::new(path, 1, Rule::UnsafeRoom, message));
    }
}

/// Every unsafe block and impl has a SAFETY comment: on its line, or in a comment that ends at
/// most [`SAFETY_LINES`] lines above. A backstop: clippy knows better but not every target.
pub(super) fn safety_comment(source: &Source<'_>, findings: &mut Vec<Finding>) {
    for (index, token) in source.code.tokens.iter().enumerate() {
        let is_block = source.code.reads(index, &["unsafe", "{"]);
        let is_impl = source.code.reads(index, &["unsafe", "impl"]);
        if (is_block || is_impl) && !is_proved(source, token.line) {
            let message = "no SAFETY comment that says why this is sound";
            findings.push(Finding::new(source.path, token.line, Rule::SafetyComment, message));
        }
    }
}

fn unsafe_lines<'a>(source: &'a Source<'_>) -> impl Iterator<Item = usize> + 'a {
    source.code.tokens.iter().filter(|token| token.text == "unsafe").map(|token| token.line)
}

fn says(source: &Source<'_>, pattern: &[&str]) -> bool {
    (0..source.code.tokens.len()).any(|index| source.code.reads(index, pattern))
}

fn is_proved(source: &Source<'_>, line: usize) -> bool {
    let mut first = line.saturating_sub(SAFETY_LINES);
    // A long proof may begin above the window, if it reaches into it without a gap.
    while has_comment(source, first) && has_comment(source, first.saturating_sub(1)) {
        first -= 1;
    }
    let near = source.code.comments.iter().filter(|part| (first..=line).contains(&part.line));
    near.map(|part| part.text).any(|text| text.contains("SAFETY"))
}

fn has_comment(source: &Source<'_>, line: usize) -> bool {
    source.code.comments.iter().any(|part| part.line == line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{lines, tree};

    #[test]
    fn unsafe_room_rows() {
        let outside = "crates/dx-rt/src/wheel.rs";
        let rows: &[(&str, &str, &[usize])] = &[
            (outside, "fn f() {\n    unsafe { g() }\n}", &[2]),
            (outside, "unsafe impl Send for A {}\npub unsafe fn f() {}", &[1, 2]),
            (outside, "#[unsafe(no_mangle)]\nfn f() {}", &[1]),
            (outside, "#![deny(unsafe_code, unsafe_op_in_unsafe_fn)]", &[]),
            (outside, "// unsafe { }\n/* unsafe */ let s = \"unsafe { }\"; /// unsafe\n", &[]),
            (outside, "fn f<'unsafe_>(c: char) { c == 'u' }", &[]),
            ("crates/dx-rt/src/task/slab.rs", "unsafe { g() }", &[]),
            ("crates/dx-http/src/head.rs", "unsafe { g() }", &[1]),
            ("crates/dx-rt/tests/tasks.rs", "unsafe { g() }", &[1]),
            ("crates/dx-rt/tests/pool_box.rs", "unsafe { g() }", &[]),
        ];
        for (path, text, expected) in rows {
            assert_eq!(lines(rooms, path, text), *expected, "{path}: {text:?}");
        }
    }

    #[test]
    fn crate_root_rows() {
        let (forbid, deny) = ("#![forbid(unsafe_code)]", "#![deny(unsafe_code)]");
        let room = ("crates/dx-rt/src/task/slab.rs", "");
        let rows: &[(&[(&str, &str)], usize)] = &[
            (&[("crates/dx-http/src/lib.rs", forbid)], 0),
            (&[("crates/dx-http/src/lib.rs", deny)], 1),
            (&[("crates/dx-http/src/lib.rs", "// #![forbid(unsafe_code)]")], 1),
            (&[("crates/dx-http/src/lib.rs", "#![cfg_attr(test, forbid(unsafe_code))]")], 1),
            (&[("crates/dx-http/src/head.rs", "")], 0),
            (&[("crates/dx-rt/src/lib.rs", deny), room], 0),
            (&[("crates/dx-rt/src/lib.rs", forbid), room], 0),
            (&[("crates/dx-rt/src/lib.rs", ""), room], 1),
            (&[("crates/dx-rt/src/lib.rs", deny)], 1),
            (&[("crates/dx-http/src/lib.rs", deny), room], 1),
            (&[("bench/x/src/lib.rs", forbid), ("bench/x/src/bin/y.rs", "fn main() {}")], 1),
        ];
        for (number, (files, expected)) in rows.iter().enumerate() {
            let tree = tree(files);
            let sources: Vec<_> = tree.files.iter().map(Source::read).collect();
            let mut findings = Vec::new();
            crate_roots(&sources, &mut findings);
            assert_eq!(findings.len(), *expected, "row {number}: {findings:?}");
        }
    }

    #[test]
    fn an_exception_is_stale_without_its_file_or_its_unsafe_code() {
        let exceptions = [("a/tests/b.rs", "needs it for a reason")];
        let rows: &[(&[(&str, &str)], bool)] = &[
            (&[("a/tests/b.rs", "unsafe { f() }")], false),
            (&[("a/tests/b.rs", "f() // no longer unsafe")], true),
            (&[("a/tests/c.rs", "unsafe { f() }")], true),
        ];
        for (files, stale) in rows {
            let tree = tree(files);
            let sources: Vec<_> = tree.files.iter().map(Source::read).collect();
            let mut findings = Vec::new();
            stale_exceptions(&sources, &exceptions, &mut findings);
            assert_eq!(!findings.is_empty(), *stale, "{files:?}");
        }
    }

    #[test]
    fn safety_comment_rows() {
        let long_proof = format!("// SAFETY: one\n{}unsafe {{ f() }}", "// more\n".repeat(9));
        let gap = format!("// SAFETY: one\n\n{}unsafe {{ f() }}", "// more\n".repeat(9));
        let rows: &[(&str, &[usize])] = &[
            ("// SAFETY: it is.\nunsafe { f() }", &[]),
            ("unsafe { f() } // SAFETY: it is.", &[]),
            ("/* SAFETY: it\n is. */\nunsafe impl Send for A {}", &[]),
            ("unsafe { f() }", &[1]),
            ("\nunsafe impl Send for A {}", &[2]),
            ("let s = \"SAFETY: no\";\nunsafe { f() }", &[2]),
            ("// SAFETY: one\na\na\na\na\na\nunsafe { f() }", &[]),
            ("// SAFETY: one\na\na\na\na\na\na\nunsafe { f() }", &[8]),
            (&long_proof, &[]),
            (&gap, &[12]),
            ("unsafe { f() }\n// SAFETY: too late", &[1]),
            ("unsafe fn f() {}\nunsafe extern \"C\" {}\n#[unsafe(no_mangle)]\n", &[]),
        ];
        for (text, expected) in rows {
            let path = "crates/dx-rt/src/task/a.rs";
            assert_eq!(lines(safety_comment, path, text), *expected, "{text:?}");
        }
    }
}
