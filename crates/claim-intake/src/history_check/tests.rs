//! Tests of the check while the database changes.
use super::*;
use crate::store::migration::migrations;
use cpor_database::{Db, Engine};
use cpor_testing::{TestDatabase, on_both_databases};
use sea_orm::Statement;

on_both_databases![with empty_tables:
    r56_all_statements_of_a_check_see_the_same_state,
    r56_statements_of_a_check_have_no_timeout,
];

async fn empty_tables(database: &TestDatabase) -> Db {
    database.migrated(migrations()).await
}

async fn r56_all_statements_of_a_check_see_the_same_state(db: Db) {
    let snapshot = begin_snapshot(db.reader()).await.unwrap();
    let check = async || check_snapshot(&snapshot, &RootSource::Stored, None).await.unwrap();
    assert_eq!(check().await, Report::default());
    // Any commit serves. This one is a fault, so that a check that sees it reports it.
    let commit = "INSERT INTO owner_log (owner, last) VALUES ('northwind', 1)";
    db.writer().execute_unprepared(commit).await.unwrap();
    assert_eq!(check().await, Report::default());
    snapshot.commit().await.unwrap();
    let after = check_histories(db.reader(), &RootSource::Stored, None).await.unwrap();
    let faults: Vec<_> = after.faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["owner_log: partners/northwind: counts 1 entries in the log; there are 0"]);
}

async fn r56_statements_of_a_check_have_no_timeout(db: Db) {
    // SQLite has no timeout of statements.
    if db.engine() == Engine::Sqlite {
        return;
    }
    let timeout = async |connection: &DatabaseTransaction| {
        let query = Statement::from_string(DbBackend::Postgres, "SHOW statement_timeout");
        let row = connection.query_one_raw(query).await.unwrap().unwrap();
        row.try_get::<String>("", "statement_timeout").unwrap()
    };
    let snapshot = begin_snapshot(db.reader()).await.unwrap();
    assert_eq!(timeout(&snapshot).await, "0");
    snapshot.commit().await.unwrap();
    // The connection has its timeout again.
    let transaction = db.reader().begin().await.unwrap();
    assert_eq!(timeout(&transaction).await, "30s");
    transaction.commit().await.unwrap();
}
