//! The command line of the project's chores.
//!
//! Owns arguments, output and exit codes: 0 when the tree is tidy, 1 when there is a finding, 2
//! when the command or the tree could not be read. Knows no rule. Invariant: findings, and nothing
//! else, go to standard output.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xtask::tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy [ROOT]";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [command] if command == "tidy" => tidy(&xtask::workspace_root()),
        [command, root] if command == "tidy" => tidy(&PathBuf::from(root)),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn tidy(root: &Path) -> ExitCode {
    let tree = match Tree::load(root) {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let findings = xtask::tidy(&tree);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        // A reader that has seen enough (`| head`) closes the pipe: the exit code still tells.
        if writeln!(out, "{finding}").is_err() {
            break;
        }
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
