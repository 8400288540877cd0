//! What a row is.
//!
//! Owns [`Row`] and [`Answer`], and the few words that rows are written with. May not know how a
//! row is run. Invariant: a row is data; nothing in it depends on how its bytes are cut, but for
//! [`invited`].

use std::borrow::Cow;

/// What happens to a connection after a row's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It stays open: a further request on it is answered.
    Open,
    /// The server ends it, in order: the end of the stream comes, no reset, and no answer to
    /// whatever is sent on.
    Closed,
    /// The client finishes sending right behind the row's bytes. What is asked is answered, then
    /// the server ends the connection as it ended [`Closed`](Self::Closed) ones.
    Finished,
    /// As [`Finished`](Self::Finished), within a request: nobody has asked to the end, and a
    /// second copy of the row is only more of the same request.
    Abandoned,
}

/// Which server a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// The defaults.
    Default,
    /// Bounds so tight that a row which reaches them can be cut everywhere.
    Tight,
}

/// One line of the tables: what is sent, by which clause, what comes back, and what then.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    /// The number of an RFC and the section, such as `9112-3.2`.
    pub clause: &'static str,
    sent: Sent,
    pub answers: &'static [Answer],
    pub after: After,
    pub bounds: Bounds,
}

#[derive(Clone, Copy, Debug)]
enum Sent {
    Bytes(&'static [u8]),
    /// `filler` so many times between the two others.
    Filled(&'static [u8], &'static [u8], usize, &'static [u8]),
}

/// One answer, as it must be. Whether it says `connection: close` follows from its row.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    /// `None`: a problem document that names the status, if there may be content at all.
    pub content: Option<&'static [u8]>,
    /// The request was HEAD: there is no content, but its length.
    pub to_head: bool,
    /// The request was HTTP/1.0: persistence has to be said.
    pub to_old: bool,
    pub header: Option<(&'static str, &'static str)>,
    pub absent: Option<&'static str>,
}

/// A row after which the connection stays open.
pub const fn open(
    name: &'static str,
    clause: &'static str,
    sent: &'static [u8],
    answers: &'static [Answer],
) -> Row {
    Row {
        name,
        clause,
        sent: Sent::Bytes(sent),
        answers,
        after: After::Open,
        bounds: Bounds::Default,
    }
}

/// A row after which the server closes.
pub const fn closed(
    name: &'static str,
    clause: &'static str,
    sent: &'static [u8],
    answers: &'static [Answer],
) -> Row {
    Row { after: After::Closed, ..open(name, clause, sent, answers) }
}

/// A row behind whose bytes the client finishes sending.
pub const fn finished(
    name: &'static str,
    clause: &'static str,
    sent: &'static [u8],
    answers: &'static [Answer],
) -> Row {
    Row { after: After::Finished, ..open(name, clause, sent, answers) }
}

/// A row within which the client finishes sending.
pub const fn abandoned(
    name: &'static str,
    clause: &'static str,
    sent: &'static [u8],
    answers: &'static [Answer],
) -> Row {
    Row { after: After::Abandoned, ..open(name, clause, sent, answers) }
}

/// A row that is refused with one problem; the connection closes.
pub const fn refused(
    name: &'static str,
    clause: &'static str,
    sent: &'static [u8],
    status: u16,
) -> Row {
    closed(name, clause, sent, problems(status))
}

/// One problem with this status, for the statuses that requests are refused with.
const fn problems(status: u16) -> &'static [Answer] {
    const ALL: &[Answer] = &[
        problem(400),
        problem(413),
        problem(414),
        problem(417),
        problem(431),
        problem(501),
        problem(505),
    ];
    let mut at = 0;
    while ALL[at].status != status {
        at += 1;
    }
    ALL.split_at(at).1.split_at(1).0
}

impl Row {
    /// The same row for the server with tight bounds.
    pub const fn tight(self) -> Self {
        Self { bounds: Bounds::Tight, ..self }
    }

    /// The same row with `filler`, `times` times, between its bytes and `behind`.
    pub const fn filled(self, filler: &'static [u8], times: usize, behind: &'static [u8]) -> Self {
        let Sent::Bytes(before) = self.sent else { panic!("a row is filled once") };
        Self { sent: Sent::Filled(before, filler, times, behind), ..self }
    }

    /// All that the client sends.
    pub fn bytes(&self) -> Cow<'static, [u8]> {
        match self.sent {
            Sent::Bytes(bytes) => bytes.into(),
            Sent::Filled(before, filler, times, behind) => {
                [before, &filler.repeat(times), behind].concat().into()
            }
        }
    }

    /// Where the bytes are cut in two: everywhere, unless they are very long. Then around their
    /// edges and at some places between; the rows for tight bounds reach every byte of the same
    /// rules.
    pub fn cuts(&self) -> Vec<usize> {
        let len = self.bytes().len();
        let edges = match self.sent {
            Sent::Filled(before, _, _, behind) if len > SHORT => {
                vec![0, before.len(), len - behind.len(), len]
            }
            Sent::Filled(..) | Sent::Bytes(_) => return (1..len).collect(),
        };
        let near = |at: &usize| edges.iter().any(|edge| edge.abs_diff(*at) <= NEAR);
        (1..len).filter(|at| near(at) || at.is_multiple_of(STRIDE)).collect()
    }

    /// Where the head ends behind which an [`invited`] body comes.
    pub fn invitation(&self) -> Option<usize> {
        let bytes = self.bytes();
        let find = |from: usize, what: &[u8]| {
            let rest = bytes.get(from..)?;
            Some(from + rest.windows(what.len()).position(|part| part == what)?)
        };
        self.answers.iter().any(Answer::is_interim).then_some(())?;
        Some(find(find(0, b"\r\nExpect:")?, b"\r\n\r\n")? + 4)
    }
}

/// Rows up to this long are cut everywhere.
const SHORT: usize = 1024;
/// Longer ones are cut this near to their edges,
const NEAR: usize = 8;
/// and at the multiples of this, which hits no boundary of any buffer twice.
const STRIDE: usize = 9973;

const ANSWER: Answer = Answer {
    status: 200,
    content: Some(b""),
    to_head: false,
    to_old: false,
    header: None,
    absent: None,
};

/// 200 with this content.
pub const fn ok(content: &'static [u8]) -> Answer {
    Answer { content: Some(content), ..ANSWER }
}

/// This status, without content.
pub const fn bare(status: u16) -> Answer {
    Answer { status, ..ANSWER }
}

/// This status and the problem document that goes with it.
pub const fn problem(status: u16) -> Answer {
    Answer { status, content: None, ..ANSWER }
}

/// 100 before the next answer: exactly if the server has read the head to its end, and nothing
/// behind it, before it reads on.
pub const fn invited() -> Answer {
    bare(100)
}

impl Answer {
    /// The same answer to HEAD.
    pub const fn to_head(self) -> Self {
        Self { to_head: true, ..self }
    }

    /// The same answer to HTTP/1.0.
    pub const fn to_old(self) -> Self {
        Self { to_old: true, ..self }
    }

    /// The same answer, with this header.
    pub const fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// The same answer, in which there is no such header.
    pub const fn without(self, name: &'static str) -> Self {
        Self { absent: Some(name), ..self }
    }

    /// The same answer with another status.
    pub const fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Whether this is no final answer.
    pub const fn is_interim(&self) -> bool {
        self.status < 200
    }
}
