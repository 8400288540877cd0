//! The rule `leftovers`: nothing unfinished is left behind.
//!
//! Owns the list of marks that say "not done yet". May not know where a file lives: the rule holds
//! everywhere. Invariant: words count only where they are meant, macros and attributes in code,
//! notes in comments; a string may say anything.

use super::Source;
use crate::finding::{Finding, Rule};

/// Macros and attributes, as tokens.
const CODE: &[&[&str]] =
    &[&["todo", "!"], &["unimplemented", "!"], &["dbg", "!", "("], &["#", "[", "ignore"]];

/// Notes to oneself, as words of a comment.
const NOTES: &[&str] = &["FIXME", "XXX", "TODO"];

/// Marks of unfinished work in code and comments.
pub(super) fn check(source: &Source<'_>, findings: &mut Vec<Finding>) {
    let mut found = |line, what: &str| {
        let message = format!("`{what}` is left over");
        findings.push(Finding::new(source.path, line, Rule::Leftovers, message));
    };
    for (index, token) in source.code.tokens.iter().enumerate() {
        if let Some(mark) = CODE.iter().find(|mark| source.code.reads(index, mark)) {
            found(token.line, &mark.concat());
        }
        // `expect` hides unused code just as `allow` does.
        if matches!(token.text, "allow" | "expect")
            && source.code.reads(index + 1, &["("])
            && source.code.group(index + 1).iter().any(|inside| inside.text == "dead_code")
        {
            found(token.line, &format!("{}(dead_code)", token.text));
        }
    }
    for comment in &source.code.comments {
        let mut words = comment.text.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(note) = words.find(|word| NOTES.contains(word)) {
            found(comment.line, note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::lines;

    #[test]
    fn leftover_rows() {
        let rows: &[(&str, &[usize])] = &[
            ("fn f() { todo!() }", &[1]),
            ("fn f() {\n    unimplemented!(\"later\")\n}", &[2]),
            ("let x = dbg!(x);", &[1]),
            ("#[test]\n#[ignore]\nfn f() {}", &[2]),
            ("#[ignore = \"slow\"]\nfn f() {}", &[1]),
            ("#[allow(dead_code)]\nfn f() {}", &[1]),
            ("#![allow(unused, dead_code)]", &[1]),
            ("#[expect(dead_code, reason = \"x\")]\nfn f() {}", &[1]),
            ("a();\n// FIXME: later\n", &[2]),
            ("/* XXX */ a();", &[1]),
            ("/// TODO(me) write this\n", &[1]),
            ("let s = \"todo!() FIXME XXX dbg!( #[ignore\";", &[]),
            ("const DAY: &[u8] = b\"XXX\"; // the name of the day", &[]),
            ("// the todo! macro is denied; `#[ignore]` too", &[]),
            ("fn todo() { dbg(); x.expect(dead); ignore() }", &[]),
            ("// mkstemp wants XXXXXX at the end", &[]),
            ("self.expect(byte, b'x')?; // dead_code", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(lines(check, "crates/dx-io/src/a.rs", text), *expected, "{text:?}");
        }
    }
}
