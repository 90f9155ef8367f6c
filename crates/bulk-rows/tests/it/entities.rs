//! The entities of the tests.

cpor_bulk_rows::text_ids! {
    /// The code of a country.
    CountryId;
}

cpor_bulk_rows::uuid_ids! {
    /// The id of a city.
    CityId;
}

/// A table with a column of every type.
pub(crate) mod thing {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum Colour {
        #[sea_orm(string_value = "red")]
        Red,
        #[sea_orm(string_value = "green")]
        Green,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
    pub struct Detail {
        pub names: Vec<Option<String>>,
    }

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "thing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub owner: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub parent: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        pub version: i64,
        #[sea_orm(column_type = "Text", nullable)]
        pub note: Option<String>,
        pub colour: Colour,
        pub done: bool,
        pub done_time: Option<DateTimeUtc>,
        pub other: Option<Uuid>,
        pub share: Option<f64>,
        pub hash: Option<Vec<u8>>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub detail: Option<Detail>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A parent, with a key of the newtypes.
pub(crate) mod country {
    use sea_orm::entity::prelude::*;

    use super::CountryId;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "country")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: CountryId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(has_many)]
        pub cities: HasMany<super::city::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Its children.
pub(crate) mod city {
    use sea_orm::entity::prelude::*;

    use super::{CityId, CountryId};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "city")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: CountryId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub country: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: CityId,
        #[sea_orm(belongs_to, from = "(owner, country)", to = "(owner, id)", on_delete = "Restrict")]
        pub parent: BelongsTo<super::country::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
