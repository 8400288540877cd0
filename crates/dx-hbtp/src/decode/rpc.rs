//! Calls and their answers (H-7.2, H-7.3).
//!
//! Owns their fixed parts. May not know routes. Its one invariant: the message is what follows the
//! fixed part, untouched.

use super::Numbers;
use crate::Refusal;

/// Bytes of the fixed part of a call, and of an answer.
pub const FIXED: usize = 8;

/// The payload of an RpcCall or Notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallBody<'a> {
    /// What is called.
    pub route: u16,
    /// The layout of `arguments`; 0 is not said.
    pub layout: u16,
    /// Time there is, from arrival on; 0 is no deadline.
    pub deadline_ms: u32,
    /// The rest.
    pub arguments: &'a [u8],
}

/// The payload of an RpcResponse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseBody<'a> {
    /// 0 is success; another is the application's.
    pub status: u16,
    /// The layout of `result`; 0 is not said.
    pub layout: u16,
    /// The rest.
    pub result: &'a [u8],
}

/// Reads the payload of an RpcCall or Notify, behind its extension fields.
///
/// # Errors
/// [`Refusal::CallTooShort`].
#[inline]
pub fn call(payload: &[u8]) -> Result<CallBody<'_>, Refusal> {
    let Some((fixed, arguments)) = payload.split_first_chunk::<FIXED>() else {
        return Err(Refusal::CallTooShort);
    };
    let word = u64::from_le_bytes(*fixed);
    let (route, layout, deadline_ms) = (word as u16, (word >> 16) as u16, (word >> 32) as u32);
    Ok(CallBody { route, layout, deadline_ms, arguments })
}

/// Reads the payload of an RpcResponse, behind its extension fields.
///
/// # Errors
/// [`Refusal::ResponseMalformed`].
#[inline]
pub fn response(payload: &[u8]) -> Result<ResponseBody<'_>, Refusal> {
    let mut numbers = Numbers(payload);
    let fixed = (numbers.u16(), numbers.u16(), numbers.u32());
    let (Some(status), Some(layout), Some(0)) = fixed else {
        return Err(Refusal::ResponseMalformed);
    };
    Ok(ResponseBody { status, layout, result: numbers.0 })
}
