//! E-mail addresses of people.

use std::fmt;
use std::str::FromStr;

use crate::DomainName;

/// An e-mail address to which every mail system delivers: letters, digits and some signs before the
/// `@`, and a domain name after it (RFC 5321, 4.1.2). International domains are in their ASCII
/// form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// The reason why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmailAddress {
    /// The text has no `@`, or several.
    #[error("it must contain exactly one @ sign")]
    AtSign,
    /// Nothing is before the `@`, or more than RFC 5321, 4.5.3.1.1, allows.
    #[error("it must have 1 to 64 characters before the @ sign")]
    LocalLength,
    /// The part before the `@` starts or ends with a dot, or has two dots in a row.
    #[error("it must not have a dot at the start or end of the part before the @ sign, or two dots in a row")]
    LocalDots,
    /// The part before the `@` has a character that is only allowed in quotes, or not at all.
    #[error("it must have only the letters a to z, digits, dots and !#$%&'*+-/=?^_`{{|}}~ before the @ sign")]
    LocalCharacter,
    /// The part after the `@` is not a domain name with at least two labels.
    #[error("it must have a domain name like fabrikam.example after the @ sign")]
    Domain,
    /// The address is longer than a mail system must accept (RFC 5321, 4.5.3.1.3).
    #[error("it must have at most 254 characters")]
    Length,
}

/// The maximum number of bytes before the `@`.
const MAX_LOCAL_BYTES: usize = 64;
/// The maximum number of bytes of an address.
const MAX_BYTES: usize = 254;
/// The characters before the `@` besides letters, digits and dots (`atext` of RFC 5322).
const SIGNS: &str = "!#$%&'*+-/=?^_`{|}~";
/// The characters that separate labels (UTS 46).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

impl EmailAddress {
    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, InvalidEmailAddress> {
        let (local, domain) = text.split_once('@').ok_or(InvalidEmailAddress::AtSign)?;
        if domain.contains('@') {
            return Err(InvalidEmailAddress::AtSign);
        }
        if !(1..=MAX_LOCAL_BYTES).contains(&local.len()) {
            return Err(InvalidEmailAddress::LocalLength);
        }
        let is_allowed = |character: char| character.is_ascii_alphanumeric() || SIGNS.contains(character);
        if !local.chars().all(|character| is_allowed(character) || character == '.') {
            return Err(InvalidEmailAddress::LocalCharacter);
        }
        if local.split('.').any(str::is_empty) {
            return Err(InvalidEmailAddress::LocalDots);
        }
        // The root of the domain names is not part of an address (RFC 5321, 2.3.5).
        if domain.ends_with(DOTS) {
            return Err(InvalidEmailAddress::Domain);
        }
        let domain: DomainName = domain.parse().map_err(|_| InvalidEmailAddress::Domain)?;
        let address = format!("{local}@{domain}");
        if address.len() > MAX_BYTES { Err(InvalidEmailAddress::Length) } else { Ok(Self(address)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, InvalidEmailAddress> {
        text.parse().map(|EmailAddress(address)| address)
    }

    #[test]
    fn r10_addresses_are_normalised() {
        for accepted in ["maria@litware.example", "a.b+c_d'e@mail.litware.example", "1@a.b", "{x}|y@z.example"] {
            assert_eq!(parse(accepted).as_deref(), Ok(accepted));
        }
        assert_eq!(
            parse("Maria@LITWARE.example").as_deref(),
            Ok("Maria@litware.example"),
            "only the domain has no case"
        );
        assert_eq!(parse("maria@büro.example").as_deref(), Ok("maria@xn--bro-hoa.example"));
        assert_eq!(parse("maria@BÜRO。example").as_deref(), Ok("maria@xn--bro-hoa.example"));
        let longest = format!("{}@litware.example", "m".repeat(64));
        assert_eq!(parse(&longest).as_deref(), Ok(longest.as_str()));
    }

    #[test]
    fn r10_other_texts_are_refused_with_a_reason() {
        use InvalidEmailAddress::{AtSign, Domain, Length, LocalCharacter, LocalDots, LocalLength};
        let long_domain = format!("{0}.{0}.{0}.example", "a".repeat(61));
        for (text, reason) in [
            ("", AtSign),
            ("maria", AtSign),
            ("maria@@litware.example", AtSign),
            ("maria@litware.example;paolo@litware.example", AtSign),
            ("@litware.example", LocalLength),
            (&format!("{}@litware.example", "m".repeat(65)), LocalLength),
            ("maria..rossi@litware.example", LocalDots),
            (".maria@litware.example", LocalDots),
            ("maria.@litware.example", LocalDots),
            ("maria rossi@litware.example", LocalCharacter),
            ("\"maria\"@litware.example", LocalCharacter),
            ("Maria Rossi <maria@litware.example>", LocalCharacter),
            ("mailto:maria@litware.example", LocalCharacter),
            ("maría@litware.example", LocalCharacter),
            ("maria@litware", Domain),
            ("maria@10.0.0.1", Domain),
            ("maria@[10.0.0.1]", Domain),
            ("maria@-litware.example", Domain),
            ("maria@litware.example.", Domain),
            ("maria@litware。example。", Domain),
            ("maria@", Domain),
            ("maria@lit ware.example", Domain),
            ("maria@litware..example", Domain),
            (&format!("{}@{long_domain}", "m".repeat(64)), Length),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
    }
}
