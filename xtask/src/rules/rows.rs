//! What the rules' tests share.
//!
//! Owns the shape of a row's outcome. Knows no rule. Invariant: an outcome keeps the order in
//! which a rule reports.

use crate::finding::{Finding, Rule};
use crate::tree::Tree;

/// Where `rule` was broken in a tree of `files`: pairs of path and line.
pub(crate) fn found<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    rule: Rule,
    check: impl Fn(&Tree, &mut Vec<Finding>),
) -> Vec<(String, usize)> {
    let mut findings = Vec::new();
    check(&Tree::from_files(files), &mut findings);
    findings.retain(|finding| finding.rule == rule);
    findings.into_iter().map(|finding| (finding.path, finding.line)).collect()
}

/// The lines at which `rule` was broken in one file.
pub(crate) fn lines(
    path: &str,
    text: &str,
    rule: Rule,
    check: impl Fn(&Tree, &mut Vec<Finding>),
) -> Vec<usize> {
    let found = found([(path, text)], rule, check);
    found.into_iter().filter(|(at, _)| at == path).map(|(_, line)| line).collect()
}
