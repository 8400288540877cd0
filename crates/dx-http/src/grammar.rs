//! The character classes of RFC 9110 and RFC 3986, one table for all of them.
//!
//! Owns which byte may stand where. May not know lines, fields or targets. Its one invariant: a
//! byte belongs to exactly the classes its grammar rule names, nothing is added for leniency
//! except the one deviation written at [`QUERY`].

/// `tchar`, RFC 9110 section 5.6.2.
pub(crate) const TOKEN: u8 = 1 << 0;
/// `pchar` without `%`, and `/`: RFC 3986 section 3.3.
pub(crate) const PATH: u8 = 1 << 1;
/// `pchar` without `%`, `/` and `?`: RFC 3986 section 3.4.
///
/// `[` and `]` are taken too. They are RFC 3986 characters (gen-delims), browsers and curl send
/// them raw in queries such as `?filter[name]=x`, and they mean nothing to any delimiter here.
/// Everything else that is not in RFC 3986 (`|`, `^`, `{`, `"`, `<`, `\`, bytes over 0x7E) is not.
pub(crate) const QUERY: u8 = 1 << 2;
/// `unreserved` and `sub-delims`: `reg-name` without `%`, RFC 3986 section 3.2.2.
pub(crate) const REG_NAME: u8 = 1 << 3;
/// `field-vchar`, SP and HTAB: RFC 9110 section 5.5.
pub(crate) const FIELD: u8 = 1 << 4;
/// `qdtext`: RFC 9110 section 5.6.4.
pub(crate) const QUOTED: u8 = 1 << 5;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = classes(byte as u8);
        byte += 1;
    }
    table
};

/// Whether `byte` belongs to one of the classes in `class`.
#[inline(always)]
pub(crate) fn is(byte: u8, class: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

/// Length of the longest prefix of `bytes` made of `class`.
///
/// Names and paths are short: for them this plain walk beats eight bytes at a time (measured).
#[inline(always)]
pub(crate) fn run(bytes: &[u8], class: u8) -> usize {
    bytes.iter().position(|&byte| !is(byte, class)).unwrap_or(bytes.len())
}

/// Whether all of `bytes` belong to `class`. Asks for the whole and not byte by byte, which is
/// quicker when the answer is yes.
#[inline(always)]
pub(crate) fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().fold(class, |set, &byte| set & CLASSES[byte as usize]) != 0
}

/// Like [`run`], where `%` HEXDIG HEXDIG (RFC 3986 section 2.1) also belongs to the prefix.
#[inline]
pub(crate) fn run_encoded(bytes: &[u8], class: u8) -> usize {
    let mut at = run(bytes, class);
    while let Some([b'%', high, low]) = bytes.get(at..at + 3)
        && high.is_ascii_hexdigit()
        && low.is_ascii_hexdigit()
    {
        at += 3;
        at += run(&bytes[at..], class);
    }
    at
}

/// Whether `bytes` is a `token`, RFC 9110 section 5.6.2: one `tchar` or more.
pub(crate) const fn is_token(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if classes(bytes[at]) & TOKEN == 0 {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

/// `bytes` without the SP and HTAB around it: OWS, RFC 9110 section 5.6.3.
#[inline]
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [b' ' | b'\t', tail @ ..] = rest {
        rest = tail;
    }
    while let [head @ .., b' ' | b'\t'] = rest {
        rest = head;
    }
    rest
}

/// Whether the token `name` is `lower` in any case; `lower` holds letters and `-` only.
///
/// Setting bit 5 maps no other `tchar` onto a letter or `-`, so this is exact for tokens.
#[inline(always)]
pub(crate) fn same_name<const N: usize>(name: &[u8], lower: &[u8; N]) -> bool {
    let Ok(name) = <&[u8; N]>::try_from(name) else { return false };
    // By words; the last one reaches back over bytes of the one before.
    let differ = |at: usize| {
        let word = |bytes: &[u8; N]| {
            if N >= 8 {
                u64::from_le_bytes(core::array::from_fn(|place| bytes[at + place]))
            } else {
                u32::from_le_bytes(core::array::from_fn(|place| bytes[at + place])).into()
            }
        };
        (word(name) | const { if N >= 8 { SPACES } else { SPACES >> 32 } }) ^ word(lower)
    };
    let width = const {
        assert!(N >= 4, "names shorter than a word are not compared");
        if N >= 8 { 8 } else { 4 }
    };
    let mut differs = differ(N - width);
    let mut at = 0;
    while at + width < N {
        differs |= differ(at);
        at += width;
    }
    differs == 0
}

/// Bit 5 of eight bytes.
const SPACES: u64 = u64::MAX / 0xFF * 0x20;

const fn classes(byte: u8) -> u8 {
    let alphanumeric = byte.is_ascii_alphanumeric();
    let mut set = 0;
    if alphanumeric || contains(b"!#$%&'*+-.^_`|~", byte) {
        set |= TOKEN;
    }
    if alphanumeric || contains(b"-._~!$&'()*+,;=", byte) {
        set |= REG_NAME | PATH | QUERY;
    }
    if contains(b":@/", byte) {
        set |= PATH | QUERY;
    }
    if contains(b"?[]", byte) {
        set |= QUERY;
    }
    if byte == b'\t' || (byte >= b' ' && byte != 0x7F) {
        set |= FIELD;
        if byte != b'"' && byte != b'\\' {
            set |= QUOTED;
        }
    }
    set
}

const fn contains(set: &[u8], byte: u8) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_are_as_large_as_their_rules() {
        let size = |class| (0..=255).filter(|&byte| is(byte, class)).count();
        assert_eq!(size(TOKEN), 62 + 15);
        assert_eq!(size(REG_NAME), 62 + 15);
        assert_eq!(size(PATH), 62 + 15 + 3);
        assert_eq!(size(QUERY), 62 + 15 + 3 + 1 + 2);
        assert_eq!(size(FIELD), 1 + 95 + 128);
        assert_eq!(size(QUOTED), 1 + 95 + 128 - 2);
    }

    #[test]
    fn names_compare_without_case_and_exactly_for_tokens() {
        for byte in (0..=255).filter(|&byte| is(byte, TOKEN)) {
            let expected = byte.eq_ignore_ascii_case(&b'h');
            assert_eq!(same_name(&[byte, b'o', b'S', b't'], b"host"), expected, "{byte}");
            let expected = byte == b'-';
            assert_eq!(same_name(&[b'A', byte, b'b', b'c'], b"a-bc"), expected, "{byte}");
        }
        assert!(!same_name(b"hos", b"host"));
        let lower = b"transfer-encoding";
        for place in 0..lower.len() {
            let mut name = *lower;
            name[place] = b'~';
            assert!(!same_name(&name, lower), "{place}");
            assert_eq!(same_name(&name[1..], b"ransfer-encoding"), place == 0);
            assert_eq!(same_name(&name[..6], b"transf"), place >= 6);
            assert_eq!(same_name(&name[..7], b"transfe"), place >= 7);
            assert_eq!(same_name(&name[..14], b"transfer-encod"), place >= 14);
        }
        assert!(same_name(&lower.to_ascii_uppercase(), lower));
    }

    #[test]
    fn percent_triplets_are_whole_and_hexadecimal() {
        for (bytes, len) in [
            (&b"/a%2Fb"[..], 6),
            (b"/a%2", 2),
            (b"/a%", 2),
            (b"/%gg", 1),
            (b"%00%fF", 6),
            (b"%%41", 0),
            (b"/a?b", 2),
        ] {
            assert_eq!(run_encoded(bytes, PATH), len, "{}", bytes.escape_ascii());
        }
    }
}
