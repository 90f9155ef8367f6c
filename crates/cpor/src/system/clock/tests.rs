use std::path::Path;

use cpor_kit::config::SecretUrl;

use super::*;
use crate::{
    Config,
    dev::{self, Dev, Options},
    system,
};

/// The system on this directory, or on the PostgreSQL that the configuration names.
async fn start(data: &Path, config: &Config, clock: ClockChoice) -> anyhow::Result<Dev> {
    dev::start(Options { clock, config: config.clone(), ..Options::for_demo(data)? }).await
}

/// Makes a system with one kind of clock, and holds against it that it goes on with that kind only. Answers why not with the other.
async fn refused(data: &Path, config: &Config, made: ClockChoice, other: ClockChoice) -> String {
    start(data, config, made).await.unwrap().stop().await;
    let refused = start(data, config, other).await.err().expect("the other clock is refused").to_string();
    // Also after the attempt, which must leave nothing behind.
    start(data, config, made).await.unwrap().stop().await;
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_keeps_the_kind_of_clock_that_it_was_made_with() {
    let virtual_clock = dev::virtual_clock().unwrap();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let told = refused(first.path(), &Config::default(), virtual_clock, ClockChoice::Real).await;
    let place = format!("the data directory {} (claim-intake, ", first.path().display());
    assert!(told.contains(&place) && told.contains("made with a virtual clock"), "{told}");
    assert!(told.contains("`cpor dev --clock virtual`") && told.contains("another data directory"), "{told}");

    let told = refused(second.path(), &Config::default(), ClockChoice::Real, virtual_clock).await;
    // The example directory is what it knows; of claims it knows none yet.
    let place = format!("the data directory {} (", second.path().display());
    assert!(told.contains(&place) && told.contains("registry) was made in real time"), "{told}");
    assert!(!told.contains("claim-intake"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_keeps_the_kind_of_clock_that_it_was_made_with() {
    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let (data, virtual_clock) = (tempfile::tempdir().unwrap(), dev::virtual_clock().unwrap());
    for (name, made, other) in
        [("virtual", virtual_clock, ClockChoice::Real), ("real", ClockChoice::Real, virtual_clock)]
    {
        let mut config = Config::default();
        config.database.url = Some(SecretUrl::new(&url));
        config.database.schema = Some(format!("clock_{}_{name}_{{service}}", std::process::id()));
        config.database.connections = 2;
        system::migrate(&config, Service::ALL).await.unwrap();
        let told = refused(data.path(), &config, made, other).await;
        assert!(told.contains("the database postgres://") && told.contains("registry) was made "), "{told}");
        assert!(told.ends_with("or take another database"), "{told}");
        remove(&config).await;
    }
}

/// What the test has put on the server.
async fn remove(config: &Config) {
    for service in Service::ALL {
        let db = Db::open(&config.database, *service).await.unwrap();
        let drop_schema = "DO $$ BEGIN EXECUTE format('DROP SCHEMA %I CASCADE', current_schema()); END $$";
        db.writer().execute_unprepared(drop_schema).await.unwrap();
        db.close().await.unwrap();
    }
}
