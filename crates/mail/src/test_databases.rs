//! Databases for tests, one for each engine.

use cpor_database::Db;
use cpor_types::{Entropy as _, SystemEntropy};
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::SchemaManager;

/// Runs `test` on an empty queue in SQLite and then on one in PostgreSQL.
pub(crate) async fn on_both_databases(test: impl AsyncFn(Db)) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = Db::open_sqlite(&directory.path().join("mail.sqlite")).await.unwrap();
    migrate(&sqlite).await;
    test(sqlite).await;

    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let schema = format!("mail_{}", SystemEntropy.uuid().simple());
    let postgres = Db::open_postgres(&url, Some(&schema), 4).await.unwrap();
    postgres.create_schema().await.unwrap();
    migrate(&postgres).await;
    test(postgres.clone()).await;
    postgres.writer().execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

async fn migrate(db: &Db) {
    for migration in crate::migrations() {
        migration.up(&SchemaManager::new(db.writer())).await.unwrap();
    }
}
