//! The parts of RFC 3986 that a request target or a Host may have.
//!
//! Owns authorities, paths and queries. Knows no request. Invariant: a function takes a whole part
//! and says whether it is one.

/// The host of `host [ ":" port ]` without user information, and its port if it has digits.
pub fn authority(text: &[u8]) -> Option<(&[u8], Option<u64>)> {
    let host_len = match text {
        [b'[', ..] => text.iter().position(|&byte| byte == b']')? + 1,
        _ => text.iter().position(|&byte| byte == b':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(host_len);
    let valid = match host {
        [b'[', inside @ .., b']'] => is_ip_literal(inside),
        _ => is_made_of(host, is_reg_name),
    };
    let port = match rest {
        [] | [b':'] => None,
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let digits = std::str::from_utf8(digits).ok()?;
            // No TCP port is larger; this is stricter than the RFC's `*DIGIT`.
            let port = digits.trim_start_matches('0');
            let port: u64 = if port.is_empty() { 0 } else { port.parse().ok()? };
            (port <= 65_535).then_some(Some(port))?
        }
        _ => return None,
    };
    valid.then_some((host, port))
}

/// `absolute-path [ "?" query ]` or nothing: its path, and its query.
pub fn path_and_query(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (path, query) = match text.iter().position(|&byte| byte == b'?') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let is_path = |byte| is_pchar(byte) || byte == b'/';
    // The brackets are no part of RFC 3986's query; browsers send them, so they are taken.
    let is_query = |byte| is_path(byte) || b"?[]".contains(&byte);
    let valid = (path.is_empty() || path[0] == b'/')
        && is_made_of(path, is_path)
        && is_made_of(query.unwrap_or_default(), is_query);
    valid.then_some((path, query))
}

/// Whether `text` is made of such characters and of `%` HEXDIG HEXDIG.
fn is_made_of(text: &[u8], is: impl Fn(u8) -> bool) -> bool {
    match text {
        [] => true,
        [b'%', high, low, rest @ ..] => {
            high.is_ascii_hexdigit() && low.is_ascii_hexdigit() && is_made_of(rest, is)
        }
        _ => {
            let len = text.iter().position(|&byte| byte == b'%').unwrap_or(text.len());
            len > 0 && text[..len].iter().all(|&byte| is(byte)) && is_made_of(&text[len..], is)
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_sub_delim(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}

fn is_reg_name(byte: u8) -> bool {
    is_unreserved(byte) || is_sub_delim(byte)
}

fn is_pchar(byte: u8) -> bool {
    is_unreserved(byte) || is_sub_delim(byte) || byte == b':' || byte == b'@'
}

/// `IPv6address / IPvFuture`, section 3.2.2.
fn is_ip_literal(inside: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(inside) else { return false };
    if let Some(future) = text.strip_prefix(['v', 'V']) {
        let Some((version, address)) = future.split_once('.') else { return false };
        let is_address = |byte| is_unreserved(byte) || is_sub_delim(byte) || byte == b':';
        return !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !address.is_empty()
            && address.bytes().all(is_address);
    }
    match text.split("::").collect::<Vec<_>>()[..] {
        [all] => groups(all, true) == Some(8),
        // `::` stands for one group or more.
        [left, right] => match (groups(left, false), groups(right, true)) {
            (Some(left), Some(right)) => left + right <= 7,
            _ => false,
        },
        _ => false,
    }
}

/// How many groups of 16 bits `text` has; an IPv4 address at the end stands for two.
fn groups(text: &str, may_end_in_ipv4: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let groups: Vec<&str> = text.split(':').collect();
    let (last, others) = groups.split_last()?;
    let is_group = |group: &&str| {
        (1..=4).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match () {
        () if !others.iter().all(is_group) => None,
        () if is_group(last) => Some(groups.len()),
        () => (may_end_in_ipv4 && is_ipv4(last)).then_some(groups.len() + 1),
    }
}

/// `dec-octet "." dec-octet "." dec-octet "." dec-octet`
fn is_ipv4(text: &str) -> bool {
    let octets: Vec<&str> = text.split('.').collect();
    let is_octet = |octet: &&str| {
        let digits = octet.bytes().all(|byte| byte.is_ascii_digit());
        let short = (1..=3).contains(&octet.len()) && (octet.len() == 1 || !octet.starts_with('0'));
        digits && short && octet.parse::<u16>().is_ok_and(|octet| octet <= 255)
    };
    octets.len() == 4 && octets.iter().all(is_octet)
}
