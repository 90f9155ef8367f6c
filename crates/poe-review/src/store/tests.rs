use super::{
    arbitrations::ArbitrationStore,
    case_query::CaseQuery,
    entity::{
        arbitrated_key, case_key as case_key_row, case_state::CaseState, competition_check,
        decision_kind::DecisionKind, review_note,
    },
    *,
};
use crate::{
    domain::{
        Phase,
        tests::{SUBMITTED, case_in_phase, parse_time},
    },
    store::case_query::CASE_LIST,
    tests::{TENANT, TestSystem, case, claim},
};
use cpor_durable::ids;
use cpor_testing::on_both_databases;
use cpor_types::ReviewCaseName;
use sea_orm::{
    ActiveEnum as _, ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _, Iterable as _, Set, SqlErr, TryIntoModel,
};
use uuid::Uuid;

on_both_databases![
    the_database_admits_exactly_the_states_and_kinds,
    a_document_that_does_not_decode_is_an_inconsistency,
    an_arbitration_that_does_not_decode_is_an_inconsistency,
    a_row_without_its_parent_is_refused,
    a_pending_decision_of_unknown_kind_is_an_inconsistency,
];

fn first_case() -> ReviewCaseName {
    case(1).parse().unwrap()
}

fn first_case_key() -> AggregateKey {
    case_key(first_case().tenant, first_case().case)
}

fn sample_row(phase: Phase) -> (AggregateKey, Versioned<ReviewCase>, review_case::Model) {
    let case = case_in_phase(phase);
    let (key, stored) = (case_key(case.tenant, case.id), Versioned::new(3, case));
    let row = row::to_row(&key, &stored).unwrap().try_into_model().unwrap();
    (key, stored, row)
}

/// Asserts that the error is an inconsistency of this row, which it describes with `text`.
fn assert_inconsistent(error: &StoreError, expected_table: &str, expected_key: &AggregateKey, text: &str) {
    let StoreError::Inconsistent { table, key, what } = error else { panic!("{error}") };
    assert_eq!((*table, key), (expected_table, expected_key));
    assert!(what.contains(text), "{what}");
}

#[test]
fn every_phase_round_trips_through_its_row() {
    for phase in Phase::ALL {
        let (key, stored, row) = sample_row(phase);
        assert_eq!(row::from_row(row).unwrap(), (key, stored));
    }
}

#[test]
fn a_contradictory_row_is_an_inconsistency() {
    let (key, _, mut row) = sample_row(Phase::Approved);
    row.state = CaseState::Rejected;
    let error = row::from_row(row).unwrap_err();
    assert_inconsistent(&error, "review_case", &key, "the column contains rejected, the body approved");
}

#[test]
fn stored_states_are_those_of_the_domain() {
    for phase in Phase::ALL {
        assert_eq!(Phase::from(CaseState::from(phase)), phase);
    }
    assert_eq!(CaseState::iter().count(), Phase::ALL.len());
}

async fn the_database_admits_exactly_the_states_and_kinds(system: TestSystem) {
    let db = system.db();
    let admitted = cpor_bulk_rows::allowed_texts(db, "review_case", "state").await.unwrap();
    assert_eq!(admitted, CaseState::values().into_iter().collect());
    assert_eq!(admitted.len(), Phase::ALL.len(), "the stored names are unique");
    let admitted = cpor_bulk_rows::allowed_texts(db, "pending_decision", "kind").await.unwrap();
    assert_eq!(admitted, DecisionKind::values().into_iter().collect());
    assert_eq!(admitted.len(), DecisionKind::iter().count(), "the stored names are unique");
    begin_approval(&system).await;
    for update in ["UPDATE review_case SET state = 'unknown'", "UPDATE pending_decision SET kind = 'unknown'"] {
        assert!(db.execute_unprepared(update).await.is_err(), "{update}");
    }
}

async fn a_document_that_does_not_decode_is_an_inconsistency(system: TestSystem) {
    system.submit(1).await;
    let query = CaseQuery::for_tenant(system.db(), first_case().tenant);
    for column in ["body", "snapshot"] {
        system.db().execute_unprepared(&format!("UPDATE review_case SET {column} = '{{}}'")).await.unwrap();
        let found = query.find(first_case().case).await.unwrap_err();
        let listed = query.list(&CASE_LIST.parse("", "").unwrap(), None, 10).await.unwrap_err();
        for error in [found, listed] {
            assert_inconsistent(&error, "review_case", &first_case_key(), "missing field");
        }
        let ids = query.ids_of_claim(&claim(1).claim.parse().unwrap()).await.unwrap();
        assert_eq!(ids, [first_case().case], "ids are read without the documents");
    }
}

async fn an_arbitration_that_does_not_decode_is_an_inconsistency(system: TestSystem) {
    let key = arbitrations::key(first_case().tenant, DecisionId(Uuid::from_u128(9)));
    let insert = format!(
        "INSERT INTO arbitration (owner, id, version, body, create_time) VALUES ('{}', {}, 1, '{{}}', '{SUBMITTED}')",
        key.owner,
        uuid_literal(system.db().get_database_backend(), key.id),
    );
    system.db().execute_unprepared(&insert).await.unwrap();
    let error = arbitrations::find(system.db(), &key).await.unwrap_err();
    assert_inconsistent(&error, ArbitrationStore::AGGREGATE, &key, "missing field");
}

/// Returns a UUID in SQL. SQLite stores its bytes.
fn uuid_literal(backend: DbBackend, id: Uuid) -> String {
    if backend == DbBackend::Postgres { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
}

async fn a_row_without_its_parent_is_refused(system: TestSystem) {
    let (db, owner, id) = (system.db(), ids::TenantId::from(TENANT), Uuid::from_u128(9));
    let key = case_key_row::ActiveModel {
        owner: Set(owner.clone()),
        key: Set("workloads/teams".to_owned()),
        id: Set(id.into()),
    };
    assert_orphan(case_key_row::Entity::insert(key).exec_without_returning(db).await);
    let check = competition_check::ActiveModel {
        owner: Set(owner.clone()),
        id: Set(id.into()),
        requested_count: Set(1),
        completed_count: Set(0),
    };
    assert_orphan(competition_check::Entity::insert(check).exec_without_returning(db).await);
    let note = review_note::ActiveModel {
        owner: Set(owner.clone()),
        case_id: Set(id.into()),
        position: Set(1),
        id: Set(Uuid::nil().into()),
        author: Set("amy".to_owned()),
        text: Set("Call the customer.".to_owned()),
        create_time: Set(parse_time(SUBMITTED)),
    };
    assert_orphan(review_note::Entity::insert(note).exec_without_returning(db).await);
    let key =
        arbitrated_key::ActiveModel { owner: Set(owner), key: Set("workloads/teams".to_owned()), id: Set(id.into()) };
    assert_orphan(arbitrated_key::Entity::insert(key).exec_without_returning(db).await);
}

fn assert_orphan<T: std::fmt::Debug>(inserted: Result<T, DbErr>) {
    let refused = inserted.unwrap_err();
    assert!(matches!(refused.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refused}");
}

async fn a_pending_decision_of_unknown_kind_is_an_inconsistency(system: TestSystem) {
    begin_approval(&system).await;
    // The database refuses such a row as long as it has its CHECK.
    let is_postgres = system.db().get_database_backend() == DbBackend::Postgres;
    let admit = match is_postgres {
        true => "ALTER TABLE pending_decision DROP CONSTRAINT pending_decision_kind_check",
        false => "PRAGMA ignore_check_constraints = ON",
    };
    for statement in [admit, "UPDATE pending_decision SET kind = 'unknown'"] {
        system.db().execute_unprepared(statement).await.unwrap();
    }
    let error = system.api.approval_runner.pending_decisions.lease_all().await.unwrap_err();
    assert_inconsistent(&error, "pending_decision", &first_case_key(), "unknown");
}

/// Begins the approval of the first case, which waits for the registry.
async fn begin_approval(system: &TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.fake.simulate_outage();
    system.approve("amy", 1).await.unwrap_err();
    assert_eq!(system.count("pending_decision").await, 1);
}
