//! Content that a handler takes while it comes.
//!
//! Owns the way from received bytes to the pipe, and how fast they must come ([`Pace`]). May not
//! know who reads the pipe. Invariants: while the pipe is full nothing is received; content that
//! was not understood to its end is followed by no request.

use core::task::Context;
use core::time::Duration;
use std::rc::Rc;

use dx_http::{BodyDecoder, BodyStep, CONTINUE, Framing};
use dx_io::Instant;

use super::Conn;
use crate::body_stream::{BodyStreamError, Pipe};
use crate::bytes::Bytes;
use crate::limits::Limits;

/// The content that is coming.
pub(super) struct Upload {
    decoder: BodyDecoder,
    pipe: Rc<Pipe>,
    /// Bytes that it may still have.
    room: u64,
    /// The client waits to be invited.
    expects: bool,
    pace: Pace,
}

impl Upload {
    pub(super) fn new(framing: Framing, max: Option<usize>, expects: bool) -> Box<Self> {
        Box::new(Self {
            decoder: BodyDecoder::new(framing),
            pipe: Rc::default(),
            room: max.map_or(u64::MAX, |max| max as u64),
            expects,
            pace: Pace::default(),
        })
    }

    pub(super) fn pipe(&self) -> &Rc<Pipe> {
        &self.pipe
    }

    /// Whether it is the client's turn to send.
    pub(super) fn waits_for_bytes(&self) -> bool {
        !self.expects && !self.pipe.is_full()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Whoever reads elsewhere learns of it, however the connection ended.
        self.pipe.finish(Err(BodyStreamError::Disconnected));
    }
}

/// How fast content comes, over the time that was spent waiting for it.
#[derive(Default)]
pub(super) struct Pace {
    waited: Duration,
    since: Option<Instant>,
    received: u64,
}

impl Pace {
    /// There is nothing to do now but to wait for the client.
    pub(super) fn wait(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// So many bytes have come; `false` if they are too few for the time that they took.
    pub(super) fn keeps_up(&mut self, now: Instant, bytes: usize, limits: &Limits) -> bool {
        if let Some(since) = self.since.take() {
            self.waited += now - since;
        }
        self.received += bytes as u64;
        let due = self.waited.saturating_sub(limits.body_timeout).as_millis();
        u128::from(self.received) >= due * u128::from(limits.body_rate_min) / 1000
    }
}

impl Conn {
    /// Moves what has come into the pipe; whether its reader has something new to see.
    pub(super) fn feed(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        loop {
            let Some(work) = &mut self.work else { return moved };
            let Some(upload) = &mut work.upload else { return moved };
            if upload.expects && (upload.pipe.is_wanted() || !work.input.is_empty()) {
                upload.expects = false;
                // Who has begun to send needs no invitation (RFC 9110 section 10.1.1).
                if work.input.is_empty() {
                    work.out_mut(self.stream.buffers()).extend_from_slice(CONTINUE);
                    continue;
                }
            }
            if upload.expects || upload.pipe.is_full() {
                upload.pipe.wait_for_reader(cx.waker());
            }
            if upload.pipe.is_full() {
                return moved;
            }
            let step = upload.decoder.decode(work.input.unread(), &self.worker.limits.http);
            match step {
                Ok(BodyStep::Data { data, consumed }) => {
                    let coming =
                        (data.len() as u64).saturating_add(upload.decoder.remaining_hint());
                    if coming > upload.room {
                        return self.spoil(BodyStreamError::TooLong);
                    }
                    upload.room -= data.len() as u64;
                    // Copied: who keeps pieces for long must not keep receive buffers.
                    upload.pipe.push(Bytes::from(data.to_vec()));
                    work.input.consume(consumed, &self.worker);
                    moved = true;
                }
                Ok(BodyStep::NeedMore { consumed }) => {
                    work.input.consume(consumed, &self.worker);
                    // What is unread may not lie together.
                    if work.input.is_empty() && !self.receive_more() {
                        return moved | self.is_cut();
                    }
                }
                Ok(BodyStep::Done { consumed }) => {
                    work.input.consume(consumed, &self.worker);
                    upload.pipe.finish(Ok(()));
                    work.upload = None;
                    return true;
                }
                Err(error) => return self.spoil(BodyStreamError::Malformed(error)),
            }
        }
    }

    /// Receives more of the content that is coming.
    fn receive_more(&mut self) -> bool {
        let now = self.worker.now.get();
        if !self.receive() {
            if let Some(work) = &mut self.work
                && let Some(upload) = &mut work.upload
                && !upload.expects
            {
                upload.pace.wait(now);
            }
            return false;
        }
        self.restart_body_clock();
        let Some(work) = &mut self.work else { return false };
        let Some(upload) = &mut work.upload else { return false };
        if !upload.pace.keeps_up(now, work.input.unread().len(), &self.worker.limits) {
            self.spoil(BodyStreamError::TimedOut);
        }
        true
    }

    /// Whether the client has ended in the middle; then the reader learns of it.
    fn is_cut(&mut self) -> bool {
        self.eof && self.spoil(BodyStreamError::Disconnected)
    }

    /// The rest of the content will not be had, and nobody knows where the next request begins.
    pub(super) fn spoil(&mut self, error: BodyStreamError) -> bool {
        if let Some(work) = &mut self.work
            && let Some(upload) = work.upload.take()
        {
            upload.pipe.finish(Err(error));
            work.spoiled = true;
        }
        true
    }

    /// The handler has answered, and nothing more is received: the content is what of it is here.
    #[cold]
    pub(super) fn skip_upload(&mut self) {
        let Some(work) = &mut self.work else { return };
        while let Some(upload) = &mut work.upload {
            match upload.decoder.decode(work.input.unread(), &self.worker.limits.http) {
                Ok(BodyStep::Data { data, consumed }) => {
                    let Some(room) = upload.room.checked_sub(data.len() as u64) else {
                        self.spoil(BodyStreamError::TooLong);
                        return;
                    };
                    upload.room = room;
                    // Kept if the stream lives on, in another task or in the answer.
                    upload.pipe.push(Bytes::from(data.to_vec()));
                    work.input.consume(consumed, &self.worker);
                }
                Ok(BodyStep::NeedMore { consumed }) => {
                    work.input.consume(consumed, &self.worker);
                    if work.input.is_empty() {
                        break;
                    }
                }
                Ok(BodyStep::Done { consumed }) => {
                    work.input.consume(consumed, &self.worker);
                    upload.pipe.finish(Ok(()));
                    work.upload = None;
                }
                Err(error) => {
                    self.spoil(BodyStreamError::Malformed(error));
                    return;
                }
            }
        }
        if work.upload.is_some() {
            self.spoil(BodyStreamError::Disconnected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_waiting_counts_against_the_pace() {
        let body_timeout = Duration::from_secs(10);
        let limits = Limits { body_timeout, body_rate_min: 100, ..Limits::default() };
        let at = |seconds: u64| Instant::from_nanos(seconds * 1_000_000_000);
        let mut pace = Pace::default();
        // Until the time-out no rate is asked for.
        pace.wait(at(0));
        assert!(pace.keeps_up(at(10), 1, &limits));
        // Not waiting: the reader was slow.
        assert!(pace.keeps_up(at(1000), 1, &limits));
        pace.wait(at(1000));
        pace.wait(at(1001));
        assert!(pace.keeps_up(at(1001), 98, &limits), "100 bytes in the one second that counts");
        pace.wait(at(1001));
        assert!(!pace.keeps_up(at(1002), 99, &limits));
    }
}
