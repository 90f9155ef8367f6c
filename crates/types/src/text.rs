//! Conversions of values that are written as one string.

/// Implements the conversions from and to strings, based on `FromStr` and `Display`. The serde
/// attributes `try_from = "String"` and `into = "String"` use them.
macro_rules! text_conversions {
    ($($name:ident)+) => { $(
        impl TryFrom<String> for $name {
            type Error = crate::Malformed;

            fn try_from(text: String) -> Result<Self, crate::Malformed> {
                text.parse()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = crate::Malformed;

            fn try_from(text: &str) -> Result<Self, crate::Malformed> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )+ };
}
pub(crate) use text_conversions;
