//! The version of a Linux kernel, as `uname -r` spells it.
//!
//! Owns [`KernelVersion`] and what each version allows. Asks no system: text in, numbers out.
//! Invariant: text that is not a version gives `None`, never a guess and never a panic.

use core::fmt;

use crate::config::UringRung;

/// `major.minor.patch` of a kernel; vendors' suffixes are dropped.
///
/// A version says what a kernel should have. What it allows is found by trying: vendors port
/// features back, and sandboxes take them away.
///
/// ```
/// use dx_io::{KernelVersion, UringRung};
///
/// let version = KernelVersion::parse("5.19.0-50-generic").unwrap();
/// assert_eq!(version, KernelVersion::new(5, 19, 0));
/// assert!(version.allows(UringRung::Provided) && !version.allows(UringRung::Deferred));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelVersion {
    // The derived order compares fields from the first to the last: keep them in this order.
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; 0 where the text has only two.
    pub patch: u32,
}

impl KernelVersion {
    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Reads a release as uname(2) gives it: two or three numbers (further ones are dropped, WSL
    /// has four), then nothing or a suffix that starts with neither a letter nor a digit.
    ///
    /// `None` for everything else, a number above `u32::MAX` included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, rest) = number(text.trim_ascii_end())?;
        let (minor, mut rest) = number(rest.strip_prefix('.')?)?;
        let mut patch = None;
        while let Some(after_dot) = rest.strip_prefix('.') {
            let (value, after) = number(after_dot)?;
            patch = patch.or(Some(value));
            rest = after;
        }
        // "6.1rc2" or "6.1é" is no release that any kernel reports.
        if rest.starts_with(|first: char| !first.is_ascii_punctuation()) {
            return None;
        }
        Some(Self::new(major, minor, patch.unwrap_or(0)))
    }

    /// Whether this version has io_uring at all: 5.1 and later, io_uring_setup(2).
    #[must_use]
    pub const fn has_io_uring(self) -> bool {
        self.at_least(5, 1)
    }

    /// Whether this version has everything that `rung` uses: 5.1 for [`UringRung::Poll`], 5.19 for
    /// [`UringRung::Provided`], 6.1 for [`UringRung::Deferred`].
    #[must_use]
    pub const fn allows(self, rung: UringRung) -> bool {
        match rung {
            UringRung::Poll => self.has_io_uring(),
            UringRung::Provided => self.at_least(5, 19),
            UringRung::Deferred => self.at_least(6, 1),
        }
    }

    const fn at_least(self, major: u32, minor: u32) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The decimal number that `text` starts with, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    // Digits are counted first because `parse` alone would let a sign through.
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(len);
    Some((digits.parse().ok()?, rest))
}
