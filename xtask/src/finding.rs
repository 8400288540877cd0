//! What a rule reports.
//!
//! Owns the printed form `path:line: rule: message` and the order of findings. Knows no rule's
//! insides. Invariant: the printed name of a rule is the one documented at the crate's root.

use std::fmt;

/// The rules, in the order in which they are documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// `module-doc`
    ModuleDoc,
    /// `unsafe-room`
    UnsafeRoom,
    /// `safety-comment`
    SafetyComment,
    /// `crate-floor`
    CrateFloor,
    /// `os-name`
    OsName,
    /// `glob-reexport`
    GlobReexport,
    /// `line-length`
    LineLength,
    /// `file-length`
    FileLength,
    /// `leftovers`
    Leftovers,
    /// `hygiene`
    Hygiene,
    /// `architecture-length`
    ArchitectureLength,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::ModuleDoc => "module-doc",
            Rule::UnsafeRoom => "unsafe-room",
            Rule::SafetyComment => "safety-comment",
            Rule::CrateFloor => "crate-floor",
            Rule::OsName => "os-name",
            Rule::GlobReexport => "glob-reexport",
            Rule::LineLength => "line-length",
            Rule::FileLength => "file-length",
            Rule::Leftovers => "leftovers",
            Rule::Hygiene => "hygiene",
            Rule::ArchitectureLength => "architecture-length",
        })
    }
}

/// One place where a rule does not hold. Sorts by path, then line, then rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Relative to the root of the tree, with `/` between its parts.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// The rule that does not hold.
    pub rule: Rule,
    /// What is wrong, for a person.
    pub message: String,
}

impl Finding {
    /// A finding at `path`, line `line`.
    pub fn new(path: &str, line: usize, rule: Rule, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.message)
    }
}
