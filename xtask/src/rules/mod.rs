//! The rules, one file per group.
//!
//! Owns the groups' names. Each `check` takes a tree, and its table of exceptions where it has one,
//! and appends what it finds. Invariant: a rule never reads the disk.

pub(crate) mod floors;
pub(crate) mod names;
pub(crate) mod rooms;
pub(crate) mod text;

#[cfg(test)]
pub(crate) mod rows;
