//! Connections that are nearly right, made of an input.
//!
//! Owns the grammar of the meal. Invariant: without its last step, every request is whole and
//! valid, so that most inputs reach far behind the first head.

use arbitrary::{Result, Unstructured};

const METHODS: &[&str] = &["GET", "GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "M-SEARCH"];
const TARGETS: &[&str] = &[
    "/",
    "/a?b=c",
    "/wait",
    "/yield",
    "/big",
    "/none",
    "/same",
    "/%20",
    "http://b/wait",
    "*",
    "c:1",
];
const FIELDS: &[&str] = &[
    "X: y",
    "Connection: close",
    "Connection: keep-alive",
    "Expect: 100-continue",
    "Upgrade: x\r\nConnection: upgrade",
    "Cookie: a=b\tc",
    "Transfer-Encoding: gzip",
    "Content-Length: 1",
    "Host: twice",
];
const EXTENSIONS: &[&str] = &["", "", "", ";a", ";a=b", " ; a = \"b\\\"\""];
const TRAILERS: &[&str] = &["", "", "T: u\r\n", "T:\r\nU: v\r\n", "Content-Length: 3\r\n"];
const MARKS: &[u8] = b"\r\n :;,\t\0\"\\0aZ/%?\x7F\x80";

/// Requests, and a few changes to their bytes.
pub fn cook(input: &[u8]) -> Vec<u8> {
    let mut input = Unstructured::new(input);
    let mut bytes = Vec::new();
    // An input that is used up ends the meal, whatever it was at.
    while !input.is_empty() && bytes.len() < 4096 && request(&mut input, &mut bytes).is_ok() {}
    bytes
}

fn request(input: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    // Of an input that is used up, every ratio is true: then nothing more is added.
    let rare = |input: &mut Unstructured<'_>| Ok(!input.ratio(7u8, 8u8)?);
    if rare(input)? {
        out.extend_from_slice(b"\r\n");
    }
    let version = if rare(input)? { "1.0" } else { "1.1" };
    let line = format!("{} {} HTTP/{version}", input.choose(METHODS)?, input.choose(TARGETS)?);
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(b"\r\nHost: h\r\n");
    while !input.ratio(2u8, 3u8)? {
        out.extend_from_slice(input.choose(FIELDS)?.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    match input.int_in_range(0..=4u8)? {
        0 => {
            let len = input.int_in_range(0..=640usize)?;
            out.extend_from_slice(format!("Content-Length: {len}\r\n\r\n").as_bytes());
            out.extend(std::iter::repeat_n(b"0\r\nx"[len % 4], len));
        }
        1 => chunks(input, out)?,
        _ => out.extend_from_slice(b"\r\n"),
    }
    while rare(input)? {
        let at = start + input.choose_index(out.len() - start)?;
        let mark = *input.choose(MARKS)?;
        match input.int_in_range(0..=2u8)? {
            0 => out[at] = mark,
            1 => out.insert(at, mark),
            _ => drop(out.remove(at)),
        }
    }
    Ok(())
}

fn chunks(input: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
    while !input.ratio(1u8, 3u8)? {
        let len = 1 + input.int_in_range(0..=200usize)?;
        out.extend_from_slice(format!("{len:x}{}\r\n", input.choose(EXTENSIONS)?).as_bytes());
        out.extend(std::iter::repeat_n(b"0\r\nx"[len % 4], len));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("0{}\r\n", input.choose(EXTENSIONS)?).as_bytes());
    out.extend_from_slice(input.choose(TRAILERS)?.as_bytes());
    out.extend_from_slice(b"\r\n");
    Ok(())
}
