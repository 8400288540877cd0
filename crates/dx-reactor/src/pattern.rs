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

/// The values of the parameters of `prefix` if `path`, or a part of it that ends before a slash,
/// matches it.
pub(crate) fn match_prefix<'p>(prefix: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let mut values = Vec::new();
    let mut segments = path.split('/');
    for wanted in prefix.split('/') {
        let segment = segments.next()?;
        match affixes(wanted) {
            None if segment == wanted => {}
            None => return None,
            Some((before, after)) => {
                let value = segment.strip_prefix(before)?.strip_suffix(after)?;
                if value.is_empty() {
                    return None;
                }
                values.push(value);
            }
        }
    }
    Some(values)
}

/// Whether two patterns differ at most in the names of their parameters.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    let same = |a, b| affixes(a) == affixes(b) && (affixes(a).is_some() || a == b);
    a.split('/').count() == b.split('/').count()
        && a.split('/').zip(b.split('/')).all(|(a, b)| same(a, b))
}

/// How little each segment says of what it matches: text, a parameter within text, a parameter.
pub(crate) fn ranks(pattern: &str) -> Vec<u8> {
    let rank = |segment| match affixes(segment) {
        None => 0,
        Some(("", "")) => 2,
        Some(_) => 1,
    };
    pattern.split('/').map(rank).collect()
}

/// What stands before and after the parameter of `segment`, if it has one.
fn affixes(segment: &str) -> Option<(&str, &str)> {
    let (before, rest) = segment.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    Some((before, after))
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
    let fault = text
        .bytes()
        .find(|&byte| !byte.is_ascii_alphanumeric() && !b"-._~!$&'()*+,;=:@%".contains(&byte));
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

    #[test]
    fn prefixes() {
        let rows: [(&str, &str, Option<&[&str]>); 13] = [
            ("/a", "/a", Some(&[])),
            ("/a", "/a/", Some(&[])),
            ("/a", "/a/b/c", Some(&[])),
            ("/a", "/ab", None),
            ("/a", "/", None),
            ("/a", "*", None),
            ("/a/b", "/a", None),
            ("/{x}", "/1", Some(&["1"])),
            ("/{x}", "/", None),
            ("/{x}", "/1/2", Some(&["1"])),
            ("/v{x}.y/b/{z}", "/v1.y/b/2/c", Some(&["1", "2"])),
            ("/v{x}.y", "/v.y", None),
            ("/v{x}y", "/vy", None),
        ];
        for (prefix, path, wanted) in rows {
            let found = match_prefix(prefix, path);
            assert_eq!(found.as_deref(), wanted, "{prefix} {path}");
        }
    }

    #[test]
    fn patterns_that_are_the_same() {
        let rows = [
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/a", "/a/b", false),
            ("/{x}", "/{y}", true),
            ("/{x}", "/a", false),
            ("/v{x}", "/v{y}", true),
            ("/v{x}", "/{x}v", false),
            ("/a/{x}/b", "/a/{y}/c", false),
        ];
        for (a, b, wanted) in rows {
            assert_eq!((is_same(a, b), is_same(b, a)), (wanted, wanted), "{a} {b}");
        }
    }
}
