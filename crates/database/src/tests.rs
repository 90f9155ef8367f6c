use sea_orm::{ConnectionTrait, TryGetable as _};

use super::*;

async fn setting(connection: &impl ConnectionTrait, engine: sea_orm::DbBackend, sql: &str) -> String {
    let row = connection.query_one_raw(sea_orm::Statement::from_string(engine, sql)).await.unwrap().unwrap();
    String::try_get_by(&row, 0).or_else(|_| i64::try_get_by(&row, 0).map(|number| number.to_string())).unwrap()
}

#[tokio::test]
async fn sqlite_syncs_commits_and_readers_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(
        &DatabaseConfig { directory: directory.path().to_owned(), ..DatabaseConfig::default() },
        Service::ClaimIntake,
    )
    .await
    .unwrap();
    assert_eq!(db.engine(), Engine::Sqlite);
    assert!(directory.path().join("claim-intake.sqlite").exists());
    let pragma = async |name: &str| setting(db.writer(), sea_orm::DbBackend::Sqlite, &format!("PRAGMA {name}")).await;
    assert_eq!(pragma("journal_mode").await, "wal");
    assert_eq!(pragma("synchronous").await, "2");
    assert_eq!(pragma("foreign_keys").await, "1");

    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("CREATE TABLE t (a INTEGER)").await.unwrap();
    tx.commit().await.unwrap();
    let error = db.reader().execute_unprepared("INSERT INTO t VALUES (1)").await.unwrap_err().to_string();
    assert!(error.contains("readonly"), "{error}");
    db.close().await.unwrap();
}

#[tokio::test]
async fn sqlite_transactions_lock_immediately() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.sqlite");
    let db = Db::open_sqlite(&file).await.unwrap();
    let tx = db.begin().await.unwrap();
    // A second writer that does not wait. It would succeed if the first transaction were deferred.
    let second_writer =
        sea_orm::sqlx::sqlite::SqliteConnectOptions::new().filename(&file).busy_timeout(std::time::Duration::ZERO);
    let second_writer = sea_orm::sqlx::sqlite::SqlitePool::connect_with(second_writer).await.unwrap();
    let second_writer = sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(second_writer);
    let error = second_writer.execute_unprepared("BEGIN IMMEDIATE").await.unwrap_err().to_string();
    assert!(error.contains("locked"), "{error}");
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn postgres_sets_timeouts_and_a_schema_per_service() {
    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let config = DatabaseConfig {
        url: Some(cpor_process::config::SecretUrl::new(url)),
        schema: Some(format!("kit_{}_{{service}}", std::process::id())),
        connections: 2,
        ..DatabaseConfig::default()
    };
    let db = Db::open(&config, Service::ClaimIntake).await.unwrap();
    db.create_schema().await.unwrap();
    db.create_schema().await.unwrap();
    let tx = db.begin().await.unwrap();
    let show = async |sql: &str| setting(&tx, sea_orm::DbBackend::Postgres, sql).await;
    let schema = show("SELECT current_schema()::text").await;
    assert_eq!(schema, format!("kit_{}_claim_intake", std::process::id()));
    assert_eq!(show("SHOW statement_timeout").await, "30s");
    assert_eq!(show("SHOW lock_timeout").await, "2s");
    assert_eq!(show("SHOW idle_in_transaction_session_timeout").await, "30s");
    assert_eq!(show("SHOW transaction_isolation").await, "read committed");
    tx.rollback().await.unwrap();
    db.writer().execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn reports_a_missing_database_or_role() {
    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let (server, _) = url.rsplit_once('/').unwrap();
    let (scheme, rest) = server.split_once("://").unwrap();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let open_error = async |url: &str| Db::open_postgres(url, None, 1).await.unwrap_err().to_string();
    let database = open_error(&format!("{server}/no_such_database")).await;
    assert!(database.ends_with(": database \"no_such_database\" does not exist"), "{database}");
    assert!(database.contains(" (database no_such_database, user postgres)"), "{database}");
    let role = open_error(&format!("{scheme}://no_such_role:hunter2@{host}/postgres")).await;
    assert!(role.contains("\"no_such_role\"") && !role.contains("hunter2"), "{role}");
}
