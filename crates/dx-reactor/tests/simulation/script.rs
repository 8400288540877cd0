//! What a simulated client sends, and what it is to be answered.
//!
//! Owns [`Script`]: requests as bytes, and for each the answer an honest server gives. Knows no
//! connection. Invariant: what follows the request that ends the connection is answered by nobody.

use std::collections::VecDeque;

use dx_sim::Chance;

/// Bytes of a request's body that the server takes.
pub const BODY_MAX: usize = 2000;

const CHUNKED: &str = "POST /echo HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\r\n";
const EXTENSIONS: [&str; 4] = ["", "", ";a", " ; a = \"b\\\"\""];
const TRAILERS: [&str; 4] = ["", "", "A: b\r\n", "A:\r\nContent-Length: 9\r\n"];

/// An answer, as the client has to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The content; `None`: not compared.
    pub body: Option<Vec<u8>>,
    /// To HEAD: the length is told, the content is not sent.
    pub head: bool,
}

/// Requests, and their answers.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub bytes: Vec<u8>,
    pub answers: Vec<Answer>,
    /// The server ends the connection after the last answer.
    pub closes: bool,
    /// Places in `bytes` that a client does not write beyond before it is told to go on, and the
    /// answer that tells it if nothing else does.
    pub gates: VecDeque<(usize, usize)>,
    /// The last request is not whole: only the client's end lets the server go.
    pub is_torn: bool,
}

impl Script {
    /// Up to `most` requests, of which the last may be refused, or ask for the end.
    pub fn draw(chance: &mut Chance, most: u64) -> Self {
        let mut script = Self::default();
        for _ in 0..1 + chance.below(most) {
            script.add_valid(chance);
        }
        match chance.below(5) {
            0 => script.add_refused(chance),
            1 => script.add_last(chance),
            2 => script.tear(chance),
            _ => {}
        }
        script
    }

    /// Ends with a request that is cut short, and has no answer.
    fn tear(&mut self, chance: &mut Chance) {
        let start = self.bytes.len();
        self.add_post(chance);
        self.answers.pop();
        self.bytes.truncate(start + 1 + chance.index(self.bytes.len() - start - 1));
        // Nobody is told to go on whose head is not whole.
        self.gates.retain(|(at, _)| *at <= self.bytes.len());
        self.is_torn = true;
    }

    fn add(&mut self, request: &[u8], status: u16, body: Option<Vec<u8>>) {
        self.bytes.extend_from_slice(request);
        self.answers.push(Answer { status, body, head: request.starts_with(b"HEAD") });
    }

    fn get(&mut self, chance: &mut Chance, target: &str, status: u16, body: Option<Vec<u8>>) {
        let padding = "p".repeat(chance.index(200));
        let request = format!("GET {target} HTTP/1.1\r\nHost: sim\r\nX-Padding: {padding}\r\n\r\n");
        self.add(request.as_bytes(), status, body);
    }

    fn add_valid(&mut self, chance: &mut Chance) {
        let number = chance.below(1_000_000);
        let text = Some(number.to_string().into_bytes());
        match chance.below(12) {
            0 => {
                let micros = chance.below(3000);
                self.get(chance, &format!("/slow/{micros}/{number}"), 200, text);
            }
            1 => self.get(chance, &format!("/steal/{number}"), 200, text),
            2 => {
                let len = chance.index(30_000) >> chance.index(6);
                self.get(chance, &format!("/big/{len}"), 200, Some(big(len)));
            }
            3 => self.get(chance, &format!("/nowhere/{number}"), 404, None),
            4 => {
                let request = format!("HEAD /n/{number} HTTP/1.1\r\nHost: sim\r\n\r\n");
                self.add(request.as_bytes(), 200, Some(vec![0; number.to_string().len()]));
            }
            5 => {
                let len = chance.index(100_000);
                let request = format!("HEAD /big/{len} HTTP/1.1\r\nHost: sim\r\n\r\n");
                self.add(request.as_bytes(), 200, Some(vec![0; len]));
            }
            6 => {
                // No content, so no word about it either (RFC 9110 section 10.1.1).
                let request = format!(
                    "GET /n/{number} HTTP/1.1\r\nHost: sim\r\nExpect: 100-continue\r\n\r\n"
                );
                self.add(request.as_bytes(), 200, text);
            }
            7..10 => self.add_post(chance),
            _ => self.get(chance, &format!("/n/{number}"), 200, text),
        }
    }

    fn add_post(&mut self, chance: &mut Chance) {
        let len = chance.index(BODY_MAX) >> chance.index(5);
        let body: Vec<u8> = (0..len).map(|_| chance.bits() as u8).collect();
        let mut request = b"POST /echo HTTP/1.1\r\nHost: sim\r\n".to_vec();
        let is_chunked = chance.happens(0.5);
        if chance.happens(0.3) {
            request.extend(b"Expect: 100-continue\r\n");
            if is_chunked || len > 0 {
                let line = if is_chunked {
                    "Transfer-Encoding: chunked\r\n\r\n".len()
                } else {
                    format!("Content-Length: {len}\r\n\r\n").len()
                };
                let gate = self.bytes.len() + request.len() + line;
                self.gates.push_back((gate, self.answers.len()));
            }
        }
        if !is_chunked {
            request.extend(format!("Content-Length: {len}\r\n\r\n").bytes());
            request.extend(&body);
        } else {
            request.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            let mut rest = &body[..];
            while !rest.is_empty() {
                let (chunk, behind) = rest.split_at(1 + chance.index(rest.len()));
                let extension = EXTENSIONS[chance.index(EXTENSIONS.len())];
                request.extend(format!("{:x}{extension}\r\n", chunk.len()).bytes());
                request.extend(chunk);
                request.extend(b"\r\n");
                rest = behind;
            }
            let trailers = TRAILERS[chance.index(TRAILERS.len())];
            request.extend(format!("0\r\n{trailers}\r\n").bytes());
        }
        self.add(&request, 200, Some(body));
    }

    fn add_refused(&mut self, chance: &mut Chance) {
        let long = "x".repeat(70_000);
        let (request, status) = match chance.below(9) {
            0 => (String::from("GET /n/1 HTTP/1.1\r\n\r\n"), 400),
            1 => (String::from("G?T / HTTP/1.1\r\nHost: sim\r\n\r\n"), 400),
            2 => (
                String::from(
                    "POST /echo HTTP/1.1\r\nHost: sim\r\nContent-Length: 1\r\n\
                     Transfer-Encoding: chunked\r\n\r\n",
                ),
                400,
            ),
            3 => {
                let len = BODY_MAX + 1 + chance.index(1000);
                let head =
                    format!("POST /echo HTTP/1.1\r\nHost: sim\r\nContent-Length: {len}\r\n\r\n");
                (head + &"y".repeat(len), 413)
            }
            4 => {
                let chunk = format!("{BODY_MAX:x}\r\n{}\r\n", "y".repeat(BODY_MAX));
                (String::from(CHUNKED) + &chunk + &chunk, 413)
            }
            5 => (String::from(CHUNKED) + "3\r\nabcd\r\n0\r\n\r\n", 400),
            6 => (String::from(CHUNKED) + "3 x\r\nabc\r\n0\r\n\r\n", 400),
            7 => (format!("GET /{long} HTTP/1.1\r\nHost: sim\r\n\r\n"), 414),
            _ => (format!("GET / HTTP/1.1\r\nHost: sim\r\nX: {long}\r\n\r\n"), 431),
        };
        self.add(request.as_bytes(), status, None);
        self.close(chance);
    }

    fn add_last(&mut self, chance: &mut Chance) {
        let number = chance.below(1000);
        let request = match chance.below(2) {
            0 => format!("GET /n/{number} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n"),
            _ => format!("GET /n/{number} HTTP/1.0\r\n\r\n"),
        };
        self.add(request.as_bytes(), 200, Some(number.to_string().into_bytes()));
        self.close(chance);
    }

    /// Nothing after this is answered, and sometimes there is something.
    fn close(&mut self, chance: &mut Chance) {
        self.closes = true;
        if chance.happens(0.3) {
            self.bytes.extend(b"GET /n/0 HTTP/1.1\r\nHost: sim\r\n\r\n".repeat(3));
        }
    }
}

/// The content of `/big/{len}`.
pub fn big(len: usize) -> Vec<u8> {
    (0..len).map(|at| b'a' + (at % 23) as u8).collect()
}

/// Takes one whole answer from the front of `bytes`, if there is one, and whether the server says
/// that it is the last.
///
/// # Panics
/// When the bytes are no answer.
pub fn take_answer(bytes: &mut Vec<u8>, to_head: bool) -> Option<(Answer, bool)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
    let status = head.strip_prefix("HTTP/1.1 ").expect("an answer begins with its version");
    let status: u16 = status[..3].parse().expect("a status");
    // A head that was not whole in time may have no method yet. If it has, see the client.
    let to_head = to_head && status != 408;
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let len: usize = field("content-length").expect("a length").parse().expect("a number");
    let last = field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    assert!(field("date").is_some(), "{head}");
    let sent = if to_head { 0 } else { len };
    if bytes.len() < end + sent {
        return None;
    }
    let body = if to_head { vec![0; len] } else { bytes[end..end + sent].to_vec() };
    bytes.drain(..end + sent);
    Some((Answer { status, body: Some(body), head: to_head }, last))
}

/// Takes `100 Continue` from the front of `bytes`, if it stands there.
pub fn take_interim(bytes: &mut Vec<u8>) -> bool {
    let is_there = bytes.starts_with(dx_http::CONTINUE);
    if is_there {
        bytes.drain(..dx_http::CONTINUE.len());
    }
    is_there
}
