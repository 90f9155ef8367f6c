//! Texts that contain nothing that a reader sees.

/// Returns whether the text has only blanks: white space, control characters, and characters that
/// have no width. Such a text is not a value (R10).
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_char)
}

/// Returns the text without blanks at its start and end.
#[must_use]
pub fn trim_blanks(text: &str) -> &str {
    text.trim_matches(is_blank_char)
}

/// Returns whether a reader does not see the character. The characters without width are those with
/// the Unicode property `Default_Ignorable_Code_Point`, and U+2800, an empty braille pattern.
fn is_blank_char(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_blanks_are_not_a_value() {
        for blank in ["", "   ", "\u{a0}", "\u{200b}", "\t", "\r\n", "\u{3000}\u{2009}", "\u{feff}", "\u{2060}\u{ad}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for text in ["a", " a", ".", "\u{200b}é", "="] {
            assert!(!is_blank(text), "{text:?}");
        }
        assert_eq!(trim_blanks(" \u{a0}a b\u{200b}\n"), "a b");
    }
}
