use std::path::Path;

use cpor_process::config::SecretUrl;

use super::*;
use crate::{
    Config,
    dev::{self, DevSystem, Options},
    system,
};

/// Starts a system on this directory, or on the PostgreSQL database of the configuration.
async fn start(data: &Path, config: &Config, clock: ClockChoice) -> anyhow::Result<DevSystem> {
    dev::start(Options { clock, config: config.clone(), ..Options::for_demo(data)? }).await
}

/// Creates a system with one kind of clock, and starts it again with both kinds. Returns the error
/// for the other kind.
async fn error_for_other_clock(data: &Path, config: &Config, first: ClockChoice, other: ClockChoice) -> String {
    start(data, config, first).await.unwrap().stop().await;
    let error = start(data, config, other).await.err().expect("the other clock is refused").to_string();
    // The refused start must leave nothing behind.
    start(data, config, first).await.unwrap().stop().await;
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_keeps_its_kind_of_clock() {
    let virtual_clock = dev::virtual_clock().unwrap();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let error = error_for_other_clock(first.path(), &Config::default(), virtual_clock, ClockChoice::Real).await;
    let expected = format!("the data directory {} (claim-intake, ", first.path().display());
    assert!(error.contains(&expected) && error.contains("created with a virtual clock"), "{error}");
    assert!(error.contains("`cpor dev --clock virtual`") && error.contains("another data directory"), "{error}");

    let error = error_for_other_clock(second.path(), &Config::default(), ClockChoice::Real, virtual_clock).await;
    // The registry has the example directory, and claim-intake has no rows yet.
    let expected = format!("the data directory {} (", second.path().display());
    assert!(error.contains(&expected) && error.contains("registry) was created in real time"), "{error}");
    assert!(!error.contains("claim-intake"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_database_keeps_its_kind_of_clock() {
    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let (data, virtual_clock) = (tempfile::tempdir().unwrap(), dev::virtual_clock().unwrap());
    for (name, first, other) in
        [("virtual", virtual_clock, ClockChoice::Real), ("real", ClockChoice::Real, virtual_clock)]
    {
        let mut config = Config::default();
        config.database.url = Some(SecretUrl::new(&url));
        config.database.schema = Some(format!("clock_{}_{name}_{{service}}", std::process::id()));
        config.database.connections = 2;
        system::migrate(&config, Service::ALL).await.unwrap();
        let error = error_for_other_clock(data.path(), &config, first, other).await;
        assert!(error.contains("the database postgres://") && error.contains("registry) was created "), "{error}");
        assert!(error.ends_with("or use another database"), "{error}");
        drop_schemas(&config).await;
    }
}

/// Removes what the test has created on the server.
async fn drop_schemas(config: &Config) {
    for service in Service::ALL {
        let db = Db::open(&config.database, *service).await.unwrap();
        let drop_schema = "DO $$ BEGIN EXECUTE format('DROP SCHEMA %I CASCADE', current_schema()); END $$";
        db.writer().execute_unprepared(drop_schema).await.unwrap();
        db.close().await.unwrap();
    }
}
