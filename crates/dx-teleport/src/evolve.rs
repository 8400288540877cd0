//! Values of an older or a newer peer.
//!
//! Owns [`PeerLayout`], what a peer says about its types once, and [`Translation`], which turns its
//! messages into ours. May not know how layouts travel. Its one invariant: fields are appended
//! only, to the root and to the elements of slices; anything else is incompatible, and is found
//! out before the first message.
//!
//! A message of the same layout needs none of this. One of another layout is copied once, block by
//! block: common fields as they are, fields that only we know as zeros, fields that only the peer
//! knows left out. Zeros are 0, false, `None`, "", an empty slice, and the variant with tag 0; an
//! appended enum without such a variant makes messages of older peers fail their check.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::limits::{LAYOUTS_MAX, MESSAGE_ALIGN, MESSAGE_BYTES_MAX};
use crate::message::{HEADER, Parts, header, split};
use crate::raw::Teleportable;
use crate::schema::{Field, Kind, Schema};

/// What a peer says about one type, and about the elements of the slices that it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerLayout {
    /// Bytes of the fixed part: the distance of two elements.
    pub size: u32,
    /// The hashes of every prefix of its fields; of a type that cannot grow, its one hash.
    pub chain: Vec<u64>,
    /// The types of slice elements that may grow, in the order they are declared.
    pub inner: Vec<PeerLayout>,
}

/// Two layouts of which neither is the other with fields appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incompatible;

impl core::fmt::Display for Incompatible {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the peer's layout is not ours with fields appended or left out at the end")
    }
}

impl core::error::Error for Incompatible {}

impl PeerLayout {
    /// What we say about `T`.
    pub fn of<T: Teleportable>() -> Self {
        Self::of_schema(T::SCHEMA)
    }

    fn of_schema(schema: &Schema) -> Self {
        let mut inner = Vec::new();
        let chain = match &schema.kind {
            Kind::Struct(it) if schema.can_grow() => it.chain.into(),
            _ => [schema.shallow()].into(),
        };
        collect(schema, &mut inner);
        Self { size: schema.size, chain, inner }
    }

    fn count(&self) -> usize {
        1 + self.inner.iter().map(Self::count).sum::<usize>()
    }
}

/// The growing elements behind a type, in order of declaration.
fn collect(schema: &Schema, inner: &mut Vec<PeerLayout>) {
    each_growing(schema, &mut |element| inner.push(PeerLayout::of_schema(element)));
}

fn each_growing(schema: &Schema, visit: &mut impl FnMut(&'static Schema)) {
    match &schema.kind {
        Kind::Slice(element, _) if element.can_grow() => visit(element),
        Kind::Slice(of, _) | Kind::Option(of) | Kind::Array(of, _) => each_growing(of, visit),
        Kind::Map(key, of) => {
            each_growing(key, visit);
            each_growing(of, visit);
        }
        Kind::Struct(it) => it.fields.iter().for_each(|field| each_growing(field.schema, visit)),
        Kind::Enum(variants) => {
            let fields = variants.iter().flat_map(|variant| variant.fields);
            fields.for_each(|field| each_growing(field.schema, visit));
        }
        Kind::Number(_) | Kind::Bool | Kind::Char | Kind::Text | Kind::Open(_) => {}
    }
}

fn growing(fields: &[Field]) -> usize {
    let mut count = 0;
    fields.iter().for_each(|field| each_growing(field.schema, &mut |_| count += 1));
    count
}

/// A peer's layout that was compared with ours.
#[derive(Clone, Debug)]
pub struct Translation {
    schema: &'static Schema,
    peer: PeerLayout,
    is_same: bool,
}

impl Translation {
    /// Compares the peer's layout with that of `T`.
    pub fn new<T: Teleportable>(peer: PeerLayout) -> Result<Self, Incompatible> {
        if peer.count() > LAYOUTS_MAX {
            return Err(Incompatible);
        }
        compare(T::SCHEMA, &peer)?;
        let is_same = peer == PeerLayout::of::<T>();
        Ok(Self { schema: T::SCHEMA, peer, is_same })
    }

    /// Whether the peer's messages are ours, and need no translation.
    pub fn is_same(&self) -> bool {
        self.is_same
    }

    /// Writes the peer's message into `out` as one of ours, for
    /// [`View::check`](crate::View::check). What was in `out` is gone.
    ///
    /// # Errors
    ///
    /// What is wrong with the peer's offsets. Everything else is left to the check.
    pub fn translate(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ReadError> {
        let from = split(bytes)?;
        let data_at = HEADER + self.peer.size as usize;
        out.clear();
        out.resize(HEADER + self.schema.size as usize, 0);
        let text_at = from.data.len();
        let (texts, fixups) = (Vec::new(), Vec::new());
        let mut copy = Copying { from, data_at, text_at, out, texts, fixups };
        copy.element(self.schema, &self.peer, HEADER, HEADER)?;
        copy.finish()
    }
}

/// Whether the peer's type is ours with fields appended or left out at the end.
fn compare(schema: &Schema, peer: &PeerLayout) -> Result<(), Incompatible> {
    let ours = PeerLayout::of_schema(schema);
    let common = ours.chain.len().min(peer.chain.len());
    let last = common.checked_sub(1).ok_or(Incompatible)?;
    let is_older = peer.chain.len() == common;
    let size = match &schema.kind {
        // The common prefix has at least a field, so that elements have bytes.
        Kind::Struct(_) if schema.can_grow() && last == 0 => return Err(Incompatible),
        Kind::Struct(it) if schema.can_grow() => {
            it.fields.get(last).map_or(schema.size, |field| field.offset)
        }
        _ => schema.size,
    };
    let fits = if is_older { peer.size == size } else { peer.size > size };
    let inner = match &schema.kind {
        Kind::Struct(it) if schema.can_grow() => growing(&it.fields[..last]),
        _ => ours.inner.len(),
    };
    let has_inner = peer.inner.len() == inner || (!is_older && peer.inner.len() > inner);
    if ours.chain[last] != peer.chain[last] || !fits || !has_inner {
        return Err(Incompatible);
    }
    let mut elements = Vec::new();
    each_growing(schema, &mut |element| elements.push(element));
    elements.iter().zip(&peer.inner[..inner]).try_for_each(|(ours, peer)| compare(ours, peer))
}

/// A message on its way from the peer's layout to ours.
struct Copying<'a, 'o> {
    from: Parts<'a>,
    /// Blocks and strings ascend, as in every message; gaps belong to fields that we do not know.
    data_at: usize,
    text_at: usize,
    out: &'o mut Vec<u8>,
    texts: Vec<u8>,
    /// Where offsets into the table stand, which are known when the blocks are.
    fixups: Vec<usize>,
}

impl Copying<'_, '_> {
    /// Copies the root or an element: as much of it as both know.
    fn element(
        &mut self,
        schema: &'static Schema,
        peer: &PeerLayout,
        from: usize,
        to: usize,
    ) -> Result<(), ReadError> {
        let Kind::Struct(it) = &schema.kind else {
            self.bytes(from, to, schema.size as usize)?;
            return self.value(schema, &peer.inner, from, to);
        };
        let common = if schema.can_grow() { peer.chain.len() - 1 } else { it.fields.len() };
        let fields = &it.fields[..common.min(it.fields.len())];
        self.bytes(from, to, peer.size.min(schema.size) as usize)?;
        self.fields(fields, &peer.inner, from, to)
    }

    fn bytes(&mut self, from: usize, to: usize, len: usize) -> Result<(), ReadError> {
        let bytes = self.from.data.get(from..from + len).ok_or(ReadError::Short)?;
        self.out[to..to + len].copy_from_slice(bytes);
        Ok(())
    }

    fn fields(
        &mut self,
        fields: &'static [Field],
        mut inner: &[PeerLayout],
        from: usize,
        to: usize,
    ) -> Result<(), ReadError> {
        for field in fields {
            let (own, rest) = inner.split_at(growing(core::slice::from_ref(field)));
            let offset = field.offset as usize;
            self.value(field.schema, own, from + offset, to + offset)?;
            inner = rest;
        }
        Ok(())
    }

    /// Mends the references of a value whose fixed part was copied.
    fn value(
        &mut self,
        schema: &'static Schema,
        inner: &[PeerLayout],
        from: usize,
        to: usize,
    ) -> Result<(), ReadError> {
        match &schema.kind {
            Kind::Text => self.text(to),
            Kind::Slice(of, align) => self.slice(of, *align as usize, inner, to),
            Kind::Map(key, of) => self.map(key, of, inner, to),
            Kind::Option(of) if self.out[to] == 1 => self.value(of, inner, from + 1, to + 1),
            Kind::Array(of, count) => (0..*count as usize).try_for_each(|index| {
                let step = index * of.size as usize;
                self.value(of, inner, from + step, to + step)
            }),
            Kind::Struct(it) => self.fields(it.fields, inner, from, to),
            Kind::Enum(variants) => {
                let mut inner = inner;
                for variant in *variants {
                    let (own, rest) = inner.split_at(growing(variant.fields));
                    if variant.tag == self.out[to] {
                        return self.fields(variant.fields, own, from + 1, to + 1);
                    }
                    inner = rest;
                }
                Err(ReadError::Tag)
            }
            _ => Ok(()),
        }
    }

    fn word(&self, at: usize) -> usize {
        let [a, b, c, d] = [self.out[at], self.out[at + 1], self.out[at + 2], self.out[at + 3]];
        u32::from_le_bytes([a, b, c, d]) as usize
    }

    fn set_word(&mut self, at: usize, word: usize) {
        self.out[at..at + 4].copy_from_slice(&(word as u32).to_le_bytes());
    }

    fn text(&mut self, to: usize) -> Result<(), ReadError> {
        let (offset, len) = (self.word(to), self.word(to + 4));
        if len == 0 {
            return if offset == 0 { Ok(()) } else { Err(ReadError::Offset) };
        }
        if offset < self.text_at {
            return Err(ReadError::Offset);
        }
        let tail = self.from.table.get(offset - self.from.data.len()..);
        let text = tail.and_then(|tail| tail.get(..len)).ok_or(ReadError::PastEnd)?;
        self.text_at = offset + len;
        self.set_word(to, self.texts.len());
        self.fixups.push(to);
        self.texts.extend_from_slice(text);
        Ok(())
    }

    /// Takes the peer's block and makes room for ours; tells where each starts.
    fn block(
        &mut self,
        to: usize,
        align: usize,
        (theirs, ours): (usize, usize),
    ) -> Result<(usize, usize, usize), ReadError> {
        let (offset, count) = (self.word(to), self.word(to + 4));
        if count == 0 {
            return if offset == 0 { Ok((0, 0, 0)) } else { Err(ReadError::Offset) };
        }
        if offset < self.data_at {
            return Err(ReadError::Offset);
        }
        let end = count.checked_mul(theirs).and_then(|len| len.checked_add(offset));
        self.data_at = end.filter(|end| *end <= self.from.data.len()).ok_or(ReadError::PastEnd)?;
        let start = self.out.len().next_multiple_of(align);
        let end = count.checked_mul(ours).and_then(|len| len.checked_add(start));
        let end = end.filter(|end| *end <= MESSAGE_BYTES_MAX).ok_or(ReadError::TooLong)?;
        self.out.resize(end, 0);
        self.set_word(to, start);
        Ok((offset, start, count))
    }

    fn slice(
        &mut self,
        of: &'static Schema,
        align: usize,
        inner: &[PeerLayout],
        to: usize,
    ) -> Result<(), ReadError> {
        let own = PeerLayout { size: of.size, chain: Vec::new(), inner: Vec::new() };
        let peer = if of.can_grow() { inner.first().unwrap_or(&own) } else { &own };
        let (theirs, ours) = (peer.size as usize, of.size as usize);
        let (from, start, count) = self.block(to, align, (theirs, ours))?;
        for index in 0..count {
            let (from, to) = (from + index * theirs, start + index * ours);
            if of.can_grow() {
                self.element(of, peer, from, to)?;
            } else {
                self.bytes(from, to, ours)?;
                self.value(of, inner, from, to)?;
            }
        }
        Ok(())
    }

    fn map(
        &mut self,
        key: &'static Schema,
        of: &'static Schema,
        inner: &[PeerLayout],
        to: usize,
    ) -> Result<(), ReadError> {
        let (first, pair) = (key.size as usize, (key.size + of.size) as usize);
        let (from, start, count) = self.block(to, 1, (pair, pair))?;
        for index in 0..count {
            let (from, to) = (from + index * pair, start + index * pair);
            self.bytes(from, to, pair)?;
            self.value(key, &[], from, to)?;
            self.value(of, inner, from + first, to + first)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), ReadError> {
        let base = self.out.len();
        for at in core::mem::take(&mut self.fixups) {
            let offset = self.word(at) + base;
            self.set_word(at, offset);
        }
        let end = base + self.texts.len();
        let total = end.next_multiple_of(MESSAGE_ALIGN);
        if total > MESSAGE_BYTES_MAX {
            return Err(ReadError::TooLong);
        }
        self.out.extend_from_slice(&self.texts);
        self.out.resize(total, 0);
        self.out[..HEADER].copy_from_slice(&header(base as u32, (total - end) as u8));
        Ok(())
    }
}
