//! Types of every kind, and strategies that make values of them.

use std::collections::BTreeMap;

use dx_teleport::{Open, Teleport};
use proptest::prelude::*;

#[derive(Teleport, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    Trace = 1,
    Info,
    Fatal = 250,
}

#[derive(Teleport, Clone, Copy, Debug, PartialEq)]
#[teleport(native)]
#[repr(C)]
pub struct Point {
    pub x: f32,
    pub y: f32,
    pub tags: [u16; 2],
}

#[derive(Teleport, Clone, Debug, PartialEq)]
pub struct Pair<A, B> {
    pub first: A,
    pub second: B,
}

#[derive(Teleport, Clone, Debug, PartialEq)]
#[repr(u8)]
pub enum Shape {
    Nothing,
    Circle { radius: u32, label: String },
    Line(Vec<Point>),
    Flag(bool) = 9,
}

#[derive(Teleport, Clone, Debug, PartialEq)]
pub struct Wrapped(pub i64, pub Option<char>);

#[derive(Teleport, Clone, Debug, PartialEq)]
pub struct Item {
    pub name: String,
    pub count: i8,
    pub marks: Vec<u16>,
}

#[derive(Teleport, Clone, Debug, PartialEq)]
pub struct Everything {
    pub id: u64,
    pub is_on: bool,
    pub letter: char,
    pub level: Level,
    pub open: Open<Level>,
    pub wide: i128,
    pub name: String,
    pub note: Option<String>,
    pub shape: Shape,
    pub wrapped: Wrapped,
    pub pair: Pair<u16, Vec<bool>>,
    pub points: Vec<Point>,
    pub bytes: Vec<u8>,
    pub items: Vec<Item>,
    pub shapes: Vec<Shape>,
    pub map: BTreeMap<String, Vec<u32>>,
    pub ids: BTreeMap<u32, Level>,
    pub fixed: [Option<u16>; 3],
    pub names: [String; 2],
}

pub fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Trace), Just(Level::Info), Just(Level::Fatal)]
}

/// Without NaN, which is not equal to itself.
pub fn point() -> impl Strategy<Value = Point> {
    let number = prop::num::f32::NORMAL | prop::num::f32::ZERO | prop::num::f32::INFINITE;
    (number, number, any::<[u16; 2]>()).prop_map(|(x, y, tags)| Point { x, y, tags })
}

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z ]{0,40}", 1 => "\\PC{0,12}"]
}

pub fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Nothing),
        (any::<u32>(), text()).prop_map(|(radius, label)| Shape::Circle { radius, label }),
        prop::collection::vec(point(), 0..3).prop_map(Shape::Line),
        any::<bool>().prop_map(Shape::Flag),
    ]
}

pub fn item() -> impl Strategy<Value = Item> {
    (text(), any::<i8>(), prop::collection::vec(any::<u16>(), 0..4))
        .prop_map(|(name, count, marks)| Item { name, count, marks })
}

pub fn everything() -> impl Strategy<Value = Everything> {
    let single = (
        (any::<u64>(), any::<bool>(), any::<char>(), level(), any::<u8>(), any::<i128>()),
        (text(), prop::option::of(text()), shape()),
        (any::<i64>(), prop::option::of(any::<char>())),
        (any::<u16>(), prop::collection::vec(any::<bool>(), 0..5)),
    );
    let many = (
        prop::collection::vec(point(), 0..4),
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(item(), 0..4),
        prop::collection::vec(shape(), 0..4),
        prop::collection::btree_map(text(), prop::collection::vec(any::<u32>(), 0..3), 0..4),
        prop::collection::btree_map(any::<u32>(), level(), 0..4),
        any::<[Option<u16>; 3]>(),
        [text(), text()],
    );
    (single, many).prop_map(|((plain, texts, wrapped, pair), many)| {
        let (id, is_on, letter, level, open, wide) = plain;
        let (name, note, shape) = texts;
        let (points, bytes, items, shapes, map, ids, fixed, names) = many;
        Everything {
            id,
            is_on,
            letter,
            level,
            open: Open::of_tag(open),
            wide,
            name,
            note,
            shape,
            wrapped: Wrapped(wrapped.0, wrapped.1),
            pair: Pair { first: pair.0, second: pair.1 },
            points,
            bytes,
            items,
            shapes,
            map,
            ids,
            fixed,
            names,
        }
    })
}
