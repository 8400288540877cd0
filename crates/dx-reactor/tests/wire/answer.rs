//! Reading answers, strictly.
//!
//! Owns [`Parsed`] and the grammar that this server keeps to when it answers, which is narrower
//! than the one of RFC 9112. May not know rows. Invariant: whatever is not exactly such an answer
//! is an error; nothing is skipped, repaired or guessed.

/// One answer as it came.
#[derive(Debug)]
pub struct Parsed {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl Parsed {
    /// The only value of the header `name`; [`parse`] has seen that there are not two.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The length that the head announces.
    pub fn length(&self) -> Option<usize> {
        self.header("content-length").map(|digits| digits.parse().expect("checked"))
    }
}

/// The answer that `bytes` begin with, and what is behind it; `None`: it is not whole yet. The
/// answer to HEAD has no content.
pub fn parse(bytes: &[u8], to_head: bool) -> Result<Option<(Parsed, &[u8])>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = str::from_utf8(&bytes[..end]).map_err(|_| "a head that is not text")?;
    let mut lines = head.split("\r\n");
    let status = status_line(lines.next().unwrap_or_default())?;
    let headers = lines.map(header_line).collect::<Result<Vec<_>, _>>()?;
    for (at, (name, _)) in headers.iter().enumerate() {
        if headers[..at].iter().any(|(other, _)| other == name) {
            return Err(format!("two {name}"));
        }
    }
    let mut parsed = Parsed { status, headers, content: Vec::new() };
    let len = content_length(&parsed)?;
    let rest = &bytes[end + 4..];
    let len = if to_head { 0 } else { len };
    let Some((content, rest)) = rest.split_at_checked(len) else { return Ok(None) };
    parsed.content = content.to_vec();
    Ok(Some((parsed, rest)))
}

/// `HTTP/1.1 SP 3DIGIT SP reason`, RFC 9112 section 4.
fn status_line(line: &str) -> Result<u16, String> {
    let wrong = || format!("status line {line:?}");
    let rest = line.strip_prefix("HTTP/1.1 ").ok_or_else(wrong)?;
    let (code, reason) = rest.split_once(' ').ok_or_else(wrong)?;
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let is_reason = !reason.is_empty() && reason.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_code || !is_reason {
        return Err(wrong());
    }
    code.parse().map_err(|_| wrong())
}

/// `name: value` with a name in lower case and nothing unseen around the value.
fn header_line(line: &str) -> Result<(String, String), String> {
    let wrong = || format!("header line {line:?}");
    let (name, value) = line.split_once(": ").ok_or_else(wrong)?;
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_seen = |byte: u8| (b' '..=b'~').contains(&byte);
    if name.is_empty() || !name.bytes().all(is_part) {
        return Err(wrong());
    }
    if value.trim() != value || !value.bytes().all(is_seen) {
        return Err(wrong());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// How much content the head announces, and that it says no more than it may.
fn content_length(parsed: &Parsed) -> Result<usize, String> {
    if let Some(coding) = parsed.header("transfer-encoding") {
        return Err(format!("transfer-encoding: {coding}"));
    }
    if parsed.status < 200 {
        // RFC 9110 section 8.6: no length; and nothing else is said with these.
        return if parsed.headers.is_empty() { Ok(0) } else { Err("headers in 1xx".to_owned()) };
    }
    date(parsed.header("date").ok_or("no date")?)?;
    let length = parsed.header("content-length");
    if matches!(parsed.status, 204 | 304) {
        return if length.is_none() { Ok(0) } else { Err("a length where none may be".to_owned()) };
    }
    let digits = length.ok_or("no length")?;
    let is_plain = digits == "0" || !digits.starts_with('0');
    if !is_plain || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("content-length: {digits}"));
    }
    digits.parse().map_err(|_| format!("content-length: {digits}"))
}

/// `IMF-fixdate`, RFC 9110 section 5.6.7.
fn date(value: &str) -> Result<(), String> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = |from: usize, len: usize, below: u32| {
        let digits = value.get(from..from + len).unwrap_or_default();
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain && digits.parse::<u32>().is_ok_and(|number| number < below)
    };
    let is_date = value.len() == 29
        && DAYS.contains(&&value[..3])
        && &value[3..5] == ", "
        && number(5, 2, 32)
        && MONTHS.contains(&&value[8..11])
        && number(12, 4, 10_000)
        && number(17, 2, 24)
        && number(20, 2, 60)
        && number(23, 2, 61)
        && &value[25..] == " GMT"
        && [value.as_bytes()[19], value.as_bytes()[22]] == *b"::"
        && [value.as_bytes()[7], value.as_bytes()[11], value.as_bytes()[16]] == *b"   ";
    if is_date { Ok(()) } else { Err(format!("date: {value}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

    fn answer(line: &str, headers: &str, content: &str) -> String {
        format!("{line}\r\n{headers}{DATE}\r\n{content}")
    }

    #[test]
    fn whole_answers_are_read_and_parts_of_them_waited_for() {
        let first = answer("HTTP/1.1 200 OK", "content-length: 3\r\n", "abc");
        let both = format!("{first}HTTP/1.1 100 Continue\r\n\r\n");
        for end in 0..first.len() {
            assert!(parse(&both.as_bytes()[..end], false).is_ok_and(|parsed| parsed.is_none()));
        }
        let (parsed, rest) = parse(both.as_bytes(), false).unwrap().expect("one is whole");
        assert_eq!((parsed.status, &parsed.content[..]), (200, &b"abc"[..]));
        let (parsed, rest) = parse(rest, false).unwrap().expect("the other is whole");
        assert_eq!((parsed.status, rest), (100, &b""[..]));
        let (parsed, rest) = parse(both.as_bytes(), true).unwrap().expect("a head is enough");
        assert_eq!((parsed.length(), &rest[..3]), (Some(3), &b"abc"[..]));
    }

    #[test]
    fn anything_else_is_no_answer() {
        let ok = "HTTP/1.1 200 OK";
        let rows = [
            answer("HTTP/1.0 200 OK", "content-length: 0\r\n", ""),
            answer("HTTP/1.1 20 OK", "content-length: 0\r\n", ""),
            answer("HTTP/1.1 +20 OK", "content-length: 0\r\n", ""),
            answer("HTTP/1.1 200", "content-length: 0\r\n", ""),
            answer("HTTP/1.1 200 ", "content-length: 0\r\n", ""),
            answer(" HTTP/1.1 200 OK", "content-length: 0\r\n", ""),
            answer(ok, "", ""),
            answer(ok, "content-length:0\r\n", ""),
            answer(ok, "content-length : 0\r\n", ""),
            answer(ok, "Content-Length: 0\r\n", ""),
            answer(ok, "content-length: 00\r\n", ""),
            answer(ok, "content-length: +0\r\n", ""),
            answer(ok, "content-length: 0 \r\n", ""),
            answer(ok, "content-length: \r\n", ""),
            answer(ok, "content-length: 0\r\ncontent-length: 0\r\n", ""),
            answer(ok, "content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            answer(ok, "transfer-encoding: chunked\r\n", "0\r\n\r\n"),
            answer(ok, "content-length: 0\r\nx: a\nb\r\n", ""),
            answer(ok, "content-length: 0\r\nx\r\n", ""),
            answer(ok, "content-length: 0\r\n: x\r\n", ""),
            answer(ok, DATE, ""),
            answer("HTTP/1.1 204 No Content", "content-length: 0\r\n", ""),
            answer("HTTP/1.1 304 Not Modified", "content-length: 0\r\n", ""),
            answer("HTTP/1.1 100 Continue", "", ""),
            format!("{ok}\r\ncontent-length: 0\r\n\r\n"),
            format!("{ok}\r\ncontent-length: 0\r\ndate: 6 Nov 1994\r\n\r\n"),
            format!("{ok}\r\ncontent-length: 0\r\n{}\r\n", DATE.replace("Nov", "nov")),
            format!("{ok}\r\ncontent-length: 0\r\n{}\r\n", DATE.replace("GMT", "UTC")),
            format!("{ok}\r\ncontent-length: 0\r\n{}\r\n", DATE.replace("08:", "28:")),
        ];
        for row in rows {
            assert!(parse(row.as_bytes(), false).is_err(), "{row:?}");
        }
    }
}
