use std::{str::FromStr as _, time::Duration};

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, SqlxPostgresConnector,
    sqlx::{
        ConnectOptions as _, Error, PgPool,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

use super::OpenError;

/// What the server itself ends: a statement that runs away, a wait for a lock, a transaction that lost its client.
const TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "30s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")];
/// How every transaction begins, whatever the server's or the role's default is: said once for the connection, so that BEGIN needs no SET
/// TRANSACTION after it.
const TRANSACTIONS: [(&str, &str); 2] =
    [("default_transaction_isolation", "read committed"), ("default_transaction_read_only", "off")];
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
) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let mut options = PgConnectOptions::from_str(url)
        .map_err(OpenError::Url)?
        .application_name("cpor")
        .statement_cache_capacity(512)
        .options(TIMEOUTS)
        .options(TRANSACTIONS);
    if let Some(schema) = schema {
        options = options.options([("search_path", schema)]);
    }
    let writing = options.clone().options(NESTED_LOOPS);
    let write = connect(pool(connections), writing).await?;
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

/// A server that is about to come up is waited for, as long as a task would wait for a connection. The pool does so in
/// silence and then says only that it waited; why it had to, one more attempt tells.
async fn connect(pool: PgPoolOptions, options: PgConnectOptions) -> Result<PgPool, OpenError> {
    let (server, patience) = (server(&options), pool.get_acquire_timeout());
    let cause = match pool.connect_with(options.clone()).await {
        Ok(pool) => return Ok(pool),
        Err(Error::PoolTimedOut) => match tokio::time::timeout(patience, options.connect()).await {
            Ok(Err(error)) => error,
            Ok(Ok(_)) | Err(_) => return Err(OpenError::Silent { server, patience }),
        },
        Err(error) => error,
    };
    Err(OpenError::Server { server, cause })
}

/// The server, the database and the role, for people; never the password.
fn server(options: &PgConnectOptions) -> String {
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let place = match options.get_socket() {
        Some(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
        None if host.starts_with('/') => format!("{host}/.s.PGSQL.{port}"),
        None => format!("{host}:{port}"),
    };
    // The server's own default.
    let database = options.get_database().unwrap_or(user);
    format!("{place} (database {database}, user {user})")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    async fn refused(address: SocketAddr) -> OpenError {
        let url = format!("postgres://clerk:hunter2@{address}/claims");
        let options = PgConnectOptions::from_str(&url).unwrap();
        connect(pool(1).acquire_timeout(Duration::from_millis(300)), options).await.unwrap_err()
    }

    #[tokio::test]
    async fn nobody_at_the_address_is_the_cause_and_not_a_pool_that_timed_out() {
        // Bound and not listening: nobody else can take the port meanwhile.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let error = refused(address).await;
        let told = error.to_string();
        assert!(matches!(error, OpenError::Server { .. }), "{error:?}");
        assert!(told.contains(&format!("{address} (database claims, user clerk)")), "{told}");
        assert!(told.contains("Connection refused") && !format!("{told}{error:?}").contains("hunter2"), "{told}");
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_said_to_be_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = refused(listener.local_addr().unwrap()).await;
        assert!(matches!(error, OpenError::Silent { .. }), "{error:?}");
    }

    #[test]
    fn a_socket_is_named_by_its_path() {
        let options = PgConnectOptions::from_str("postgres://clerk:hunter2@localhost/?host=/run/pg&port=5433").unwrap();
        assert_eq!(server(&options), "/run/pg/.s.PGSQL.5433 (database clerk, user clerk)");
    }
}
