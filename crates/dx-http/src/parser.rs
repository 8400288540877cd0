//! Request heads, line by line.
//!
//! Owns the order in which lines are found, bounded, validated and judged. May not know the
//! grammar of any line. Its one invariant: a line is judged once it is complete and by its bytes
//! alone (a request line by its first byte already), and the head once its last line is valid; so
//! cuts cannot change a verdict.
//!
//! Nearly every head is whole and valid, and `whole.rs` takes it in one pass. This file says what
//! is right: it judges what the other one does not take, and gives the reason.

use memchr::memchr;

use crate::limits::SPAN_MAX;
use crate::seen::Seen;
use crate::{Head, HeadError, Limits, field, request_line, whole};

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
    /// The first fault, in the order of lines; within a line limits come first (but for a request
    /// line that begins with no method), and faults of the head as a whole (Host, framing,
    /// Connection, Expect) come last. The same bytes give the same error however they were cut, and
    /// giving them again gives it again.
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
        // The request line and the verdict write every other field.
        head.headers.clear();
        head.len = 0;
        let fresh = self.scanned == 0;
        let mut seen = Seen::default();
        let whole = if fresh { whole::parse(buf, limits, head, &mut seen) } else { None };
        let len = match whole {
            Some(len) => len,
            None => match self.parse_lines(buf, limits, head, &mut seen)? {
                Some(len) => len,
                None => return Ok(Progress::NeedMore),
            },
        };
        seen.judge(buf, head)?;
        head.len = len as u32;
        Ok(Progress::Complete { len })
    }

    /// As [`parse`](Self::parse) of a fresh parser, by lines alone: the head with its length.
    #[cfg(test)]
    pub(crate) fn parse_plainly(
        buf: &[u8],
        limits: &Limits,
    ) -> Result<Option<(usize, Head)>, HeadError> {
        let (mut head, mut seen) = (Head::default(), Seen::default());
        let found = Self::default().lines(buf, limits, &mut head, &mut seen)?;
        let Some(len) = found else { return Ok(None) };
        seen.judge(buf, &mut head)?;
        head.len = len as u32;
        Ok(Some((len, head)))
    }

    /// Whether a head that is refused or not complete asks with HEAD, whose answer never has
    /// content (RFC 9110 section 9.3.2). `buf` is what [`parse`](Self::parse) was given.
    ///
    /// ```
    /// # use dx_http::HeadParser;
    /// assert!(HeadParser::asks_with_head(b"\r\nHEAD / HTTP/1.1\r\nno colon\r\n"));
    /// assert!(!HeadParser::asks_with_head(b"HEADER / HTTP/1.1\r\n"));
    /// ```
    pub fn asks_with_head(buf: &[u8]) -> bool {
        let mut rest = buf;
        while let [b'\r', b'\n', tail @ ..] = rest {
            rest = tail;
        }
        rest.starts_with(b"HEAD ")
    }

    /// Forgets an unfinished head.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The head's length, once its last line is there.
    #[cold]
    fn parse_lines(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        head: &mut Head,
        seen: &mut Seen,
    ) -> Result<Option<usize>, HeadError> {
        let resumed = self.line > 0;
        let begin = |head: &mut Head, seen: &mut Seen| {
            head.headers.clear();
            *seen = Seen::default();
        };
        begin(head, seen);
        // Taken apart once: compared first and taken apart then, an error came out as a length
        // from an optimising LLVM 22.
        let len = match self.lines(buf, limits, head, seen) {
            Ok(Some(len)) => len,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.reset();
                return Err(error);
            }
        };
        self.reset();
        if resumed {
            // The earlier lines are known to be valid, but not where their parts stand.
            begin(head, seen);
            if whole::parse(&buf[..len], limits, head, seen).is_none() {
                begin(head, seen);
                Self::default().lines(&buf[..len], limits, head, seen)?;
            }
        }
        Ok(Some(len))
    }

    /// Validates the complete lines from where the last call stopped; the head's length if the
    /// last one is there.
    fn lines(
        &mut self,
        buf: &[u8],
        limits: &Limits,
        head: &mut Head,
        seen: &mut Seen,
    ) -> Result<Option<usize>, HeadError> {
        loop {
            let (start, scanned) = (self.line as usize, self.scanned as usize);
            if !self.in_headers {
                request_line::may_begin(buf.get(start))?;
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
                seen.field(buf, field::split(buf, start, end - 2)?, head);
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
