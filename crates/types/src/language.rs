//! The languages of mails.

use crate::string_enum;

string_enum! {
    /// A language in which mails are written. The strings are ISO 639-1 codes.
    #[derive(Default)]
    pub enum MailLanguage, "a language of mails" {
        /// Czech.
        Czech = "cs",
        /// German.
        German = "de",
        /// English.
        #[default]
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// French.
        French = "fr",
        /// Hungarian.
        Hungarian = "hu",
        /// Polish.
        Polish = "pl",
        /// Russian.
        Russian = "ru",
    }
}

impl MailLanguage {
    /// Returns whether a noun after the number `n` is in the singular. The texts put such nouns in
    /// a case that has no more forms than singular and plural.
    #[must_use]
    pub const fn is_singular(self, n: u32) -> bool {
        match self {
            Self::Russian => n % 10 == 1 && n % 100 != 11,
            Self::French => n < 2,
            Self::Czech | Self::German | Self::English | Self::Spanish | Self::Hungarian | Self::Polish => n == 1,
        }
    }
}
