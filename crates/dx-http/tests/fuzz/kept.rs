//! Inputs that fuzzing has found worth keeping.
//!
//! Owns the walk over `tests/corpora`, a folder a target. May not know what is compared. Its one
//! invariant: no folder is empty, none is without its target, and none is too large to be read.

use std::fs;
use std::path::Path;

/// Bounds of a folder: kept inputs are read by people, and by every run of the tests.
const FILES_MAX: usize = 300;
const BYTES_MAX: usize = 4096;

/// A target's name, which is that of its folder, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Gives every kept input to its target; `targets` in the order of names.
///
/// # Panics
/// As the targets do.
pub fn check_all(root: &Path, targets: &[Target]) {
    let mut folders: Vec<_> = fs::read_dir(root)
        .expect("the corpora are here")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    folders.sort();
    assert!(folders.iter().eq(targets.iter().map(|(name, _)| *name)), "{folders:?}");
    for (name, check) in targets {
        for_each(&root.join(name), check);
    }
}

/// Calls `f` with every kept input of a folder.
///
/// # Panics
/// When there is none, or too much; and as `f` does.
pub fn for_each(folder: &Path, mut f: impl FnMut(&[u8])) {
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("readable").path();
        let input = fs::read(&path).expect("readable");
        assert!(input.len() <= BYTES_MAX, "{} is too large", path.display());
        // What is inside cannot tell which file it was; a test that passes shows nothing.
        println!("{}", path.display());
        f(&input);
        files += 1;
    }
    assert!((1..=FILES_MAX).contains(&files), "{}: {files} files", folder.display());
}
