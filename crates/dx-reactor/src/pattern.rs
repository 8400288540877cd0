//! The patterns of routes.
//!
//! Owns what a pattern may look like and the names in it. May not know what else is routed. Its
//! one invariant: a pattern that passes can match a path, and has at most as many parameters as a
//! request has room for.

use std::rc::Rc;

use crate::params::PARAMS_MAX;
use crate::route_error::PatternFault;

/// The names of the parameters of `pattern`, in their order.
///
/// A pattern is a path in which `{name}` stands for one or more characters of a segment and
/// `{*name}`, as the last segment, for all that follows, but not for nothing.
pub(crate) fn names(pattern: &str) -> Result<Rc<[Box<str>]>, PatternFault> {
    let Some(segments) = pattern.strip_prefix('/') else {
        return Err(PatternFault::NoLeadingSlash);
    };
    let mut names: Vec<Box<str>> = Vec::new();
    let mut caught_all = false;
    for segment in segments.split('/') {
        if caught_all {
            return Err(PatternFault::MisplacedCatchAll);
        }
        let Some((name, rest)) = param(segment)? else { continue };
        let name = match name.strip_prefix('*') {
            Some(_) if rest > 0 => return Err(PatternFault::MisplacedCatchAll),
            Some(name) => {
                caught_all = true;
                name
            }
            None => name,
        };
        if name.is_empty() || name.contains(['*', '{', '}']) {
            return Err(PatternFault::InvalidParam);
        }
        if names.iter().any(|other| **other == *name) {
            return Err(PatternFault::DuplicateParam);
        }
        if names.len() == PARAMS_MAX {
            return Err(PatternFault::TooManyParams { max: PARAMS_MAX });
        }
        names.push(name.into());
    }
    Ok(names.into())
}

/// What stands between the braces of `segment`, and how many bytes stand around them.
fn param(segment: &str) -> Result<Option<(&str, usize)>, PatternFault> {
    let Some((before, after)) = segment.split_once('{') else {
        return literal(segment).map(|()| None);
    };
    let Some((name, after)) = after.split_once('}') else {
        return Err(PatternFault::InvalidParam);
    };
    if after.contains('{') && after.contains('}') {
        return Err(PatternFault::SeveralParamsInSegment);
    }
    literal(before)?;
    literal(after)?;
    Ok(Some((name, before.len() + after.len())))
}

/// Whether `text` can be part of a path as it is sent: `pchar`, RFC 3986 section 3.3.
fn literal(text: &str) -> Result<(), PatternFault> {
    let fault = text.bytes().find(|&byte| {
        !byte.is_ascii_alphanumeric() && !b"-._~!$&'()*+,;=:@%".contains(&byte)
    });
    match fault {
        None => Ok(()),
        Some(b'{' | b'}') => Err(PatternFault::InvalidParam),
        Some(byte) => Err(PatternFault::NotInPath { byte }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PatternFault::*;

    #[test]
    fn patterns() {
        let rows: [(&str, Result<&[&str], PatternFault>); 36] = [
            ("/", Ok(&[])),
            ("/a", Ok(&[])),
            ("/a/", Ok(&[])),
            ("//", Ok(&[])),
            ("/a-._~!$&'()*+,;=:@%20", Ok(&[])),
            ("/{a}", Ok(&["a"])),
            ("/{a}/", Ok(&["a"])),
            ("/x/{a}/y/{b}", Ok(&["a", "b"])),
            ("/{a}.json", Ok(&["a"])),
            ("/v{a}", Ok(&["a"])),
            ("/@{a}:x/{*b}", Ok(&["a", "b"])),
            ("/{*a}", Ok(&["a"])),
            ("/{\u{e9} \u{1}}", Ok(&["\u{e9} \u{1}"])),
            ("/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}", Ok(&["1", "2", "3", "4", "5", "6", "7", "8"])),
            ("/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}", Err(TooManyParams { max: 8 })),
            ("", Err(NoLeadingSlash)),
            ("a", Err(NoLeadingSlash)),
            ("*", Err(NoLeadingSlash)),
            ("{a}", Err(NoLeadingSlash)),
            ("/a b", Err(NotInPath { byte: b' ' })),
            ("/a?b", Err(NotInPath { byte: b'?' })),
            ("/a#b", Err(NotInPath { byte: b'#' })),
            ("/\u{e9}", Err(NotInPath { byte: 0xC3 })),
            ("/{a}\n", Err(NotInPath { byte: b'\n' })),
            ("/{}", Err(InvalidParam)),
            ("/{*}", Err(InvalidParam)),
            ("/{a", Err(InvalidParam)),
            ("/a}", Err(InvalidParam)),
            ("/{a/b}", Err(InvalidParam)),
            ("/{{a}}", Err(InvalidParam)),
            ("/{a*}", Err(InvalidParam)),
            ("/{a}{b}", Err(SeveralParamsInSegment)),
            ("/{a}-{b}", Err(SeveralParamsInSegment)),
            ("/{a}/{a}", Err(DuplicateParam)),
            ("/{*a}/b", Err(MisplacedCatchAll)),
            ("/x{*a}", Err(MisplacedCatchAll)),
        ];
        for (pattern, wanted) in rows {
            let found = names(pattern);
            let found = found.as_ref().map(|names| names.iter().map(|name| &**name).collect());
            assert_eq!(found.map_err(|fault| *fault), wanted.map(<[&str]>::to_vec), "{pattern:?}");
        }
    }
}
