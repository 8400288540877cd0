//! A request head, judged from the whole buffer.
//!
//! Owns the verdict on the bytes a connection begins with. Invariant: the verdict is that of the
//! first line that has one; the head as a whole is judged when all lines are good.

use dx_http::Limits;

use super::chars::{elements, is_field, is_tchar, is_token, trim};
use super::uri;

/// What the bytes come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The head is not whole; so far it is good.
    More,
    /// Answer with this status, and close.
    Refused(u16),
    /// A whole head.
    Head(Request),
}

/// How a body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    #[default]
    None,
    Length(u64),
    Chunked,
}

/// A whole head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub len: usize,
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    /// Whether the request is understood as HTTP/1.1.
    pub modern: bool,
    pub path: Vec<u8>,
    pub query: Option<Vec<u8>>,
    pub host: Option<Vec<u8>>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Body,
    pub keep_alive: bool,
    pub expect_continue: bool,
    pub upgrade: bool,
}

type Judged<T> = Result<T, u16>;

/// Judges the head that `bytes` begins with.
pub fn judge(bytes: &[u8], limits: &Limits) -> Verdict {
    match whole(bytes, limits) {
        Ok(None) => Verdict::More,
        Ok(Some(request)) => Verdict::Head(request),
        Err(status) => Verdict::Refused(status),
    }
}

fn whole(bytes: &[u8], limits: &Limits) -> Judged<Option<Request>> {
    let (mut at, mut empty_lines, mut request) = (0, 0, None::<Request>);
    loop {
        // Nobody who speaks HTTP begins like this: refused before there is a line.
        let cannot_begin = |&first: &u8| !is_token(&[first]) && !b"\r\n".contains(&first);
        if request.is_none() && bytes.get(at).is_some_and(cannot_begin) {
            return Err(400);
        }
        let line = next_line(bytes, at, request.is_none(), limits)?;
        let Some(line) = line else { return Ok(None) };
        at += line.len();
        // RFC 9112 section 2.2: a line ends with CRLF. It may end with LF; here it may not.
        let Some(line) = line.strip_suffix(b"\r\n") else { return Err(400) };
        match &mut request {
            None if line.is_empty() => {
                empty_lines += 1;
                if empty_lines > limits.empty_lines_max {
                    return Err(400);
                }
            }
            None => request = Some(request_line(line)?),
            Some(request) if line.is_empty() => {
                request.len = at;
                as_a_whole(request)?;
                return Ok(Some(request.clone()));
            }
            Some(request) => {
                if request.fields.len() >= usize::from(limits.headers_max) {
                    return Err(431);
                }
                request.fields.push(field_line(line)?);
            }
        }
    }
}

/// The line at `at` with its LF, or `None` if its end is not there; refused at the first byte
/// beyond a limit.
fn next_line<'b>(
    bytes: &'b [u8],
    at: usize,
    is_request_line: bool,
    limits: &Limits,
) -> Judged<Option<&'b [u8]>> {
    for end in at + 1..=bytes.len() {
        if is_request_line && end - at > limits.request_line_max as usize {
            return Err(414);
        }
        if end > limits.head_max.min(65_535) as usize {
            return Err(431);
        }
        if bytes[end - 1] == b'\n' {
            return Ok(Some(&bytes[at..end]));
        }
    }
    Ok(None)
}

/// `method SP request-target SP HTTP-version`, RFC 9112 section 3.
fn request_line(line: &[u8]) -> Judged<Request> {
    let mut request = Request::default();
    let first = line.iter().position(|&byte| byte == b' ').ok_or(400u16)?;
    let last = line.iter().rposition(|&byte| byte == b' ').ok_or(400u16)?;
    let (method, version) = (&line[..first], &line[last + 1..]);
    if !is_token(method) || line.contains(&b'\r') {
        return Err(400);
    }
    request.modern = match version {
        b"HTTP/1.0" => false,
        // RFC 9110 section 2.5: a higher minor version is understood as 1.1.
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => true,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] if first < last => {
            return Err(505);
        }
        _ => return Err(400),
    };
    let target = if first < last { &line[first + 1..last] } else { return Err(400) };
    request.method = method.to_vec();
    request.target = target.to_vec();
    request_target(&mut request).ok_or(400u16)?;
    Ok(request)
}

/// The four forms, RFC 9112 section 3.2. The authority of a target becomes the host.
fn request_target(request: &mut Request) -> Option<()> {
    let target = request.target.clone();
    if request.method == b"CONNECT" {
        let (host, port) = uri::authority(&target)?;
        request.host = Some(target.clone());
        return (!host.is_empty() && port.is_some_and(|port| port > 0)).then_some(());
    }
    if target == b"*" {
        request.path = target;
        return (request.method == b"OPTIONS").then_some(());
    }
    let rest = if target.starts_with(b"/") {
        &target[..]
    } else {
        let (scheme, rest) = split_at(&target, b"://")?;
        let known = [&b"http"[..], b"https"];
        known.iter().any(|name| scheme.eq_ignore_ascii_case(name)).then_some(())?;
        let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (host, _) = uri::authority(authority)?;
        (!host.is_empty()).then_some(())?;
        request.host = Some(authority.to_vec());
        rest
    };
    let (path, query) = uri::path_and_query(rest)?;
    request.path = if path.is_empty() { b"/".to_vec() } else { path.to_vec() };
    request.query = query.map(<[u8]>::to_vec);
    Some(())
}

/// `field-name ":" OWS field-value OWS`, RFC 9112 section 5.
fn field_line(line: &[u8]) -> Judged<(Vec<u8>, Vec<u8>)> {
    let name_len = line.iter().take_while(|&&byte| is_tchar(byte)).count();
    let (name, rest) = line.split_at(name_len);
    match rest {
        [b':', value @ ..] if !name.is_empty() && value.iter().all(|&byte| is_field(byte)) => {
            Ok((name.to_vec(), trim(value).to_vec()))
        }
        _ => Err(400),
    }
}

/// What no line says alone, in the order of Host, framing, Connection, Expect.
fn as_a_whole(request: &mut Request) -> Judged<()> {
    host(request)?;
    request.body = body(request)?;
    let options: Vec<Vec<u8>> = list(request, "connection");
    if !options.iter().all(|option| is_token(option)) {
        return Err(400);
    }
    let wants = |name: &str| options.iter().any(|o| o.eq_ignore_ascii_case(name.as_bytes()));
    let expectations = list(request, "expect");
    // RFC 9110 section 10.1.1: 417 to what is not known.
    if !expectations.iter().all(|one| one.eq_ignore_ascii_case(b"100-continue")) {
        return Err(417);
    }
    // RFC 9112 section 9.3.
    let keep_alive = !wants("close") && (request.modern || wants("keep-alive"));
    let upgrade = request.modern && !values(request, "upgrade").is_empty() && wants("upgrade");
    request.keep_alive = keep_alive;
    request.expect_continue = request.modern && !expectations.is_empty();
    request.upgrade = upgrade;
    Ok(())
}

/// RFC 9112 section 3.2.
fn host(request: &mut Request) -> Judged<()> {
    let hosts = values(request, "host");
    let host = match &hosts[..] {
        [] if request.modern => return Err(400),
        [] => return Ok(()),
        [host] => host,
        _ => return Err(400),
    };
    let (name, _) = uri::authority(host).ok_or(400u16)?;
    // A target with an authority asks for a Host that says the same; an empty one does not.
    let (named, from_target) = (!name.is_empty(), request.host.is_some());
    if !named && (from_target || !host.is_empty()) {
        return Err(400);
    }
    if !from_target {
        request.host = Some(host.clone());
    }
    Ok(())
}

/// RFC 9112 section 6.
fn body(request: &Request) -> Judged<Body> {
    let lengths = values(request, "content-length");
    let codings = values(request, "transfer-encoding");
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(Body::None),
        ([length], []) => {
            let digits = (1..=19).contains(&length.len()) && length.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(length).map_err(|_| 400u16)?;
            let length = if digits { length.parse().ok() } else { None };
            Ok(Body::Length(length.ok_or(400u16)?))
        }
        ([], [codings]) if request.modern => transfer_codings(codings).map(|()| Body::Chunked),
        _ => Err(400),
    }
}

/// `chunked` alone is served. A list that ends with it is 501, if it could be one at all.
fn transfer_codings(value: &[u8]) -> Judged<()> {
    let codings: Vec<&[u8]> = value.split(|&byte| byte == b',').map(trim).collect();
    let (last, others) = codings.split_last().ok_or(400u16)?;
    if !last.eq_ignore_ascii_case(b"chunked") {
        return Err(400);
    }
    for coding in others {
        let len = coding.iter().take_while(|&&byte| is_tchar(byte)).count();
        let (name, parameters) = coding.split_at(len);
        let parameters = trim(parameters);
        let begins = parameters.is_empty() || parameters[0] == b';';
        if name.is_empty() || name.eq_ignore_ascii_case(b"chunked") || !begins {
            return Err(400);
        }
    }
    if others.is_empty() { Ok(()) } else { Err(501) }
}

fn values(request: &Request, name: &str) -> Vec<Vec<u8>> {
    let lines = request.fields.iter();
    let named = lines.filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
    named.map(|(_, value)| value.clone()).collect()
}

fn list(request: &Request, name: &str) -> Vec<Vec<u8>> {
    let values = values(request, name);
    values.iter().flat_map(|value| elements(value)).map(<[u8]>::to_vec).collect()
}

/// What stands before and behind the first `mark`.
fn split_at<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}
