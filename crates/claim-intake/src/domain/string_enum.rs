//! Closed vocabularies: enums whose variants each have one stable word.

/// Declares an enum of words whose stored and transmitted form is stable.
macro_rules! string_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Their words, in the same order.
            pub const WORDS: &[&str] = &[$($text),+];

            /// The word, as events, storage and errors spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one spelled `word`; `None` when there is none.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use string_enum;

string_enum! {
    /// The answer of an assessment for one line and activity (R52).
    Verdict {
        /// All conditions of the guide hold.
        Eligible = "eligible",
        /// At least one does not.
        NotEligible = "not_eligible",
        /// Recognised, never paid.
        RecognitionOnly = "recognition_only",
    }
}

string_enum! {
    /// Kinds of documents, told by content (R14).
    EvidenceKind {
        /// PDF.
        Pdf = "pdf",
        /// Word.
        Docx = "docx",
        /// Excel.
        Xlsx = "xlsx",
        /// PowerPoint.
        Pptx = "pptx",
        /// PNG.
        Png = "png",
        /// JPEG.
        Jpeg = "jpeg",
    }
}
