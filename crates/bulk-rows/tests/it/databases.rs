//! Databases for tests, one for each engine.
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Schema};

use crate::entities::{city, country, thing};

/// The number of schemas that this process has created.
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// Runs `test` on an empty SQLite database and then on an empty schema of PostgreSQL.
pub(crate) async fn on_both_databases(test: impl AsyncFn(DatabaseConnection)) {
    let sqlite = connect("sqlite::memory:", None).await;
    create_tables(&sqlite).await;
    test(sqlite).await;

    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let schema = format!("bulk_rows_{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let postgres = connect(&url, Some(&schema)).await;
    postgres.execute_unprepared(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await.unwrap();
    postgres.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    create_tables(&postgres).await;
    test(postgres.clone()).await;
    postgres.execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

async fn connect(url: &str, schema: Option<&str>) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    // A database in memory belongs to one connection.
    options.max_connections(1).sqlx_logging(false);
    if let Some(schema) = schema {
        options.set_schema_search_path(schema);
    }
    Database::connect(options).await.unwrap()
}

async fn create_tables(db: &DatabaseConnection) {
    let schema = Schema::new(db.get_database_backend());
    for table in [
        schema.create_table_from_entity(thing::Entity),
        schema.create_table_from_entity(country::Entity),
        schema.create_table_from_entity(city::Entity),
    ] {
        db.execute(&table).await.unwrap();
    }
}
