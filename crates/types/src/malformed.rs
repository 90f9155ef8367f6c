use thiserror::Error;

/// A text that does not have the shape of the value it should be.
///
/// The found text is cut to 80 characters, so that an error stays printable whatever a caller sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{found}` is not {expected}")]
pub struct Malformed {
    /// The shape asked for, with its article: "an MPN id: 1 to 10 digits".
    pub expected: &'static str,
    /// What was given instead, its beginning at least.
    pub found: String,
}

impl Malformed {
    const SHOWN: usize = 80;

    /// The error for `found` where `expected` ("a month: YYYY-MM") was needed.
    #[must_use]
    pub fn new(expected: &'static str, found: &str) -> Self {
        let mut shown: String = found.chars().take(Self::SHOWN).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        Self { expected, found: shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_says_shape_and_text() {
        let error = Malformed::new("a month: YYYY-MM", "March");
        assert_eq!(error.to_string(), "`March` is not a month: YYYY-MM");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let error = Malformed::new("a month: YYYY-MM", &"é".repeat(1_000_000));
        assert_eq!(error.found, format!("{}…", "é".repeat(80)));
        assert_eq!(Malformed::new("", &"é".repeat(80)).found, "é".repeat(80));
    }
}
