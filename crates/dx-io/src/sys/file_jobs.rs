//! Files in a room whose kernel reads and writes them only by blocking: threads do that.
//!
//! Owns the jobs handed to the [`BlockingPool`] and the list on which their results come back.
//! Knows no socket and no room. Invariant: the memory of a read or write is in the in-flight
//! table or in its job, never in both, and a job gives it back however it ends.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file_calls;
use crate::blocking::BlockingPool;
use crate::buf::{FixedBuf, Ticket};
use crate::errno;
use crate::file::{File, FileBuf};
use crate::token::Token;
use crate::wake::Waker;

/// A read or write that was pushed and not yet handed over.
#[derive(Debug)]
pub(super) struct FileWork {
    pub(super) file: File,
    pub(super) buf: FileBuf,
    pub(super) offset: u64,
    /// A write's first byte; `None`: a read.
    pub(super) write_from: Option<usize>,
}

/// Memory on its way through a job.
#[derive(Debug)]
enum Memory {
    Owned(Vec<u8>),
    /// All of a fixed buffer, of which `len` bytes are in use.
    Fixed {
        memory: Box<[u8]>,
        len: usize,
    },
}

/// What a job came to.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) token: Token,
    pub(super) result: i32,
    memory: Memory,
}

impl Finished {
    /// The memory as it was given, its place in its pool being `ticket`.
    pub(super) fn into_buf(self, ticket: Option<Ticket>) -> FileBuf {
        match (self.memory, ticket) {
            (Memory::Owned(buf), _) => FileBuf::Owned(buf),
            (Memory::Fixed { memory, .. }, Some(ticket)) => {
                FileBuf::Fixed(FixedBuf::join(memory, ticket))
            }
            (Memory::Fixed { memory, .. }, None) => FileBuf::Owned(memory.into_vec()),
        }
    }
}

/// What the jobs of one room share with it. Bounded by the in-flight table: every entry belongs
/// to an operation in it.
#[derive(Debug)]
struct Results {
    list: Mutex<Vec<Finished>>,
    waker: Waker,
}

impl Results {
    fn lock(&self) -> MutexGuard<'_, Vec<Finished>> {
        // A push or a take leaves nothing half done, so poison says nothing.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files of one room.
#[derive(Debug)]
pub(super) struct FileJobs {
    pool: Option<BlockingPool>,
    results: Arc<Results>,
    /// Jobs whose results have not come back.
    out: usize,
}

impl FileJobs {
    pub(super) fn new(pool: Option<BlockingPool>, waker: Waker) -> Self {
        let results = Results { list: Mutex::default(), waker };
        Self { pool, results: Arc::new(results), out: 0 }
    }

    /// Has `work` done elsewhere. What stays here of its buffer, if anything.
    pub(super) fn start(&mut self, token: Token, work: FileWork) -> Option<Ticket> {
        let FileWork { file, buf, offset, write_from } = work;
        let (memory, ticket) = match buf {
            FileBuf::Owned(buf) => (Memory::Owned(buf), None),
            FileBuf::Fixed(buf) => {
                let len = buf.len();
                let (memory, ticket) = buf.split();
                (Memory::Fixed { memory, len }, Some(ticket))
            }
        };
        let results = self.results.clone();
        // A job that is dropped without having run has found no place.
        let result = errno::TRY_AGAIN;
        let job = Job { token, result, memory: Some(memory), file, offset, write_from, results };
        self.out += 1;
        let pool = self.pool.get_or_insert_with(BlockingPool::default);
        // What is refused is dropped, and tells so by its result like any other.
        drop(pool.run(Box::new(move || job.run())));
        ticket
    }

    /// What jobs have come to since this was last asked.
    pub(super) fn collect(&mut self) -> Vec<Finished> {
        if self.out == 0 {
            return Vec::new();
        }
        let finished = core::mem::take(&mut *self.results.lock());
        self.out -= finished.len();
        finished
    }
}

/// One call that may block.
struct Job {
    token: Token,
    result: i32,
    /// `None` only after it was handed back.
    memory: Option<Memory>,
    file: File,
    offset: u64,
    write_from: Option<usize>,
    results: Arc<Results>,
}

impl Job {
    fn run(mut self) {
        let bytes = match &mut self.memory {
            Some(Memory::Owned(buf)) => &mut buf[..],
            Some(Memory::Fixed { memory, len }) => &mut memory[..*len],
            None => return,
        };
        let (file, offset) = (self.file.std(), self.offset);
        let outcome = loop {
            let outcome = match self.write_from {
                None => file_calls::read_at(file, bytes, offset),
                Some(start) => file_calls::write_at(file, &bytes[start.min(bytes.len())..], offset),
            };
            if !outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
                break outcome;
            }
        };
        self.result = match outcome {
            // One call moves at most 0x7ffff000 bytes (read(2)).
            Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
            Err(error) => file_calls::errno(&error),
        };
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let Some(memory) = self.memory.take() else { return };
        let mut list = self.results.lock();
        let first = list.is_empty();
        list.push(Finished { token: self.token, result: self.result, memory });
        drop(list);
        if first {
            self.results.waker.wake();
        }
    }
}
