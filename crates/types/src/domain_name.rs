//! Domain names of tenants.

use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use crate::Malformed;
use crate::text::text_conversions;

/// A domain name of a tenant in lower case, for example `fabrikam.example`. International names are
/// in their ASCII (`xn--`) form: all spellings that UTS 46 maps to one name are equal.
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
        let malformed = || Malformed::new(Self::EXPECTED, text);
        let name = Uts46::new().to_ascii(
            text.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::VerifyAllowRootDot,
        );
        let name = name.map_err(|_| malformed())?;
        // A dot at the end names the DNS root. It is dropped, so that both spellings are equal.
        let name = name.strip_suffix('.').unwrap_or(&name);
        if is_domain(name) { Ok(Self(name.to_owned())) } else { Err(malformed()) }
    }
}

text_conversions!(DomainName);

/// Returns whether the name has at least two labels and a top-level label that is not a number
/// (RFC 3696, section 2). This excludes addresses like 10.0.0.1.
fn is_domain(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, top)| !top.bytes().all(|b| b.is_ascii_digit()))
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
    fn r2_spellings_of_an_international_domain_are_equal() {
        let spellings = [
            "büro.example",
            "BÜRO.example",
            "bu\u{308}ro.example",
            "xn--bro-hoa.example",
            "XN--BRO-HOA.EXAMPLE",
            "büro。example",
        ];
        for spelling in spellings {
            let name: DomainName = spelling.parse().unwrap();
            assert_eq!(name.as_str(), "xn--bro-hoa.example", "{spelling}");
        }
        assert_eq!("fabrikam.example.".parse::<DomainName>().unwrap().as_str(), "fabrikam.example");
    }

    #[test]
    fn r2_domains_have_labels() {
        for good in ["a.b", "1.example", "xn--mnchen-3ya.de", "a-b.c-d.example", &format!("{}.example", "a".repeat(63))]
        {
            assert!(good.parse::<DomainName>().is_ok(), "{good}");
        }
        let long = format!("{}example", "a.".repeat(124));
        for bad in [
            "",
            "fabrikam",
            ".",
            "a..b",
            ".a.b",
            "a.b..",
            "-a.b",
            "a-.b",
            "a_b.c",
            "a b.c",
            "10.0.0.1",
            "https://a.b/",
            &long,
        ] {
            assert!(bad.parse::<DomainName>().is_err(), "{bad}");
        }
        assert!(format!("{}.example", "a".repeat(64)).parse::<DomainName>().is_err());
    }
}
