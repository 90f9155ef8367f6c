//! Values that are written as one text each.

/// The conversions that follow from `FromStr` and `Display`, those that serde goes by included.
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
