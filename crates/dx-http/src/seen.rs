//! The fields that decide about a request as a whole.
//!
//! Owns which fields those are, noted line by line and judged at the head's end. May not know how
//! lines are found. Its one invariant: nothing is judged before every line is valid.

use crate::connection::Wishes;
use crate::field::Field;
use crate::framing::{self, Once};
use crate::{Head, HeadError, HeaderSpan, Span, Version, grammar, host};

/// What was noted of the lines so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    host: Once,
    content_length: Once,
    transfer_encoding: Once,
    wishes: Wishes,
}

impl Seen {
    /// Records the spans of a valid header line of `buf` and notes what it decides.
    #[inline(always)]
    pub(crate) fn field(&mut self, buf: &[u8], field: Field, head: &mut Head) {
        let Field { start, name_end, value_start, value_end } = field;
        let value = Span::new(value_start, value_end);
        head.headers.push(HeaderSpan { name: Span::new(start, name_end), value });
        let name = &buf[start..name_end];
        match name.len() {
            4 if grammar::same_name(name, b"host") => self.host.note(value),
            6 if grammar::same_name(name, b"expect") => self.wishes.expect(value.of(buf)),
            7 if grammar::same_name(name, b"upgrade") => self.wishes.upgrade(),
            10 if grammar::same_name(name, b"connection") => self.wishes.connection(value.of(buf)),
            14 if grammar::same_name(name, b"content-length") => self.content_length.note(value),
            17 if grammar::same_name(name, b"transfer-encoding") => {
                self.transfer_encoding.note(value);
            }
            _ => {}
        }
    }

    /// Judges the head as a whole.
    #[inline(always)]
    pub(crate) fn judge(&self, buf: &[u8], head: &mut Head) -> Result<(), HeadError> {
        self.judge_host(buf, head)?;
        let Self { content_length, transfer_encoding, wishes, .. } = self;
        head.framing = framing::judge(head.version, content_length, transfer_encoding, buf)?;
        let verdict = wishes.judge(head.version)?;
        head.keep_alive = verdict.keep_alive;
        head.expect_continue = verdict.expect_continue;
        head.upgrade = verdict.upgrade;
        Ok(())
    }

    /// RFC 9112 section 3.2: 400 to HTTP/1.1 without Host, and to several or an invalid one in any
    /// version.
    #[inline(always)]
    fn judge_host(&self, buf: &[u8], head: &mut Head) -> Result<(), HeadError> {
        let Some(span) = self.host.first() else {
            return match head.version {
                Version::Http10 => Ok(()),
                Version::Http11 => Err(HeadError::MissingHost),
            };
        };
        if self.host.is_repeated() {
            return Err(HeadError::DuplicateHost);
        }
        let value = span.of(buf);
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
