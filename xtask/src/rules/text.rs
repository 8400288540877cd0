//! Rules about files as text: their doc, their lengths, and what no file may say.
//!
//! Owns `module-doc`, `line-length`, `file-length`, `hygiene` and `architecture-length`. Knows no
//! Rust beyond comment markers. Invariant: each looks at one file at a time.

use crate::finding::{Finding, Rule};
use crate::limits::{
    ARCHITECTURE_LINES_MAX, FILE_LINES_MAX, LINE_COLUMNS_MAX, LONG_FILE_REASON_LINES,
};
use crate::tree::{Source, TextFile, Tree};

/// Paths that exist on one person's machine only. Written in two parts, so that this file may
/// stand in the tree it is about.
const PRIVATE_PATHS: [&str; 3] =
    [concat!("/wor", "k/"), concat!("/roo", "t/"), concat!("/tmp/", "target")];

/// What a long file says near its top, before its reason.
const LONG_FILE_REASON: &str = "// tidy: long file because ";

/// Checks every file of `tree`.
pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for source in tree.sources() {
        module_doc(source, findings);
        line_length(source, findings);
        file_length(source, findings);
    }
    for file in tree.files() {
        hygiene(file, findings);
    }
    architecture_length(tree, findings);
}

fn module_doc(source: &Source, findings: &mut Vec<Finding>) {
    let has_words = |line: &str| line.strip_prefix("//!").is_some_and(|doc| !doc.trim().is_empty());
    if !source.text.lines().next().is_some_and(has_words) {
        findings.push(Finding::new(&source.path, 1, Rule::ModuleDoc, "no `//!` doc at the top"));
    }
}

fn line_length(source: &Source, findings: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        let columns = line.chars().count();
        let is_free = line.contains("https://") || line.contains("http://");
        if columns > LINE_COLUMNS_MAX && !is_free {
            let message = format!("{columns} columns, at most {LINE_COLUMNS_MAX}");
            findings.push(Finding::new(&source.path, index + 1, Rule::LineLength, message));
        }
    }
}

fn file_length(source: &Source, findings: &mut Vec<Finding>) {
    let lines = source.text.lines().count();
    let is_reason = |line: &str| {
        line.strip_prefix(LONG_FILE_REASON).is_some_and(|reason| !reason.trim().is_empty())
    };
    let has_reason = || {
        source.text.lines().take(LONG_FILE_REASON_LINES).any(|line| is_reason(line.trim_start()))
    };
    if source.path.contains("/src/") && lines > FILE_LINES_MAX && !has_reason() {
        let message = format!(
            "{lines} lines, at most {FILE_LINES_MAX} without `{LONG_FILE_REASON}<reason>` \
             in the first {LONG_FILE_REASON_LINES}"
        );
        findings.push(Finding::new(&source.path, 1, Rule::FileLength, message));
    }
}

fn hygiene(file: &TextFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        for private in PRIVATE_PATHS {
            if names_path(line, private) {
                let message = format!("`{private}` is a path of one machine");
                findings.push(Finding::new(&file.path, index + 1, Rule::Hygiene, message));
            }
        }
    }
}

/// Whether `line` names the absolute path `path`. As the tail of a longer path or of a URL it is
/// another one.
fn names_path(line: &str, path: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || "_-.*}".contains(c);
    line.match_indices(path).any(|(offset, _)| !line[..offset].ends_with(continues))
}

fn architecture_length(tree: &Tree, findings: &mut Vec<Finding>) {
    const PATH: &str = "ARCHITECTURE.md";
    let mut report = |message| {
        findings.push(Finding::new(PATH, 1, Rule::ArchitectureLength, message));
    };
    match tree.files().iter().find(|file| file.path == PATH).map(|file| file.text.lines().count()) {
        None => report("missing".to_owned()),
        Some(lines) if lines > ARCHITECTURE_LINES_MAX => {
            report(format!("{lines} lines, at most {ARCHITECTURE_LINES_MAX}"));
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{PRIVATE_PATHS, check};
    use crate::finding::Rule;
    use crate::rules::rows::lines;

    const PATH: &str = "crates/dx-http/src/a.rs";
    const NONE: [usize; 0] = [];

    #[test]
    fn a_source_starts_with_its_doc() {
        let rows: [(&str, &[usize]); 7] = [
            ("//! a\n", &[]),
            ("//! a", &[]),
            ("//!\n//! a\n", &[1]),
            ("// a\n//! b\n", &[1]),
            ("\n//! a\n", &[1]),
            ("/// a\nfn a() {}\n", &[1]),
            ("", &[1]),
        ];
        for (text, expected) in rows {
            assert_eq!(lines(PATH, text, Rule::ModuleDoc, check), expected, "{text:?}");
        }
        assert_eq!(lines("docs/a.rs", "fn a() {}", Rule::ModuleDoc, check), NONE);
    }

    #[test]
    fn a_line_has_at_most_100_columns() {
        let (longest, longer) = ("é".repeat(100), "é".repeat(101));
        assert_eq!(lines(PATH, &longest, Rule::LineLength, check), NONE);
        assert_eq!(lines(PATH, &format!("a\n{longer}\n"), Rule::LineLength, check), [2]);
        let url = format!("// https://{longer}");
        assert_eq!(lines(PATH, &url, Rule::LineLength, check), NONE);
        assert_eq!(lines("README.md", &longer, Rule::LineLength, check), NONE);
    }

    #[test]
    fn a_long_file_says_why() {
        let body = |count: usize| "a\n".repeat(count);
        let reason = "    // tidy: long file because one table\n";
        let rows = [
            (PATH, body(500), false),
            (PATH, body(501), true),
            (PATH, body(39) + reason + &body(500), false),
            (PATH, body(40) + reason + &body(500), true),
            (PATH, "// tidy: long file because \n".to_owned() + &body(500), true),
            (PATH, "// tidy: long file\n".to_owned() + &body(500), true),
            ("crates/dx-http/tests/a.rs", body(501), false),
        ];
        for (index, (path, text, expected)) in rows.into_iter().enumerate() {
            let found = lines(path, &text, Rule::FileLength, check);
            assert_eq!(!found.is_empty(), expected, "row {index}");
        }
    }

    #[test]
    fn no_file_names_a_path_of_one_machine() {
        for private in PRIVATE_PATHS {
            for (before, expected) in [
                ("", true),
                ("cd ", true),
                ("\"", true),
                ("(", true),
                ("=", true),
                ("~", true),
                ("src/net", false),
                ("https://example.org", false),
                ("https://example.org/net-", false),
                (".", false),
                ("**", false),
            ] {
                let text = format!("first\n{before}{private}a\n");
                let expected: &[usize] = if expected { &[2] } else { &[] };
                for path in ["README.md", "crates/dx-io/Cargo.toml", PATH, ".gitignore"] {
                    assert_eq!(lines(path, &text, Rule::Hygiene, check), expected, "{text}");
                }
            }
        }
        assert_eq!(lines(PATH, "a/tmp/b /target work/root", Rule::Hygiene, check), NONE);
    }

    #[test]
    fn the_architecture_is_there_and_short() {
        const PAGE: &str = "ARCHITECTURE.md";
        let rule = Rule::ArchitectureLength;
        assert_eq!(lines(PAGE, &"a\n".repeat(300), rule, check), NONE);
        assert_eq!(lines(PAGE, &"a\n".repeat(301), rule, check), [1]);
        let missing = crate::rules::rows::found([("docs/ARCHITECTURE.md", "a")], rule, check);
        assert_eq!(missing, [(PAGE.to_owned(), 1)]);
    }
}
