//! Which protocol a connection speaks, from its first byte.
//!
//! Owns the table of H-4.1 and the preface (H-4.2). May not know the other protocols. Its one
//! invariant: one byte is enough to choose.

/// What a client with HELLO sends first (H-4.2).
pub const PREFACE: [u8; 8] = *b"\xBDHBTP1\r\n";

/// What the first byte of a connection says (H-4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FirstByte {
    /// HBTP with preface and HELLO.
    Preface,
    /// HBTP that starts with a Ping or an RpcCall.
    Bare,
    /// TLS.
    Tls,
    /// HTTP/1.x.
    Http,
    /// No protocol that is known.
    Unknown,
}

impl FirstByte {
    /// Chooses by `byte`.
    pub const fn choose(byte: u8) -> Self {
        match byte {
            0xBD => Self::Preface,
            0x03 | 0x10 => Self::Bare,
            0x16 => Self::Tls,
            b'\r' | b'\n' | b'A'..=b'Z' | b'a'..=b'z' => Self::Http,
            _ => Self::Unknown,
        }
    }
}
