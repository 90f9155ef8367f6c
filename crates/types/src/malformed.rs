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
