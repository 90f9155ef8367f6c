//! The opaque form of an aggregate's version that callers see (AIP-154). An *aggregate* is a unit
//! that is loaded, decided and saved as a whole, such as a claim.
use std::fmt;

/// The etag of an aggregate: its version in lower-case hexadecimal digits, without a sign and
/// without leading zeros. Callers must treat it as opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag(u64);

impl Etag {
    /// Creates the etag of an aggregate with this version.
    #[must_use]
    pub const fn new(version: u64) -> Self {
        Self(version)
    }

    /// Parses an etag that was printed by this type. Returns `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let etag = Self(u64::from_str_radix(text, 16).ok()?);
        (etag.to_string() == text).then_some(etag)
    }

    /// Returns the version that the field `etag` of a request requires, or `None` if the field is
    /// empty: then any version is accepted.
    ///
    /// An etag that no service issued is treated as stale: it requires version 0, which no stored
    /// aggregate has.
    #[must_use]
    pub fn required_version(field: &str) -> Option<u64> {
        (!field.is_empty()).then(|| Self::parse(field).map_or(0, |Self(version)| version))
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_parsed_as_it_was_printed() {
        for version in [0, 1, 31, u64::MAX] {
            assert_eq!(Etag::parse(&Etag::new(version).to_string()), Some(Etag::new(version)));
        }
        assert_eq!(Etag::new(31).to_string(), "1f");
    }

    #[test]
    fn any_other_text_is_not_an_etag() {
        for text in ["", "1F", "+1", "-1", "01", " 1", "1 ", "0x1", "zz", "W/\"1f\"", "10000000000000000"] {
            assert_eq!(Etag::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn unknown_etags_require_a_version_that_is_never_stored() {
        assert_eq!(["", "1f", "1F", "zz"].map(Etag::required_version), [None, Some(31), Some(0), Some(0)]);
    }
}
