//! The frame around a value: header, blocks, string table, padding.
//!
//! Owns [`Message`], which is a message cut into these parts, and the header's bytes. May not know
//! types. Its one invariant: cutting checks everything about the parts but what the strings are.
//!
//! ```text
//! 0        4     5     6      8          text            end          len (multiple of 8)
//! | text   | 1   | pad | 0  0 | root ... blocks ...      | strings    | pad zeros |
//! ```

use crate::error::ReadError;
use crate::limits::{MESSAGE_ALIGN, MESSAGE_BYTES_MAX};
use crate::raw::{Table, wires};
use crate::wire::Wire;

/// Bytes of the header; the root value starts behind it.
pub(crate) const HEADER: usize = 8;

/// The only format there is.
const FORMAT: u8 = 1;

/// A message whose parts are known. Any bytes may be in them; what reads them is safe for all.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Header, root and blocks.
    pub(crate) data: &'a [u8],
    /// The string table.
    pub(crate) text: Table<'a>,
}

/// A message cut into its parts, with a table that may not be UTF-8.
pub(crate) struct Parts<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) table: &'a [u8],
}

impl<'a> Message<'a> {
    /// What a value is read from that refers to nothing.
    pub(crate) const NONE: Self = Self { data: &[], text: Table::EMPTY };

    /// The string, or "" if the reference is wrong, which no checked message has.
    #[inline(always)]
    pub(crate) fn text(&self, offset: u32, len: u32) -> &'a str {
        let start = (offset as usize).wrapping_sub(self.data.len());
        self.text.get(start, len as usize).unwrap_or("")
    }

    /// The wire forms, or none if the reference is wrong, which no checked message has.
    #[inline(always)]
    pub(crate) fn block<W: Wire>(&self, offset: u32, count: u32) -> &'a [W] {
        let rest = self.data.get(offset as usize..).unwrap_or(&[]);
        wires(rest, count).map_or(&[], |(wires, _)| wires)
    }
}

/// Cuts `bytes` into parts.
pub(crate) fn split(bytes: &[u8]) -> Result<Parts<'_>, ReadError> {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(ReadError::Short);
    };
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(ReadError::TooLong);
    }
    let [t0, t1, t2, t3, format, pad, r0, r1] = *header;
    if format != FORMAT || (r0 | r1) != 0 || !bytes.len().is_multiple_of(MESSAGE_ALIGN) {
        return Err(ReadError::Header);
    }
    let text = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
    let pad = usize::from(pad);
    let end = bytes.len() - pad.min(bytes.len());
    if pad >= MESSAGE_ALIGN || text < HEADER || text > end {
        return Err(ReadError::Header);
    }
    let (rest, zeros) = bytes.split_at(end);
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(ReadError::NotZero);
    }
    let (data, table) = rest.split_at(text);
    Ok(Parts { data, table })
}

/// The header of a message of `text` bytes before the table and `pad` behind it.
pub(crate) fn header(text: u32, pad: u8) -> [u8; HEADER] {
    let [t0, t1, t2, t3] = text.to_le_bytes();
    [t0, t1, t2, t3, FORMAT, pad, 0, 0]
}
