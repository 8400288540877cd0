//! How an input is read: which limits, which cuts, and the bytes of the connection.
//!
//! Owns the three leading bytes. Knows neither heads nor bodies. Invariant: the bytes of the
//! connection are the rest of the input as it stands, so that a kept file can be read and a
//! dictionary helps.

use dx_http::Limits;

/// One input.
#[derive(Debug)]
pub struct Input<'a> {
    /// What may be sent.
    pub limits: Limits,
    /// Whatever the target makes of it: 16 bits that decide about cuts.
    pub seed: u16,
    /// What is sent.
    pub bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads an input; one too short to be one is nothing.
    pub fn read(input: &'a [u8]) -> Option<Self> {
        let ([limits, high, low], bytes) = input.split_first_chunk()?;
        let seed = u16::from_be_bytes([*high, *low]);
        Some(Self { limits: limits_of(*limits), seed, bytes })
    }

    /// Places to cut at, ascending: near or far from each other as the seed has it.
    pub fn cuts(&self) -> Vec<usize> {
        let mut state = u32::from(self.seed) << 1 | 1;
        let gap_max = 1 + u32::from(self.seed % 61);
        let (mut cuts, mut at) = (Vec::new(), 0);
        loop {
            // Marsaglia, "Xorshift RNGs", 2003.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            at += 1 + (state % gap_max) as usize;
            if at >= self.bytes.len() {
                return cuts;
            }
            cuts.push(at);
        }
    }
}

/// The defaults for three quarters of the bytes, all of ASCII among them; else limits so small
/// that short inputs reach them.
fn limits_of(byte: u8) -> Limits {
    let Some(small) = byte.checked_sub(0xC0) else { return Limits::default() };
    let small = u32::from(small);
    Limits {
        request_line_max: 14 + small / 2,
        head_max: 24 + 2 * small,
        headers_max: small as u16 % 5,
        empty_lines_max: small as u8 % 3,
        chunk_line_max: small % 13,
        chunk_overhead_max: small % 29,
    }
}
