//! The migrations of this service's database.

use sea_orm_migration::prelude::*;

/// Returns all migrations: those of event delivery and deadlines, of mails, and of this service.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = cpor_durable::migrations();
    all.push(cpor_mail::migration());
    all.push(Box::new(CreateConsent));
    all
}

/// Creates the tables of consents and consent links.
struct CreateConsent;

impl MigrationName for CreateConsent {
    fn name(&self) -> &str {
        "consent_001_create"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the signature must be the same as in the trait")]
#[async_trait::async_trait]
impl MigrationTrait for CreateConsent {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(create_consent_statement()).await?;
        manager.create_table(create_link_token_statement()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("link_token").to_owned()).await?;
        manager.drop_table(Table::drop().table("consent").to_owned()).await
    }
}

/// Indexes for lists of one tenant, of all tenants and of waiting consents, and for the deletion of
/// expired links.
const INDEXES: [&str; 4] = [
    "CREATE INDEX consent_of_owner ON consent (owner, create_time, id)",
    "CREATE INDEX consent_of_all ON consent (create_time, owner, id)",
    "CREATE INDEX consent_waiting ON consent (create_time, owner, id) WHERE waiting",
    "CREATE INDEX link_token_expire_time ON link_token (expire_time)",
];

/// Builds the statement that creates the table of consents.
fn create_consent_statement() -> TableCreateStatement {
    Table::create()
        .table("consent")
        .col(ColumnDef::new("owner").string_len(63).not_null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("waiting").boolean().not_null())
        .col(ColumnDef::new("body").json_binary().not_null())
        .col(ColumnDef::new("create_time").big_integer().not_null())
        .col(ColumnDef::new("update_time").big_integer().not_null())
        .primary_key(Index::create().col("owner").col("id"))
        .to_owned()
}

/// Builds the statement that creates the table of consent links.
fn create_link_token_statement() -> TableCreateStatement {
    Table::create()
        .table("link_token")
        .col(ColumnDef::new("hash").binary_len(32).not_null().primary_key())
        .col(ColumnDef::new("tenant").string_len(63).not_null())
        .col(ColumnDef::new("claim").uuid().not_null())
        .col(ColumnDef::new("notice").uuid().not_null())
        .col(ColumnDef::new("create_time").big_integer().not_null())
        .col(ColumnDef::new("expire_time").big_integer().not_null())
        .to_owned()
}
