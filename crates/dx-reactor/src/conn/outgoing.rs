//! Content that leaves piece by piece.
//!
//! Owns what of an answer is not written yet, and how it is framed. May not know sockets.
//! Invariants: the output grows by one bounded piece at a time; content that does not come to what
//! was announced never looks complete.

use core::task::{Context, Poll};

use dx_http::{ChunkedEncoder, ResponseFraming};
use dx_rt::fs::File;

use crate::body::Body;
use crate::body_source::{Pieces, Source};
use crate::bytes::Bytes;
use crate::handler::guarded;

/// An answer whose head is written and whose content is not.
pub(super) struct Outgoing {
    /// `None` only while it is dropped.
    content: Option<Content>,
    framing: ResponseFraming,
    /// Bytes that were announced and are not written yet; without a length, more than there can be.
    left: u64,
    /// Whether the connection lives on after it.
    pub(super) keep_alive: bool,
}

enum Content {
    /// All there.
    Whole(Body, usize),
    /// Pieces, and what is left of the last one.
    Pieces(Pieces, Bytes),
    File(Reading),
}

/// A file that is being sent.
pub(super) struct Reading {
    pub(super) file: File,
    pub(super) offset: u64,
    /// A step of it is under way.
    pub(super) sending: bool,
}

/// What came of asking for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Something was written, or will be when asked again.
    Written,
    /// There will be more, but not now.
    Pending,
    /// That was all.
    Ended,
    /// There will not be as much as there should be.
    Failed,
}

impl Outgoing {
    pub(super) fn new(body: Body, framing: ResponseFraming, keep_alive: bool) -> Box<Self> {
        let content = match body.into_source() {
            Ok(source) => match *source {
                Source::Pieces(pieces, _) => Content::Pieces(pieces, Bytes::new()),
                Source::File(file, range) => {
                    Content::File(Reading { file, offset: range.start, sending: false })
                }
            },
            Err(body) => Content::Whole(body, 0),
        };
        let left = match framing {
            ResponseFraming::Length(length) => length,
            _ => u64::MAX,
        };
        Box::new(Self { content: Some(content), framing, left, keep_alive })
    }

    /// Whether a peer can tell content that is cut short from content that is complete.
    pub(super) fn shows_its_end(&self) -> bool {
        self.framing != ResponseFraming::UntilClose
    }

    /// The file, and how many bytes of it are to be sent, if the content is one.
    pub(super) fn file(&mut self) -> Option<(&mut Reading, &mut u64)> {
        match &mut self.content {
            Some(Content::File(reading)) => Some((reading, &mut self.left)),
            _ => None,
        }
    }

    /// Writes the next piece to `out`, at most `max` bytes of content. A file writes nothing here.
    pub(super) fn write_next(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
        max: usize,
    ) -> Next {
        match &mut self.content {
            Some(Content::Whole(body, written)) => {
                let end = body.len().min(*written + max);
                out.extend_from_slice(&body[*written..end]);
                *written = end;
                if end == body.len() { Next::Ended } else { Next::Written }
            }
            Some(Content::Pieces(pieces, rest)) => {
                if rest.is_empty() {
                    // A piece may be made by anybody's code.
                    match guarded(|| pieces.as_mut().poll_next(cx)) {
                        Some(Poll::Pending) => return Next::Pending,
                        Some(Poll::Ready(Some(Ok(piece)))) => *rest = piece,
                        Some(Poll::Ready(None)) => return self.end(out),
                        Some(Poll::Ready(Some(Err(error)))) => {
                            tracing::error!(error = %error, "the content of an answer has failed");
                            return Next::Failed;
                        }
                        None => return Next::Failed,
                    }
                }
                let piece = rest.slice(..rest.len().min(max));
                *rest = rest.slice(piece.len()..);
                self.write(&piece, out)
            }
            Some(Content::File(_)) | None => Next::Pending,
        }
    }

    fn write(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Next {
        let Some(left) = self.left.checked_sub(piece.len() as u64) else {
            tracing::error!("the content of an answer is longer than its length");
            return Next::Failed;
        };
        self.left = left;
        if self.framing == ResponseFraming::Chunked {
            ChunkedEncoder::chunk(out, piece);
        } else {
            out.extend_from_slice(piece);
        }
        Next::Written
    }

    fn end(&self, out: &mut Vec<u8>) -> Next {
        match self.framing {
            ResponseFraming::Length(_) if self.left > 0 => {
                tracing::error!(missing = self.left, "the content of an answer is too short");
                return Next::Failed;
            }
            ResponseFraming::Chunked => ChunkedEncoder::finish(out),
            _ => {}
        }
        Next::Ended
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let content = self.content.take();
        guarded(|| drop(content));
    }
}
