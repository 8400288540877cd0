//! The head of one request as spans over the bytes it was parsed from.
//!
//! Owns what is known of a parsed head. May not know how it was parsed nor hold any of its bytes.
//! Its one invariant: its contents are meaningful only after
//! [`Progress::Complete`](crate::Progress::Complete) and with the buffer that was parsed.

use crate::{Framing, HeaderSpan, Method, Span, TargetForm, Version};

/// A parsed request head.
///
/// Made to be reused: one per core is enough, because an unfinished head keeps nothing here.
/// Every span is relative to the first byte of the buffer that was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The method as sent, of use for [`Method::Other`].
    pub method_token: Span,
    /// The version the request is understood as.
    pub version: Version,
    /// The form of the request target.
    pub form: TargetForm,
    /// The whole request target.
    pub target: Span,
    /// The path, not decoded. Never empty in the origin and absolute forms (`/` stands for an
    /// empty one), `*` in the asterisk form, empty in the authority form.
    pub path: Span,
    /// The query, without its `?` and not decoded; empty if nothing follows the `?`.
    pub query: Option<Span>,
    /// `host[:port]`: of the target if it has an authority (RFC 9112 section 3.3), else of the Host
    /// field. `None` only in HTTP/1.0; empty if Host was.
    pub host: Option<Span>,
    /// The header lines in the order they were sent.
    pub headers: Vec<HeaderSpan>,
    /// How long the body is.
    pub framing: Framing,
    /// Whether the peer wants to use the connection again.
    pub keep_alive: bool,
    /// Whether the peer waits for `100 Continue` before it sends the body.
    pub expect_continue: bool,
    /// Whether the peer offers another protocol; the Upgrade lines say which.
    pub upgrade: bool,
    /// Bytes of the head: tolerated empty lines, request line, header lines and final CRLF.
    pub len: u32,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            method: Method::Get,
            method_token: Span::default(),
            version: Version::Http11,
            form: TargetForm::Origin,
            target: Span::default(),
            path: Span::default(),
            query: None,
            host: None,
            headers: Vec::new(),
            framing: Framing::None,
            keep_alive: false,
            expect_continue: false,
            upgrade: false,
            len: 0,
        }
    }
}

impl Head {
    /// Forgets everything but the capacity of the header list.
    pub fn clear(&mut self) {
        let mut headers = core::mem::take(&mut self.headers);
        headers.clear();
        *self = Self { headers, ..Self::default() };
    }

    /// Whether the target is one of the https scheme, which is not to be answered over a connection
    /// that is not secured (RFC 9110 section 7.4). `buf` is the buffer that was parsed.
    ///
    /// ```
    /// # use dx_http::{Head, HeadParser, Limits};
    /// let bytes = b"GET HTTPS://a/ HTTP/1.1\r\nHost: a\r\n\r\n";
    /// let mut head = Head::default();
    /// HeadParser::default().parse(bytes, &Limits::default(), &mut head)?;
    /// assert!(head.is_for_https(bytes));
    /// # Ok::<(), dx_http::HeadError>(())
    /// ```
    pub fn is_for_https(&self, buf: &[u8]) -> bool {
        // There are but two schemes, and one is a letter longer than the other.
        self.form == TargetForm::Absolute
            && self.target.of(buf).get(4).is_some_and(|byte| byte.eq_ignore_ascii_case(&b's'))
    }

    /// The first value of the header `name`, compared without regard to ASCII case. `buf` is the
    /// buffer that was parsed.
    pub fn header<'b>(&self, buf: &'b [u8], name: &str) -> Option<&'b [u8]> {
        self.header_all(buf, name).next()
    }

    /// Every value of the header `name` in the order sent, compared without regard to ASCII case.
    ///
    /// ```
    /// # use dx_http::{Head, HeadParser, Limits};
    /// let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 b\r\nvia: 1.1 c\r\n\r\n";
    /// let mut head = Head::default();
    /// HeadParser::default().parse(bytes, &Limits::default(), &mut head)?;
    /// assert!(head.header_all(bytes, "Via").eq([b"1.1 b", b"1.1 c"]));
    /// # Ok::<(), dx_http::HeadError>(())
    /// ```
    pub fn header_all<'h, 'b: 'h>(
        &'h self,
        buf: &'b [u8],
        name: &'h str,
    ) -> impl Iterator<Item = &'b [u8]> + 'h {
        self.headers
            .iter()
            .filter(move |line| {
                usize::from(line.name.len) == name.len()
                    && line.name.of(buf).eq_ignore_ascii_case(name.as_bytes())
            })
            .map(move |line| line.value.of(buf))
    }
}
