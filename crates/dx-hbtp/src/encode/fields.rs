//! Fields of HELLO and WELCOME (H-5.6).
//!
//! Owns how they are written. May not know their meaning. Its one invariant: none is longer than
//! its length can say; such a field is left out.

use crate::ResponseBuffer;

/// Appends `fields`, which the caller gives in ascending order of type, each type once.
pub fn fields(out: &mut ResponseBuffer, fields: &[(u16, &[u8])]) {
    debug_assert!(fields.is_sorted_by(|a, b| a.0 < b.0), "ascending, each once");
    for (kind, value) in fields {
        let Ok(len) = u16::try_from(value.len()) else { continue };
        out.write(&kind.to_le_bytes());
        out.write(&len.to_le_bytes());
        out.write(value);
    }
}
