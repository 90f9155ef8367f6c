//! Domain names of tenants.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Malformed;
use crate::text::text_conversions;

/// A domain name of a tenant in lower case, for example `fabrikam.example`. International names are
/// in their ASCII (`xn--`) form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// The expected form in parse errors.
    const EXPECTED: &'static str = "a domain name like fabrikam.example";

    /// Returns the name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for DomainName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_domain(text) { Ok(Self(text.to_ascii_lowercase())) } else { Err(Malformed::new(Self::EXPECTED, text)) }
    }
}

text_conversions!(DomainName);

/// Returns whether the text has at least two labels, a top-level label that is not a number, and at
/// most 253 characters. RFC 1035, section 2.3.4, allows 255 bytes, which include two more for the
/// length of the first label and for the root.
fn is_domain(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(is_label)
        // RFC 3696, section 2: a top-level label never consists of digits only. This excludes
        // addresses like 10.0.0.1.
        && name.rsplit_once('.').is_some_and(|(_, top)| !top.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns whether the text is one label of a domain name: letters, digits and inner hyphens.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r2_domains_are_compared_without_case() {
        let name: DomainName = "Fabrikam.Example".parse().unwrap();
        assert_eq!(name.as_str(), "fabrikam.example");
        assert_eq!(name, "FABRIKAM.example".parse().unwrap());
    }

    #[test]
    fn r2_domains_have_labels() {
        for good in ["a.b", "1.example", "xn--mnchen-3ya.de", "a-b.c-d.example", &format!("{}.example", "a".repeat(63))]
        {
            assert!(good.parse::<DomainName>().is_ok(), "{good}");
        }
        let long = format!("{}example", "a.".repeat(124));
        for bad in ["", "fabrikam", ".", "a..b", ".a.b", "a.b.", "-a.b", "a-.b", "a_b.c", "a b.c", "10.0.0.1", &long] {
            assert!(bad.parse::<DomainName>().is_err(), "{bad}");
        }
        assert!(format!("{}.example", "a".repeat(64)).parse::<DomainName>().is_err());
    }
}
