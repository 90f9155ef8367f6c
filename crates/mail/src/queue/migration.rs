//! The migration that creates the table `mail`.

use sea_orm_migration::prelude::*;

/// Returns the migration that creates the table of mails. A service adds it to its own list of
/// migrations.
#[must_use]
pub fn migration() -> Box<dyn MigrationTrait> {
    Box::new(CreateMail)
}

/// Creates the table of mails and its index.
struct CreateMail;

impl MigrationName for CreateMail {
    fn name(&self) -> &str {
        "mail_001_create"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the signature must be the same as in the trait")]
#[async_trait::async_trait]
impl MigrationTrait for CreateMail {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(create_table_statement()).await?;
        // The index contains only queued mails, so that finished mails do not slow down the search
        // for mails that are due.
        let index = "CREATE INDEX mail_waiting ON mail (next_attempt_time) WHERE state = 'queued'";
        manager.get_connection().execute_unprepared(index).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("mail").to_owned()).await
    }
}

/// Builds the statement that creates the table of mails.
fn create_table_statement() -> TableCreateStatement {
    Table::create()
        .table("mail")
        .col(ColumnDef::new("owner").string_len(63).not_null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("recipient").text().not_null())
        .col(ColumnDef::new("decide_time").big_integer().not_null())
        .col(ColumnDef::new("data").json_binary().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("attempts").big_integer().not_null())
        .col(ColumnDef::new("next_attempt_time").big_integer().not_null())
        .col(ColumnDef::new("first_attempt_time").big_integer())
        .col(ColumnDef::new("settle_time").big_integer())
        .col(ColumnDef::new("lease_token").uuid())
        .col(ColumnDef::new("lease_until").big_integer())
        .col(ColumnDef::new("last_error").text().not_null())
        .primary_key(Index::create().col("owner").col("id"))
        .to_owned()
}
