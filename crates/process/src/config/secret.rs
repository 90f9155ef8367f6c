//! Secrets in the configuration, which are never printed.
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text that is printed instead of a secret.
const MASK: &str = "********";

/// A secret in the configuration. `Debug` and serialization print a mask.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Accepts numbers and booleans too, because a secret of digits in the environment is parsed as a
/// number. No plain value is refused, because the error message would print it.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a secret text")]
        enum PlainValue {
            Text(String),
            Signed(i64),
            Unsigned(u64),
            Float(f64),
            Flag(bool),
        }
        Ok(Self(match PlainValue::deserialize(deserializer)? {
            PlainValue::Text(text) => text,
            PlainValue::Signed(number) => number.to_string(),
            PlainValue::Unsigned(number) => number.to_string(),
            PlainValue::Float(number) => number.to_string(),
            PlainValue::Flag(flag) => flag.to_string(),
        }))
    }
}

impl Secret {
    /// Creates a secret from its text, which is not checked.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the secret. Pass it only to the call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// A URL that may contain a password. `Debug` and serialization print the URL with a masked
/// password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Creates a secret URL from its text, which is not checked.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the URL with its password. Pass it only to the call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the URL with its password masked, both in the authority and in a `password`
    /// parameter. A text that is no URL is masked as a whole.
    #[must_use]
    pub fn masked(&self) -> String {
        mask_parameter(&mask_authority(&self.0))
    }
}

/// Masks the password before the `@` of a URL.
fn mask_authority(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return MASK.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // The last `@` is used, because a password that is not percent-encoded may contain one.
    let Some(at) = rest[..end].rfind('@').or_else(|| rest.rfind('@')) else { return url.to_owned() };
    match rest[..at].split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{MASK}{}", &rest[at..]),
        None => url.to_owned(),
    }
}

/// Masks the value of the parameter `password` in the query of a URL.
fn mask_parameter(url: &str) -> String {
    let Some((base, query)) = url.split_once('?') else { return url.to_owned() };
    let parameters: Vec<String> = query
        .split('&')
        .map(|pair| {
            if pair.to_ascii_lowercase().starts_with("password=") {
                format!("password={MASK}")
            } else {
                pair.to_owned()
            }
        })
        .collect();
    format!("{base}?{}", parameters.join("&"))
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_of_a_url_is_masked() {
        let masked = |url: &str| SecretUrl::new(url).masked();
        assert_eq!(masked("postgres://cpor:pa:ss@db:5432/cpor"), "postgres://cpor:********@db:5432/cpor");
        assert_eq!(masked("postgres://cpor:pa/ss@db/cpor"), "postgres://cpor:********@db/cpor");
        assert_eq!(masked("postgres://cpor@db/cpor"), "postgres://cpor@db/cpor");
        assert_eq!(masked("postgres://db/cpor?user=a&password=secret"), "postgres://db/cpor?user=a&password=********");
    }

    #[test]
    fn a_text_that_is_no_url_is_masked_as_a_whole() {
        assert_eq!(SecretUrl::new("secret").masked(), "********");
    }

    #[test]
    fn masks_secrets_in_debug_and_serialization() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {}", serde_json::to_string(&secret).unwrap()), "******** \"********\"");
        assert_eq!(secret.expose(), "hunter2");
    }
}
