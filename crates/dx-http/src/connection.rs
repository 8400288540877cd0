//! What a request asks of its connection: Connection, Expect and Upgrade.
//!
//! Owns the two lists and what they mean by version. May not know framing or who answers. Its one
//! invariant: `close` wins over everything (RFC 9112 section 9.3).

use crate::grammar;
use crate::{HeadError, Version};

/// The wishes of one request, gathered line by line and judged at its end: a set of the bits
/// below. One number, as it stays in a register; seven flags would be stored one by one and loaded
/// together, which stalls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes(u8);

const CLOSE: u8 = 1 << 0;
const KEEP_ALIVE: u8 = 1 << 1;
const UPGRADE_OPTION: u8 = 1 << 2;
const UPGRADE_FIELD: u8 = 1 << 3;
const MALFORMED: u8 = 1 << 4;
const EXPECT_CONTINUE: u8 = 1 << 5;
const EXPECT_OTHER: u8 = 1 << 6;

/// What the head says about the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub keep_alive: bool,
    pub expect_continue: bool,
    pub upgrade: bool,
}

impl Wishes {
    /// `Connection = #connection-option`, case-insensitive tokens (RFC 9110 section 7.6.1).
    #[inline(always)]
    pub(crate) fn connection(&mut self, value: &[u8]) {
        self.0 |=
            if grammar::same_name(value, b"keep-alive") { KEEP_ALIVE } else { options(value) };
    }

    /// `Expect = #expectation`, compared case-insensitively (RFC 9110 section 10.1.1).
    pub(crate) fn expect(&mut self, value: &[u8]) {
        for expectation in elements(value) {
            let known = expectation.eq_ignore_ascii_case(b"100-continue");
            self.0 |= if known { EXPECT_CONTINUE } else { EXPECT_OTHER };
        }
    }

    /// An Upgrade line was sent; which protocols it names is the caller's matter.
    pub(crate) fn upgrade(&mut self) {
        self.0 |= UPGRADE_FIELD;
    }

    /// What all lines together mean in a request of `version`.
    #[inline(always)]
    pub(crate) fn judge(&self, version: Version) -> Result<Verdict, HeadError> {
        if self.has(MALFORMED) {
            return Err(HeadError::InvalidConnection);
        }
        if self.has(EXPECT_OTHER) {
            return Err(HeadError::UnsupportedExpectation);
        }
        let modern = version >= Version::Http11;
        Ok(Verdict {
            // RFC 9112 section 9.3: by default from 1.1 on, on request in 1.0.
            keep_alive: !self.has(CLOSE) && (modern || self.has(KEEP_ALIVE)),
            // RFC 9110 section 10.1.1: MUST be ignored in HTTP/1.0.
            expect_continue: modern && self.has(EXPECT_CONTINUE),
            // RFC 9110 section 7.8: MUST be ignored in HTTP/1.0, and without the option.
            upgrade: modern && self.has(UPGRADE_FIELD) && self.has(UPGRADE_OPTION),
        })
    }

    #[inline(always)]
    const fn has(self, wish: u8) -> bool {
        self.0 & wish != 0
    }
}

/// The wishes in one Connection line.
fn options(value: &[u8]) -> u8 {
    let mut wishes = 0;
    for option in elements(value) {
        let known =
            [(&b"close"[..], CLOSE), (b"keep-alive", KEEP_ALIVE), (b"upgrade", UPGRADE_OPTION)];
        for (name, wish) in known {
            if option.eq_ignore_ascii_case(name) {
                wishes |= wish;
            }
        }
        if !grammar::is_token(option) {
            wishes |= MALFORMED;
        }
    }
    wishes
}

/// The elements of a list; empty ones are skipped (RFC 9110 section 5.6.1.2).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(grammar::trim).filter(|element| !element.is_empty())
}
