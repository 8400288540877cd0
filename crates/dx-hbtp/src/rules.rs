//! The table of section 2, as data.
//!
//! Owns what each opcode allows. May not know phases. Its one invariant: every byte has a row.

use crate::{Features, HbtpFlags, HbtpOpcode, Scope};

/// What the table says of one opcode.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) flags: HbtpFlags,
    pub(crate) is_known: bool,
    /// Whether the sequence is 0 (H-2.4).
    pub(crate) is_unnumbered: bool,
    /// Whether, in a session, the sequence is not 0 (H-2.4).
    pub(crate) is_numbered: bool,
    pub(crate) feature: Features,
}

const R: HbtpFlags = HbtpFlags::EXPECTS_RESPONSE;
const F: HbtpFlags = HbtpFlags::FINAL;
const C: HbtpFlags = HbtpFlags::COMPRESSED;
const X: HbtpFlags = HbtpFlags::EXT;
const CFX: HbtpFlags = C.union(F).union(X);
const CRFX: HbtpFlags = CFX.union(R);

/// The row of `opcode`.
#[inline]
pub(crate) fn row(opcode: HbtpOpcode) -> &'static Row {
    &ROWS[usize::from(opcode.value())]
}

static ROWS: [Row; 256] = {
    let mut rows = [plain(HbtpFlags::NONE); 256];
    let mut value = 0;
    while value < 256 {
        rows[value] = row_of(HbtpOpcode::from_value(value as u8));
        value += 1;
    }
    rows
};

const fn plain(flags: HbtpFlags) -> Row {
    let feature = Features::NONE;
    Row { flags, is_known: true, is_unnumbered: false, is_numbered: false, feature }
}

const fn unnumbered(flags: HbtpFlags, feature: Features) -> Row {
    Row { is_unnumbered: true, feature, ..plain(flags) }
}

const fn row_of(opcode: HbtpOpcode) -> Row {
    let none = HbtpFlags::NONE;
    match opcode {
        HbtpOpcode::Hello | HbtpOpcode::Welcome | HbtpOpcode::GoAway => {
            unnumbered(none, Features::NONE)
        }
        HbtpOpcode::Ping | HbtpOpcode::Pong => plain(R.union(F)),
        HbtpOpcode::Error => plain(none),
        HbtpOpcode::Cancel => Row { is_numbered: true, ..plain(none) },
        HbtpOpcode::Credit => unnumbered(none, Features::CREDIT),
        HbtpOpcode::Ack => unnumbered(none, Features::RESUME),
        HbtpOpcode::Auth => unnumbered(none, Features::AUTH),
        HbtpOpcode::Manifest => unnumbered(C.union(R).union(F), Features::MANIFEST),
        HbtpOpcode::Sealed => Row { feature: Features::SEALED, ..plain(HbtpFlags::ENCRYPTED) },
        HbtpOpcode::RpcCall => Row { is_numbered: true, ..plain(CRFX) },
        HbtpOpcode::StreamUp | HbtpOpcode::StreamDown => {
            Row { feature: Features::STREAMS, ..plain(CFX) }
        }
        HbtpOpcode::RpcResponse | HbtpOpcode::Notify => plain(CFX),
        _ if opcode.value() >= 0x40 || opcode.name().is_some() => plain(CRFX),
        _ => Row { is_known: false, ..plain(CRFX) },
    }
}

/// What an error about a frame of `opcode` is about (H-9.3).
pub(crate) const fn scope_of(opcode: HbtpOpcode) -> Scope {
    match opcode.value() {
        0x10 | 0x11 => Scope::Call,
        0x20..=0x26 => Scope::Subscription,
        0x30..=0x35 => Scope::Surface,
        _ => Scope::Frame,
    }
}
