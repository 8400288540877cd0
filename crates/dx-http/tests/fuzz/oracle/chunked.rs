//! A chunked body, judged from the whole buffer by the grammar of RFC 9112 section 7.1.
//!
//! Owns a walk down that grammar, a function a rule. Invariant: a rule takes the bytes that belong
//! to it, or stops at the first one that cannot.

use dx_http::Limits;

use super::chars::{is_field, is_space, is_tchar};

/// Why the walk has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end within the body.
    More,
    /// The next byte cannot stand there: answer with this status, and close.
    Refused(u16),
}

/// What was walked over.
#[derive(Debug)]
pub struct Walk<'b> {
    /// Content so far.
    pub content: Vec<u8>,
    /// Bytes so far: of the whole body, or up to where the walk stopped.
    pub at: usize,
    bytes: &'b [u8],
    limits: &'b Limits,
    /// Bytes of the chunk line so far, and of all extensions and the trailer section so far.
    line: u32,
    overhead: u32,
}

type Step<T = ()> = Result<T, Stop>;

const BAD: Stop = Stop::Refused(400);

/// Walks over the body that `bytes` begins with.
pub fn walk<'b>(bytes: &'b [u8], limits: &'b Limits) -> (Walk<'b>, Step) {
    let mut walk = Walk { content: Vec::new(), at: 0, bytes, limits, line: 0, overhead: 0 };
    let end = walk.chunked_body();
    (walk, end)
}

impl Walk<'_> {
    /// `*chunk last-chunk trailer-section CRLF`
    fn chunked_body(&mut self) -> Step {
        loop {
            let size = self.chunk_line()?;
            if size == 0 {
                return self.trailer_section();
            }
            for _ in 0..size {
                let byte = self.peek()?;
                self.content.push(byte);
                self.at += 1;
            }
            self.crlf()?;
        }
    }

    /// `chunk-size [ chunk-ext ] CRLF`
    fn chunk_line(&mut self) -> Step<u64> {
        self.line = 0;
        let mut digits = String::new();
        loop {
            let byte = self.peek()?;
            if byte != b'\r' {
                self.count_line()?;
            }
            if !byte.is_ascii_hexdigit() {
                break;
            }
            digits.push(char::from(byte));
            if digits.len() > 16 {
                return Err(BAD);
            }
            self.at += 1;
        }
        let size = u64::from_str_radix(&digits, 16).map_err(|_| BAD)?;
        if self.peek()? != b'\r' {
            // It is counted as a part of the line already.
            self.line -= 1;
            self.chunk_ext()?;
        }
        self.crlf()?;
        Ok(size)
    }

    /// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`
    fn chunk_ext(&mut self) -> Step {
        // What follows a size is white space, or it is the `;`; nothing else is of an extension.
        if !is_space(self.peek()?) && self.peek()? != b';' {
            return Err(BAD);
        }
        loop {
            self.bws()?;
            self.ext_byte(|byte| byte == b';')?;
            self.bws()?;
            self.ext_token()?;
            let spaces = self.bws()?;
            let next = self.ext_peek()?;
            if next == b'=' {
                self.ext_byte(|byte| byte == b'=')?;
                self.bws()?;
                if self.ext_peek()? == b'"' {
                    self.ext_quoted_string()?;
                } else {
                    self.ext_token()?;
                }
                let spaces = self.bws()?;
                if self.ext_peek()? == b'\r' {
                    return if spaces == 0 { Ok(()) } else { Err(BAD) };
                }
            } else if next == b'\r' {
                // White space at the end of the line belongs to nothing.
                return if spaces == 0 { Ok(()) } else { Err(BAD) };
            }
        }
    }

    fn bws(&mut self) -> Step<usize> {
        let mut spaces = 0;
        while is_space(self.ext_peek()?) {
            self.ext_byte(is_space)?;
            spaces += 1;
        }
        Ok(spaces)
    }

    fn ext_token(&mut self) -> Step {
        self.ext_byte(is_tchar)?;
        while is_tchar(self.ext_peek()?) {
            self.ext_byte(is_tchar)?;
        }
        Ok(())
    }

    /// RFC 9110 section 5.6.4.
    fn ext_quoted_string(&mut self) -> Step {
        self.ext_byte(|byte| byte == b'"')?;
        loop {
            match self.ext_peek()? {
                b'"' => return self.ext_byte(|byte| byte == b'"'),
                b'\\' => {
                    self.ext_byte(|byte| byte == b'\\')?;
                    self.ext_byte(is_field)?;
                }
                _ => self.ext_byte(is_field)?,
            }
        }
    }

    /// `*( field-line CRLF ) CRLF`
    fn trailer_section(&mut self) -> Step {
        while self.peek()? != b'\r' {
            self.trailer_byte(is_tchar)?;
            while is_tchar(self.peek()?) {
                self.trailer_byte(is_tchar)?;
            }
            self.trailer_byte(|byte| byte == b':')?;
            while self.peek()? != b'\r' {
                self.trailer_byte(is_field)?;
            }
            self.trailer_byte(|byte| byte == b'\r')?;
            self.trailer_byte(|byte| byte == b'\n')?;
        }
        self.crlf()
    }

    /// The CRLF that ends a chunk line, chunk data or the body; no limit counts it.
    fn crlf(&mut self) -> Step {
        for expected in *b"\r\n" {
            if self.peek()? != expected {
                return Err(BAD);
            }
            self.at += 1;
        }
        Ok(())
    }

    fn peek(&self) -> Step<u8> {
        self.bytes.get(self.at).copied().ok_or(Stop::More)
    }

    /// The next byte, if an extension may still have it: the limits are asked before the grammar.
    fn ext_peek(&self) -> Step<u8> {
        let byte = self.peek()?;
        match () {
            () if byte == b'\r' => Ok(byte),
            () if self.line >= self.limits.chunk_line_max => Err(BAD),
            () if self.overhead >= self.limits.chunk_overhead_max => Err(Stop::Refused(431)),
            () => Ok(byte),
        }
    }

    fn ext_byte(&mut self, is: impl Fn(u8) -> bool) -> Step {
        if !is(self.ext_peek()?) {
            return Err(BAD);
        }
        self.line += 1;
        self.overhead += 1;
        self.at += 1;
        Ok(())
    }

    fn trailer_byte(&mut self, is: impl Fn(u8) -> bool) -> Step {
        let byte = self.peek()?;
        if self.overhead >= self.limits.chunk_overhead_max {
            return Err(Stop::Refused(431));
        }
        if !is(byte) {
            return Err(BAD);
        }
        self.overhead += 1;
        self.at += 1;
        Ok(())
    }

    fn count_line(&mut self) -> Step {
        if self.line >= self.limits.chunk_line_max {
            return Err(BAD);
        }
        self.line += 1;
        Ok(())
    }
}
