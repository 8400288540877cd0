//! The seam between the generator and a protocol.
//!
//! Owns [`Wire`] and what can be wrong with an answer. Knows no protocol: HTTP is in `http`, and
//! another one is another implementation. Invariant: once an answer was learnt, every later one
//! is expected to have its length and its first bytes.

use core::fmt;

/// A protocol, as far as a generator of equal requests must know it.
///
/// The generator sends [`request`](Self::request) over and over, learns the length of an answer
/// from the first one, and from then on counts bytes. The methods that parse run once a run, or
/// for samples, so that the protocol costs the generator nothing.
pub trait Wire {
    /// One request. It never changes during a run.
    fn request(&self) -> &[u8];

    /// Looks at the bytes that came for the first request: the length of the answer when they
    /// hold it whole, `None` while they do not.
    ///
    /// # Errors
    /// When this answer cannot be the measure of later ones.
    fn learn(&mut self, bytes: &[u8]) -> Result<Option<usize>, AnswerError>;

    /// The bytes that every answer starts with, as learnt.
    fn opening(&self) -> &[u8];

    /// What is wrong when `found` stands where [`opening`](Self::opening) was expected.
    fn differs(&self, found: &[u8]) -> AnswerError;

    /// Compares one whole answer with the learnt one.
    ///
    /// # Errors
    /// The first difference that matters.
    fn check(&self, answer: &[u8]) -> Result<(), AnswerError>;
}

/// Why an answer cannot be measured, or is not the one that was learnt. The server's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The bytes are no answer of this protocol.
    Malformed,
    /// The answer says that the request failed; for HTTP, by this status.
    Status(u16),
    /// The answer does not say where it ends, so a next one could not be told from it.
    LengthMissing,
    /// The answer exceeds [`ANSWER_BYTES_MAX`](crate::limits::ANSWER_BYTES_MAX).
    TooLong,
    /// The answer is good, but the server wants to close the connection after it.
    Closes,
    /// The answer's length is not the learnt one.
    Length,
    /// The answer's content is not the learnt one, or not the demanded one.
    Content,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the answer is malformed"),
            Self::Status(status) => write!(f, "the status is {status}"),
            Self::LengthMissing => f.write_str("the answer does not say how long it is"),
            Self::TooLong => {
                write!(f, "the answer exceeds {} bytes", crate::limits::ANSWER_BYTES_MAX)
            }
            Self::Closes => f.write_str("the server closes the connection after each answer"),
            Self::Length => f.write_str("the answer's length is not that of the first one"),
            Self::Content => f.write_str("the answer's content is not the expected one"),
        }
    }
}

impl std::error::Error for AnswerError {}
