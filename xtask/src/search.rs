//! Finds words and bracketed arguments in masked code.
//!
//! Owns word boundaries, line numbers and the matching of parentheses. Knows nothing of files or
//! rules. Invariant: every offset is that of a character in the text it was given.

use crate::mask::is_word;

/// The byte offsets at which `word` stands in `text` as a whole word.
pub(crate) fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(word).map(|(offset, _)| offset).filter(move |&offset| {
        !text[..offset].ends_with(is_word) && !text[offset + word.len()..].starts_with(is_word)
    })
}

/// Whether `word` stands in `text` as a whole word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    words(text, word).next().is_some()
}

/// Each place where `name` is applied to arguments, as `name(…)` or `name!(…)`: the offset of the
/// name and what is between the parentheses. Without its closing one, the rest of the text.
pub(crate) fn applied<'t>(
    code: &'t str,
    name: &'t str,
) -> impl Iterator<Item = (usize, &'t str)> + 't {
    words(code, name).filter_map(move |offset| {
        let rest = &code[offset + name.len()..];
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let inside = rest.strip_prefix('(')?;
        let mut depth = 1_usize;
        let end = inside.find(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        Some((offset, &inside[..end.unwrap_or(inside.len())]))
    })
}

/// The number, from 1, of the line in which `offset` is.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::{applied, has_word, line_of, words};

    #[test]
    fn words_have_ends() {
        let rows = [
            ("unsafe { }", "unsafe", true),
            ("{unsafe}", "unsafe", true),
            ("unsafe_code", "unsafe", false),
            ("not_unsafe", "unsafe", false),
            ("unsafe_code unsafe", "unsafe", true),
            ("", "unsafe", false),
        ];
        for (text, word, expected) in rows {
            assert_eq!(has_word(text, word), expected, "{text}");
        }
        assert_eq!(words("a b a", "a").collect::<Vec<_>>(), [0, 4]);
    }

    #[test]
    fn arguments_end_where_their_parenthesis_does() {
        let rows: [(&str, &[&str]); 6] = [
            ("#[cfg(unix)] f(b)", &["unix"]),
            ("cfg!(not(a)) cfg(all(\nb,\n c))", &["not(a)", "all(\nb,\n c)"]),
            ("xcfg(a) cfg_attr(b)", &[]),
            ("cfg [a]", &[]),
            ("cfg(a(b)", &["a(b)"]),
            ("cfg()", &[""]),
        ];
        for (code, expected) in rows {
            let found: Vec<&str> = applied(code, "cfg").map(|(_, inside)| inside).collect();
            assert_eq!(found, expected, "{code}");
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        let found: Vec<usize> = (0..4).map(|offset| line_of("a\n\nb", offset)).collect();
        assert_eq!(found, [1, 1, 2, 3]);
    }
}
