//! What a request asks of its connection: Connection, Expect and Upgrade.
//!
//! Owns the two lists and what they mean by version. May not know framing or who answers. Its one
//! invariant: `close` wins over everything (RFC 9112 section 9.3).

use crate::grammar;
use crate::{HeadError, Version};

/// The wishes of one request, gathered line by line and judged at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes {
    close: bool,
    keep_alive: bool,
    upgrade_option: bool,
    upgrade_field: bool,
    malformed: bool,
    expect_continue: bool,
    expect_other: bool,
}

/// What the head says about the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub keep_alive: bool,
    pub expect_continue: bool,
    pub upgrade: bool,
}

impl Wishes {
    /// `Connection = #connection-option`, case-insensitive tokens (RFC 9110 section 7.6.1).
    #[inline]
    pub(crate) fn connection(&mut self, value: &[u8]) {
        if grammar::same_name(value, b"keep-alive") {
            self.keep_alive = true;
            return;
        }
        for option in elements(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade_option |= option.eq_ignore_ascii_case(b"upgrade");
            self.malformed |= !grammar::is_token(option);
        }
    }

    /// `Expect = #expectation`, compared case-insensitively (RFC 9110 section 10.1.1).
    pub(crate) fn expect(&mut self, value: &[u8]) {
        for expectation in elements(value) {
            let known = expectation.eq_ignore_ascii_case(b"100-continue");
            self.expect_continue |= known;
            self.expect_other |= !known;
        }
    }

    /// An Upgrade line was sent; which protocols it names is the caller's matter.
    pub(crate) fn upgrade(&mut self) {
        self.upgrade_field = true;
    }

    /// What all lines together mean in a request of `version`.
    #[inline]
    pub(crate) fn judge(&self, version: Version) -> Result<Verdict, HeadError> {
        if self.malformed {
            return Err(HeadError::InvalidConnection);
        }
        if self.expect_other {
            return Err(HeadError::UnsupportedExpectation);
        }
        let modern = version >= Version::Http11;
        Ok(Verdict {
            // RFC 9112 section 9.3: by default from 1.1 on, on request in 1.0.
            keep_alive: !self.close && (modern || self.keep_alive),
            // RFC 9110 section 10.1.1: MUST be ignored in HTTP/1.0.
            expect_continue: modern && self.expect_continue,
            // RFC 9110 section 7.8: MUST be ignored in HTTP/1.0, and without the option.
            upgrade: modern && self.upgrade_field && self.upgrade_option,
        })
    }
}

/// The elements of a list; empty ones are skipped (RFC 9110 section 5.6.1.2).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(grammar::trim).filter(|element| !element.is_empty())
}
