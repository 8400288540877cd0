//! The shared vectors: `vectors/teleport/*.json`, one file per type.
//!
//! Owns their making and their reading. May not know how bytes are checked. Its one invariant: what
//! is on disk is what is made here; `TELEPORT_VECTORS=write` writes it anew after a change of the
//! format, and the change is then seen in review.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use dx_teleport::{Open, ReadError, Teleportable, to_bytes};
use serde_json::{Value, json};

use crate::vector_types::{
    Color, Compound, Event, Events, Maps, NAMES, Numbers, Options, Pair, Singles, Slices, Texts,
    Vertex, hash, judge_by_name,
};

/// A change of a message: so many bytes from `at` on are replaced, or the length is changed.
enum Change {
    Put(usize, &'static [u8]),
    Cut(usize),
    Append(&'static [u8]),
}

use Change::{Append, Cut, Put};

struct File {
    name: &'static str,
    cases: Vec<Value>,
    last: Vec<u8>,
}

impl File {
    fn new(name: &'static str) -> Self {
        Self { name, cases: Vec::new(), last: Vec::new() }
    }

    /// A value and its bytes; the hostile cases that follow change these.
    fn good<T: Teleportable>(mut self, what: &str, value: &T) -> Self {
        self.last = to_bytes(value).unwrap();
        let (json, _) = judge_by_name(self.name, &self.last).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        self.cases.push(json!({"case": what, "hex": hex(&self.last), "value": json}));
        self
    }

    fn bad(mut self, what: &str, change: &Change, error: ReadError) -> Self {
        let mut bytes = self.last.clone();
        match change {
            Put(at, with) => bytes[*at..at + with.len()].copy_from_slice(with),
            Cut(len) => bytes.truncate(*len),
            Append(more) => bytes.extend_from_slice(more),
        }
        self.cases.push(json!({"case": what, "hex": hex(&bytes), "error": error.name()}));
        self
    }

    fn text(&self) -> String {
        let hash = format!("{:016x}", hash(self.name));
        let head = json!({"type": self.name, "hash": hash});
        let mut text = format!("{{\"type\":{},\"hash\":{},\"cases\":[", head["type"], head["hash"]);
        for (index, case) in self.cases.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(text, "{comma}\n{case}").unwrap();
        }
        text + "\n]}\n"
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn numbers() -> File {
    let zero =
        Numbers { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0, h: 0, i: 0, j: 0, k: 0.0, l: 0.0 };
    let least = Numbers {
        b: i8::MIN,
        d: i16::MIN,
        f: i32::MIN,
        h: i64::MIN,
        j: i128::MIN,
        k: f32::MIN,
        l: f64::MIN,
        ..zero
    };
    let most = Numbers {
        a: u8::MAX,
        b: i8::MAX,
        c: u16::MAX,
        d: i16::MAX,
        e: u32::MAX,
        f: i32::MAX,
        g: u64::MAX,
        h: i64::MAX,
        i: u128::MAX,
        j: i128::MAX,
        k: f32::INFINITY,
        l: f64::MIN_POSITIVE,
    };
    File::new("Numbers")
        .good("zero", &zero)
        .bad("root cut short", &Put(0, &[8]), ReadError::Short)
        .good("least", &least)
        .good("most", &most)
        .bad("empty", &Cut(0), ReadError::Short)
        .bad("seven bytes", &Cut(7), ReadError::Short)
        .bad("header alone", &Cut(8), ReadError::Header)
        .bad("not a multiple of eight", &Append(&[0]), ReadError::Header)
        .bad("unknown format", &Put(4, &[2]), ReadError::Header)
        .bad("reserved byte", &Put(6, &[1]), ReadError::Header)
        .bad("padding of eight", &Put(5, &[8]), ReadError::Header)
        .bad("table inside the header", &Put(0, &[7]), ReadError::Header)
        .bad("table past the end", &Put(0, &[0xFF, 0xFF, 0xFF, 0xFF]), ReadError::Header)
        .bad("padding that is not zero", &Put(87, &[1]), ReadError::NotZero)
        .bad("bytes that nothing refers to", &Append(&[0; 8]), ReadError::Unused)
}

fn singles() -> File {
    let value = |is_on, letter, color, open| Singles { is_on, letter, color, open };
    File::new("Singles")
        .good("last of all", &value(true, char::MAX, Color::Blue, Open::of_tag(255)))
        .good("first of all", &value(false, '\0', Color::Red, Color::Green.into()))
        .bad("bool of 2", &Put(8, &[2]), ReadError::Bool)
        .bad("first surrogate", &Put(9, &[0, 0xD8, 0, 0]), ReadError::Char)
        .bad("last surrogate", &Put(9, &[0xFF, 0xDF, 0, 0]), ReadError::Char)
        .bad("char past the last", &Put(9, &[0, 0, 0x11, 0]), ReadError::Char)
        .bad("tag of 0", &Put(13, &[0]), ReadError::Tag)
        .bad("tag of 3", &Put(13, &[3]), ReadError::Tag)
}

fn texts() -> File {
    let value = Texts { first: "a".into(), second: "é".into(), more: vec!["b".into(), "".into()] };
    let empty = Texts { first: String::new(), second: String::new(), more: vec![] };
    // Header 8, root 24, block 16: the table starts at 48 with "aéb".
    File::new("Texts")
        .good("empty", &empty)
        .bad("an empty string somewhere", &Put(8, &[32]), ReadError::Offset)
        .bad("an empty slice somewhere", &Put(24, &[32]), ReadError::Offset)
        .good("three strings", &value)
        .bad("backward", &Put(16, &[48]), ReadError::Offset)
        .bad("overlapping", &Put(12, &[2]), ReadError::Utf8)
        .bad("into the blocks", &Put(8, &[8]), ReadError::Offset)
        .bad("past the end", &Put(36, &[9]), ReadError::PastEnd)
        .bad("length overflows", &Put(36, &[0xFF, 0xFF, 0xFF, 0xFF]), ReadError::PastEnd)
        .bad("not UTF-8", &Put(48, &[0xFF]), ReadError::Utf8)
        .bad("half a character", &Put(50, b"x"), ReadError::Utf8)
        .bad("a string too short", &Put(36, &[0, 0, 0, 0]), ReadError::Offset)
}

fn slices() -> File {
    let vertex = |id| Vertex { at: [0.5, -1.0, f32::MAX], id };
    let value = Slices {
        bytes: vec![1, 2, 3],
        numbers: vec![0.1, f64::NAN],
        vertices: vec![vertex(1), vertex(u32::MAX)],
        nested: vec![vec![true, false], vec![], vec![true]],
    };
    let empty = Slices { bytes: vec![], numbers: vec![], vertices: vec![], nested: vec![] };
    // Header 8, root 32: bytes at 40, numbers at 48, vertices at 64, nested at 96, bools at 120.
    File::new("Slices")
        .good("empty", &empty)
        .good("some of each", &value)
        .bad("misaligned", &Put(16, &[43]), ReadError::Offset)
        .bad("backward", &Put(24, &[48]), ReadError::Offset)
        .bad("to itself", &Put(8, &[8]), ReadError::Offset)
        .bad("past the end", &Put(32, &[0, 1]), ReadError::Offset)
        .bad("count past the end", &Put(36, &[200]), ReadError::PastEnd)
        .bad("length overflows", &Put(20, &[0, 0, 0, 0x20]), ReadError::PastEnd)
        .bad("length overflows 32 bits", &Put(28, &[1, 0, 0, 0x10]), ReadError::PastEnd)
        .bad("gap not zero", &Put(43, &[1]), ReadError::NotZero)
        .bad("inner backward", &Put(96, &[119]), ReadError::Offset)
        .bad("inner shared", &Put(112, &[120]), ReadError::Offset)
        .bad("bool in a slice", &Put(121, &[2]), ReadError::Bool)
}

fn options() -> File {
    let some = Options { number: Some(0), text: Some("".into()), nested: Some(None) };
    let none = Options { number: None, text: None, nested: None };
    let all = Options { number: Some(65535), text: Some("t".into()), nested: Some(Some(true)) };
    File::new("Options")
        .good("something", &some)
        .good("everything", &all)
        .bad("presence of 2", &Put(8, &[2]), ReadError::Presence)
        .bad("absent but not zero", &Put(8, &[0]), ReadError::NotZero)
        .bad("bool of an option", &Put(22, &[3]), ReadError::Bool)
        .good("nothing", &none)
        .bad("number of an absent option", &Put(10, &[1]), ReadError::NotZero)
}

fn events() -> File {
    let all = vec![
        Event::Tick,
        Event::Key { code: 'ß', is_down: true },
        Event::Said("hi".into()),
        Event::Moved(vec![1, 2]),
    ];
    File::new("Events")
        .good("one of each", &Events { last: Event::Said("bye".into()), all })
        .bad("tag of no variant", &Put(8, &[4]), ReadError::Tag)
        .good("nothing", &Events { last: Event::Tick, all: vec![] })
        .bad("room not zero", &Put(16, &[1]), ReadError::NotZero)
        .bad("another variant", &Put(8, &[7, 9]), ReadError::Offset)
        .good("key", &Events { last: Event::Key { code: 'a', is_down: false }, all: vec![] })
        .bad("bool of a variant", &Put(13, &[9]), ReadError::Bool)
        .bad("room behind the fields", &Put(14, &[9]), ReadError::NotZero)
}

fn maps() -> File {
    let by_name = BTreeMap::from([("b".into(), 2), ("a".into(), 1)]);
    let by_id = BTreeMap::from([(-1, vec!["x".into()]), (1, vec![])]);
    File::new("Maps")
        .good("empty", &Maps { by_name: BTreeMap::new(), by_id: BTreeMap::new() })
        .good("two of each", &Maps { by_name, by_id })
        .bad("integers that do not ascend", &Put(58, &[0xFE, 0xFF]), ReadError::Unsorted)
        .bad("strings that do not ascend", &Put(76, b"z"), ReadError::Unsorted)
        .bad("the same key twice", &Put(58, &[0xFF, 0xFF]), ReadError::Unsorted)
}

fn compound() -> File {
    let vertex = Vertex { at: [1.0, 2.0, 3.0], id: 4 };
    let value = Compound {
        pair: Pair { first: 9, second: "nine".into() },
        other: Pair { first: vec![7], second: [Color::Blue, Color::Red] },
        corners: [vertex; 2],
    };
    File::new("Compound").good("value", &value).bad(
        "color in an array",
        &Put(27, &[9]),
        ReadError::Tag,
    )
}

fn files() -> [File; 8] {
    [numbers(), singles(), texts(), slices(), options(), events(), maps(), compound()]
}

fn path(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/teleport");
    root.join(format!("{}.json", name.to_lowercase()))
}

#[test]
fn the_files_are_what_is_made_here() {
    let files = files();
    assert!(files.iter().map(|file| file.name).eq(NAMES.iter().copied()));
    for file in files {
        if std::env::var_os("TELEPORT_VECTORS").is_some_and(|word| word == "write") {
            std::fs::write(path(file.name), file.text()).unwrap();
        }
        let on_disk = std::fs::read_to_string(path(file.name)).unwrap();
        assert!(on_disk == file.text(), "{} has changed", file.name);
    }
}

#[test]
fn every_case_is_judged_as_the_file_says() {
    let mut wrong = Vec::new();
    for name in NAMES {
        let text = std::fs::read_to_string(path(name)).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(file["hash"], format!("{:016x}", hash(name)), "{name}");
        for case in file["cases"].as_array().unwrap() {
            let bytes = unhex(case["hex"].as_str().unwrap());
            let is_right = match judge_by_name(name, &bytes) {
                Ok((json, again)) => {
                    let json: Value = serde_json::from_str(&json).unwrap();
                    json == case["value"] && again == bytes
                }
                Err(error) => case["error"] == error.name(),
            };
            if !is_right {
                wrong.push(format!("{name}: {case}: {:?}", judge_by_name(name, &bytes)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
