//! The request target and its four forms, RFC 9112 section 3.2.
//!
//! Owns which form a target has and where its path, query and authority stand. May not know
//! headers. Its one invariant: what it accepts matches the RFC 3986 grammar of its form byte for
//! byte (with the two brackets that `grammar::QUERY` explains); nothing is decoded or normalised.

use crate::grammar::{self, PATH, QUERY};
use crate::{Head, HeadError, Method, Span, host};

/// The form of a request target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetForm {
    /// `/path?query`, the usual one (RFC 9112 section 3.2.1).
    Origin,
    /// `http://host/path?query` (RFC 9112 section 3.2.2).
    Absolute,
    /// `host:port`, for CONNECT alone (RFC 9112 section 3.2.3).
    Authority,
    /// `*`, for OPTIONS alone (RFC 9112 section 3.2.4).
    Asterisk,
}

/// Reads `target`, which starts at `base` in the head, into `head`: form, path, query, and as host
/// the authority of the absolute and authority forms, which outranks Host.
#[inline(always)]
pub(crate) fn parse(
    target: &[u8],
    base: usize,
    method: Method,
    head: &mut Head,
) -> Result<(), HeadError> {
    head.target = Span::new(base, base + target.len());
    if method != Method::Connect && target.first() == Some(&b'/') {
        head.form = TargetForm::Origin;
        head.host = None;
        return path_and_query(target, base, head);
    }
    unusual(target, base, method, head)
}

/// Every form but the origin-form.
#[cold]
fn unusual(target: &[u8], base: usize, method: Method, head: &mut Head) -> Result<(), HeadError> {
    if method == Method::Connect {
        // RFC 9110 section 9.3.6: an empty or invalid port is answered with 400.
        let authority = host::parse(target).ok_or(HeadError::TargetFormMismatch)?;
        if authority.host_len == 0 || authority.port.is_none_or(|port| port == 0) {
            return Err(HeadError::InvalidTarget);
        }
        head.form = TargetForm::Authority;
        head.path = Span::new(base, base);
        head.query = None;
        head.host = Some(head.target);
        return Ok(());
    }
    if target == b"*" {
        if method != Method::Options {
            return Err(HeadError::TargetFormMismatch);
        }
        head.form = TargetForm::Asterisk;
        head.path = head.target;
        head.query = None;
        head.host = None;
        return Ok(());
    }
    absolute(target, base, head)
}

/// `http://` or `https://`, an authority, and what an origin-form would hold.
fn absolute(target: &[u8], base: usize, head: &mut Head) -> Result<(), HeadError> {
    let colon = memchr::memchr(b':', target).ok_or(HeadError::InvalidTarget)?;
    let (scheme, rest) = target.split_at(colon);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Err(HeadError::InvalidTarget);
    }
    let rest = rest.strip_prefix(b"://").ok_or(HeadError::InvalidTarget)?;
    let start = target.len() - rest.len();
    let authority_len = memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
    // An empty host is invalid in both schemes (RFC 9110 sections 4.2.1 and 4.2.2), and so is
    // user information from a peer one does not trust (section 4.2.4).
    let authority = host::parse(&rest[..authority_len]).ok_or(HeadError::InvalidTarget)?;
    if authority.host_len == 0 {
        return Err(HeadError::InvalidTarget);
    }
    let after = start + authority_len;
    path_and_query(&target[after..], base + after, head)?;
    if head.path.is_empty() {
        // An empty path means `/` (RFC 9110 section 4.2.3): lend the second slash of `://`.
        head.path = Span::new(base + start - 1, base + start);
    }
    head.form = TargetForm::Absolute;
    head.host = Some(Span::new(base + start, base + after));
    Ok(())
}

/// `absolute-path [ "?" query ]` where the path may be missing; the caller knows if it may be.
#[inline(always)]
fn path_and_query(bytes: &[u8], base: usize, head: &mut Head) -> Result<(), HeadError> {
    if grammar::all(bytes, PATH) {
        head.path = Span::new(base, base + bytes.len());
        head.query = None;
        return Ok(());
    }
    path_then_query(bytes, base, head)
}

/// As [`path_and_query`], with more than a plain path.
fn path_then_query(bytes: &[u8], base: usize, head: &mut Head) -> Result<(), HeadError> {
    let path_len = grammar::run_encoded(bytes, PATH);
    head.path = Span::new(base, base + path_len);
    head.query = None;
    if path_len == bytes.len() {
        return Ok(());
    }
    // `#` ends here too: a fragment is never sent (RFC 9110 section 4.2.5).
    if bytes[path_len] != b'?' {
        return Err(HeadError::InvalidTarget);
    }
    let query = &bytes[path_len + 1..];
    if grammar::run_encoded(query, QUERY) != query.len() {
        return Err(HeadError::InvalidTarget);
    }
    head.query = Some(Span::new(base + path_len + 1, base + bytes.len()));
    Ok(())
}
