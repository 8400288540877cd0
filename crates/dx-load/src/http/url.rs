//! URLs of HTTP servers, as a user types them.
//!
//! Owns [`Url`]. Opens nothing; resolving asks the system. Invariant: what parses can be put into
//! a request line and a `Host` field as it is, so no byte of it can end either.

use core::fmt;
use core::str::FromStr;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// The default port of http (RFC 9110, 4.2.1).
const PORT: u16 = 80;

/// `http://AUTHORITY/PATH?QUERY`.
///
/// ```
/// use dx_load::http::{Url, UrlError};
///
/// let url: Url = "http://localhost:8080/user/42?full".parse().unwrap();
/// assert_eq!((url.authority(), url.target()), ("localhost:8080", "/user/42?full"));
/// assert_eq!("https://localhost/".parse::<Url>(), Err(UrlError::Https));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    authority: String,
    host: String,
    port: u16,
    target: String,
}

/// The text is no URL that can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// `https`: there is no TLS here.
    Https,
    /// Another scheme than `http`, or none.
    Scheme,
    /// User information before the host, which RFC 9110 (4.2.4) advises against.
    UserInfo,
    /// The host is missing, or has characters that no host has.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// Path or query have characters that must be percent-encoded, or there is a fragment.
    Target,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Https => "https is not supported: measure the server behind its TLS, over http",
            Self::Scheme => "a URL that starts with http:// is needed",
            Self::UserInfo => "a user name in the URL is not supported",
            Self::Host => "the URL names no usable host",
            Self::Port => "the URL's port is not a number from 1 to 65535",
            Self::Target => "the URL's path has characters that must be percent-encoded",
        })
    }
}

impl std::error::Error for UrlError {}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        if scheme.eq_ignore_ascii_case("https") {
            return Err(UrlError::Https);
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlError::Scheme);
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let (host, port) = host_and_port(authority)?;
        let target = if target.starts_with('/') { target.into() } else { format!("/{target}") };
        if !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(UrlError::Target);
        }
        Ok(Self { authority: authority.to_owned(), host, port, target })
    }
}

impl Url {
    /// Host and port as the `Host` field wants them.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query as the request line wants them.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The first address that the system finds for the host.
    ///
    /// # Errors
    /// What the system says; `NotFound` when it finds none.
    pub fn resolve(&self) -> io::Result<SocketAddr> {
        let mut found = (self.host.as_str(), self.port).to_socket_addrs()?;
        found.next().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.target)
    }
}

/// The host without brackets, and the port.
fn host_and_port(authority: &str) -> Result<(String, u16), UrlError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(UrlError::Host)?;
            let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
            if !is_address || !(port.is_empty() || port.starts_with(':')) {
                return Err(UrlError::Host);
            }
            (host, port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_name) {
        return Err(UrlError::Host);
    }
    let port = match port {
        None | Some("") => PORT,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port > 0).ok_or(UrlError::Port)?
        }
        Some(_) => return Err(UrlError::Port),
    };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::{Url, UrlError};

    #[test]
    fn urls_are_taken_apart() {
        let rows = [
            ("http://a", "a", "a", 80, "/"),
            ("HTTP://a:1", "a:1", "a", 1, "/"),
            ("http://a:/b", "a:", "a", 80, "/b"),
            ("http://a?b=c", "a", "a", 80, "/?b=c"),
            ("http://127.0.0.1:8080/a/b?c=%20", "127.0.0.1:8080", "127.0.0.1", 8080, "/a/b?c=%20"),
            ("http://[::1]:9/", "[::1]:9", "::1", 9, "/"),
            ("http://[::1]", "[::1]", "::1", 80, "/"),
        ];
        for (text, authority, host, port, target) in rows {
            let url: Url = text.parse().unwrap();
            let found = (url.authority(), url.host.as_str(), url.port, url.target());
            assert_eq!(found, (authority, host, port, target), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_loaded_says_why() {
        let rows = [
            ("https://a/", UrlError::Https),
            ("HTTPS://a/", UrlError::Https),
            ("ftp://a/", UrlError::Scheme),
            ("a:8080", UrlError::Scheme),
            ("", UrlError::Scheme),
            ("http://", UrlError::Host),
            ("http:///a", UrlError::Host),
            ("http://a b/", UrlError::Host),
            ("http://[::1", UrlError::Host),
            ("http://[::1]8/", UrlError::Host),
            ("http://[a]/", UrlError::Host),
            ("http://u:p@a/", UrlError::UserInfo),
            ("http://a:0/", UrlError::Port),
            ("http://a:65536/", UrlError::Port),
            ("http://a:+1/", UrlError::Port),
            ("http://a/ b", UrlError::Target),
            ("http://a/\r\nX: y", UrlError::Target),
            ("http://a/#b", UrlError::Target),
            ("http://a/ä", UrlError::Target),
        ];
        for (text, expected) in rows {
            assert_eq!(text.parse::<Url>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_numeric_host_resolves_to_itself() {
        let url: Url = "http://127.0.0.1:7/".parse().unwrap();
        assert_eq!(url.resolve().unwrap(), ([127, 0, 0, 1], 7).into());
    }
}
