//! The rules on the tree they are for, and the command that runs them.
//!
//! Owns the promise that a finding fails `cargo test`. Knows no rule's insides. Invariant: nothing
//! here writes outside cargo's folder for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use xtask::tree::Tree;

#[test]
fn the_tree_is_tidy() {
    let tree = Tree::load(&xtask::workspace_root()).unwrap();
    for path in ["crates/dx-io/src/lib.rs", "xtask/tests/tidy.rs"] {
        assert!(tree.sources().iter().any(|source| source.path() == path), "{path} was not seen");
    }
    for path in ["Cargo.toml", "crates/dx-io/Cargo.toml"] {
        assert!(tree.files().iter().any(|file| file.path() == path), "{path} was not seen");
    }
    let findings: Vec<String> = xtask::tidy(&tree).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}

/// A fresh folder with these files.
fn folder(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if root.exists() {
        fs::remove_dir_all(&root).unwrap();
    }
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    root
}

fn run(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap()
}

#[test]
fn the_walk_skips_what_is_not_of_the_tree() {
    let root = folder(
        "walk",
        &[
            ("b.md", b"b"),
            ("a/c.bin", b"\0"),
            ("a/d.bin", b"\xff"),
            (".git/config", b"a"),
            ("target/e.rs", b"a"),
            ("bench/target/f.rs", b"a"),
            (".cargo/config.toml", b"a"),
            ("crates/dx-io/src/g.rs", b"//! a\n"),
        ],
    );
    let tree = Tree::load(&root).unwrap();
    let files: Vec<&str> = tree.files().iter().map(|file| file.path()).collect();
    assert_eq!(files, [".cargo/config.toml", "b.md", "crates/dx-io/src/g.rs"]);
    let sources: Vec<&str> = tree.sources().iter().map(|source| source.path()).collect();
    assert_eq!(sources, ["crates/dx-io/src/g.rs"]);
}

#[test]
fn the_command_prints_findings_in_order_and_fails() {
    let root = folder(
        "findings",
        &[
            ("crates/dx-rt/src/b.rs", b"//! b\npub use a::*;\nlet a = todo!();\n"),
            ("crates/dx-rt/src/a.rs", b"fn a() {}\n"),
        ],
    );
    let output = run(&[Path::new("tidy"), &root]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    // The files that are listed with unsafe code are missing here, which is found too.
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("unsafe-room")).collect();
    assert_eq!(
        lines,
        [
            "ARCHITECTURE.md:1: architecture-length: missing",
            "crates/dx-rt/src/a.rs:1: module-doc: no `//!` doc at the top",
            "crates/dx-rt/src/b.rs:2: glob-reexport: re-export names one by one",
            "crates/dx-rt/src/b.rs:3: leftovers: `todo!` was left",
        ]
    );
}

#[test]
fn what_cannot_be_run_is_told_apart_from_findings() {
    let root = folder("nothing", &[]);
    let rows: [&[&Path]; 4] = [
        &[],
        &[Path::new("clean")],
        &[Path::new("tidy"), &root, &root],
        &[Path::new("tidy"), &root.join("missing")],
    ];
    for arguments in rows {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}
