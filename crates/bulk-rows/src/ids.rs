//! Macros that declare the types of id columns.

/// Declares types of columns that contain an id as text. They can be (parts of) primary keys.
///
/// ```
/// cpor_bulk_rows::text_ids! {
///     /// The id of a country.
///     CountryId;
/// }
/// assert_eq!(CountryId::from("nl").as_str(), "nl");
/// ```
#[macro_export]
macro_rules! text_ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => { $(
        $crate::id_type! { $(#[$doc])+ $name, ::std::string::String, "Text", "String", [Clone] }

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )+ };
}

/// Declares types of columns that contain a UUID. They can be (parts of) primary keys.
///
/// ```
/// cpor_bulk_rows::uuid_ids! {
///     /// The id of a city.
///     CityId;
/// }
/// assert_eq!(uuid::Uuid::from(CityId(uuid::Uuid::nil())), uuid::Uuid::nil());
/// ```
#[macro_export]
macro_rules! uuid_ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => { $(
        $crate::id_type! { $(#[$doc])+ $name, $crate::macro_support::Uuid, "Uuid", "Uuid", [Clone, Copy] }
    )+ };
}

/// Declares one type of an id column. Use [`text_ids`](crate::text_ids) and
/// [`uuid_ids`](crate::uuid_ids).
#[doc(hidden)]
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])+ $name:ident, $inner:ty, $column_type:literal, $array_type:literal, [$($copy:ident),+]) => {
        $(#[$doc])+
        #[derive($($copy),+, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive($crate::macro_support::sea_orm::DeriveValueType)]
        #[sea_orm(column_type = $column_type, array_type = $array_type)]
        pub struct $name(pub $inner);

        impl ::std::convert::From<$inner> for $name {
            fn from(id: $inner) -> Self {
                Self(id)
            }
        }

        impl ::std::convert::From<$name> for $inner {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        // Primary keys require it, for keys that the database generates. These ids are none.
        impl $crate::macro_support::sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, $crate::macro_support::sea_orm::DbErr> {
                Err($crate::macro_support::sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}
