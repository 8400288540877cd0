//! The numbers that the rules hold the tree to.
//!
//! Owns every threshold. Knows nothing of how they are measured. Invariant: a rule that counts
//! takes its number from here.

/// Columns of a line of Rust, in characters. A line that holds a URL is free.
pub const LINE_COLUMNS_MAX: usize = 100;

/// Lines of a file under `src/` that gives no reason to be longer.
pub const FILE_LINES_MAX: usize = 500;

/// Lines from the top of a file in which its reason to be long must stand.
pub const LONG_FILE_REASON_LINES: usize = 40;

/// Lines above an unsafe block within which the comment with its proof must end.
pub const SAFETY_LINES_ABOVE: usize = 6;

/// Lines of ARCHITECTURE.md.
pub const ARCHITECTURE_LINES_MAX: usize = 300;
