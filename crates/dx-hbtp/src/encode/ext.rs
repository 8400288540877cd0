//! Extension fields in front of a payload (section 11).
//!
//! Owns how they are written. May not know their meaning. Its one invariant: the block is a
//! multiple of 8 bytes, so that the payload proper stays aligned.

use crate::ResponseBuffer;

/// Appends the block of `fields`, which the caller gives in ascending order of type, each type
/// once; the frame sets EXT. A field of more than 255 bytes, or one beyond 65,535 bytes in all, is
/// left out.
pub fn extensions(out: &mut ResponseBuffer, fields: &[(u8, &[u8])]) {
    debug_assert!(fields.is_sorted_by(|a, b| a.0 < b.0), "ascending, each once");
    let mut len = 0_usize;
    let fits = |len: &mut usize, value: &[u8]| {
        let next = *len + 2 + value.len();
        let is_fitting = value.len() <= usize::from(u8::MAX) && next <= usize::from(u16::MAX);
        if is_fitting {
            *len = next;
        }
        is_fitting
    };
    let count = fields.iter().filter(|(_, value)| fits(&mut len, value)).count();
    out.write(&(len as u16).to_le_bytes());
    let mut written = 0;
    for (kind, value) in fields.iter().filter(|(_, value)| fits(&mut written, value)).take(count) {
        out.write(&[*kind, value.len() as u8]);
        out.write(value);
    }
    out.write(&[0; 8][..(2 + len).next_multiple_of(8) - (2 + len)]);
}
