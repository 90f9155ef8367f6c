//! The tables of the ticket service.
use cpor_durable::SqlMigration;

pub(crate) mod ticket {
    use cpor_durable::Micros;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        #[sea_orm(column_type = "JsonBinary")]
        pub state: Json,
        pub closes: Option<Micros>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod title {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "title")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub title: String,
        pub id: Uuid,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod entry {
    use cpor_durable::Micros;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i64,
        pub event: String,
        pub actor: String,
        pub effective_time: Micros,
        pub recorded_time: Micros,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The migration that creates the tables of the fixture's service.
pub(crate) const TABLES: SqlMigration = SqlMigration::new(
    "m20261121_000002_tickets",
    &[
        "CREATE TABLE ticket (
            owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL, state {json} NOT NULL, closes BIGINT,
            PRIMARY KEY (owner, id))",
        "CREATE TABLE title (owner TEXT NOT NULL, title TEXT NOT NULL, id {uuid} NOT NULL, PRIMARY KEY (owner, title))",
        "CREATE TABLE entry (
            owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL, event TEXT NOT NULL,
            actor TEXT NOT NULL, effective_time BIGINT NOT NULL, recorded_time BIGINT NOT NULL,
            PRIMARY KEY (owner, id, version))",
    ],
);
