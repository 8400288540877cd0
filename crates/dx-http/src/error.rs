//! Why a request was refused.
//!
//! Owns one variant per reason and the status each is answered with. May not know how it was
//! found out. Its one invariant: every error here is the peer's fault; after one the connection
//! cannot be framed any more, so the answer is the last one on it.

use core::fmt;

use crate::Status;

macro_rules! errors {
    ($(#[$type_doc:meta])* $name:ident {
        $($(#[$doc:meta])* $variant:ident = $status:ident, $text:literal;)*
    }) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The status to answer before closing the connection.
            pub const fn status(self) -> Status {
                match self {
                    $(Self::$variant => Status::$status,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)*
                })
            }
        }

        impl core::error::Error for $name {}
    };
}

errors! {
    /// A request head that is refused: the peer's fault, answer [`HeadError::status`] and close.
    HeadError {
        /// More bytes than [`Limits::request_line_max`](crate::Limits::request_line_max).
        RequestLineTooLong = URI_TOO_LONG, "request line too long";
        /// More bytes than [`Limits::head_max`](crate::Limits::head_max).
        HeadTooLarge = HEADERS_TOO_LARGE, "request head too large";
        /// More lines than [`Limits::headers_max`](crate::Limits::headers_max).
        TooManyHeaders = HEADERS_TOO_LARGE, "too many headers";
        /// More lines than [`Limits::empty_lines_max`](crate::Limits::empty_lines_max).
        TooManyEmptyLines = BAD_REQUEST, "too many empty lines before the request";
        /// A line ended by LF without CR (RFC 9112 section 2.2).
        BareLf = BAD_REQUEST, "line feed without carriage return";
        /// CR that is not followed by LF (RFC 9112 section 2.2).
        BareCr = BAD_REQUEST, "carriage return without line feed";
        /// Not `method SP request-target SP HTTP-version` (RFC 9112 section 3).
        MalformedRequestLine = BAD_REQUEST, "malformed request line";
        /// A method that is not a token (RFC 9110 section 9.1).
        InvalidMethod = BAD_REQUEST, "invalid method";
        /// A request target none of the four forms allows (RFC 9112 section 3.2).
        InvalidTarget = BAD_REQUEST, "invalid request target";
        /// A form the method may not use: `*` is for OPTIONS, authority-form for CONNECT alone
        /// (RFC 9112 sections 3.2.3 and 3.2.4).
        TargetFormMismatch = BAD_REQUEST, "request target form does not fit the method";
        /// Not `HTTP/` DIGIT `.` DIGIT (RFC 9112 section 2.3).
        InvalidVersion = BAD_REQUEST, "invalid protocol version";
        /// A major version other than 1 (RFC 9110 section 15.6.6).
        UnsupportedVersion = VERSION_NOT_SUPPORTED, "unsupported protocol version";
        /// A header line that starts with white space (RFC 9112 sections 2.2 and 5.2).
        ObsFold = BAD_REQUEST, "folded header line";
        /// White space between name and colon (RFC 9112 section 5.1).
        SpaceBeforeColon = BAD_REQUEST, "white space before the colon";
        /// A header line without a colon (RFC 9112 section 5).
        MissingColon = BAD_REQUEST, "header line without colon";
        /// A header line that starts with the colon (RFC 9110 section 5.1).
        EmptyName = BAD_REQUEST, "empty header name";
        /// A header name that is not a token (RFC 9110 section 5.1).
        InvalidName = BAD_REQUEST, "invalid header name";
        /// A control character in a header value (RFC 9110 section 5.5).
        InvalidValue = BAD_REQUEST, "invalid header value";
        /// HTTP/1.1 without Host (RFC 9112 section 3.2).
        MissingHost = BAD_REQUEST, "missing host";
        /// Several Host lines, equal or not (RFC 9112 section 3.2).
        DuplicateHost = BAD_REQUEST, "duplicate host";
        /// A Host that is not `uri-host [":" port]` (RFC 9110 section 7.2).
        InvalidHost = BAD_REQUEST, "invalid host";
        /// Several Content-Length lines, equal or not (RFC 9112 section 6.3, rule 5).
        DuplicateContentLength = BAD_REQUEST, "duplicate content-length";
        /// A Content-Length that is not 1 to 19 digits (RFC 9110 section 8.6).
        InvalidContentLength = BAD_REQUEST, "invalid content-length";
        /// Several Transfer-Encoding lines.
        DuplicateTransferEncoding = BAD_REQUEST, "duplicate transfer-encoding";
        /// Codings that do not end with exactly one `chunked` (RFC 9112 section 6.3, rule 4).
        InvalidTransferEncoding = BAD_REQUEST, "invalid transfer-encoding";
        /// A coding before `chunked` (RFC 9112 section 6.1).
        UnsupportedTransferEncoding = NOT_IMPLEMENTED, "unsupported transfer-encoding";
        /// Transfer-Encoding below HTTP/1.1 (RFC 9112 section 6.1).
        TransferEncodingInHttp10 = BAD_REQUEST, "transfer-encoding in an HTTP/1.0 request";
        /// Content-Length and Transfer-Encoding together (RFC 9112 section 6.3, rule 3).
        LengthAndTransferEncoding = BAD_REQUEST, "content-length and transfer-encoding together";
        /// A Connection list with an element that is not a token (RFC 9110 section 7.6.1).
        InvalidConnection = BAD_REQUEST, "invalid connection option";
        /// An expectation other than `100-continue` (RFC 9110 section 10.1.1).
        UnsupportedExpectation = EXPECTATION_FAILED, "unsupported expectation";
    }
}

errors! {
    /// A request body that is refused: the peer's fault, answer [`BodyError::status`] and close.
    BodyError {
        /// A chunk size that is not 1 to 16 hexadecimal digits (RFC 9112 section 7.1).
        InvalidChunkSize = BAD_REQUEST, "invalid chunk size";
        /// Chunk extensions outside their grammar (RFC 9112 section 7.1.1).
        InvalidChunkExtension = BAD_REQUEST, "invalid chunk extension";
        /// CR that is not followed by LF, at the end of a chunk line or trailer line.
        BareCr = BAD_REQUEST, "carriage return without line feed";
        /// Chunk data that is not followed by CRLF (RFC 9112 section 7.1).
        InvalidChunkEnd = BAD_REQUEST, "chunk data not followed by CRLF";
        /// A trailer line that is no field line (RFC 9112 section 7.1.2).
        InvalidTrailer = BAD_REQUEST, "invalid trailer";
        /// More bytes than [`Limits::chunk_line_max`](crate::Limits::chunk_line_max).
        ChunkLineTooLong = BAD_REQUEST, "chunk line too long";
        /// More bytes than [`Limits::chunk_overhead_max`](crate::Limits::chunk_overhead_max).
        ChunkOverheadTooLarge = HEADERS_TOO_LARGE, "chunk extensions and trailers too large";
    }
}
