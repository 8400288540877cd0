//! Schemas and messages as JSON, for people and for generators.
//!
//! Owns the two texts. May not know Rust types; a schema leads it. Its one invariant: any bytes
//! that were checked come out as JSON, and numbers that a browser would round come out as strings.

use core::fmt::Write;

use alloc::string::String;

use crate::error::ReadError;
use crate::message::{HEADER, Message};
use crate::raw::Teleportable;
use crate::schema::{Field, Kind, Number, Schema, Variant};

/// The manifest of `T`: everything a reader in another language has to know.
///
/// ```
/// let manifest = dx_teleport::manifest::<Option<u16>>();
/// assert!(manifest.starts_with(r#"{"format":1,"root":{"name":"Option","size":3,"#));
/// ```
pub fn manifest<T: Teleportable>() -> String {
    let mut out = String::from("{\"format\":1,\"root\":");
    schema(&mut out, T::SCHEMA);
    out.push('}');
    out
}

/// The message as JSON.
///
/// Numbers of more than 32 bits, and floats that are no numbers, are strings; maps are arrays of
/// pairs; an enum is `{"variant": .., "fields": {..}}`.
///
/// # Errors
///
/// What [`View::check`](crate::View::check) says.
pub fn to_json<T: Teleportable>(bytes: &[u8]) -> Result<String, ReadError> {
    let (_, message) = crate::check::check::<T>(bytes)?;
    let mut out = String::new();
    value(&mut out, T::SCHEMA, message, HEADER);
    Ok(out)
}

/// Writing to a string does not fail.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => {
        let _ = write!($out, $($arguments)*);
    };
}

fn text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                put!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn list<T>(out: &mut String, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
}

fn schema(out: &mut String, it: &Schema) {
    put!(out, "{{\"name\":\"{}\",\"size\":{},\"hash\":\"{:016x}\",", it.name, it.size, it.hash);
    match &it.kind {
        Kind::Number(Number::Unsigned) => out.push_str("\"kind\":\"unsigned\""),
        Kind::Number(Number::Signed) => out.push_str("\"kind\":\"signed\""),
        Kind::Number(Number::Float) => out.push_str("\"kind\":\"float\""),
        Kind::Bool => out.push_str("\"kind\":\"bool\""),
        Kind::Char => out.push_str("\"kind\":\"char\""),
        Kind::Text => out.push_str("\"kind\":\"text\""),
        Kind::Slice(of, align) => {
            put!(out, "\"kind\":\"slice\",\"align\":{align},\"of\":");
            schema(out, of);
        }
        Kind::Map(key, of) => {
            out.push_str("\"kind\":\"map\",\"key\":");
            schema(out, key);
            out.push_str(",\"of\":");
            schema(out, of);
        }
        Kind::Option(of) => {
            out.push_str("\"kind\":\"option\",\"of\":");
            schema(out, of);
        }
        Kind::Array(of, count) => {
            put!(out, "\"kind\":\"array\",\"count\":{count},\"of\":");
            schema(out, of);
        }
        Kind::Struct(it) => {
            put!(out, "\"kind\":\"struct\",\"native\":{},\"chain\":[", it.native);
            list(out, it.chain.iter(), |out, hash| {
                put!(out, "\"{hash:016x}\"");
            });
            out.push_str("],\"fields\":[");
            list(out, it.fields.iter(), field);
            out.push(']');
        }
        Kind::Enum(list) => variants(out, "enum", list),
        Kind::Open(list) => variants(out, "open", list),
    }
    out.push('}');
}

fn field(out: &mut String, field: &Field) {
    put!(out, "{{\"name\":\"{}\",\"offset\":{},\"type\":", field.name, field.offset);
    schema(out, field.schema);
    out.push('}');
}

fn variants(out: &mut String, kind: &str, variants: &[Variant]) {
    put!(out, "\"kind\":\"{kind}\",\"variants\":[");
    list(out, variants.iter(), |out, variant| {
        put!(out, "{{\"name\":\"{}\",\"tag\":{},\"fields\":[", variant.name, variant.tag);
        list(out, variant.fields.iter(), field);
        out.push_str("]}");
    });
    out.push(']');
}

/// Bytes of the message, or zeros if there are too few, which no checked message has.
fn bytes<const N: usize>(message: Message<'_>, at: usize) -> [u8; N] {
    let bytes = message.data.get(at..).and_then(|rest| rest.first_chunk::<N>());
    bytes.copied().unwrap_or([0; N])
}

fn word(message: Message<'_>, at: usize) -> u32 {
    u32::from_le_bytes(bytes(message, at))
}

fn value(out: &mut String, schema: &Schema, message: Message<'_>, at: usize) {
    match &schema.kind {
        Kind::Number(kind) => number(out, *kind, schema.size, message, at),
        Kind::Bool => out.push_str(if bytes(message, at) == [1] { "true" } else { "false" }),
        Kind::Char => {
            let c = char::from_u32(word(message, at)).unwrap_or_default();
            text(out, c.encode_utf8(&mut [0; 4]));
        }
        Kind::Text => text(out, message.text(word(message, at), word(message, at + 4))),
        Kind::Slice(of, _) => {
            let (start, count) = (word(message, at) as usize, word(message, at + 4) as usize);
            items(out, of, message, start, count);
        }
        Kind::Map(key, of) => {
            let (start, count) = (word(message, at) as usize, word(message, at + 4) as usize);
            let (first, pair) = (key.size as usize, (key.size + of.size) as usize);
            out.push('[');
            list(out, 0..count, |out, index| {
                out.push('[');
                value(out, key, message, start + index * pair);
                out.push(',');
                value(out, of, message, start + index * pair + first);
                out.push(']');
            });
            out.push(']');
        }
        Kind::Option(of) => match bytes(message, at) {
            [1] => value(out, of, message, at + 1),
            _ => out.push_str("null"),
        },
        Kind::Array(of, count) => items(out, of, message, at, *count as usize),
        Kind::Struct(it) => fields(out, it.fields, message, at),
        Kind::Enum(variants) => {
            let [tag] = bytes(message, at);
            if let Some(variant) = variants.iter().find(|variant| variant.tag == tag) {
                put!(out, "{{\"variant\":\"{}\",\"fields\":", variant.name);
                fields(out, variant.fields, message, at + 1);
                out.push('}');
            }
        }
        Kind::Open(_) => {
            put!(out, "{}", bytes::<1>(message, at)[0]);
        }
    }
}

fn items(out: &mut String, of: &Schema, message: Message<'_>, start: usize, count: usize) {
    out.push('[');
    list(out, 0..count, |out, index| {
        value(out, of, message, start + index * of.size as usize);
    });
    out.push(']');
}

fn fields(out: &mut String, fields: &[Field], message: Message<'_>, at: usize) {
    out.push('{');
    list(out, fields.iter(), |out, field| {
        put!(out, "\"{}\":", field.name);
        value(out, field.schema, message, at + field.offset as usize);
    });
    out.push('}');
}

fn number(out: &mut String, kind: Number, size: u32, message: Message<'_>, at: usize) {
    let wide: [u8; 16] = {
        let mut wide = [0; 16];
        let len = (size as usize).min(16);
        let own = message.data.get(at..at + len).unwrap_or(&[]);
        wide[..own.len()].copy_from_slice(own);
        wide
    };
    let unsigned = u128::from_le_bytes(wide);
    let quote = if size > 4 { "\"" } else { "" };
    match kind {
        Number::Unsigned => {
            put!(out, "{quote}{unsigned}{quote}");
        }
        Number::Signed => {
            let shift = 128 - 8 * size.clamp(1, 16);
            put!(out, "{quote}{}{quote}", (unsigned << shift).cast_signed() >> shift);
        }
        Number::Float => {
            let float = match size {
                4 => f64::from(f32::from_bits(unsigned as u32)),
                _ => f64::from_bits(unsigned as u64),
            };
            let quote = if float.is_finite() { "" } else { "\"" };
            put!(out, "{quote}{float:?}{quote}");
        }
    }
}
