//! The lines of a chunked body: chunk sizes, extensions, line ends, trailers.
//!
//! Owns their grammar (RFC 9112 section 7.1) as one table of transitions over single bytes, so
//! that nothing is buffered. May not know chunk data. Its one invariant: each byte is judged by
//! the state before it alone, so cuts cannot change a verdict.

use crate::grammar::{self, FIELD, QUOTED, TOKEN};
use crate::limits::CHUNK_SIZE_DIGITS_MAX;
use crate::{BodyError, Limits};

/// Where in the lines of a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the digits of a chunk size.
    Size,
    /// In white space after the size; only `;` ends it.
    SizeSpace,
    /// Before the name of an extension.
    NameStart,
    Name,
    /// In white space after a name; `=` or `;` ends it.
    NameSpace,
    /// Before the value of an extension.
    ValueStart,
    Value,
    Quoted,
    /// After a backslash in a quoted value.
    QuotedPair,
    /// After the closing quote.
    QuotedEnd,
    /// In white space after a value; only `;` ends it.
    ValueSpace,
    /// After the CR of a chunk line.
    SizeLf,
    /// After the data of a chunk.
    DataCr,
    DataLf,
    /// At the start of a trailer line or of the final CRLF.
    Trailer,
    TrailerName,
    TrailerValue,
    TrailerLf,
    FinalLf,
}

/// What a byte completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Nothing; more bytes of the lines follow.
    Nothing,
    /// A chunk line: this many bytes of data follow (never 0).
    Data(u64),
    /// The final CRLF: the body is complete.
    End,
}

/// The lines between the data of one chunked body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkLines {
    place: Place,
    size: u64,
    digits: u8,
    line_len: u32,
    overhead: u32,
}

impl ChunkLines {
    pub(crate) fn new() -> Self {
        Self { place: Place::Size, size: 0, digits: 0, line_len: 0, overhead: 0 }
    }

    /// Expects the CRLF after a chunk's data.
    pub(crate) fn data_ended(&mut self) {
        self.place = Place::DataCr;
    }

    /// Takes the next byte.
    pub(crate) fn step(&mut self, byte: u8, limits: &Limits) -> Result<Event, BodyError> {
        match self.place {
            Place::Size => self.size(byte, limits)?,
            Place::SizeLf => return self.size_line_end(byte),
            Place::DataCr => self.expect(byte, b'\r', Place::DataLf, BodyError::InvalidChunkEnd)?,
            Place::DataLf => self.expect(byte, b'\n', Place::Size, BodyError::InvalidChunkEnd)?,
            Place::Trailer
            | Place::TrailerName
            | Place::TrailerValue
            | Place::TrailerLf
            | Place::FinalLf => return self.trailer(byte, limits),
            _ => {
                if byte != b'\r' {
                    self.bound_line(limits)?;
                    self.bound_overhead(limits)?;
                }
                self.place = extension(self.place, byte)?;
            }
        }
        Ok(Event::Nothing)
    }

    /// `chunk-size = 1*HEXDIG`: no prefix, sign or separator, at most sixteen digits.
    fn size(&mut self, byte: u8, limits: &Limits) -> Result<(), BodyError> {
        if byte != b'\r' {
            self.bound_line(limits)?;
        }
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => {
                self.place = match byte {
                    _ if self.digits == 0 => return Err(BodyError::InvalidChunkSize),
                    b'\r' => Place::SizeLf,
                    b';' => Place::NameStart,
                    b' ' | b'\t' => Place::SizeSpace,
                    _ => return Err(BodyError::InvalidChunkSize),
                };
                return if byte == b'\r' { Ok(()) } else { self.bound_overhead(limits) };
            }
        };
        if self.digits == CHUNK_SIZE_DIGITS_MAX {
            return Err(BodyError::InvalidChunkSize);
        }
        self.digits += 1;
        self.size = (self.size << 4) | u64::from(value);
        Ok(())
    }

    fn size_line_end(&mut self, byte: u8) -> Result<Event, BodyError> {
        self.expect(byte, b'\n', Place::Trailer, BodyError::BareCr)?;
        let size = core::mem::take(&mut self.size);
        self.digits = 0;
        self.line_len = 0;
        Ok(if size == 0 { Event::Nothing } else { Event::Data(size) })
    }

    /// `trailer-section = *( field-line CRLF )` by the grammar of head lines; the fields are
    /// dropped (RFC 9112 section 7.1.2 allows it).
    fn trailer(&mut self, byte: u8, limits: &Limits) -> Result<Event, BodyError> {
        let (place, invalid) = (self.place, BodyError::InvalidTrailer);
        let closing = place == Place::FinalLf || (place == Place::Trailer && byte == b'\r');
        if !closing {
            self.bound_overhead(limits)?;
        }
        match place {
            Place::Trailer if byte == b'\r' => self.place = Place::FinalLf,
            Place::Trailer if grammar::is(byte, TOKEN) => self.place = Place::TrailerName,
            Place::TrailerName if grammar::is(byte, TOKEN) => {}
            Place::TrailerName if byte == b':' => self.place = Place::TrailerValue,
            Place::TrailerValue if grammar::is(byte, FIELD) => {}
            Place::TrailerValue if byte == b'\r' => self.place = Place::TrailerLf,
            Place::TrailerLf => self.expect(byte, b'\n', Place::Trailer, BodyError::BareCr)?,
            Place::FinalLf => {
                self.expect(byte, b'\n', Place::FinalLf, BodyError::BareCr)?;
                return Ok(Event::End);
            }
            _ => return Err(invalid),
        }
        Ok(Event::Nothing)
    }

    fn expect(
        &mut self,
        byte: u8,
        expected: u8,
        next: Place,
        error: BodyError,
    ) -> Result<(), BodyError> {
        if byte != expected {
            return Err(error);
        }
        self.place = next;
        Ok(())
    }

    fn bound_line(&mut self, limits: &Limits) -> Result<(), BodyError> {
        if self.line_len >= limits.chunk_line_max {
            return Err(BodyError::ChunkLineTooLong);
        }
        self.line_len += 1;
        Ok(())
    }

    fn bound_overhead(&mut self, limits: &Limits) -> Result<(), BodyError> {
        if self.overhead >= limits.chunk_overhead_max {
            return Err(BodyError::ChunkOverheadTooLarge);
        }
        self.overhead += 1;
        Ok(())
    }
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, RFC 9112 section 7.1.1.
///
/// White space is taken exactly where the grammar has BWS (RFC 9110 section 5.6.3: a recipient
/// MUST parse it), which is never before the CRLF.
fn extension(place: Place, byte: u8) -> Result<Place, BodyError> {
    let token = grammar::is(byte, TOKEN);
    Ok(match (place, byte) {
        (Place::SizeSpace, b' ' | b'\t') => Place::SizeSpace,
        (Place::NameStart, b' ' | b'\t') => Place::NameStart,
        (Place::Name | Place::NameSpace, b' ' | b'\t') => Place::NameSpace,
        (Place::ValueStart, b' ' | b'\t') => Place::ValueStart,
        (Place::Value | Place::QuotedEnd | Place::ValueSpace, b' ' | b'\t') => Place::ValueSpace,

        (Place::NameStart | Place::Name, _) if token => Place::Name,
        (Place::Name | Place::NameSpace, b'=') => Place::ValueStart,
        (Place::ValueStart | Place::Value, _) if token => Place::Value,

        (Place::ValueStart, b'"') => Place::Quoted,
        (Place::Quoted, b'"') => Place::QuotedEnd,
        (Place::Quoted, b'\\') => Place::QuotedPair,
        (Place::Quoted, _) if grammar::is(byte, QUOTED) => Place::Quoted,
        (Place::QuotedPair, _) if grammar::is(byte, FIELD) => Place::Quoted,

        (Place::SizeSpace | Place::Name | Place::NameSpace, b';') => Place::NameStart,
        (Place::Value | Place::QuotedEnd | Place::ValueSpace, b';') => Place::NameStart,
        (Place::Name | Place::Value | Place::QuotedEnd, b'\r') => Place::SizeLf,
        _ => return Err(BodyError::InvalidChunkExtension),
    })
}
