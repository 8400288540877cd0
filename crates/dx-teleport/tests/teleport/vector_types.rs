//! The types of the shared vectors, by name.
//!
//! Owns the types and the call by name. Also compiled for wasm32, so it may not know files or
//! clocks. Its one invariant: a change of a type here changes a hash in the vectors.

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use dx_teleport::{
    Open, ReadError, Teleport, TeleportLayout, Teleportable, View, to_bytes, to_json,
};

#[derive(Teleport, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum Color {
    Red = 1,
    Green,
    Blue = 200,
}

#[derive(Teleport, Clone, Copy, Debug, PartialEq)]
#[teleport(native)]
#[repr(C)]
pub struct Vertex {
    pub at: [f32; 3],
    pub id: u32,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Pair<A, B> {
    pub first: A,
    pub second: B,
}

#[derive(Teleport, Debug, PartialEq)]
#[repr(u8)]
pub enum Event {
    Tick,
    Key { code: char, is_down: bool },
    Said(String),
    Moved(Vec<u16>) = 7,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Numbers {
    pub a: u8,
    pub b: i8,
    pub c: u16,
    pub d: i16,
    pub e: u32,
    pub f: i32,
    pub g: u64,
    pub h: i64,
    pub i: u128,
    pub j: i128,
    pub k: f32,
    pub l: f64,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Singles {
    pub is_on: bool,
    pub letter: char,
    pub color: Color,
    pub open: Open<Color>,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Texts {
    pub first: String,
    pub second: String,
    pub more: Vec<String>,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Slices {
    pub bytes: Vec<u8>,
    pub numbers: Vec<f64>,
    pub vertices: Vec<Vertex>,
    pub nested: Vec<Vec<bool>>,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Options {
    pub number: Option<u16>,
    pub text: Option<String>,
    pub nested: Option<Option<bool>>,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Events {
    pub last: Event,
    pub all: Vec<Event>,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Maps {
    pub by_name: BTreeMap<String, u32>,
    pub by_id: BTreeMap<i16, Vec<String>>,
}

#[derive(Teleport, Debug, PartialEq)]
pub struct Compound {
    pub pair: Pair<u16, String>,
    pub other: Pair<Vec<u8>, [Color; 2]>,
    pub corners: [Vertex; 2],
}

/// What a message is: its JSON, and the bytes that its value gives again.
pub type Verdict = Result<(String, Vec<u8>), ReadError>;

fn judge<T: Teleportable>(bytes: &[u8]) -> Verdict {
    let view = View::<T>::check(bytes)?;
    // What was read fits into memory, so it can be written.
    Ok((to_json::<T>(bytes)?, to_bytes(&view.to_value()).unwrap_or_default()))
}

macro_rules! by_name {
    ($($name:ident)*) => {
        /// All names.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The deep hash of the type.
        pub fn hash(name: &str) -> u64 {
            match name {
                $(stringify!($name) => TeleportLayout::of::<$name>().hash,)*
                _ => 0,
            }
        }

        /// Judges bytes as a message of the type; a name that is none is refused as a bad header.
        pub fn judge_by_name(name: &str, bytes: &[u8]) -> Verdict {
            match name {
                $(stringify!($name) => judge::<$name>(bytes),)*
                _ => Err(ReadError::Header),
            }
        }
    };
}

by_name!(Numbers Singles Texts Slices Options Events Maps Compound);
