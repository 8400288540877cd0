//! `docs/benchmarks.md` and the numbers behind it.
//!
//! Owns the markers between which the document is replaced, and what a new one says around them.
//! Invariant: nothing outside the markers is ever changed.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const BEGIN: &str = "<!-- measured: written by the command below, do not edit -->\n";
const END: &str = "<!-- end of what was measured -->\n";
/// What stands around the results when there is no document yet.
const FRAME: &str = include_str!("frame.md");

/// Puts `text` between the markers of `benchmarks.md` in `folder`, and `json` beside it.
pub(crate) fn write(folder: &Path, text: &str, json: &str) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let path = folder.join("benchmarks.md");
    let document = match fs::read_to_string(&path) {
        Ok(document) => document,
        Err(error) if error.kind() == ErrorKind::NotFound => FRAME.to_owned(),
        Err(error) => return Err(error.into()),
    };
    fs::write(&path, replace(&document, text)?)?;
    fs::write(folder.join("benchmarks.json"), json)?;
    Ok(())
}

fn replace(document: &str, text: &str) -> Result<String, Box<dyn Error>> {
    let missing = || format!("benchmarks.md lacks the lines {BEGIN}and {END}");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok([before, BEGIN, "\n", text, "\n", END, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let once = replace(FRAME, "one").unwrap();
        assert!(once.contains("\none\n"));
        let twice = replace(&once, "two").unwrap();
        assert_eq!(twice, replace(FRAME, "two").unwrap());
        assert!(!twice.contains("\none\n"));
        assert!(replace("no markers", "one").is_err());
    }
}
