//! The error that parsing a value returns.

use thiserror::Error;

/// The error of a text that cannot be parsed as a value.
///
/// The text is cut to 80 characters, so that the error message stays short even if the
/// caller sent a long text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("must be {expected}, but is `{found}`")]
pub struct Malformed {
    /// The expected form, with an article, for example "an MPN id of 1 to 10 digits".
    pub expected: &'static str,
    /// The text that was found instead, cut to 80 characters.
    pub found: String,
}

impl Malformed {
    /// The number of characters of the found text that are kept.
    const MAX_CHARS: usize = 80;

    /// Creates the error for the text `found`. `expected` describes the required form, for example
    /// "a month in the form YYYY-MM".
    #[must_use]
    pub fn new(expected: &'static str, found: &str) -> Self {
        let mut kept: String = found.chars().take(Self::MAX_CHARS).collect();
        if kept.len() < found.len() {
            kept.push('…');
        }
        Self { expected, found: kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_form_and_text() {
        let error = Malformed::new("a month in the form YYYY-MM", "March");
        assert_eq!(error.to_string(), "must be a month in the form YYYY-MM, but is `March`");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let error = Malformed::new("a month in the form YYYY-MM", &"é".repeat(1_000_000));
        assert_eq!(error.found, format!("{}…", "é".repeat(80)));
        assert_eq!(Malformed::new("", &"é".repeat(80)).found, "é".repeat(80));
    }
}
