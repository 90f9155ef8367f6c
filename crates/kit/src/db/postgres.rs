use std::{str::FromStr as _, time::Duration};

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector,
    sqlx::postgres::{PgConnectOptions, PgPoolOptions},
};

/// What the server itself ends: a statement that runs away, a wait for a lock, a transaction that lost its client.
const TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "30s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")];
/// How the writing pool plans. Its statements find rows by key for a handful of keys, and their plans are kept: one made
/// while a table was small must still be right when it has grown, and that is the nested loop over an index.
const NESTED_LOOPS: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
/// How long a task waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection is replaced after this long, so that a failover or a new pooler is noticed.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Opens the writing and the reading pool.
pub(super) async fn open(
    url: &str,
    schema: Option<&str>,
    connections: u32,
) -> Result<(DatabaseConnection, DatabaseConnection), DbErr> {
    let mut options = PgConnectOptions::from_str(url)
        .map_err(connection_error)?
        .application_name("cpor")
        .statement_cache_capacity(512)
        .options(TIMEOUTS);
    if let Some(schema) = schema {
        options = options.options([("search_path", schema)]);
    }
    let writing = options.clone().options(NESTED_LOOPS);
    let write = pool(connections).connect_with(writing).await.map_err(connection_error)?;
    // Connected only when something reads: a process that writes and relays needs half as many.
    let read = pool(connections).connect_lazy_with(options);
    Ok((SqlxPostgresConnector::from_sqlx_postgres_pool(write), SqlxPostgresConnector::from_sqlx_postgres_pool(read)))
}

/// The name is an identifier of lower case letters, digits and `_` ([`DatabaseConfig::validate`]), and quoted anyway.
///
/// [`DatabaseConfig::validate`]: crate::config::DatabaseConfig::validate
pub(super) async fn create_schema(connection: &DatabaseConnection, schema: &str) -> Result<(), DbErr> {
    let quoted = schema.replace('"', "\"\"");
    connection.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS \"{quoted}\"")).await?;
    Ok(())
}

/// A statement on a dead connection fails and is retried by its caller, so no round trip is spent on testing first.
fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
}

fn connection_error(error: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
