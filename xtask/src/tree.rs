//! The files that the rules look at.
//!
//! Owns the walk over the disk, which files count as text, and which of them are Rust sources of
//! the house. Knows no rule. Invariant: paths are relative to the root, use `/`, and are sorted;
//! a source's code and comments have exactly the lines of its text.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::mask::{Masked, mask};

/// Folders that are not part of the tree, wherever they stand.
const SKIPPED: [&str; 2] = [".git", "target"];

/// A text file: its path from the root, and what it says.
#[derive(Debug)]
pub struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A Rust source file, with its code and its comments told apart.
#[derive(Debug)]
pub struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the insides of literals blanked.
    pub(crate) code: String,
    /// The text with everything but comments blanked.
    pub(crate) comments: String,
}

/// Every text file of a repository, in memory.
#[derive(Debug)]
pub struct Tree {
    files: Vec<TextFile>,
    sources: Vec<Source>,
}

/// Why a tree could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum TreeError {
    /// The operating system refused a folder or a file.
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeError::Read { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
        }
    }
}

impl std::error::Error for TreeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TreeError::Read { cause, .. } => Some(cause),
        }
    }
}

impl Tree {
    /// Reads every text file under `root`, except in `.git` and `target` folders. Links are not
    /// followed; files that are not UTF-8 or hold a NUL are not text.
    ///
    /// # Errors
    /// [`TreeError::Read`] when a folder or file cannot be read. One that vanishes between its
    /// listing and its reading (an editor's temporary file) is passed over.
    pub fn load(root: &Path) -> Result<Tree, TreeError> {
        let refused = |path: &Path, cause| TreeError::Read { path: path.to_path_buf(), cause };
        let mut files = Vec::new();
        let mut folders = vec![(root.to_path_buf(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|cause| refused(&folder, cause))? {
                let entry = entry.map_err(|cause| refused(&folder, cause))?;
                let path = entry.path();
                let kind = entry.file_type().map_err(|cause| refused(&path, cause))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() {
                    if !SKIPPED.contains(&name.as_str()) {
                        folders.push((path, format!("{prefix}{name}/")));
                    }
                } else if kind.is_file() {
                    match fs::read(&path) {
                        Ok(bytes) => files.extend(text_file(format!("{prefix}{name}"), bytes)),
                        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                        Err(cause) => return Err(refused(&path, cause)),
                    }
                }
            }
        }
        Ok(Tree::new(files))
    }

    /// A tree that was never on a disk: pairs of path and text.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tree {
        let owned = |(path, text): (&str, &str)| TextFile { path: path.into(), text: text.into() };
        Tree::new(files.into_iter().map(owned).collect())
    }

    /// Every text file, sorted by path.
    pub fn files(&self) -> &[TextFile] {
        &self.files
    }

    /// The Rust sources of the house, sorted by path: `src`, `tests`, `examples` and `benches` of
    /// each crate, `src` and `tests` of `xtask`, and every `src` below `bench`.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn new(mut files: Vec<TextFile>) -> Tree {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let sources = files.iter().filter(|file| is_source(&file.path)).map(Source::new).collect();
        Tree { files, sources }
    }
}

impl TextFile {
    /// The path from the root, with `/` between its parts.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Source {
    /// The path from the root, with `/` between its parts.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn new(file: &TextFile) -> Source {
        let Masked { code, comments } = mask(&file.text);
        Source { path: file.path.clone(), text: file.text.clone(), code, comments }
    }
}

fn text_file(path: String, bytes: Vec<u8>) -> Option<TextFile> {
    if bytes.contains(&0) {
        return None;
    }
    Some(TextFile { path, text: String::from_utf8(bytes).ok()? })
}

fn is_source(path: &str) -> bool {
    if !path.ends_with(".rs") {
        return false;
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["crates", _, "src" | "tests" | "examples" | "benches", _, ..] => true,
        ["xtask", "src" | "tests", _, ..] => true,
        ["bench", folders @ .., _] => folders.contains(&"src"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_source, text_file};

    #[test]
    fn sources_are_told_from_other_files() {
        let rows = [
            ("crates/dx-io/src/lib.rs", true),
            ("crates/dx-io/src/sys/io_uring/ring.rs", true),
            ("crates/dx-io/tests/conformance/main.rs", true),
            ("crates/dx-io/examples/echo.rs", true),
            ("crates/dx-http/benches/head.rs", true),
            ("xtask/src/main.rs", true),
            ("xtask/tests/tidy.rs", true),
            ("bench/load/src/bin/load.rs", true),
            ("bench/peers/actix/src/main.rs", true),
            ("bench/load/tests/cpu_time.rs", false),
            ("bench/src", false),
            ("crates/src/lib.rs", false),
            ("crates/dx-io/build.rs", false),
            ("crates/dx-io/src/notes.md", false),
            ("lib.rs", false),
        ];
        for (path, expected) in rows {
            assert_eq!(is_source(path), expected, "{path}");
        }
    }

    #[test]
    fn only_text_is_kept() {
        assert!(text_file("a".into(), b"words \xc3\xa9".to_vec()).is_some());
        assert!(text_file("a".into(), Vec::new()).is_some());
        assert!(text_file("a".into(), b"\xff\xfe".to_vec()).is_none());
        assert!(text_file("a".into(), b"a\0b".to_vec()).is_none());
    }
}
