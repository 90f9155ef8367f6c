//! R56: `cpor verify --database` names each row of a history that somebody changed, deleted,
//! reordered or cut off, who could write to the database as its superuser.

use chrono::TimeDelta;
use cpor::verify_database::{DatabaseSource, Report, parse_database, verify_database};
use cpor_acceptance::{ClaimStage, NORTHWIND, TestClaim, TestSystem, both_databases};
use cpor_database::{Db, Engine};
use cpor_proto::r#type::v1::PersonalDataKind;
use cpor_types::Service;
use sea_orm::ConnectionTrait as _;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

both_databases![
    r56_names_each_changed_column_of_an_entry,
    r56_names_entries_that_were_moved_or_removed,
    r56_roots_show_what_was_cut_off,
    r56_names_forged_and_missing_roots,
    r56_an_erasure_is_not_a_change,
    r56_makes_one_root_for_each_day,
    r56_a_running_system_can_be_verified,
];

/// The tables that a tamperer changes.
const TABLES: [&str; 5] = ["claim", "history", "owner_log", "history_root", "history_root_leaf"];

/// The stopped system's database of claim-intake, with a copy of its tables.
struct Tampering<'s> {
    system: &'s TestSystem,
    db: Db,
}

impl<'s> Tampering<'s> {
    /// Stops the system and copies the tables.
    async fn begin(system: &'s TestSystem) -> Self {
        system.stop_all().await;
        let db = Db::open(&system.store().owner_config(0), Service::ClaimIntake).await.unwrap();
        let tampering = Self { system, db };
        for table in TABLES {
            tampering.execute(&format!("CREATE TABLE copy_of_{table} AS SELECT * FROM {table}")).await;
        }
        tampering
    }

    /// Executes statements as a superuser: foreign keys are not checked.
    async fn execute(&self, sql: &str) {
        let unchecked = match self.db.engine() {
            Engine::Sqlite => "PRAGMA foreign_keys = OFF",
            Engine::Postgres => "SET session_replication_role = replica",
        };
        self.db
            .writer()
            .execute_unprepared(&format!("{unchecked}; {sql}"))
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// The faults that the verification finds after these statements, as texts. `roots` is a folder
    /// outside of the database. Restores the tables.
    async fn faults_after(&self, sql: &str, roots: Option<PathBuf>) -> Vec<String> {
        self.execute(sql).await;
        let report = verify(self.system, roots).await;
        for table in TABLES {
            self.execute(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM copy_of_{table}")).await;
        }
        report.check.faults.iter().map(ToString::to_string).collect()
    }

    /// Removes the copies and starts the system.
    async fn end(self) {
        for table in TABLES {
            self.execute(&format!("DROP TABLE copy_of_{table}")).await;
        }
        self.db.close().await.unwrap();
        self.system.start_all().await;
    }

    /// The id of a claim as a literal of the database.
    fn id(&self, claim: &TestClaim<'_>) -> String {
        match self.db.engine() {
            Engine::Sqlite => format!("X'{}'", claim.id().replace('-', "")),
            Engine::Postgres => format!("'{}'::uuid", claim.id()),
        }
    }

    /// Statements that cut off the end of a history after `position`, and make the row of the claim
    /// agree with it.
    fn cut_off(&self, claim: &TestClaim<'_>, position: usize) -> String {
        let id = self.id(claim);
        format!(
            "DELETE FROM history_root_leaf WHERE claim_id = {id} AND position > {position}; \
             DELETE FROM history WHERE claim_id = {id} AND position > {position}; \
             UPDATE claim SET history = {position}, head = (SELECT link FROM history \
                WHERE claim_id = {id} AND position = {position}) WHERE id = {id}; {RENUMBER_LOGS}"
        )
    }
}

/// Makes the logs of all partners complete again after entries were deleted.
const RENUMBER_LOGS: &str = "\
    CREATE TABLE ranks AS SELECT claim_id, position, \
        ROW_NUMBER() OVER (PARTITION BY owner ORDER BY owner_sequence) AS of_owner FROM history; \
    CREATE TABLE submitted_ranks AS SELECT claim_id, position, \
        ROW_NUMBER() OVER (ORDER BY sequence) AS of_all FROM history WHERE sequence IS NOT NULL; \
    UPDATE history SET owner_sequence = -owner_sequence, sequence = -sequence; \
    UPDATE history SET owner_sequence = (SELECT of_owner FROM ranks \
        WHERE ranks.claim_id = history.claim_id AND ranks.position = history.position); \
    UPDATE history SET sequence = (SELECT of_all FROM submitted_ranks \
        WHERE submitted_ranks.claim_id = history.claim_id AND submitted_ranks.position = history.position); \
    DROP TABLE ranks; DROP TABLE submitted_ranks; \
    UPDATE owner_log SET last = (SELECT COUNT(*) FROM history WHERE history.owner = owner_log.owner) WHERE owner <> '*'; \
    UPDATE owner_log SET last = (SELECT COUNT(sequence) FROM history) WHERE owner = '*'";

/// Verifies the database of a system, with the keys of the system.
async fn verify(system: &TestSystem, roots: Option<PathBuf>) -> Report {
    let database = DatabaseSource::Configured(system.store().owner_config(0));
    verify_database(&database, roots.as_deref(), Some(&system.keys().receipts.jwks())).await.unwrap()
}

/// The folder with the files of the roots.
fn roots(system: &TestSystem) -> PathBuf {
    system.store().directory(0).join("roots")
}

/// Asserts that the first fault begins with this text.
fn assert_first(faults: &[String], expected: &str, tampering: &str) {
    assert!(faults.first().is_some_and(|fault| fault.starts_with(expected)), "{tampering}: {expected}: {faults:#?}");
}

/// A claim of Contoso with a comment, and a draft of Northwind. All entries are in a root.
async fn two_claims(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.comment(&case.partner, "Please see page 3.").await.unwrap();
    let draft = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(1)).await;
    let report = verify(system, Some(roots(system))).await;
    assert!(report.is_valid() && report.check.claims == 2 && report.check.roots > 1, "{report}");
    (case, draft)
}

async fn r56_names_each_changed_column_of_an_entry(system: &TestSystem) {
    let (case, draft) = two_claims(system).await;
    let history = case.history().await;
    let submitted = history.iter().position(|entry| entry.action == "submitted").unwrap() + 1;
    let tampering = Tampering::begin(system).await;
    let (id, other) = (tampering.id(&case), tampering.id(&draft));
    let of_draft = |column: &str| format!("(SELECT {column} FROM history WHERE claim_id = {other} AND position = 1)");
    for (column, value, position) in [
        ("action", "'withdrawn'", submitted),
        ("side", "'time'", submitted),
        ("subject", "'mallory'", submitted),
        ("effective_time", "'2020-01-01T00:00:00+00:00'", submitted),
        ("record_time", "'2020-01-01T00:00:00+00:00'", submitted),
        ("from_state", "'REJECTED'", submitted),
        ("to_state", "'APPROVED'", submitted),
        ("changes", "'[{\"field\": \"mpn_id\", \"from\": \"\", \"to\": \"1\"}]'", submitted),
        ("reason", "'nothing happened'", submitted),
        ("overtaken", "NOT overtaken", submitted),
        ("audience", "'vendor'", submitted),
        ("salt", &*of_draft("salt"), submitted),
        ("commitments", &*of_draft("commitments"), submitted),
        ("link", &*of_draft("link"), submitted),
        ("owner_sequence", "owner_sequence + 1000", submitted + 1),
        ("sequence", "sequence + 1000", submitted + 1),
        ("sequence", "NULL", submitted),
        ("tenant", "NULL", submitted),
        ("tenant", "'11111111-1111-4111-8111-111111111111'", submitted + 1),
    ] {
        let sql = format!("UPDATE history SET {column} = {value} WHERE claim_id = {id} AND position = {submitted}");
        let faults = tampering.faults_after(&sql, None).await;
        assert_first(&faults, &format!("history: {}, entry {position}: ", case.name), &sql);
    }
    for (column, value) in [("head", of_draft("link")), ("history", "history - 1".to_owned())] {
        let sql = format!("UPDATE claim SET {column} = {value} WHERE id = {id}");
        assert_first(&tampering.faults_after(&sql, None).await, &format!("claim: {}: ", case.name), &sql);
    }
    tampering.end().await;
}

async fn r56_names_entries_that_were_moved_or_removed(system: &TestSystem) {
    let (case, draft) = two_claims(system).await;
    let length = case.history().await.len();
    let newest = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    let tampering = Tampering::begin(system).await;
    let [id, draft_id, newest_id] = [&case, &draft, &newest].map(|claim| tampering.id(claim));
    let (claim, draft_name) = (&case.name, &draft.name);
    for (sql, expected) in [
        (
            format!("DELETE FROM history WHERE claim_id = {id} AND position = 3"),
            format!("history: {claim}, entry 3: is missing"),
        ),
        (
            format!("DELETE FROM history WHERE claim_id = {id} AND position > 4"),
            format!("history: {claim}, entry 5: is missing, and all entries up to {length}"),
        ),
        (
            format!("DELETE FROM history WHERE claim_id = {id}"),
            format!("history: {claim}, entry 1: is missing, and all entries up to {length}"),
        ),
        (
            // Two entries are swapped.
            format!(
                "UPDATE history SET position = -4 WHERE claim_id = {id} AND position = 3; \
                 UPDATE history SET position = 3 WHERE claim_id = {id} AND position = 4; \
                 UPDATE history SET position = 4 WHERE claim_id = {id} AND position = -4"
            ),
            format!("history: {claim}, entry 3: "),
        ),
        (
            // An entry of one claim is moved to another one.
            format!(
                "UPDATE history SET claim_id = {draft_id}, position = 99 WHERE claim_id = {id} AND position = {length}"
            ),
            String::new(),
        ),
        (
            // The newest claim is deleted, before a root covers it.
            format!("DELETE FROM history WHERE claim_id = {newest_id}; DELETE FROM claim WHERE id = {newest_id}"),
            format!("owner_log: {NORTHWIND}: counts"),
        ),
        (format!("DELETE FROM claim WHERE id = {draft_id}"), format!("claim: {draft_name}: is missing")),
    ] {
        assert_first(&tampering.faults_after(&sql, None).await, &expected, &sql);
    }
    tampering.end().await;
}

async fn r56_roots_show_what_was_cut_off(system: &TestSystem) {
    let (case, draft) = two_claims(system).await;
    let other_draft = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    system.advance_by(TimeDelta::days(1)).await;
    let length = case.history().await.len();
    let tampering = Tampering::begin(system).await;
    let [draft_id, other_id] = [&draft, &other_draft].map(|claim| tampering.id(claim));
    // Everything in the database agrees with the cut, except a root that was kept elsewhere.
    let delete_roots = "DELETE FROM history_root_leaf; DELETE FROM history_root";
    let cut = format!("{}; {delete_roots}", tampering.cut_off(&case, length - 1));
    assert_eq!(tampering.faults_after(&cut, None).await, [] as [&str; 0]);
    let faults = tampering.faults_after(&cut, Some(roots(system))).await;
    let expected =
        format!("history: {}, entry {length}: the history was cut off after entry {}", case.name, length - 1);
    assert!(faults.iter().any(|fault| fault.starts_with(&expected)), "{faults:#?}");
    assert!(faults.contains(&"history_root: root 1: is missing".to_owned()), "{faults:#?}");

    let delete_claim = format!(
        "DELETE FROM history_root_leaf WHERE claim_id = {draft_id}; DELETE FROM history WHERE claim_id = {draft_id}; \
         DELETE FROM claim WHERE id = {draft_id}; {RENUMBER_LOGS}"
    );
    let faults = tampering.faults_after(&delete_claim, Some(roots(system))).await;
    let expected = format!("claim: {}: is missing; root ", draft.name);
    assert!(faults.iter().any(|fault| fault.starts_with(&expected)), "{faults:#?}");

    // The order of two claims of a partner is changed in the log, which no chain contains.
    let swap = format!(
        "UPDATE history SET owner_sequence = -owner_sequence WHERE claim_id IN ({draft_id}, {other_id}); \
         UPDATE history SET owner_sequence = (SELECT h.owner_sequence FROM copy_of_history AS h \
            WHERE h.position = history.position AND h.claim_id IN ({draft_id}, {other_id}) \
            AND h.claim_id <> history.claim_id) WHERE claim_id IN ({draft_id}, {other_id})"
    );
    let faults = tampering.faults_after(&swap, Some(roots(system))).await;
    for claim in [&draft, &other_draft] {
        let expected = format!("history: {}, entry 2: was entry ", claim.name);
        assert!(faults.iter().any(|fault| fault.starts_with(&expected)), "{faults:#?}");
    }
    tampering.end().await;
}

async fn r56_names_forged_and_missing_roots(system: &TestSystem) {
    let (case, _) = two_claims(system).await;
    system.advance_by(TimeDelta::days(1)).await;
    let tampering = Tampering::begin(system).await;
    let id = tampering.id(&case);
    for (sql, expected) in [
        (
            "DELETE FROM history_root_leaf WHERE root = 2; DELETE FROM history_root WHERE number = 2",
            "history_root: root 2: is missing",
        ),
        (
            "UPDATE history_root SET day = '2020-01-01' WHERE number = 2",
            "history_root: root 2: its content is not what was signed",
        ),
        (
            "UPDATE history_root SET root = previous WHERE number = 2",
            "history_root: root 2: its content is not what was signed",
        ),
        (
            "UPDATE history_root SET signature = 'e30.e30.e30' WHERE number = 2",
            "history_root: root 2: its signature is not valid",
        ),
        (
            &*format!("DELETE FROM history_root_leaf WHERE claim_id = {id}"),
            "history_root: root 2: its leaves are not what was signed",
        ),
    ] {
        let faults = tampering.faults_after(sql, None).await;
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{sql}: {faults:#?}");
    }
    // A file from which a root is missing, and one that does not parse.
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(roots(system)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 3, "{files:?}");
    for (n, file) in [(0, &files[0]), (2, &files[2])] {
        std::fs::copy(file, folder.path().join(format!("{n}.jsonl"))).unwrap();
    }
    std::fs::write(folder.path().join("3.jsonl"), "{}\n").unwrap();
    let faults = tampering.faults_after("SELECT 1", Some(folder.path().to_owned())).await;
    assert!(faults.iter().any(|fault| fault.ends_with("root 2: is missing")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.ends_with("3.jsonl: line 1: is neither a root nor a leaf")), "{faults:#?}");
    tampering.end().await;
}

async fn r56_an_erasure_is_not_a_change(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    case.comment(&case.partner, "Bea is on leave.").await.unwrap();
    case.delete().await.unwrap();
    system.advance_by(TimeDelta::days(1)).await;
    case.erase(&system.operator, &[PersonalDataKind::Contacts, PersonalDataKind::FreeText]).await.unwrap();
    system.wait_until_idle().await;
    let report = verify(system, Some(roots(system))).await;
    assert!(report.is_valid(), "{report}");

    // Without the entry that records the erasure, the missing data is a fault.
    let length = entries(&case).await;
    let tampering = Tampering::begin(system).await;
    let cut = tampering.cut_off(&case, length - 1);
    let faults = tampering.faults_after(&cut, None).await;
    let expected = "although the history records no erasure of it";
    assert!(faults.iter().any(|fault| fault.starts_with("history: ") && fault.ends_with(expected)), "{faults:#?}");
    tampering.end().await;
}

/// The number of history entries of a claim, also of a deleted draft.
async fn entries(case: &TestClaim<'_>) -> usize {
    super::receipts::receipt(case, &case.partner).await.entries.len()
}

async fn r56_makes_one_root_for_each_day(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    let before = verify(system, Some(roots(system))).await.check;
    assert_eq!((before.roots, before.last_day.as_deref()), (1, Some("2026-03-15")));
    case.comment(&case.partner, "On the same day.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(verify(system, None).await.check.roots, 1, "the day has not ended");
    system.advance_by(TimeDelta::days(1)).await;
    case.comment(&case.partner, "Later.").await.unwrap();
    system.wait_until_idle().await;
    let after = verify(system, Some(roots(system))).await;
    assert_eq!((after.check.roots, after.check.last_day.as_deref()), (2, Some("2026-03-16")));
    let printed = after.to_string();
    assert!(printed.ends_with("the histories are valid") && printed.contains("up to 2026-03-16"), "{printed}");
    // Without keys and files, the report says what was not checked.
    let database = DatabaseSource::Configured(system.store().owner_config(0));
    let unsigned = verify_database(&database, None, None).await.unwrap().to_string();
    assert!(unsigned.contains("THE SIGNATURES WERE NOT CHECKED") && unsigned.contains("--roots"), "{unsigned}");
    let refused = parse_database("postgres://cpor:hunter2@db.example/cpor", None).unwrap_err().to_string();
    assert!(refused.contains("must not contain a password") && !refused.contains("hunter2"), "{refused}");
}

async fn r56_a_running_system_can_be_verified(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let is_done = AtomicBool::new(false);
    let writes = async {
        for number in 1..=40 {
            case.comment(&case.partner, &format!("Please see page {number}.")).await.unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
    };
    // Each check reads several tables while entries are added.
    let checks = async {
        while !is_done.load(Ordering::Relaxed) {
            let report = verify(system, None).await;
            assert!(report.is_valid(), "{report}");
        }
    };
    tokio::join!(writes, checks);
    let report = verify(system, None).await;
    assert!(report.is_valid() && report.check.entries > 40, "{report}");
}
