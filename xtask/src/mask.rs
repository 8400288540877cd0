//! Tells code, comments and literals apart.
//!
//! Owns as much of Rust's lexical grammar as that needs: nested comments, strings with escapes, raw
//! strings, and the difference between a character and a lifetime (Rust Reference, "Tokens"). Knows
//! no words. Invariant: both masks have the characters of the input at their places, newlines
//! included, or a space instead; so lines and columns are those of the file. Text that ends inside
//! a comment or literal ends it.

/// The two views of one source text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Masked {
    /// Code alone. Quotes stay, what is between them does not.
    pub(crate) code: String,
    /// Comments alone, with the characters that open and close them.
    pub(crate) comments: String,
}

/// Splits `text` into its code and its comments.
pub(crate) fn mask(text: &str) -> Masked {
    let mut masker = Masker {
        input: text.chars().collect(),
        at: 0,
        masked: Masked {
            code: String::with_capacity(text.len()),
            comments: String::with_capacity(text.len()),
        },
    };
    while let Some(next) = masker.peek(0) {
        match (next, masker.peek(1)) {
            ('/', Some('/')) => masker.line_comment(),
            ('/', Some('*')) => masker.block_comment(),
            ('"', _) => masker.string(),
            ('\'', _) => masker.quote(),
            _ if is_word(next) => masker.word(),
            _ => masker.code(1),
        }
    }
    masker.masked
}

/// Whether `c` continues an identifier or a number.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Masker {
    input: Vec<char>,
    at: usize,
    masked: Masked,
}

impl Masker {
    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.comment(1);
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.comment(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.comment(2);
                    if depth == 0 {
                        return;
                    }
                }
                (Some(_), _) => self.comment(1),
                (None, _) => return,
            }
        }
    }

    fn string(&mut self) {
        self.code(1);
        loop {
            match self.peek(0) {
                Some('"') => return self.code(1),
                Some('\\') => self.blank(2),
                Some(_) => self.blank(1),
                None => return,
            }
        }
    }

    /// From the first `#` or quote behind an `r`, which the caller has seen to be there.
    fn raw_string(&mut self, hashes: usize) {
        self.code(hashes + 1);
        while let Some(next) = self.peek(0) {
            if next == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                return self.code(hashes + 1);
            }
            self.blank(1);
        }
    }

    /// `'x'` and `'\…'` are characters; any other quote opens a lifetime or a label, which is code.
    fn quote(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => {
                self.code(1);
                self.blank(2);
                // The rest of `\x7f` or `\u{1f600}`. A newline ends what is no character at all.
                while self.peek(0).is_some_and(|c| c != '\'' && c != '\n') {
                    self.blank(1);
                }
                self.code(1);
            }
            (Some(_), Some('\'')) => {
                self.code(1);
                self.blank(1);
                self.code(1);
            }
            _ => self.code(1),
        }
    }

    /// A whole word, and the raw string that it may be the prefix of.
    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.code(1);
        }
        let is_prefix = matches!(self.input[start..self.at], ['r'] | ['b' | 'c', 'r']);
        let mut hashes = 0;
        while self.peek(hashes) == Some('#') {
            hashes += 1;
        }
        if is_prefix && self.peek(hashes) == Some('"') {
            self.raw_string(hashes);
        }
    }

    fn code(&mut self, count: usize) {
        self.take(count, true, false);
    }

    fn comment(&mut self, count: usize) {
        self.take(count, false, true);
    }

    fn blank(&mut self, count: usize) {
        self.take(count, false, false);
    }

    /// Moves up to `count` characters into the masks that show them. Both show newlines.
    fn take(&mut self, count: usize, in_code: bool, in_comments: bool) {
        for _ in 0..count {
            let Some(c) = self.peek(0) else { return };
            let shown = |is_shown| if is_shown || c == '\n' { c } else { ' ' };
            self.masked.code.push(shown(in_code));
            self.masked.comments.push(shown(in_comments));
            self.at += 1;
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.input.get(self.at + ahead).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn code_is_what_is_left() {
        let rows: &[(&str, &str)] = &[
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            ("a /* b\n*/ c", "a     \n   c"),
            ("a / b * c", "a / b * c"),
            (r#"f("b // c") d"#, r#"f("      ") d"#),
            (r#""a\"b" c"#, r#""    " c"#),
            (r#""a\\" c"#, r#""   " c"#),
            ("\"a\\\nb\" c", "\"  \n \" c"),
            (r##"r"a\" b"##, r##"r"  " b"##),
            (r###"r#"a"b"# c"###, r###"r#"   "# c"###),
            (r####"br##"a"#b"## c"####, r####"br##"    "## c"####),
            (r###"cr#"a"# r#type"###, r###"cr#" "# r#type"###),
            (r##"bar"a" b"##, r##"bar" " b"##),
            (r#"b"a" c"d""#, r#"b" " c" ""#),
            ("'a' b", "' ' b"),
            ("b'a' c", "b' ' c"),
            (r#"'"' b "c""#, r#"' ' b " ""#),
            (r"'\'' b", r"'  ' b"),
            (r"'\\' b", r"'  ' b"),
            (r"'\u{1f600}' b", r"'         ' b"),
            ("'/' // b", "' '     "),
            ("&'a str", "&'a str"),
            ("<'a, 'b>('c')", "<'a, 'b>(' ')"),
            ("&'static str = \"unsafe\"", "&'static str = \"      \""),
            ("'outer: loop", "'outer: loop"),
            ("x: &'_ T", "x: &'_ T"),
            ("'é' b", "' ' b"),
            ("1.0e-3 'x", "1.0e-3 'x"),
        ];
        for (text, code) in rows {
            assert_eq!(mask(text).code, *code, "{text}");
        }
    }

    #[test]
    fn comments_are_what_opens_and_closes_them_too() {
        let rows: &[(&str, &str)] = &[
            ("a // b \"c\"\nd", "  // b \"c\"\n "),
            ("/* a */ b /* c", "/* a */   /* c"),
            ("\"// a\" // b", "       // b"),
            ("'\"' // a \"b", "    // a \"b"),
            ("//! a\n/// b", "//! a\n/// b"),
        ];
        for (text, comments) in rows {
            assert_eq!(mask(text).comments, *comments, "{text}");
        }
    }

    #[test]
    fn every_prefix_of_a_source_keeps_its_shape() {
        let text =
            "fn f<'a>() { /* a /* b */\n */ let _ = (r#\"x\"y\"#, b'\\'', \"\\\n\", 'é'); } //\n";
        for (end, _) in text.char_indices() {
            let prefix = &text[..end];
            let masked = mask(prefix);
            for view in [&masked.code, &masked.comments] {
                assert_eq!(view.chars().count(), prefix.chars().count(), "{prefix}");
                for (seen, was) in view.chars().zip(prefix.chars()) {
                    assert!(seen == was || (seen == ' ' && was != '\n'), "{prefix}");
                }
            }
        }
    }
}
