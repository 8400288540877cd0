//! What the runtime tells a reactor about an operation, to hear it again at completion.
//!
//! Owns [`UserData`]: kind (4 bits), generation (28 bits), index (32 bits). Knows no tables.
//! Invariant: a completion for an entry that was reused carries the old generation.

/// What completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody waits for it.
    Ignored = 0,
    Recv = 1,
    Send = 2,
    Accept = 3,
    Single = 4,
}

/// The number that goes with an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserData {
    pub(crate) kind: Kind,
    pub(crate) generation: u32,
    pub(crate) index: u32,
}

pub(crate) const GENERATION_MASK: u32 = (1 << 28) - 1;

impl UserData {
    /// For operations whose end interests nobody.
    pub(crate) const IGNORED: u64 = 0;

    pub(crate) const fn new(kind: Kind, generation: u32, index: u32) -> Self {
        Self { kind, generation: generation & GENERATION_MASK, index }
    }

    pub(crate) const fn to_bits(self) -> u64 {
        (self.kind as u64) << 60 | (self.generation as u64) << 32 | self.index as u64
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        let kind = match bits >> 60 {
            1 => Kind::Recv,
            2 => Kind::Send,
            3 => Kind::Accept,
            4 => Kind::Single,
            _ => Kind::Ignored,
        };
        Self { kind, generation: (bits >> 32) as u32 & GENERATION_MASK, index: bits as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::{GENERATION_MASK, Kind, UserData};

    #[test]
    fn survives_the_trip_through_the_kernel() {
        for kind in [Kind::Ignored, Kind::Recv, Kind::Send, Kind::Accept, Kind::Single] {
            for generation in [0, 1, GENERATION_MASK, u32::MAX] {
                for index in [0, 1, u32::MAX] {
                    let sent = UserData::new(kind, generation, index);
                    let back = UserData::from_bits(sent.to_bits());
                    assert_eq!(back.kind, kind);
                    assert_eq!(back.generation, generation & GENERATION_MASK);
                    assert_eq!(back.index, index);
                }
            }
        }
    }
}
