//! Rust text as tokens and comments.
//!
//! Owns the difference between code, comments and literals: as much of the lexical grammar (Rust
//! Reference, chapter "Lexical structure") as the rules need, and no more. May not know any rule.
//! Invariant: it accepts any text, always advances, and what it hands out are slices of that text;
//! an unterminated literal or comment ends where the text ends.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: identifier, keyword or raw identifier.
    Word,
    /// A number, character, byte or string of any form, with its quotes.
    Literal,
    /// A lifetime or loop label, with its quote.
    Lifetime,
    /// One ASCII punctuation character.
    Mark,
}

/// One token of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// Line it starts on, from 1.
    pub(crate) line: usize,
    /// What it is.
    pub(crate) kind: Kind,
    /// Its text.
    pub(crate) text: &'a str,
}

/// The part of a comment that stands on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Its text, with the slashes and stars.
    pub(crate) text: &'a str,
}

/// A Rust text, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Code<'a> {
    /// The tokens, in order.
    pub(crate) tokens: Vec<Token<'a>>,
    /// The comments, in order; a block comment gives one entry per line.
    pub(crate) comments: Vec<Comment<'a>>,
}

impl<'a> Code<'a> {
    /// Takes `text` apart.
    pub(crate) fn read(text: &'a str) -> Self {
        let mut lexer = Lexer { text, at: 0, line: 1, code: Self::default() };
        while lexer.at < text.len() {
            lexer.step();
        }
        lexer.code
    }

    /// Whether the tokens from `index` on read as `pattern`, token by token.
    pub(crate) fn reads(&self, index: usize, pattern: &[&str]) -> bool {
        let tokens = self.tokens.get(index..).unwrap_or_default();
        tokens.len() >= pattern.len()
            && tokens.iter().zip(pattern).all(|(token, text)| token.text == *text)
    }

    /// The tokens inside the bracket that opens at `open`, without the brackets themselves. Empty
    /// when there is no bracket at `open`.
    pub(crate) fn group(&self, open: usize) -> &[Token<'a>] {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return self.tokens.get(open + 1..index).unwrap_or_default();
            }
        }
        self.tokens.get(open + 1..).unwrap_or_default()
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    code: Code<'a>,
}

impl<'a> Lexer<'a> {
    /// Takes one token, one comment or one blank off the front.
    fn step(&mut self) {
        let rest = self.rest();
        let byte = rest.as_bytes()[0];
        match byte {
            b'/' if rest.starts_with("//") => {
                let end = rest.find('\n').unwrap_or(rest.len());
                self.comment(end);
            }
            b'/' if rest.starts_with("/*") => self.comment(block_comment(rest)),
            b'"' => self.token(Kind::Literal, quoted(rest, 0)),
            b'\'' => self.quote(),
            _ if byte.is_ascii_digit() => self.token(Kind::Literal, word(rest)),
            _ if is_word(byte) => self.word(),
            _ if byte.is_ascii_punctuation() => self.token(Kind::Mark, 1),
            _ => self.advance(1),
        }
    }

    /// An identifier, or the literal that one of the prefixes `r b c br cr` begins.
    fn word(&mut self) {
        let rest = self.rest();
        let length = word(rest);
        let prefix = &rest[..length];
        let after = &rest[length..];
        let raw = matches!(prefix, "r" | "br" | "cr");
        let hashes = after.len() - after.trim_start_matches('#').len();
        if raw && after[hashes..].starts_with('"') {
            return self.token(Kind::Literal, raw_string(rest, length + hashes, hashes));
        }
        if prefix == "r" && hashes == 1 {
            return self.token(Kind::Word, length + 1 + word(&after[1..]));
        }
        match (prefix, after.as_bytes().first()) {
            ("b" | "c", Some(b'"')) => self.token(Kind::Literal, quoted(rest, length)),
            ("b", Some(b'\'')) => {
                let character = character(after).unwrap_or(1);
                self.token(Kind::Literal, length + character);
            }
            _ => self.token(Kind::Word, length),
        }
    }

    /// A character literal or a lifetime: both begin with a single quote.
    fn quote(&mut self) {
        let rest = self.rest();
        match character(rest) {
            Some(length) => self.token(Kind::Literal, length),
            None => self.token(Kind::Lifetime, 1 + word(&rest[1..])),
        }
    }

    fn token(&mut self, kind: Kind, length: usize) {
        let text = &self.rest()[..length];
        self.code.tokens.push(Token { line: self.line, kind, text });
        self.advance(length);
    }

    fn comment(&mut self, length: usize) {
        let text = &self.rest()[..length];
        let lines = text.split('\n').zip(self.line..);
        self.code.comments.extend(lines.map(|(text, line)| Comment { line, text }));
        self.advance(length);
    }

    fn advance(&mut self, length: usize) {
        let passed = &self.text.as_bytes()[self.at..self.at + length];
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        self.at += length;
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

/// Bytes that make words: every non-ASCII character counts, so a slice never cuts one in two.
fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Length of the run of word bytes at the front of `text`.
fn word(text: &str) -> usize {
    text.bytes().position(|byte| !is_word(byte)).unwrap_or(text.len())
}

/// Length of the block comment at the front of `text`; block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(found) = text[at..].find(['*', '/']) else { return text.len() };
        at += found;
        let rest = &text[at..];
        if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at
}

/// Length of a string whose opening quote is at `open`, prefix included.
fn quoted(text: &str, open: usize) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(open + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a raw string whose opening quote is at `open`, prefix and hashes included.
fn raw_string(text: &str, open: usize, hashes: usize) -> usize {
    let close = format!("\"{}", "#".repeat(hashes));
    let body = open + 1;
    text[body..].find(&close).map_or(text.len(), |found| body + found + close.len())
}

/// Length of the character literal at the front of `text`, or `None` when the quote there begins a
/// lifetime: a literal closes after one character, a lifetime never closes.
fn character(text: &str) -> Option<usize> {
    let mut characters = text[1..].chars();
    let first = characters.next()?;
    if first != '\\' {
        return (characters.next()? == '\'').then_some(2 + first.len_utf8());
    }
    let escaped = 2 + characters.next()?.len_utf8();
    Some(text[escaped..].find('\'').map_or(text.len(), |found| escaped + found + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let code = Code::read(text);
        code.tokens.iter().filter(|token| token.kind == Kind::Word).map(|t| t.text).collect()
    }

    #[test]
    fn only_code_gives_words() {
        let rows: &[(&str, &[&str])] = &[
            ("a // b\nc", &["a", "c"]),
            ("a /* b /* c */ d */ e", &["a", "e"]),
            ("a /**/ b /***/ c", &["a", "b", "c"]),
            (r#"a "b" c"#, &["a", "c"]),
            (r#"a "b \" c" d"#, &["a", "d"]),
            (r#"a "b \\" c"#, &["a", "c"]),
            (r##"a r"b\" c"##, &["a", "c"]),
            (r###"a r#"b " c"# d"###, &["a", "d"]),
            (r####"a br##"b "# c"## d"####, &["a", "d"]),
            (r#"a b"b" c"c" d"#, &["a", "d"]),
            (r#"a b'"' c '"' d"#, &["a", "c", "d"]),
            (r"a b'\'' c '\\' d '\u{41}' e", &["a", "c", "d", "e"]),
            ("a '\u{e9}' b '{' c", &["a", "b", "c"]),
            ("a '\u{e9}'\"'\" b", &["a", "b"]),
            ("fn f<'a>(x: &'a str) -> &'static u8", &["fn", "f", "x", "str", "u8"]),
            ("'outer: loop { break 'outer; }", &["loop", "break"]),
            ("match c { 'a'..='z' => r#fn }", &["match", "c", "r#fn"]),
            ("0xFFu8 + 1_000.5e3 + b", &["b"]),
            ("r + br + b + c", &["r", "br", "b", "c"]),
            ("\u{e9}t\u{e9} // \u{e9}", &["\u{e9}t\u{e9}"]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text), *expected, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let text = "a\n\"b\n\\\n\" c /* d\n e */ f\nr#\"\n\"# g // h\n'\\n' i";
        let code = Code::read(text);
        let words = code.tokens.iter().filter(|token| token.kind == Kind::Word);
        let placed: Vec<_> = words.map(|token| (token.line, token.text)).collect();
        assert_eq!(placed, [(1, "a"), (4, "c"), (5, "f"), (7, "g"), (8, "i")]);
        let comments: Vec<_> = code.comments.iter().map(|part| (part.line, part.text)).collect();
        assert_eq!(comments, [(4, "/* d"), (5, " e */"), (7, "// h")]);
    }

    #[test]
    fn every_prefix_of_odd_text_ends_and_keeps_its_marks() {
        let odd = "x'\\u{1}' \u{e9}'\u{e9}' b'\\'' r##\"\"# \"## br r#a /* /* */ */ \"\\\"\" 'l: '";
        for end in (0..=odd.len()).filter(|&end| odd.is_char_boundary(end)) {
            let text = &odd[..end];
            let code = Code::read(text);
            let tokens: usize = code.tokens.iter().map(|token| token.text.len()).sum();
            let comments: usize = code.comments.iter().map(|part| part.text.len()).sum();
            let blanks = text.len() - tokens - comments;
            let most = text.matches(' ').count();
            assert!(blanks <= most, "{text:?}: {blanks} bytes lost, at most {most} are blank");
        }
    }

    #[test]
    fn groups_and_patterns() {
        let code = Code::read("cfg(all(a, b)) c [d");
        let inside: Vec<_> = code.group(1).iter().map(|token| token.text).collect();
        assert_eq!(inside, ["all", "(", "a", ",", "b", ")"]);
        assert!(code.group(0).is_empty(), "a word opens nothing");
        let open: Vec<_> = code.group(10).iter().map(|token| token.text).collect();
        assert_eq!(open, ["d"], "an unclosed group runs to the end");
        assert!(code.group(99).is_empty());
        assert!(code.reads(0, &["cfg", "(", "all"]));
        assert!(!code.reads(10, &["[", "d", "]"]));
        assert!(!code.reads(99, &["cfg"]));
    }
}
