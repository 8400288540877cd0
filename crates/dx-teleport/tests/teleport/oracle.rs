//! The other opinion, written to be obvious: a decoder to a tree that believes everything it can
//! without looking outside, and an encoder from the tree, both led by the schema.
//!
//! Bytes are a message exactly if what they decode to encodes to them again.

use dx_teleport::schema::{Field, Kind, Schema};

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
    Absent,
    Present(Box<Tree>),
    Variant(u8, Vec<Tree>),
}

/// Whether `bytes` are a message of the schema.
pub fn accepts(schema: &Schema, bytes: &[u8]) -> bool {
    decode(schema, bytes).is_some_and(|tree| encode(schema, &tree) == bytes)
}

pub fn decode(schema: &Schema, bytes: &[u8]) -> Option<Tree> {
    let text_at = word(bytes, 0)?;
    let end = bytes.len().checked_sub(usize::from(*bytes.get(5)?))?;
    // More strings or elements than bytes cannot be: what keeps the oracle from hanging.
    let mut budget = 4 * bytes.len();
    value(schema, bytes, 8, (text_at, end), &mut budget)
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
}

fn value(
    schema: &Schema,
    bytes: &[u8],
    at: usize,
    text: (usize, usize),
    budget: &mut usize,
) -> Option<Tree> {
    let own = bytes.get(at..at + schema.size as usize)?;
    *budget = budget.checked_sub(1)?;
    let list = |fields: &[Field], at: usize, budget: &mut usize| {
        let of_field =
            |field: &Field| value(field.schema, bytes, at + field.offset as usize, text, budget);
        fields.iter().map(of_field).collect::<Option<Vec<Tree>>>()
    };
    Some(match &schema.kind {
        Kind::Number(_) | Kind::Open(_) => Tree::Bytes(own.to_vec()),
        Kind::Bool => Tree::Bytes((own[0] <= 1).then(|| own.to_vec())?),
        Kind::Char => {
            char::from_u32(word(own, 0)? as u32)?;
            Tree::Bytes(own.to_vec())
        }
        Kind::Text => {
            let (offset, len) = (word(own, 0)?, word(own, 4)?);
            if len == 0 {
                return Some(Tree::Text(String::new()));
            }
            let all = bytes.get(text.0..text.1)?;
            let start = offset.checked_sub(text.0)?;
            let part = all.get(start..start.checked_add(len)?)?;
            Tree::Text(String::from_utf8(part.to_vec()).ok()?)
        }
        Kind::Slice(element, _) => {
            let (offset, count) = (word(own, 0)?, word(own, 4)?);
            let mut items = Vec::new();
            for index in 0..count {
                let at = offset + index * element.size as usize;
                items.push(value(element, bytes, at, text, budget)?);
            }
            Tree::List(items)
        }
        Kind::Map(key, of) => {
            let (offset, count) = (word(own, 0)?, word(own, 4)?);
            let mut pairs = Vec::new();
            for index in 0..count {
                let at = offset + index * (key.size + of.size) as usize;
                let first = value(key, bytes, at, text, budget)?;
                pairs.push((first, value(of, bytes, at + key.size as usize, text, budget)?));
            }
            if !pairs.windows(2).all(|two| less(key, &two[0].0, &two[1].0)) {
                return None;
            }
            Tree::Map(pairs)
        }
        Kind::Option(of) => match own[0] {
            0 => Tree::Absent,
            1 => Tree::Present(Box::new(value(of, bytes, at + 1, text, budget)?)),
            _ => return None,
        },
        Kind::Array(element, count) => {
            let at = |index: u32| at + (index * element.size) as usize;
            let items = (0..*count).map(|index| value(element, bytes, at(index), text, budget));
            Tree::List(items.collect::<Option<_>>()?)
        }
        Kind::Struct(it) => Tree::List(list(it.fields, at, budget)?),
        Kind::Enum(variants) => {
            let variant = variants.iter().find(|variant| variant.tag == own[0])?;
            Tree::Variant(own[0], list(variant.fields, at + 1, budget)?)
        }
    })
}

fn less(schema: &Schema, a: &Tree, b: &Tree) -> bool {
    match (a, b) {
        (Tree::Text(a), Tree::Text(b)) => a < b,
        (Tree::Bytes(a), Tree::Bytes(b)) => {
            assert!(schema.name.starts_with('u'), "the tests have unsigned keys");
            a.iter().rev().lt(b.iter().rev())
        }
        _ => false,
    }
}

pub fn encode(schema: &Schema, tree: &Tree) -> Vec<u8> {
    let mut blocks = vec![0; 8 + schema.size as usize];
    let mut texts: Vec<(usize, String)> = Vec::new();
    put(schema, tree, 8, &mut blocks, &mut texts);
    let text_at = blocks.len();
    let mut table = Vec::new();
    for (at, text) in texts {
        if !text.is_empty() {
            let offset = (text_at + table.len()) as u32;
            blocks[at..at + 4].copy_from_slice(&offset.to_le_bytes());
            blocks[at + 4..at + 8].copy_from_slice(&(text.len() as u32).to_le_bytes());
            table.extend_from_slice(text.as_bytes());
        }
    }
    blocks[..4].copy_from_slice(&(text_at as u32).to_le_bytes());
    blocks[4] = 1;
    blocks.extend_from_slice(&table);
    let pad = blocks.len().next_multiple_of(8) - blocks.len();
    blocks[5] = pad as u8;
    blocks.resize(blocks.len() + pad, 0);
    blocks
}

fn put(
    schema: &Schema,
    tree: &Tree,
    at: usize,
    blocks: &mut Vec<u8>,
    texts: &mut Vec<(usize, String)>,
) {
    match (&schema.kind, tree) {
        (Kind::Text, Tree::Text(text)) => texts.push((at, text.clone())),
        (Kind::Slice(element, align), Tree::List(items)) => {
            let size = element.size as usize;
            let start = block(blocks, at, items.len(), size, *align as usize);
            for (index, item) in items.iter().enumerate() {
                put(element, item, start + index * size, blocks, texts);
            }
        }
        (Kind::Map(key, of), Tree::Map(pairs)) => {
            let size = (key.size + of.size) as usize;
            let start = block(blocks, at, pairs.len(), size, 1);
            for (index, (first, second)) in pairs.iter().enumerate() {
                put(key, first, start + index * size, blocks, texts);
                put(of, second, start + index * size + key.size as usize, blocks, texts);
            }
        }
        (Kind::Option(_), Tree::Absent) => {}
        (Kind::Option(of), Tree::Present(value)) => {
            blocks[at] = 1;
            put(of, value, at + 1, blocks, texts);
        }
        (Kind::Array(element, _), Tree::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                put(element, item, at + index * element.size as usize, blocks, texts);
            }
        }
        (Kind::Struct(it), Tree::List(items)) => {
            for (field, item) in it.fields.iter().zip(items) {
                put(field.schema, item, at + field.offset as usize, blocks, texts);
            }
        }
        (Kind::Enum(variants), Tree::Variant(tag, items)) => {
            blocks[at] = *tag;
            let variant = variants.iter().find(|variant| variant.tag == *tag).unwrap();
            for (field, item) in variant.fields.iter().zip(items) {
                put(field.schema, item, at + 1 + field.offset as usize, blocks, texts);
            }
        }
        (_, Tree::Bytes(bytes)) => blocks[at..at + bytes.len()].copy_from_slice(bytes),
        _ => panic!("{schema:?} is not {tree:?}"),
    }
}

fn block(blocks: &mut Vec<u8>, at: usize, count: usize, size: usize, align: usize) -> usize {
    if count == 0 {
        return 0;
    }
    let start = blocks.len().next_multiple_of(align);
    blocks.resize(start + count * size, 0);
    blocks[at..at + 4].copy_from_slice(&(start as u32).to_le_bytes());
    blocks[at + 4..at + 8].copy_from_slice(&(count as u32).to_le_bytes());
    start
}
