//! Whether what came is what a row says.
//!
//! Owns the comparison. May not know sockets or cuts. Invariant: every byte that came is accounted
//! for by exactly one expected answer.

use crate::answer::{Parsed, parse};
use crate::row::{After, Answer, Row, ok};

/// The request that shows whether a connection is still served.
pub const FURTHER: &[u8] = b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n";

/// The answer to [`FURTHER`].
const AFTER: Answer = ok(b"after");

/// Whether an [`invited`](crate::row::invited) body is invited in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invitation {
    Sent,
    NotSent,
    /// It depends on what the server happens to read at once.
    Either,
}

/// What one run is to bring.
pub struct Expected<'r> {
    row: &'r Row,
    /// For each copy of the row that is answered.
    invitations: Vec<Invitation>,
}

impl<'r> Expected<'r> {
    /// The answers to `row` sent as often as there are `invitations`, and once more what
    /// [`FURTHER`] asks for; as far as the connection lives.
    pub fn new(row: &'r Row, invitations: &[Invitation]) -> Self {
        let copies = match row.after {
            After::Open | After::Finished => invitations.len(),
            After::Closed | After::Abandoned => 1,
        };
        Self { row, invitations: invitations[..copies].to_vec() }
    }

    /// Whether all answers have come, right or wrong: no more needs to be waited for.
    pub fn is_complete(&self, received: &[u8]) -> bool {
        self.row.after == After::Open && self.verdict(received).is_ok()
    }

    /// What is wrong about what came.
    pub fn verdict(&self, received: &[u8]) -> Result<(), String> {
        let mut rest = received;
        for (copy, invitation) in self.invitations.iter().enumerate() {
            for (number, expected) in self.row.answers.iter().enumerate() {
                let last = number + 1 == self.row.answers.len();
                let closes = last && self.row.after == After::Closed;
                take(&mut rest, expected, closes, *invitation)
                    .map_err(|why| format!("answer {number} to copy {copy}: {why}"))?;
            }
        }
        if self.row.after == After::Open {
            take(&mut rest, &AFTER, false, Invitation::NotSent)
                .map_err(|why| format!("the further request: {why}"))?;
        }
        if !rest.is_empty() {
            return Err(format!("more than was asked for: {}", rest.escape_ascii()));
        }
        Ok(())
    }
}

/// Takes the answer that `rest` begins with.
fn take(
    rest: &mut &[u8],
    expected: &Answer,
    closes: bool,
    invitation: Invitation,
) -> Result<(), String> {
    if expected.is_interim() {
        let is_there = rest.starts_with(b"HTTP/1.1 100 ");
        match invitation {
            Invitation::NotSent => return Ok(()), // an answer that came is none of the next ones
            Invitation::Either if !is_there => return Ok(()),
            Invitation::Sent | Invitation::Either => {}
        }
    }
    let parsed = parse(rest, expected.to_head)?;
    let (parsed, behind) = parsed.ok_or("is not there, or not whole")?;
    check(&parsed, expected, closes)?;
    *rest = behind;
    Ok(())
}

fn check(parsed: &Parsed, expected: &Answer, closes: bool) -> Result<(), String> {
    if parsed.status != expected.status {
        return Err(format!("{} instead of {}", parsed.status, expected.status));
    }
    let connection = match (closes, expected.to_old) {
        _ if expected.is_interim() => None,
        // RFC 9112 sections 9.3 and 9.6.
        (true, _) => Some("close"),
        (false, true) => Some("keep-alive"),
        (false, false) => None,
    };
    if parsed.header("connection") != connection {
        let said = parsed.header("connection");
        return Err(format!("connection: {said:?} instead of {connection:?}"));
    }
    if let Some((name, value)) = expected.header
        && parsed.header(name) != Some(value)
    {
        return Err(format!("{name}: {:?} instead of {value}", parsed.header(name)));
    }
    if let Some(name) = expected.absent.filter(|name| parsed.header(name).is_some()) {
        return Err(format!("there is {name}"));
    }
    check_content(parsed, expected)
}

fn check_content(parsed: &Parsed, expected: &Answer) -> Result<(), String> {
    let Some(content) = expected.content else { return check_problem(parsed, expected.to_head) };
    if expected.to_head {
        // RFC 9110 section 8.6: the length is that of the content there would have been.
        let length = parsed.length();
        return if length.is_none_or(|length| length == content.len()) {
            Ok(())
        } else {
            Err(format!("{length:?} is not the length of {}", content.escape_ascii()))
        };
    }
    if parsed.content == content {
        return Ok(());
    }
    Err(format!("content {} not {}", parsed.content.escape_ascii(), content.escape_ascii()))
}

/// A document of RFC 9457 that names the status.
fn check_problem(parsed: &Parsed, to_head: bool) -> Result<(), String> {
    if parsed.header("content-type") != Some("application/problem+json") {
        return Err("no problem document".to_owned());
    }
    if to_head {
        return Ok(());
    }
    let document: serde_json::Value = serde_json::from_slice(&parsed.content)
        .map_err(|error| format!("{error}: {}", parsed.content.escape_ascii()))?;
    if document["status"] == parsed.status && document["title"].is_string() {
        return Ok(());
    }
    Err(format!("a problem that is not {}: {document}", parsed.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{closed, invited, open};

    const HEAD: &str = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

    fn written(content: &str, more: &str) -> String {
        let len = content.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n{HEAD}{more}\r\n{content}")
    }

    #[test]
    fn exactly_the_answers_of_a_row_are_right() {
        const OPEN: Row = open("", "", b"", &[ok(b"a"), ok(b"b")]);
        const CLOSED: Row = closed("", "", b"", &[ok(b"a"), ok(b"b")]);
        let [a, b, after] = ["a", "b", "after"].map(|content| written(content, ""));
        let [last, other] = ["b", "c"].map(|content| written(content, "connection: close\r\n"));
        let once = [Invitation::NotSent; 1];
        let twice = [Invitation::NotSent; 2];
        let is_right = |row: &Row, copies: &[Invitation], parts: &[&str]| {
            Expected::new(row, copies).verdict(parts.concat().as_bytes()).is_ok()
        };
        assert!(is_right(&OPEN, &once, &[&a, &b, &after]));
        assert!(is_right(&OPEN, &twice, &[&a, &b, &a, &b, &after]));
        assert!(is_right(&CLOSED, &once, &[&a, &last]));
        assert!(is_right(&CLOSED, &twice, &[&a, &last]));
        let wrong: [(&Row, &[Invitation], &[&str]); 11] = [
            (&OPEN, &once, &[&b, &a, &after]),
            (&OPEN, &once, &[&a, &b]),
            (&OPEN, &once, &[&a, &b, &after, "x"]),
            (&OPEN, &once, &[&a, &b, &after, &after]),
            (&OPEN, &once, &[&a, &last, &after]),
            (&OPEN, &twice, &[&a, &b, &after]),
            (&CLOSED, &once, &[&a, &b]),
            (&CLOSED, &once, &[&a, &other]),
            (&CLOSED, &once, &[&a, &last, &after]),
            (&CLOSED, &once, &[&a]),
            (&CLOSED, &twice, &[&a, &last, &a, &last]),
        ];
        for (row, copies, parts) in wrong {
            assert!(!is_right(row, copies, parts), "{parts:?}");
        }
    }

    #[test]
    fn an_invitation_comes_when_it_must_and_only_then() {
        const ROW: Row = closed("", "", b"", &[invited(), ok(b"a")]);
        let plain = written("a", "connection: close\r\n");
        let invited = format!("HTTP/1.1 100 Continue\r\n\r\n{plain}");
        for (invitation, with, without) in [
            (Invitation::Sent, true, false),
            (Invitation::NotSent, false, true),
            (Invitation::Either, true, true),
        ] {
            let expected = Expected::new(&ROW, &[invitation]);
            assert_eq!(expected.verdict(invited.as_bytes()).is_ok(), with, "{invitation:?}");
            assert_eq!(expected.verdict(plain.as_bytes()).is_ok(), without, "{invitation:?}");
        }
    }
}
