//! PostgreSQL connection pools.
use std::{net::IpAddr, str::FromStr as _, time::Duration};

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, SqlxPostgresConnector,
    sqlx::{
        ConnectOptions as _, Error, PgPool,
        postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    },
};

use super::OpenError;

/// The timeouts that the server enforces: for statements, for lock waits and for transactions whose
/// client does nothing. The services hold locks for milliseconds. If something else holds one, such
/// as an operator's transaction, all commands of a writer wait for it, so the wait is short.
const TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "30s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "30s")];
/// The transaction defaults of every connection, which override those of the server and the role.
/// With them, no SET TRANSACTION is needed after BEGIN.
const TRANSACTION_DEFAULTS: [(&str, &str); 2] =
    [("default_transaction_isolation", "read committed"), ("default_transaction_read_only", "off")];
/// The planner settings of the write pool. Its statements select a few rows by key, so each is
/// planned once for a connection: planning again for every execution would take a fifth of the
/// server's time. A plan that was made while a table was small is still used when the table has
/// grown, so only nested loops over indexes are allowed.
const WRITE_POOL_PLANNER: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];
/// Statements touch few rows, so compiling one takes longer than running it. The server would
/// compile a scan of a whole table in the write pool, because the planner settings make it look
/// expensive.
const NO_COMPILATION: [(&str, &str); 1] = [("jit", "off")];
/// The maximum time that a task waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The age at which connections are replaced, so that they move to a new server after a failover.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Opens the write pool and the read pool, in this order.
pub(super) async fn open(
    url: &str,
    schema: Option<&str>,
    connections: u32,
) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let mut options = parse_url(url, std::env::var_os("PGSSLMODE").is_some())
        .map_err(OpenError::Url)?
        .application_name("cpor")
        .statement_cache_capacity(512)
        .options(TIMEOUTS)
        .options(TRANSACTION_DEFAULTS)
        .options(NO_COMPILATION);
    if let Some(schema) = schema {
        options = options.options([("search_path", schema)]);
    }
    let write_options = options.clone().options(WRITE_POOL_PLANNER);
    let write = connect(pool_options(connections), write_options).await?;
    // The read pool connects on first use, because some processes never read.
    let read = pool_options(connections).connect_lazy_with(options);
    Ok((SqlxPostgresConnector::from_sqlx_postgres_pool(write), SqlxPostgresConnector::from_sqlx_postgres_pool(read)))
}

/// Parses a URL. A connection to another machine is encrypted and authenticated (`verify-full`),
/// unless the URL or the environment sets another mode. The default of the driver would be to go on
/// without TLS if the server does not offer it.
fn parse_url(url: &str, environment_has_mode: bool) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url)?;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let has_mode = query.split('&').any(|pair| pair.starts_with("sslmode=") || pair.starts_with("ssl-mode="));
    if has_mode || environment_has_mode || is_on_this_machine(&options) {
        return Ok(options);
    }
    Ok(options.ssl_mode(PgSslMode::VerifyFull))
}

/// Returns whether the server is reached by a Unix socket or the loopback interface.
fn is_on_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
}

/// Creates the schema if it does not exist. [`DatabaseConfig::validate`] allows only lower-case
/// letters, digits and `_` in the name; it is quoted nevertheless.
///
/// [`DatabaseConfig::validate`]: crate::DatabaseConfig::validate
pub(super) async fn create_schema(connection: &DatabaseConnection, schema: &str) -> Result<(), DbErr> {
    let escaped = schema.replace('"', "\"\"");
    connection.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS \"{escaped}\"")).await?;
    Ok(())
}

/// Returns the options of a pool. Connections are not tested before use: a statement on a broken
/// connection fails and its caller retries it. This saves a round trip before every other
/// statement.
fn pool_options(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
}

/// Opens a pool. A server that is starting up has the acquire timeout to become available. During
/// that time the pool retries without reporting errors, and afterwards it reports only the timeout.
/// So one more attempt is made to find out the cause.
async fn connect(pool: PgPoolOptions, options: PgConnectOptions) -> Result<PgPool, OpenError> {
    let (server, timeout) = (describe_server(&options), pool.get_acquire_timeout());
    let cause = match pool.connect_with(options.clone()).await {
        Ok(pool) => return Ok(pool),
        Err(Error::PoolTimedOut) => match tokio::time::timeout(timeout, options.connect()).await {
            Ok(Err(error)) => error,
            Ok(Ok(_)) | Err(_) => return Err(OpenError::Timeout { server, timeout }),
        },
        Err(error) => error,
    };
    Err(OpenError::Server { server, cause })
}

/// Returns the address, the database and the role for error messages, without the password.
fn describe_server(options: &PgConnectOptions) -> String {
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let address = match options.get_socket() {
        Some(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
        None if host.starts_with('/') => format!("{host}/.s.PGSQL.{port}"),
        None => format!("{host}:{port}"),
    };
    // Without a database name, the server uses the name of the role.
    let database = options.get_database().unwrap_or(user);
    format!("{address} (database {database}, user {user})")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    async fn connect_error(address: SocketAddr) -> OpenError {
        let url = format!("postgres://clerk:hunter2@{address}/claims");
        let options = PgConnectOptions::from_str(&url).unwrap();
        connect(pool_options(1).acquire_timeout(Duration::from_millis(300)), options).await.unwrap_err()
    }

    #[tokio::test]
    async fn reports_a_refused_connection_as_the_cause() {
        // The socket is bound and does not listen: connections are refused, and the port stays
        // reserved.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let error = connect_error(address).await;
        let message = error.to_string();
        assert!(matches!(error, OpenError::Server { .. }), "{error:?}");
        assert!(message.contains(&format!("{address} (database claims, user clerk)")), "{message}");
        assert!(
            message.contains("Connection refused") && !format!("{message}{error:?}").contains("hunter2"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn reports_a_server_that_does_not_respond() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = connect_error(listener.local_addr().unwrap()).await;
        assert!(matches!(error, OpenError::Timeout { .. }), "{error:?}");
    }

    #[test]
    fn verifies_the_server_unless_told_otherwise() {
        let mode = |url: &str, environment| format!("{:?}", parse_url(url, environment).unwrap().get_ssl_mode());
        for remote in ["postgres://u@db.example/c", "postgres://u@10.0.0.7:5432/c?application_name=x"] {
            assert_eq!(mode(remote, false), "VerifyFull", "{remote}");
            assert_eq!(mode(remote, true), "Prefer", "{remote}: PGSSLMODE decides");
        }
        for local in ["127.0.0.1", "localhost", "[::1]", "%2Frun%2Fpg"] {
            assert_eq!(mode(&format!("postgres://u@{local}/c"), false), "Prefer", "{local}");
        }
        assert_eq!(mode("postgres://u@db.example/c?sslmode=disable", false), "Disable");
        assert_eq!(mode("postgres://u@db.example/c?host=/run/pg", false), "Prefer");
    }

    #[test]
    fn describes_a_unix_socket_by_its_path() {
        let options = PgConnectOptions::from_str("postgres://clerk:hunter2@localhost/?host=/run/pg&port=5433").unwrap();
        assert_eq!(describe_server(&options), "/run/pg/.s.PGSQL.5433 (database clerk, user clerk)");
    }
}
