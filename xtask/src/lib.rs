//! Project chores: the rules of the house that need no taste, as code.
//!
//! Owns the list of rules and the order in which their findings are printed. Knows nothing of
//! command lines, and reads files only in [`tree`]. Invariant: a rule is a pure function of a
//! [`Tree`], so that each is tested with rows of text.
//!
//! | rule | holds |
//! |---|---|
//! | `module-doc` | every source file starts with its `//!` doc |
//! | `unsafe-room` | `unsafe` stays in its rooms, crate roots say so |
//! | `safety-comment` | each unsafe block and impl has its proof just above |
//! | `crate-floor` | crates name only crates that the design lets them name |
//! | `os-name` | operating systems and descriptors are named in `dx-io/src/sys` alone |
//! | `glob-reexport` | no `pub use` of everything |
//! | `line-length`, `file-length` | 100 columns; 500 lines, or a reason |
//! | `leftovers` | nothing half-done, silenced or skipped |
//! | `hygiene` | no path of anybody's machine in any text file |
//! | `architecture-length` | ARCHITECTURE.md exists and stays readable in one sitting |
//!
//! ```
//! use xtask::tree::Tree;
//!
//! let tree = Tree::from_files([("ARCHITECTURE.md", "# a\n"), ("xtask/src/a.rs", "fn a() {}\n")]);
//! let findings = xtask::tidy(&tree);
//! let missing = "xtask/src/a.rs:1: module-doc: no `//!` doc at the top";
//! assert!(findings.iter().any(|finding| finding.to_string() == missing));
//! ```
#![forbid(unsafe_code)]

pub mod finding;
pub mod limits;
mod manifest;
mod mask;
mod rules;
mod search;
pub mod tree;

use std::path::{Path, PathBuf};

use finding::Finding;
use tree::Tree;

/// Runs every rule over `tree`. The findings are sorted by path, line and rule; none means tidy.
pub fn tidy(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    rules::text::check(tree, &mut findings);
    rules::names::check(tree, &mut findings);
    rules::rooms::check(tree, rules::rooms::LISTED, &mut findings);
    rules::floors::check(tree, rules::floors::DEV_LISTED, &mut findings);
    findings.sort();
    findings
}

/// The root of the workspace that this crate was built in: the folder above its manifest.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
