//! Content that is made while it is sent.
//!
//! Owns [`BodyWriter`], and the two sources a body may have beside memory: a stream of pieces and
//! a file. May not know framing or connections. Its one invariant: a source is asked for its next
//! piece only when there is room for it, so that content of any length costs a piece at a time.

use core::cell::RefCell;
use core::fmt;
use core::future::poll_fn;
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::error::Error;
use std::rc::Rc;

use dx_rt::fs::File;
use futures_core::Stream;

use crate::bytes::Bytes;

/// Why content ended before its end.
pub type BodyError = Box<dyn Error>;

/// Pieces of content.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>>>>;

/// Content that is not in memory.
pub(crate) enum Source {
    /// Pieces, and how many bytes they are in all, if that is known.
    Pieces(Pieces, Option<u64>),
    /// These bytes of a file.
    File(File, Range<u64>),
}

impl Source {
    /// Bytes in all, if that is known.
    pub(crate) const fn len(&self) -> Option<u64> {
        match self {
            Self::Pieces(_, len) => *len,
            Self::File(_, Range { start, end }) => Some(end.saturating_sub(*start)),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pieces(_, len) => write!(f, "Pieces({len:?})"),
            Self::File(_, range) => write!(f, "File({range:?})"),
        }
    }
}

/// What a writing function and its body share: one piece.
#[derive(Default)]
struct Slot {
    piece: Option<Bytes>,
    /// The body is gone: nobody will take another piece.
    closed: bool,
    /// Who waits for room, and who waits for a piece.
    writer: Option<Waker>,
    reader: Option<Waker>,
}

/// The client of an answer has closed its connection, or takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientGone;

impl fmt::Display for ClientGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client is gone")
    }
}

impl Error for ClientGone {}

/// Where a function writes the content of a body ([`Body::written_by`](crate::Body::written_by)).
pub struct BodyWriter {
    slot: Rc<RefCell<Slot>>,
}

impl BodyWriter {
    /// Hands over the next piece; waits until the one before has been taken, which is when the
    /// client has taken enough of what came before.
    ///
    /// # Errors
    ///
    /// [`ClientGone`]: nobody will take any more. A writing function is dropped then; only who
    /// writes from another task sees this.
    pub async fn write(&mut self, piece: impl Into<Bytes>) -> Result<(), ClientGone> {
        let mut piece = Some(piece.into());
        poll_fn(|cx| {
            let slot = &mut *self.slot.borrow_mut();
            if slot.closed {
                return Poll::Ready(Err(ClientGone));
            }
            if slot.piece.is_some() {
                slot.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            slot.piece = piece.take().filter(|piece| !piece.is_empty());
            slot.reader.take().into_iter().for_each(Waker::wake);
            Poll::Ready(Ok(()))
        })
        .await
    }
}

impl fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyWriter")
    }
}

pin_project_lite::pin_project! {
    /// The pieces that a function writes.
    struct Written<F> {
        #[pin]
        function: F,
        slot: Rc<RefCell<Slot>>,
        ended: bool,
    }

    impl<F> PinnedDrop for Written<F> {
        fn drop(this: Pin<&mut Self>) {
            let slot = &mut *this.project().slot.borrow_mut();
            slot.closed = true;
            slot.writer.take().into_iter().for_each(Waker::wake);
        }
    }
}

/// The pieces of `stream` as a connection takes them.
pub(crate) fn pieces<S, B, E>(stream: S) -> Pieces
where
    S: Stream<Item = Result<B, E>> + 'static,
    B: Into<Bytes>,
    E: Into<BodyError>,
{
    Box::pin(Converted { stream })
}

pin_project_lite::pin_project! {
    struct Converted<S> {
        #[pin]
        stream: S,
    }
}

impl<S, B, E> Stream for Converted<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<BodyError>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.project().stream.poll_next(cx);
        next.map(|next| next.map(|piece| piece.map(Into::into).map_err(Into::into)))
    }
}

/// The pieces that `function` writes, and its failure.
pub(crate) fn written_by<F, W, E>(function: F) -> Pieces
where
    F: FnOnce(BodyWriter) -> W,
    W: Future<Output = Result<(), E>> + 'static,
    E: Into<BodyError>,
{
    let slot = Rc::new(RefCell::new(Slot::default()));
    let function = function(BodyWriter { slot: slot.clone() });
    Box::pin(Written { function, slot, ended: false })
}

impl<F, E> Stream for Written<F>
where
    F: Future<Output = Result<(), E>>,
    E: Into<BodyError>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let taken = || {
            let (piece, writer) = {
                let slot = &mut *this.slot.borrow_mut();
                (slot.piece.take(), slot.writer.take())
            };
            // Whoever writes from elsewhere goes on.
            writer.into_iter().for_each(Waker::wake);
            piece
        };
        if let Some(piece) = taken() {
            return Poll::Ready(Some(Ok(piece)));
        }
        if *this.ended {
            return Poll::Ready(None);
        }
        let end = this.function.poll(cx);
        *this.ended = end.is_ready();
        // What was written before a failure is content all the same, but nobody may take the whole
        // for complete: the failure is what comes next.
        match end {
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(Ok(())) => Poll::Ready(taken().map(Ok)),
            Poll::Pending => match taken() {
                Some(piece) => Poll::Ready(Some(Ok(piece))),
                None => {
                    this.slot.borrow_mut().reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(pieces: &mut Pieces) -> Poll<Option<Result<Vec<u8>, String>>> {
        let polled = pieces.as_mut().poll_next(&mut Context::from_waker(Waker::noop()));
        let plain = |piece: Result<Bytes, BodyError>| match piece {
            Ok(piece) => Ok(piece.to_vec()),
            Err(error) => Err(error.to_string()),
        };
        polled.map(|next| next.map(plain))
    }

    #[test]
    fn a_function_writes_piece_by_piece() {
        let mut pieces = written_by(async |mut out: BodyWriter| {
            out.write("a").await?;
            out.write("").await?;
            out.write("b").await?;
            Ok::<(), BodyError>(())
        });
        for wanted in ["a", "b"] {
            assert_eq!(next(&mut pieces), Poll::Ready(Some(Ok(wanted.into()))));
        }
        assert_eq!(next(&mut pieces), Poll::Ready(None));
        assert_eq!(next(&mut pieces), Poll::Ready(None), "asked too often: no harm");
    }

    #[test]
    fn a_failure_is_not_an_end() {
        let mut pieces = written_by(async |mut out: BodyWriter| {
            out.write("a").await?;
            out.write("b").await?;
            Err(BodyError::from("out of paper"))
        });
        assert_eq!(next(&mut pieces), Poll::Ready(Some(Ok(b"a".to_vec()))));
        assert_eq!(next(&mut pieces), Poll::Ready(Some(Err("out of paper".into()))));
    }

    #[test]
    fn a_writer_does_not_run_ahead() {
        let written = Rc::new(core::cell::Cell::new(0));
        let counted = written.clone();
        let mut pieces = written_by(async move |mut out: BodyWriter| {
            for _ in 0..10 {
                out.write("a").await?;
                counted.set(counted.get() + 1);
            }
            Ok::<(), BodyError>(())
        });
        assert_eq!(written.get(), 0);
        assert!(next(&mut pieces).is_ready());
        assert!(written.get() <= 2);
    }
}
