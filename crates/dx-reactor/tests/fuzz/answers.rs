//! Answers, read back from the bytes a peer was sent.
//!
//! Owns a strict and naive reader of responses. May not know what was asked, but which answers are
//! to HEAD. Invariant: every byte belongs to an answer, or the reader panics.

/// One final answer and what stood before it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// `content-length`.
    pub length: Option<usize>,
    pub content: Vec<u8>,
    /// It says that the connection ends.
    pub closes: bool,
    /// It says that the connection stays.
    pub keeps: bool,
    /// Interim answers before it.
    pub interims: usize,
    fields: Vec<(String, String)>,
}

/// Reads all answers; `heads` says which are to HEAD.
///
/// # Panics
/// When the bytes are anything else.
pub fn read_all(mut bytes: &[u8], heads: &[bool]) -> Vec<Answer> {
    let (mut answers, mut interims) = (Vec::new(), 0);
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let (head, rest) = bytes.split_at(end + 4);
        let (status, fields) = read_head(&head[..end]);
        bytes = rest;
        if status == 100 {
            assert!(fields.is_empty(), "100 says nothing more");
            interims += 1;
            continue;
        }
        let to_head = heads.get(answers.len()).copied().unwrap_or(false);
        let field = |name: &str| {
            let mut values = fields.iter().filter(|(field, _)| field == name);
            let value = values.next().map(|(_, value)| value.clone());
            assert!(values.next().is_none(), "{name} twice");
            value
        };
        assert!(field("transfer-encoding").is_none(), "every length is known");
        let length = field("content-length").map(|text| text.parse().expect("a number"));
        // RFC 9112 section 6.3, rule 1.
        let empty = to_head || status == 204 || status == 304;
        let len = if empty { 0 } else { length.expect("a length") };
        let (content, rest) = bytes.split_at_checked(len).expect("the whole content");
        bytes = rest;
        let connection = field("connection");
        answers.push(Answer {
            status,
            length,
            content: content.to_vec(),
            closes: connection.as_deref() == Some("close"),
            keeps: connection.as_deref() == Some("keep-alive"),
            interims: std::mem::take(&mut interims),
            fields,
        });
    }
    // An interim answer may stand alone when the body never came.
    assert!(interims <= 1, "{interims} interim answers and no final one");
    answers
}

/// Status and fields of a head without its last CRLF.
fn read_head(head: &[u8]) -> (u16, Vec<(String, String)>) {
    let head = std::str::from_utf8(head).expect("text");
    assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head:?}");
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let rest = line.strip_prefix("HTTP/1.1 ").expect("a status line");
    let (status, reason) = rest.split_once(' ').expect("SP after the status");
    assert!(status.len() == 3 && !reason.contains('\t'), "{line}");
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(": ").expect("a field line");
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        (name.to_owned(), value.to_owned())
    });
    (status.parse().expect("a status"), fields.collect())
}

impl Answer {
    /// What every final answer has to say, given the version of its request.
    ///
    /// # Panics
    /// When it does not.
    pub fn check_form(&self, modern: bool) {
        let has = |name: &str| self.fields.iter().any(|(field, _)| field == name);
        assert!(has("date"), "RFC 9110 section 6.6.1: {self:?}");
        assert!(self.status != 405 || has("allow"), "RFC 9110 section 15.5.6: {self:?}");
        assert!(self.status != 204 || self.length.is_none(), "RFC 9110 section 8.6");
        // RFC 9112 section 9.3: 1.0 has to be told that the connection stays.
        assert_eq!(self.keeps, !modern && !self.closes, "{self:?}");
    }
}
