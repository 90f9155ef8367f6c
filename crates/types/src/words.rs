//! How a closed vocabulary is written down: one list of variants and their stable words.

/// An enum whose variants each have one stable word, used in storage, events, tokens and errors alike.
macro_rules! words {
    ($(#[$meta:meta])+ pub enum $name:ident, $what:literal {
        $($(#[$doc:meta])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Malformed;

            fn from_str(text: &str) -> Result<Self, crate::Malformed> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::Malformed::new(concat!($what, ": one of" $(, " ", $word)+), text)),
                }
            }
        }
    };
}
pub(crate) use words;
