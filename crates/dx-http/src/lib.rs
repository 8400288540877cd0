//! HTTP/1.0 and HTTP/1.1 for servers as pure state: bytes in, heads and body data out.
//!
//! Owns the syntax and framing of RFC 9112 and the parts of RFC 9110 a connection needs: request
//! heads ([`HeadParser`]), request bodies ([`BodyDecoder`]), response heads ([`ResponseHead`]) and
//! chunked response bodies ([`ChunkedEncoder`]). It may not know sockets, clocks, services or
//! logs. Its one invariant: the verdict on a sequence of bytes never depends on how it was cut.
//!
//! Bad input is rejected with a typed error that names the status to answer; it is never repaired,
//! and it can neither make the code panic nor make it hold more than [`Limits`] allows.
//!
//! ```
//! use dx_http::{Head, HeadParser, Limits, Method, Progress};
//!
//! let limits = Limits::default();
//! let (mut parser, mut head) = (HeadParser::default(), Head::default());
//! let bytes = b"GET /plaintext?x=1 HTTP/1.1\r\nHost: server\r\n\r\n";
//!
//! assert_eq!(parser.parse(&bytes[..20], &limits, &mut head), Ok(Progress::NeedMore));
//! let done = parser.parse(bytes, &limits, &mut head);
//! assert_eq!(done, Ok(Progress::Complete { len: bytes.len() }));
//! assert_eq!(head.method, Method::Get);
//! assert_eq!(head.path.of(bytes), b"/plaintext");
//! assert_eq!(head.header(bytes, "host"), Some(&b"server"[..]));
//! assert!(head.keep_alive);
//! ```
#![deny(unsafe_code)]

mod body;
mod chunk;
mod connection;
mod date;
mod encode;
mod error;
mod field;
mod framing;
mod grammar;
mod head;
mod head_cache;
mod header;
mod host;
mod limits;
mod method;
mod parser;
mod request_line;
#[allow(unsafe_code)] // a room: vector intrinsics
mod scan;
mod seen;
mod span;
mod status;
mod target;
mod whole;

pub use body::{BodyDecoder, BodyStep};
pub use date::Date;
pub use encode::{CONTINUE, ChunkedEncoder, ResponseFraming, ResponseHead};
pub use error::{BodyError, HeadError};
pub use framing::Framing;
pub use head::Head;
pub use head_cache::HeadCache;
pub use header::{HeaderError, HeaderName, HeaderValue};
pub use limits::Limits;
pub use method::{Method, Version};
pub use parser::{HeadParser, Progress};
pub use span::{HeaderSpan, Span};
pub use status::Status;
pub use target::TargetForm;
