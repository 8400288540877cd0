//! Request bodies: from bytes of the connection to bytes of content.
//!
//! Owns how much of the input belongs to the body. May not hold any of it, nor know the limit of
//! a route. Its one invariant: bytes after the body are never touched.

use crate::chunk::{ChunkLines, Event};
use crate::{BodyError, Framing, Limits};

/// What a call to [`BodyDecoder::decode`] found. `consumed` bytes of the input are done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyStep<'b> {
    /// Content, never empty.
    Data {
        /// The content, a part of the input.
        data: &'b [u8],
        /// Bytes of the input up to the end of `data`, framing before it included.
        consumed: usize,
    },
    /// The input ends within the body.
    NeedMore {
        /// All bytes of the input; they held framing alone.
        consumed: usize,
    },
    /// The body is complete; what follows in the input is the next request.
    Done {
        /// Bytes of the input that still belonged to the body.
        consumed: usize,
    },
}

/// Decodes one request body.
///
/// ```
/// use dx_http::{BodyDecoder, BodyStep, Framing, Limits};
///
/// let (limits, mut body) = (Limits::default(), BodyDecoder::new(Framing::Chunked));
/// let input = b"3\r\nabc\r\n0\r\n\r\nGET";
/// assert_eq!(body.decode(input, &limits), Ok(BodyStep::Data { data: b"abc", consumed: 6 }));
/// assert_eq!(body.decode(&input[6..], &limits), Ok(BodyStep::Done { consumed: 7 }));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BodyDecoder {
    state: State,
    /// Content bytes that follow before the next framing: of the body, or of the current chunk.
    remaining: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Length,
    Chunked(ChunkLines),
    Done,
    Failed(BodyError),
}

impl BodyDecoder {
    /// A decoder for a body with this framing.
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::None | Framing::Length(0) => Self { state: State::Done, remaining: 0 },
            Framing::Length(length) => Self { state: State::Length, remaining: length },
            Framing::Chunked => Self { state: State::Chunked(ChunkLines::new()), remaining: 0 },
        }
    }

    /// Takes the next bytes of the connection; the caller drops `consumed` of them and calls again
    /// unless more are needed or the body is done. Every byte is looked at once.
    ///
    /// # Errors
    ///
    /// The first byte that breaks the chunked grammar or a limit; then the same error for ever.
    /// Content before that byte is returned first. A body of known length has no errors.
    pub fn decode<'b>(
        &mut self,
        input: &'b [u8],
        limits: &Limits,
    ) -> Result<BodyStep<'b>, BodyError> {
        let mut consumed = 0;
        if self.remaining == 0
            && let State::Chunked(lines) = &mut self.state
        {
            loop {
                let Some(&byte) = input.get(consumed) else {
                    return Ok(BodyStep::NeedMore { consumed });
                };
                let event = match lines.step(byte, limits) {
                    Ok(event) => event,
                    Err(error) => {
                        self.state = State::Failed(error);
                        return Err(error);
                    }
                };
                consumed += 1;
                match event {
                    Event::Nothing => {}
                    Event::Data(size) => {
                        self.remaining = size;
                        break;
                    }
                    Event::End => {
                        self.state = State::Done;
                        return Ok(BodyStep::Done { consumed });
                    }
                }
            }
        }
        match self.state {
            State::Done => Ok(BodyStep::Done { consumed: 0 }),
            State::Failed(error) => Err(error),
            State::Length | State::Chunked(_) => Ok(self.data(input, consumed)),
        }
    }

    /// The content that starts at `from` in `input`.
    fn data<'b>(&mut self, input: &'b [u8], from: usize) -> BodyStep<'b> {
        let rest = &input[from..];
        if rest.is_empty() {
            return BodyStep::NeedMore { consumed: from };
        }
        let len = usize::try_from(self.remaining).map_or(rest.len(), |most| most.min(rest.len()));
        self.remaining -= len as u64;
        if self.remaining == 0 {
            match &mut self.state {
                State::Chunked(lines) => lines.data_ended(),
                state => *state = State::Done,
            }
        }
        BodyStep::Data { data: &rest[..len], consumed: from + len }
    }

    /// Content bytes that are certainly still to come: the rest of a body of known length, or of
    /// the current chunk.
    pub fn remaining_hint(&self) -> u64 {
        self.remaining
    }

    /// Whether the body is complete, so that the next byte belongs to the next request.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}
