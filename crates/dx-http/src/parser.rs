//! Request heads, line by line.
//!
//! Owns the order in which lines are found, bounded, validated and judged. May not know the
//! grammar of any line. Its one invariant: a line is judged once it is complete and by its bytes
//! alone, and the head once its last line is valid; so cuts cannot change a verdict.

use memchr::memchr;

use crate::connection::Wishes;
use crate::field::{self, Field};
use crate::framing::{self, Once};
use crate::limits::SPAN_MAX;
use crate::request_line;
use crate::{Head, HeadError, HeaderSpan, Limits, Span, Version, grammar, host};

/// What a call to [`HeadParser::parse`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The head is complete and described by the [`Head`].
    Complete {
        /// Bytes the head took, tolerated leading CRLFs and the final CRLF included.
        len: usize,
    },
    /// Every complete line is valid; the head's end is not there yet.
    NeedMore,
}

/// Where to resume in a head that is not complete yet.
///
/// This is all an unfinished head needs besides its bytes: total work over any number of calls is
/// linear, because no line is searched or validated twice before the last one is there. The spans
/// of a head that came in pieces are collected by one more pass; a head that is complete at the
/// first call is parsed in one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadParser {
    /// Start of the first line that is not validated.
    line: u32,
    /// No LF stands between `line` and here.
    scanned: u32,
    /// Header lines validated.
    headers: u16,
    /// Empty lines seen before the request line.
    empty_lines: u8,
    /// Whether the request line is behind.
    in_headers: bool,
}

const _: () = assert!(size_of::<HeadParser>() == 12);

impl HeadParser {
    /// Parses the head that starts at the first byte of `buf`.
    ///
    /// Between calls for one head `buf` may only grow at its end. The contents of `head` need not
    /// survive between calls, and mean something only after [`Progress::Complete`]; then the parser
    /// is ready for the next head, which starts `len` bytes later.
    ///
    /// # Errors
    ///
    /// The first fault, in the order of lines; within a line limits come first, and faults of the
    /// head as a whole (Host, framing, Connection, Expect) come last. The same bytes give the same
    /// error however they were cut, and giving them again gives it again.
    pub fn parse(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        head: &mut Head,
    ) -> Result<Progress, HeadError> {
        if buf.len() < self.scanned as usize {
            // Not the buffer of the last call: start again rather than trust old offsets.
            self.reset();
        }
        let resumed = self.line > 0;
        // The request line and the verdict write every other field.
        head.headers.clear();
        head.len = 0;
        let mut seen = Seen::default();
        let found = self.lines(buf, limits, head, &mut seen);
        if found == Ok(None) {
            return Ok(Progress::NeedMore);
        }
        self.reset();
        let len = found?.unwrap_or_default();
        if resumed {
            head.headers.clear();
            seen = Seen::default();
            Self::default().lines(&buf[..len], limits, head, &mut seen)?;
        }
        seen.judge(head)?;
        head.len = len as u32;
        Ok(Progress::Complete { len })
    }

    /// Forgets an unfinished head.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Validates the complete lines from where the last call stopped; the head's length if the
    /// last one is there.
    fn lines<'b>(
        &mut self,
        buf: &'b [u8],
        limits: &Limits,
        head: &mut Head,
        seen: &mut Seen<'b>,
    ) -> Result<Option<usize>, HeadError> {
        loop {
            let (start, scanned) = (self.line as usize, self.scanned as usize);
            // A header line that was not looked at before is usually whole and valid: one pass
            // instead of three. Only once for each line, or the work would not be linear.
            if self.in_headers && start == scanned {
                let rest = &buf[start..];
                if rest.starts_with(b"\r\n") {
                    self.within(start, start + 2, limits)?;
                    return Ok(Some(start + 2));
                }
                if let Some((field, len)) = field::whole(rest) {
                    self.within(start, start + len, limits)?;
                    self.count_header(limits)?;
                    seen.field(buf, start, field, head);
                    self.line += len as u32;
                    self.scanned = self.line;
                    continue;
                }
            }
            let found = memchr(b'\n', &buf[scanned..]);
            let end = found.map_or(buf.len(), |at| scanned + at + 1);
            self.within(start, end, limits)?;
            if found.is_none() {
                self.scanned = end as u32;
                return Ok(None);
            }
            // RFC 9112 section 2.2 lets a bare LF pass as a line end; it is a smuggler's tool.
            let Some(line) = buf[start..end - 1].strip_suffix(b"\r") else {
                return Err(HeadError::BareLf);
            };
            if self.in_headers {
                if line.is_empty() {
                    return Ok(Some(end));
                }
                self.count_header(limits)?;
                seen.field(buf, start, field::split(line)?, head);
            } else if line.is_empty() {
                if self.empty_lines >= limits.empty_lines_max {
                    return Err(HeadError::TooManyEmptyLines);
                }
                self.empty_lines += 1;
            } else {
                request_line::parse(line, start, head)?;
                self.in_headers = true;
            }
            self.line = end as u32;
            self.scanned = end as u32;
        }
    }

    #[inline(always)]
    fn count_header(&mut self, limits: &Limits) -> Result<(), HeadError> {
        if self.headers >= limits.headers_max {
            return Err(HeadError::TooManyHeaders);
        }
        self.headers += 1;
        Ok(())
    }

    /// Whether a line that reaches from `start` to at least `end` keeps the limits.
    ///
    /// Asked before anything else about a line, complete or not, so that a limit is reported at
    /// the same byte whether or not later bytes are there: the limit that is reached first wins.
    #[inline(always)]
    fn within(&self, start: usize, end: usize, limits: &Limits) -> Result<(), HeadError> {
        let head_max = limits.head_max.min(SPAN_MAX) as usize;
        let line_max = limits.request_line_max as usize;
        if !self.in_headers && end - start > line_max && start.saturating_add(line_max) <= head_max
        {
            return Err(HeadError::RequestLineTooLong);
        }
        if end > head_max {
            return Err(HeadError::HeadTooLarge);
        }
        Ok(())
    }
}

/// The fields that decide about a request as a whole, noted line by line and judged at its end.
#[derive(Default)]
struct Seen<'b> {
    host: Once<(&'b [u8], Span)>,
    content_length: Once<&'b [u8]>,
    transfer_encoding: Once<&'b [u8]>,
    wishes: Wishes,
}

impl<'b> Seen<'b> {
    /// Records the spans of the valid header line at `base` in `buf` and notes what it decides.
    #[inline(always)]
    fn field(&mut self, buf: &'b [u8], base: usize, field: Field, head: &mut Head) {
        let name_span = Span::new(base, base + field.name_len);
        let span = Span::new(base + field.value_start, base + field.value_end);
        head.headers.push(HeaderSpan { name: name_span, value: span });
        let name = &buf[base..base + field.name_len];
        let value = &buf[base + field.value_start..base + field.value_end];
        match name.len() {
            4 if grammar::same_name(name, b"host") => self.host.note((value, span)),
            6 if grammar::same_name(name, b"expect") => self.wishes.expect(value),
            7 if grammar::same_name(name, b"upgrade") => self.wishes.upgrade(),
            10 if grammar::same_name(name, b"connection") => self.wishes.connection(value),
            14 if grammar::same_name(name, b"content-length") => self.content_length.note(value),
            17 if grammar::same_name(name, b"transfer-encoding") => {
                self.transfer_encoding.note(value);
            }
            _ => {}
        }
    }

    /// Judges the head as a whole.
    #[inline(always)]
    fn judge(&self, head: &mut Head) -> Result<(), HeadError> {
        self.judge_host(head)?;
        head.framing = framing::judge(head.version, self.content_length, self.transfer_encoding)?;
        let verdict = self.wishes.judge(head.version)?;
        head.keep_alive = verdict.keep_alive;
        head.expect_continue = verdict.expect_continue;
        head.upgrade = verdict.upgrade;
        Ok(())
    }

    /// RFC 9112 section 3.2: 400 to HTTP/1.1 without Host, and to several or an invalid one in any
    /// version.
    #[inline(always)]
    fn judge_host(&self, head: &mut Head) -> Result<(), HeadError> {
        let Some((value, span)) = self.host.first else {
            return match head.version {
                Version::Http10 => Ok(()),
                Version::Http11 => Err(HeadError::MissingHost),
            };
        };
        if self.host.repeated {
            return Err(HeadError::DuplicateHost);
        }
        let authority = host::parse(value).ok_or(HeadError::InvalidHost)?;
        match head.host {
            // An empty Host says that the target URI has no authority (RFC 9112 section 3.2).
            None if authority.host_len > 0 || value.is_empty() => head.host = Some(span),
            // RFC 9112 section 3.2.2: the target's authority replaces what Host says.
            Some(_) if authority.host_len > 0 => {}
            _ => return Err(HeadError::InvalidHost),
        }
        Ok(())
    }
}
