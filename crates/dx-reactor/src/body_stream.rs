//! The content of a request, piece by piece as it comes.
//!
//! Owns [`BodyStream`] and the pipe between it and its connection. May not know framing or sockets.
//! Its one invariant: the pipe holds at most one piece more than its bound, and while it is full
//! the client is not read from.

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::rc::Rc;

use dx_http::Status;
use futures_core::Stream;

use crate::bytes::Bytes;
use crate::extract::{FromRequest, Rejection};
use crate::into_response::IntoResponse;
use crate::limits::BODY_PIPE;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;

/// The content of a request as it comes: an argument of handlers that do not want all of it in
/// memory.
///
/// The handler is called when the head is complete. Who is slow to take pieces slows the client
/// down. `Expect: 100-continue` is answered when the first piece is asked for. A handler that
/// answers before the end closes the connection with its answer, unless the rest is here already.
///
/// The server's [`Limits::body_max`](crate::Limits::body_max) is for content in memory and does
/// not hold here; [`App::body_max`](crate::App::body_max) of the route does.
///
/// ```
/// use dx_reactor::{App, BodyStream, BodyStreamError};
///
/// async fn count(mut body: BodyStream) -> Result<String, BodyStreamError> {
///     let mut bytes = 0;
///     while let Some(piece) = body.next().await {
///         bytes += piece?.len();
///     }
///     Ok(format!("{bytes} bytes\n"))
/// }
///
/// let app = App::new().put("/upload", count);
/// ```
pub struct BodyStream {
    pipe: Rc<Pipe>,
}

/// Why the content of a request has not come whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyStreamError {
    /// The client sent what is no content: 400, or what the grammar's error says.
    Malformed(dx_http::BodyError),
    /// It is longer than the route allows: 413.
    TooLong,
    /// The client was too slow: 408.
    TimedOut,
    /// The client closed its connection before the end.
    Disconnected,
}

/// What connection and stream share.
#[derive(Default)]
pub(crate) struct Pipe {
    pieces: RefCell<VecDeque<Bytes>>,
    /// Bytes in `pieces`.
    held: Cell<usize>,
    end: Cell<Option<Result<(), BodyStreamError>>>,
    /// The stream was asked for a piece.
    wanted: Cell<bool>,
    /// The stream is gone.
    closed: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
}

impl BodyStream {
    /// The next piece, which is never empty; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyStreamError>> {
        poll_fn(|cx| self.pipe.poll_next(cx)).await
    }

    pub(crate) fn new(pipe: Rc<Pipe>) -> Self {
        Self { pipe }
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, BodyStreamError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pipe.poll_next(cx)
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        self.pipe.closed.set(true);
        self.pipe.pieces.take();
        wake(&self.pipe.writer);
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").field("end", &self.pipe.end.get()).finish_non_exhaustive()
    }
}

impl FromRequest for BodyStream {
    type Rejection = Infallible;

    const STREAMS: bool = true;

    fn from_request(mut request: Request, _: &Scope) -> Result<Self, Infallible> {
        let pipe = request.take_pipe().unwrap_or_else(|| Pipe::of(request.into_body()));
        Ok(Self::new(pipe))
    }
}

impl Pipe {
    /// One that holds all there is.
    fn of(whole: Bytes) -> Rc<Self> {
        let pipe = Self::default();
        if !whole.is_empty() {
            pipe.push(whole);
        }
        pipe.finish(Ok(()));
        Rc::new(pipe)
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyStreamError>>> {
        // The connection may have to invite the content.
        let mut news = !self.wanted.replace(true);
        let piece = self.pieces.borrow_mut().pop_front();
        if let Some(piece) = &piece {
            news |= self.is_full();
            self.held.set(self.held.get() - piece.len());
        }
        if news {
            wake(&self.writer);
        }
        if let Some(piece) = piece {
            return Poll::Ready(Some(Ok(piece)));
        }
        match self.end.get() {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(error)) => {
                // Once; then there is nothing more.
                self.end.set(Some(Ok(())));
                Poll::Ready(Some(Err(error)))
            }
            None => {
                *self.reader.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Adds a piece.
    pub(crate) fn push(&self, piece: Bytes) {
        if !self.closed.get() {
            self.held.set(self.held.get() + piece.len());
            self.pieces.borrow_mut().push_back(piece);
            wake(&self.reader);
        }
    }

    /// There will be no more pieces.
    pub(crate) fn finish(&self, end: Result<(), BodyStreamError>) {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            wake(&self.reader);
        }
    }

    /// Whether no more is to be added for now. Nothing that is thrown away fills it.
    pub(crate) fn is_full(&self) -> bool {
        self.held.get() >= BODY_PIPE && !self.closed.get()
    }

    /// Whether the stream has been asked for a piece.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.get()
    }

    /// `waker` is woken when there is room, or when a piece is asked for.
    pub(crate) fn wait_for_reader(&self, waker: &Waker) {
        *self.writer.borrow_mut() = Some(waker.clone());
    }
}

fn wake(waker: &RefCell<Option<Waker>>) {
    let waker = waker.borrow_mut().take();
    waker.into_iter().for_each(Waker::wake);
}

impl fmt::Display for BodyStreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the content is malformed: {error}"),
            Self::TooLong => f.write_str("the content is longer than is allowed here"),
            Self::TimedOut => f.write_str("the content came too slowly"),
            Self::Disconnected => f.write_str("the connection ended before the content"),
        }
    }
}

impl core::error::Error for BodyStreamError {}

impl Rejection for BodyStreamError {}

impl From<BodyStreamError> for Problem {
    fn from(error: BodyStreamError) -> Self {
        let status = match error {
            BodyStreamError::Malformed(error) => error.status(),
            BodyStreamError::TooLong => Status::CONTENT_TOO_LARGE,
            BodyStreamError::TimedOut => Status::REQUEST_TIMEOUT,
            BodyStreamError::Disconnected => Status::BAD_REQUEST,
        };
        Self::new(status).with_detail(error.to_string())
    }
}

impl IntoResponse for BodyStreamError {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(stream: &mut BodyStream) -> Poll<Option<Result<Vec<u8>, BodyStreamError>>> {
        let cx = &mut Context::from_waker(Waker::noop());
        let next = Pin::new(stream).poll_next(cx);
        next.map(|next| next.map(|piece| piece.map(Bytes::into_vec)))
    }

    #[test]
    fn pieces_come_in_order_and_an_error_once() {
        let pipe = Rc::new(Pipe::default());
        let mut stream = BodyStream::new(pipe.clone());
        assert!(!pipe.is_wanted());
        assert_eq!(next(&mut stream), Poll::Pending);
        assert!(pipe.is_wanted());
        pipe.push(Bytes::from(b"a"));
        pipe.push(Bytes::from(b"b"));
        pipe.finish(Err(BodyStreamError::TimedOut));
        pipe.finish(Ok(()));
        for wanted in [Ok(b"a".to_vec()), Ok(b"b".to_vec()), Err(BodyStreamError::TimedOut)] {
            assert_eq!(next(&mut stream), Poll::Ready(Some(wanted)));
        }
        assert_eq!(next(&mut stream), Poll::Ready(None));
    }

    #[test]
    fn a_full_pipe_has_room_when_it_is_read_or_dropped() {
        let pipe = Rc::new(Pipe::default());
        let mut stream = BodyStream::new(pipe.clone());
        pipe.push(Bytes::from(vec![0; BODY_PIPE]));
        assert!(pipe.is_full());
        assert!(next(&mut stream).is_ready());
        assert!(!pipe.is_full());
        pipe.push(Bytes::from(vec![0; BODY_PIPE]));
        drop(stream);
        assert!(!pipe.is_full());
        pipe.push(Bytes::from(vec![0; BODY_PIPE]));
        assert!(pipe.pieces.borrow().is_empty(), "nobody will read it");
    }

    #[test]
    fn what_is_whole_is_one_piece() {
        for (whole, pieces) in [(&b""[..], 0), (b"whole", 1)] {
            let mut stream = BodyStream::new(Pipe::of(Bytes::from(whole)));
            for _ in 0..pieces {
                assert_eq!(next(&mut stream), Poll::Ready(Some(Ok(whole.to_vec()))));
            }
            assert_eq!(next(&mut stream), Poll::Ready(None));
        }
    }
}
