//! The PostgreSQL role of a service can do what the service needs, and nothing else. All acceptance
//! tests run with these roles. The system under test runs on databases that
//! `cpor migrate --grant-to` has prepared.

use cpor_acceptance::{ClaimStage, Engine, Setup, TestClaim, TestSystem, run};
use cpor_database::Db;
use cpor_types::Service;
use sea_orm::ConnectionTrait as _;

#[test]
fn a_service_can_only_use_its_own_tables() {
    run(Engine::Postgres, Setup::one_process, async |system: &TestSystem| {
        for service in Service::ALL {
            let db = Db::open(&system.store().config(0), *service).await.unwrap();
            assert_eq!(execute(&db, "SELECT 1 FROM deadline").await, Ok(()), "{service}");
            for other in Service::ALL.iter().filter(|other| *other != service) {
                let schema = other.as_str().replace('-', "_");
                for sql in ["SELECT 1 FROM {}.deadline", "DELETE FROM {}.deadline", "CREATE TABLE {}.mine (id integer)"]
                {
                    let sql = sql.replace("{}", &schema);
                    assert_denied(&db, &sql).await;
                }
            }
            db.close().await.unwrap();
        }
    });
}

#[test]
fn a_service_cannot_change_its_schema() {
    run(Engine::Postgres, Setup::one_process, async |system: &TestSystem| {
        let db = Db::open(&system.store().config(0), Service::ClaimIntake).await.unwrap();
        for sql in [
            "DROP TABLE comment",
            "ALTER TABLE claim ADD COLUMN more text",
            "CREATE TABLE mine (id integer)",
            "CREATE INDEX mine ON claim (owner)",
            "TRUNCATE owner_log",
            "ALTER TABLE history DISABLE TRIGGER ALL",
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('x', 1)",
            "SET session_replication_role = replica",
        ] {
            assert_denied(&db, sql).await;
        }
        db.close().await.unwrap();
    });
}

#[test]
fn a_service_can_only_add_to_histories() {
    run(Engine::Postgres, Setup::one_process, async |system: &TestSystem| {
        let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
        let db = Db::open(&system.store().config(0), Service::ClaimIntake).await.unwrap();
        for sql in [
            "DELETE FROM history",
            "DELETE FROM comment",
            "DELETE FROM history_root",
            "UPDATE history_root SET day = ''",
            "UPDATE history SET link = link",
            "UPDATE history SET action = 'withdrawn'",
            "UPDATE history SET position = position + 1",
            "UPDATE history SET commitments = commitments",
            "UPDATE comment SET side = side",
        ] {
            assert_denied(&db, sql).await;
        }
        // An erasure of personal data needs to change these columns.
        assert_eq!(execute(&db, "UPDATE history SET reason = reason, salt = salt").await, Ok(()));
        db.close().await.unwrap();
        let eligibility = Db::open(&system.store().config(0), Service::Eligibility).await.unwrap();
        for sql in
            ["DELETE FROM earning", "UPDATE earning SET amount_micros = 1", "UPDATE usage_replaced SET month = ''"]
        {
            assert_denied(&eligibility, sql).await;
        }
        eligibility.close().await.unwrap();
        assert!(!case.history().await.is_empty());
    });
}

/// Executes a statement with the role of the service.
async fn execute(db: &Db, sql: &str) -> Result<(), String> {
    db.writer().execute_unprepared(sql).await.map(drop).map_err(|error| error.to_string())
}

async fn assert_denied(db: &Db, sql: &str) {
    let error = execute(db, sql).await.expect_err(sql);
    assert!(["permission denied", "must be owner"].iter().any(|denied| error.contains(denied)), "{sql}: {error}");
}
