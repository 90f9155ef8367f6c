//! Texts about people, which are never printed by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The text that `Debug` prints instead of a personal text.
const MASK: &str = "[personal]";

/// A text that is personal data or a secret of a person: a name, an address, the id of a user, a
/// comment, or a link by which a person can act. It has no `Display`, and its `Debug` prints a
/// mask, so that logs, traces and errors cannot contain it. It is stored and sent as its text.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(String);

impl Personal {
    /// Creates a personal text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Creates an empty text.
    #[must_use]
    pub const fn empty() -> Self {
        Self(String::new())
    }

    /// Returns the text. Pass it only to what needs it, and never to a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the text by value. Pass it only to what needs it, and never to a log.
    #[must_use]
    pub fn into_exposed(self) -> String {
        self.0
    }

    /// Returns whether the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Erases the text.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { MASK })
    }
}

impl From<String> for Personal {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Personal {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq<str> for Personal {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Personal {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_text_is_stored_and_not_printed() {
        let name = Personal::from("Ada Lovelace");
        assert_eq!(format!("{name:?} {:?}", Some(vec![&name])), "[personal] Some([[personal]])");
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"Ada Lovelace\"");
        assert_eq!(serde_json::from_str::<Personal>("\"Ada Lovelace\"").unwrap(), name);
        assert!(name == "Ada Lovelace" && name.expose() == "Ada Lovelace" && Personal::empty().is_empty());
    }
}
