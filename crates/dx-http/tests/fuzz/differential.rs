//! A second opinion: httparse.
//!
//! Owns the list of deliberate differences. May not be the source of truth: httparse knows the
//! syntax of a head and little of what a head means. Invariant: what is accepted here is read the
//! same there; what is refused here and accepted there is on the list, and the input shows why.

use dx_http::HeadError::{self, *};
use dx_http::{Head, HeadParser, Limits, Progress, Version};
use httparse::Status;

use super::input::Input;
use super::oracle::chars::{elements, is_token, trim};
use super::oracle::uri;

/// Lines that httparse is given room for: more than any limit here, so that it never runs out
/// before we do.
const LINES_MAX: usize = 160;

/// A deliberate difference: the refusal, the clause that asks for it or leaves the choice, and
/// what in the input must be there for it.
type Row = (HeadError, &'static str, fn(&Seen<'_>) -> bool);

/// What is refused here though httparse takes it.
pub const STRICTER: &[Row] = &[
    // A recipient MAY recognise a bare LF; it is how one server's line is another's two.
    (BareLf, "RFC 9112 section 2.2", |seen| seen.has_bare_lf()),
    // At least one empty line SHOULD be ignored; httparse ignores any number.
    (TooManyEmptyLines, "RFC 9112 section 2.2", |seen| seen.empty_lines() > 0),
    (RequestLineTooLong, "RFC 9112 section 3", |seen| {
        seen.request_line_len() > seen.limits.request_line_max as usize
    }),
    (HeadTooLarge, "RFC 9110 section 5.4", |seen| {
        seen.len > seen.limits.head_max.min(65_535) as usize
    }),
    (TooManyHeaders, "RFC 9110 section 5.4", |seen| {
        seen.lines.len() > usize::from(seen.limits.headers_max)
    }),
    // httparse takes any visible byte, and those above, for a target.
    (InvalidTarget, "RFC 9112 section 3.2", |seen| seen.method != b"OPTIONS" || !seen.is("*")),
    (TargetFormMismatch, "RFC 9112 sections 3.2.3, 3.2.4", |seen| {
        seen.method == b"CONNECT" || seen.is("*")
    }),
    (MissingHost, "RFC 9112 section 3.2", |seen| seen.values("host").is_empty()),
    (DuplicateHost, "RFC 9112 section 3.2", |seen| seen.values("host").len() > 1),
    // An empty name is one only where nothing asks for a name.
    (InvalidHost, "RFC 9112 section 3.2", |seen| {
        uri::authority(seen.values("host")[0]).is_none_or(|(name, _)| name.is_empty())
    }),
    (DuplicateContentLength, "RFC 9112 section 6.3, rule 5", |seen| {
        seen.values("content-length").len() > 1
    }),
    (InvalidContentLength, "RFC 9110 section 8.6", |seen| {
        let value = seen.values("content-length")[0];
        !(1..=19).contains(&value.len()) || !value.iter().all(u8::is_ascii_digit)
    }),
    // Lists may be split over lines; no honest peer does it with this one.
    (DuplicateTransferEncoding, "RFC 9110 section 5.3", |seen| {
        seen.values("transfer-encoding").len() > 1
    }),
    (InvalidTransferEncoding, "RFC 9112 section 6.3, rule 4", |seen| !seen.is_chunked()),
    (UnsupportedTransferEncoding, "RFC 9112 section 6.1", |seen| !seen.is_chunked()),
    (TransferEncodingInHttp10, "RFC 9112 section 6.1", |seen| seen.minor == 0),
    (LengthAndTransferEncoding, "RFC 9112 section 6.3, rule 3", |seen| {
        !seen.values("content-length").is_empty() && !seen.values("transfer-encoding").is_empty()
    }),
    (InvalidConnection, "RFC 9110 section 7.6.1", |seen| {
        let values = seen.values("connection");
        values.iter().any(|value| elements(value).iter().any(|option| !is_token(option)))
    }),
    (UnsupportedExpectation, "RFC 9110 section 10.1.1", |seen| {
        let values = seen.values("expect");
        let known = |one: &&[u8]| one.eq_ignore_ascii_case(b"100-continue");
        values.iter().any(|value| !elements(value).iter().all(known))
    }),
];

/// What httparse has read.
pub struct Seen<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    len: usize,
    method: &'a [u8],
    target: &'a [u8],
    minor: u8,
    lines: &'a [httparse::Header<'a>],
}

/// Judges one input.
///
/// # Panics
/// When the two opinions differ otherwise than by the list.
pub fn check(input: &[u8]) {
    let _ = difference(input);
}

/// As [`check`]; the difference that was found, if there was one.
///
/// # Panics
/// As [`check`].
pub fn difference(input: &[u8]) -> Option<HeadError> {
    let Input { limits, bytes, .. } = Input::read(input)?;
    let mut head = Head::default();
    let ours = HeadParser::default().parse(bytes, &limits, &mut head);
    let mut lines = [httparse::EMPTY_HEADER; LINES_MAX];
    let mut request = httparse::Request::new(&mut lines);
    let theirs = request.parse(bytes);
    let seen = match theirs {
        Ok(Status::Complete(len)) => Some(Seen {
            bytes,
            limits: &limits,
            len,
            method: request.method.unwrap_or_default().as_bytes(),
            target: request.path.unwrap_or_default().as_bytes(),
            minor: request.version.unwrap_or_default(),
            lines: request.headers,
        }),
        _ => None,
    };
    match (ours, seen) {
        (Ok(Progress::Complete { len }), Some(seen)) => seen.is_same(&head, len),
        (Ok(Progress::Complete { .. }), None) => is_laxer(&head, bytes, theirs),
        (Ok(Progress::NeedMore), Some(_)) => panic!("a whole head is taken for a part of one"),
        (Err(error), Some(seen)) => {
            seen.explain(error);
            return Some(error);
        }
        // Who refuses a byte, and who the line when it is whole, may differ; a refusal stands.
        (Ok(Progress::NeedMore) | Err(_), None) => {}
    }
    None
}

/// The only heads that are accepted here and not there: RFC 9110 section 2.5 wants HTTP/1.2 to
/// HTTP/1.9 understood as 1.1, and httparse knows two versions.
fn is_laxer(head: &Head, bytes: &[u8], theirs: httparse::Result<usize>) {
    let version = usize::from(head.target.start + head.target.len) + 1;
    assert!(matches!(&bytes[version..version + 8], [.., b'1', b'.', b'2'..=b'9']));
    assert_eq!(theirs, Err(httparse::Error::Version));
}

impl Seen<'_> {
    fn is_same(&self, head: &Head, len: usize) {
        let bytes = self.bytes;
        assert_eq!(self.len, len);
        assert_eq!(self.method, head.method_token.of(bytes));
        assert_eq!(self.target, head.target.of(bytes));
        assert_eq!(self.minor, u8::from(head.version == Version::Http11));
        let theirs = self.lines.iter().map(|line| (line.name.as_bytes(), line.value));
        let ours = head.headers.iter().map(|line| (line.name.of(bytes), line.value.of(bytes)));
        assert!(theirs.eq(ours), "the fields");
    }

    fn explain(&self, error: HeadError) {
        let row = STRICTER.iter().find(|(known, ..)| *known == error);
        let Some((_, clause, is_there)) = row else { panic!("{error:?} is on no list") };
        assert!(is_there(self), "{error:?} ({clause}), but not for what is there");
    }

    fn has_bare_lf(&self) -> bool {
        let mut lines = self.bytes[..self.len].split_inclusive(|&byte| byte == b'\n');
        lines.any(|line| line.ends_with(b"\n") && !line.ends_with(b"\r\n"))
    }

    /// With its line end; the empty lines before it do not count.
    fn request_line_len(&self) -> usize {
        let mut lines = self.bytes.split_inclusive(|&byte| byte == b'\n');
        lines.find(|line| !matches!(line, [b'\n'] | [b'\r', b'\n'])).map_or(0, <[u8]>::len)
    }

    fn empty_lines(&self) -> usize {
        let lines = self.bytes.split(|&byte| byte == b'\n');
        lines.take_while(|line| matches!(line, [] | [b'\r'])).count()
    }

    fn is(&self, target: &str) -> bool {
        self.target == target.as_bytes()
    }

    /// Whether the body is framed in the one way that is served.
    fn is_chunked(&self) -> bool {
        self.values("transfer-encoding")[0].eq_ignore_ascii_case(b"chunked")
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self.lines.iter().filter(|line| line.name.eq_ignore_ascii_case(name));
        named.map(|line| trim(line.value)).collect()
    }
}
