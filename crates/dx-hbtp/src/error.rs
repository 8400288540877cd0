//! What a handler returns when it fails.
//!
//! Owns the error as a value. May not know frames. Its one invariant: making one out of a static
//! text allocates nothing.

use alloc::borrow::Cow;
use core::fmt;

use crate::{ErrorCode, Retry};

/// An error for the peer: a code, a message, and whether to try again.
///
/// ```
/// use dx_hbtp::{ErrorCode, HbtpError};
/// let error = HbtpError::new(ErrorCode::NOT_FOUND, "no such room");
/// assert_eq!(error.code, ErrorCode::NOT_FOUND);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HbtpError {
    /// What went wrong.
    pub code: ErrorCode,
    /// For a person; cut at 1,024 bytes when it is sent. Keep internals out of it.
    pub message: Cow<'static, str>,
    /// Whether to try again.
    pub retry: Retry,
}

impl HbtpError {
    /// An error that is not to be tried again.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry: Retry::Never }
    }

    /// The same error, to be tried again as said.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }
}

impl From<ErrorCode> for HbtpError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, "")
    }
}

impl fmt::Display for HbtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)
    }
}

impl core::error::Error for HbtpError {}
