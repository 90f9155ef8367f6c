//! The tables of the ticket service.
use sea_orm::Schema;
use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager},
    sea_orm::ConnectionTrait,
};

pub(crate) mod ticket {
    use sea_orm::entity::prelude::*;

    use crate::tickets::Ticket;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        #[sea_orm(column_type = "JsonBinary")]
        pub state: Ticket,
        pub closes: Option<DateTimeUtc>,
        #[sea_orm(has_many)]
        pub titles: HasMany<super::title::Entity>,
        #[sea_orm(has_many)]
        pub entries: HasMany<super::entry::Entity>,
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
        #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
        pub ticket: BelongsTo<super::ticket::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod entry {
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
        pub effective_time: DateTimeUtc,
        pub recorded_time: DateTimeUtc,
        #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
        pub ticket: BelongsTo<super::ticket::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The migration that creates the tables of the fixture's service, as the entities say.
pub(crate) struct TicketTables;

impl MigrationName for TicketTables {
    fn name(&self) -> &'static str {
        "m20261121_000002_tickets"
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for TicketTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let schema = Schema::new(manager.get_connection().get_database_backend());
        for table in [
            schema.create_table_from_entity(ticket::Entity),
            schema.create_table_from_entity(title::Entity),
            schema.create_table_from_entity(entry::Entity),
        ] {
            manager.create_table(table).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
