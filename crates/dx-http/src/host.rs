//! `uri-host [ ":" port ]`: the value of Host and the authority of a request target.
//!
//! Owns the grammar of RFC 3986 section 3.2.2 and 3.2.3. May not know where the bytes came from.
//! Its one invariant: user information (`@`) is never part of what it accepts.

use core::net::Ipv6Addr;

use crate::grammar::{self, REG_NAME};

/// The parts of an accepted authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    /// Bytes of the host, brackets included; may be 0.
    pub host_len: usize,
    /// The port if digits were given; a colon alone gives none.
    pub port: Option<u16>,
}

/// The parts of `bytes`, or `None` if it is not `uri-host [ ":" port ]`.
///
/// A port above 65,535 is refused although RFC 3986 sets no bound: no TCP port has that number.
#[inline(always)]
pub(crate) fn parse(bytes: &[u8]) -> Option<Authority> {
    // A name or an IPv4 address alone.
    if grammar::all(bytes, REG_NAME) {
        return Some(Authority { host_len: bytes.len(), port: None });
    }
    parse_parts(bytes)
}

fn parse_parts(bytes: &[u8]) -> Option<Authority> {
    let host_len = if bytes.first() == Some(&b'[') {
        ip_literal_len(bytes)?
    } else {
        // An IPv4 address is a reg-name to this grammar: nothing here needs them told apart.
        grammar::run_encoded(bytes, REG_NAME)
    };
    let port = match &bytes[host_len..] {
        [] | [b':'] => None,
        [b':', digits @ ..] => Some(port(digits)?),
        _ => return None,
    };
    Some(Authority { host_len, port })
}

/// `port = *DIGIT` with at least one digit and at most 65,535.
fn port(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |port, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        port.checked_mul(10)?.checked_add(u16::from(digit))
    })
}

/// `IP-literal = "[" ( IPv6address / IPvFuture ) "]"`; the length with its brackets.
fn ip_literal_len(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b']', bytes)?;
    let inside = &bytes[1..end];
    let valid = match inside {
        [b'v' | b'V', future @ ..] => is_future(future),
        // No zone identifiers: RFC 9110 takes uri-host from RFC 3986, without RFC 6874.
        _ => core::str::from_utf8(inside).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok()),
    };
    valid.then_some(end + 1)
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`, after the `v`.
fn is_future(bytes: &[u8]) -> bool {
    let Some(dot) = bytes.iter().position(|&byte| byte == b'.') else { return false };
    let (version, address) = (&bytes[..dot], &bytes[dot + 1..]);
    !version.is_empty()
        && version.iter().all(u8::is_ascii_hexdigit)
        && !address.is_empty()
        && address.iter().all(|&byte| byte == b':' || grammar::is(byte, REG_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_follow_rfc_3986() {
        type Parts = (usize, Option<u16>);
        let rows: [(&str, Option<Parts>); 34] = [
            ("", Some((0, None))),
            ("a", Some((1, None))),
            ("a.example", Some((9, None))),
            ("a:80", Some((1, Some(80)))),
            ("a:", Some((1, None))),
            ("a:0", Some((1, Some(0)))),
            ("a:00080", Some((1, Some(80)))),
            ("a:65535", Some((1, Some(65535)))),
            ("a:65536", None),
            ("a:+80", None),
            ("a:80a", None),
            ("a:80:80", None),
            (":80", Some((0, Some(80)))),
            ("1.2.3.4:80", Some((7, Some(80)))),
            ("a_b-c~d", Some((7, None))),
            ("a%41", Some((4, None))),
            ("a%4", None),
            ("a%zz", None),
            ("a b", None),
            ("a/b", None),
            ("u@a", None),
            ("a?b", None),
            ("a#b", None),
            ("a\u{e9}", None),
            ("[::1]", Some((5, None))),
            ("[::1]:80", Some((5, Some(80)))),
            ("[::ffff:1.2.3.4]", Some((16, None))),
            ("[::1", None),
            ("[::1]x", None),
            ("[fe80::1%25eth0]", None),
            ("[1:2:3:4:5:6:7:8:9]", None),
            ("[]", None),
            ("[v1.a:b]", Some((8, None))),
            ("[v.a]", None),
        ];
        for (text, expected) in rows {
            let found = parse(text.as_bytes()).map(|parts| (parts.host_len, parts.port));
            assert_eq!(found, expected, "{text}");
        }
    }
}
