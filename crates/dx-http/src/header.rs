//! Response header names and values that cannot break a response.
//!
//! Owns the two types and their validation. May not know which headers a response has. Its one
//! invariant: a name is a lower-case token and a value holds no CR, LF, NUL or other control
//! character, so neither can end a line.

use core::fmt;

use crate::grammar::{self, FIELD};

/// Why bytes are no header name or value. The caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not a token (RFC 9110 section 5.1).
    InvalidName,
    /// The value holds a control character other than HTAB, or starts or ends with white space
    /// (RFC 9110 section 5.5).
    InvalidValue,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidName => "invalid header name",
            Self::InvalidValue => "invalid header value",
        })
    }
}

impl core::error::Error for HeaderError {}

/// Bytes that are part of the program, or owned.
#[derive(Clone)]
enum Bytes {
    Static(&'static [u8]),
    Boxed(Box<[u8]>),
}

impl Bytes {
    #[inline(always)]
    fn get(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Boxed(bytes) => bytes,
        }
    }
}

/// The name of a response header, in lower case (names have no case, RFC 9110 section 5.1).
///
/// ```
/// use dx_http::HeaderName;
/// const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// assert_eq!(HeaderName::new("X-Request-Id"), Ok(X_REQUEST_ID));
/// assert!(HeaderName::new("x y").is_err());
/// ```
#[derive(Clone)]
pub struct HeaderName {
    bytes: Bytes,
    managed: bool,
}

impl HeaderName {
    /// The name `name`, lower-cased.
    ///
    /// # Errors
    ///
    /// [`HeaderError::InvalidName`] unless `name` is a token.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, HeaderError> {
        let name = name.as_ref();
        if !grammar::is_token(name) {
            return Err(HeaderError::InvalidName);
        }
        let name = name.to_ascii_lowercase();
        Ok(Self { managed: is_managed(&name), bytes: Bytes::Boxed(name.into()) })
    }

    /// The name `name`; cloning it is free.
    ///
    /// # Panics
    ///
    /// At compile time in a `const`, if `name` is not a token in lower case.
    pub const fn from_static(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(grammar::is_token(bytes), "a header name is a token");
        let mut at = 0;
        while at < bytes.len() {
            assert!(!bytes[at].is_ascii_uppercase(), "a header name is written in lower case");
            at += 1;
        }
        Self { bytes: Bytes::Static(bytes), managed: is_managed(bytes) }
    }

    /// The name.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get()
    }

    /// Whether [`ResponseHead`](crate::ResponseHead) writes this header itself (`connection`,
    /// `content-length`, `date`, `transfer-encoding`) and skips it among the given ones: a second
    /// opinion on framing would desynchronise the connection.
    #[inline]
    pub const fn is_managed(&self) -> bool {
        self.managed
    }
}

/// The value of a response header.
///
/// ```
/// use dx_http::{HeaderError, HeaderValue};
/// const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
/// assert_eq!(HeaderValue::new("text/plain"), Ok(TEXT));
/// assert_eq!(HeaderValue::new("a\r\nset-cookie: b"), Err(HeaderError::InvalidValue));
/// ```
#[derive(Clone)]
pub struct HeaderValue {
    bytes: Bytes,
}

impl HeaderValue {
    /// The value `value`; may be empty, may hold bytes over 0x7F.
    ///
    /// # Errors
    ///
    /// [`HeaderError::InvalidValue`] for control characters and for white space at either end.
    pub fn new(value: impl AsRef<[u8]>) -> Result<Self, HeaderError> {
        let value = value.as_ref();
        let valid = grammar::run(value, FIELD) == value.len();
        if !valid || grammar::trim(value).len() != value.len() {
            return Err(HeaderError::InvalidValue);
        }
        Ok(Self { bytes: Bytes::Boxed(value.into()) })
    }

    /// The value `value`; cloning it is free.
    ///
    /// # Panics
    ///
    /// At compile time in a `const`, if [`HeaderValue::new`] would refuse `value`.
    pub const fn from_static(value: &'static str) -> Self {
        let bytes = value.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let (byte, outermost) = (bytes[at], at == 0 || at + 1 == bytes.len());
            assert!(byte >= b' ' || byte == b'\t', "a header value has no control characters");
            assert!(byte != 0x7F, "a header value has no control characters");
            let space = byte == b' ' || byte == b'\t';
            assert!(!(space && outermost), "a header value has no white space at its ends");
            at += 1;
        }
        Self { bytes: Bytes::Static(bytes) }
    }

    /// The value.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get()
    }

    /// The value, if it is part of the program.
    #[inline(always)]
    pub(crate) const fn as_static(&self) -> Option<&'static [u8]> {
        match self.bytes {
            Bytes::Static(bytes) => Some(bytes),
            Bytes::Boxed(_) => None,
        }
    }
}

macro_rules! by_bytes {
    ($($name:ident)*) => {$(
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_bytes() == other.as_bytes()
            }
        }

        impl Eq for $name {}

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\"{}\"", self.as_bytes().escape_ascii())
            }
        }
    )*};
}

by_bytes! { HeaderName HeaderValue }

const fn is_managed(name: &[u8]) -> bool {
    matches!(name, b"connection" | b"content-length" | b"date" | b"transfer-encoding")
}
