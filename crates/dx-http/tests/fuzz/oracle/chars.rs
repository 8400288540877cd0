//! Characters and white space of RFC 9110.
//!
//! Owns what one byte may be. Knows no rule made of several but the trimming of white space.
//! Invariant: each function is one rule of the grammar.

/// `tchar`, RFC 9110 section 5.6.2.
pub fn is_tchar(byte: u8) -> bool {
    let delimiters = b"\"(),/:;<=>?@[\\]{}";
    (0x21..=0x7E).contains(&byte) && !delimiters.contains(&byte)
}

/// `token`, RFC 9110 section 5.6.2.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_tchar(byte))
}

/// `field-vchar`, SP or HTAB: what a field value may hold, RFC 9110 section 5.5.
pub fn is_field(byte: u8) -> bool {
    byte == b'\t' || byte == b' ' || (0x21..=0x7E).contains(&byte) || byte >= 0x80
}

/// A byte of OWS or BWS, RFC 9110 section 5.6.3.
pub fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Without the white space around it.
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while bytes.first().is_some_and(|&byte| is_space(byte)) {
        bytes = &bytes[1..];
    }
    while bytes.last().is_some_and(|&byte| is_space(byte)) {
        bytes = &bytes[..bytes.len() - 1];
    }
    bytes
}

/// The elements of a list that are not empty, RFC 9110 section 5.6.1.2.
pub fn elements(value: &[u8]) -> Vec<&[u8]> {
    value.split(|&byte| byte == b',').map(trim).filter(|element| !element.is_empty()).collect()
}
