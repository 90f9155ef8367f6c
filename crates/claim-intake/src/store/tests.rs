//! Tests of the storage.
use super::entity::{
    association_state::AssociationState, claim_state::ClaimState, claimed_area::ClaimedArea,
    document_state::DocumentState, entry_audience::EntryAudience, evidence, line_activity::LineActivity, side::Side,
    waits_for::WaitsFor,
};
use super::*;
use crate::domain::tests::fixtures::{TestClaim, ended, line_id, name, start, withdraw};
use crate::domain::{ClaimStateKind, EndReason, Fact, Line, LineRegistryData, Party, Wait};
use crate::evidence::WrappedKey;
use cpor_database::Db;
use cpor_history::Audience;
use cpor_testing::{TestDatabase, on_both_databases};
use cpor_types::{Activity, Actor, ActorSide, AssociationKey, EvidenceId, LineId, SeededEntropy, SubscriptionId};
use sea_orm::{
    ActiveEnum, ConnectionTrait as _, EntityTrait as _, Iterable as _, SqlErr, TransactionTrait as _, TryIntoModel as _,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

on_both_databases![with empty_tables:
    a_body_that_does_not_decode_is_an_inconsistency,
    a_document_without_its_claim_is_refused,
    r38_a_closed_line_gets_no_key_back,
    r38_many_lines_close_at_once,
    r38_r47_a_reinstated_line_takes_its_key_back,
    the_database_admits_exactly_the_values_of_the_enums,
];

/// Saves a claim without events.
pub(crate) async fn insert_claim(db: &Db, claim: Claim) {
    let store = ClaimStore { entropy: Arc::new(SeededEntropy::new(1)) };
    let tx = db.writer().begin().await.unwrap();
    assert_eq!(store.save(&tx, &[creation(claim)]).await.unwrap(), []);
    tx.commit().await.unwrap();
}

/// Returns the change that creates a claim.
fn creation(claim: Claim) -> Change<Claim> {
    Change { key: key(), before: None, after: Versioned::new(1, claim), events: vec![] }
}

/// Returns the key of the sample claim.
fn key() -> AggregateKey {
    AggregateKey::new(name().partner.as_str(), name().claim.uuid())
}

async fn empty_tables(database: &TestDatabase) -> Db {
    database.migrated(migration::migrations()).await
}

#[test]
fn every_state_round_trips_through_its_row() {
    for state in ClaimStateKind::ALL {
        let claim = TestClaim::in_state(*state).claim;
        let row = row::claim_to_row(&creation(claim.clone()), claim.head).unwrap();
        let row: entity::claim::Model = row.try_into_model().unwrap();
        assert_eq!(row::claim_from_row(row).unwrap(), (key(), Versioned::new(1, claim)));
    }
}

#[test]
fn a_contradictory_row_is_an_inconsistency() {
    let claim = TestClaim::approved().claim;
    let row = row::claim_to_row(&creation(claim.clone()), claim.head).unwrap();
    let mut row: entity::claim::Model = row.try_into_model().unwrap();
    row.state = ClaimState::Rejected;
    let error = row::claim_from_row(row).unwrap_err().to_string();
    assert!(error.contains("claim row") && error.contains("state REJECTED"), "{error}");
}

#[test]
fn stored_values_are_those_of_the_domain() {
    for kind in ClaimStateKind::ALL {
        assert_eq!(ClaimStateKind::from(ClaimState::from(*kind)), *kind);
    }
    for wait in Wait::ALL {
        assert_eq!(Wait::from(WaitsFor::from(*wait)), *wait);
    }
    for side in ActorSide::ALL {
        assert_eq!(ActorSide::from(Side::from(*side)), *side);
    }
    for audience in Audience::ALL {
        assert_eq!(Audience::from(EntryAudience::from(*audience)), *audience);
    }
    for activity in Activity::ALL {
        assert_eq!(Activity::from(LineActivity::from(*activity)), *activity);
    }
    assert_eq!(ClaimState::iter().count(), ClaimStateKind::ALL.len());
    assert_eq!(WaitsFor::iter().count(), Wait::ALL.len());
    assert_eq!(Side::iter().count(), ActorSide::ALL.len());
    assert_eq!(EntryAudience::iter().count(), Audience::ALL.len());
    assert_eq!(LineActivity::iter().count(), Activity::ALL.len());
}

async fn the_database_admits_exactly_the_values_of_the_enums(db: Db) {
    fn values<E: ActiveEnum<Value = String>>() -> BTreeSet<String> {
        E::values().into_iter().collect()
    }
    let parties = || Party::STRINGS.iter().chain(&["UNSPECIFIED"]).map(ToString::to_string).collect();
    for (table, column, values) in [
        ("claim", "state", values::<ClaimState>()),
        ("claim", "waits_for", values::<WaitsFor>()),
        ("claim", "acting_party", parties()),
        ("claim", "association_state", values::<AssociationState>()),
        ("claim", "solution_area", values::<ClaimedArea>()),
        ("claim_line", "activity", values::<LineActivity>()),
        ("evidence", "state", values::<DocumentState>()),
        ("comment", "side", values::<Side>()),
        ("history", "side", values::<Side>()),
        ("history", "from_state", values::<ClaimState>()),
        ("history", "to_state", values::<ClaimState>()),
        ("history", "audience", values::<EntryAudience>()),
    ] {
        let admitted = cpor_bulk_rows::allowed_texts(db.writer(), table, column).await.unwrap();
        assert_eq!(admitted, values, "{table}.{column}");
    }
    insert_claim(&db, TestClaim::draft().claim).await;
    let unknown = db.writer().execute_unprepared("UPDATE claim SET state = 'unknown'").await;
    assert!(unknown.is_err(), "the state is not in the list");
}

async fn a_body_that_does_not_decode_is_an_inconsistency(db: Db) {
    insert_claim(&db, TestClaim::draft().claim).await;
    db.writer().execute_unprepared("UPDATE claim SET content = '[]'").await.unwrap();
    let found = ClaimReader::start(db.reader()).get(&name()).await.unwrap_err();
    let list = ListQuery { scope: Scope::All, query: CLAIMS.parse("", "").unwrap() };
    let listed = Claims::in_scope(db.reader(), &Scope::All).list(&list, None, 10).await.unwrap_err();
    for error in [found, listed] {
        let StoreError::Inconsistent { table, key: inconsistent, what } = &error else { panic!("{error}") };
        assert_eq!((*table, inconsistent), ("claim", &key()));
        assert!(what.contains("content"), "{what}");
    }
}

/// The line of a claim was reported as ended, and the company has submitted another claim for the
/// same key. Then the registry reports that the first claim is on record.
async fn r38_r47_a_reinstated_line_takes_its_key_back(db: Db) {
    let over = TestClaim::approved().fact(&ended(EndReason::Superseded, &[line_id()]));
    let before = over.claim.clone();
    insert_claim(&db, before.clone()).await;
    let newer_key = AggregateKey::new(name().partner.as_str(), Uuid::from_u128(7));
    let newer = || Change { key: newer_key.clone(), ..creation(TestClaim::submitted().claim) };
    let store = ClaimStore { entropy: Arc::new(SeededEntropy::new(2)) };
    let tx = db.writer().begin().await.unwrap();
    assert_eq!(store.save(&tx, &[newer()]).await.unwrap(), []);
    let associations = BTreeMap::from([(line_id(), Vec::new())]);
    let on_record = over.fact(&Fact::AssociationOfficial { since: start(), associations, ends: BTreeMap::new() });
    let recorded = |event: &Event| RecordedEvent {
        event: event.clone(),
        version: 2,
        actor: Actor::new(ActorSide::System, ""),
        effective_time: start(),
        recorded_time: start(),
    };
    let reinstated = Change {
        key: key(),
        before: Some(Versioned::new(1, before)),
        events: vec![recorded(on_record.last())],
        after: Versioned::new(2, on_record.claim.clone()),
    };
    let over = on_record.clone().fact(&ended(EndReason::Superseded, &[line_id()]));
    let ends = Change {
        key: key(),
        before: Some(Versioned::new(2, on_record.claim)),
        events: vec![recorded(over.last())],
        after: Versioned::new(3, over.claim.clone()),
    };
    assert_eq!(lines::save(&tx, &[reinstated]).await.unwrap(), []);
    tx.commit().await.unwrap();
    let current = async || {
        let rows = entity::claim_line::Entity::find().all(db.reader()).await.unwrap();
        rows.into_iter().filter(|row| row.current.is_some()).map(|row| row.claim_id).collect::<Vec<_>>()
    };
    assert_eq!(current().await, [cpor_durable::ids::ClaimId::from(key().id)]);
    let third_key = AggregateKey::new(name().partner.as_str(), Uuid::from_u128(8));
    let third = || Change { key: third_key.clone(), ..creation(TestClaim::submitted().claim) };
    let conflicts = async || {
        let tx = db.writer().begin().await.unwrap();
        let conflicts = store.save(&tx, &[third()]).await.unwrap();
        tx.rollback().await.unwrap();
        conflicts.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(conflicts().await, std::slice::from_ref(&third_key), "the key is taken");
    // When the reinstated line ends, the newer claim has the key again.
    let tx = db.writer().begin().await.unwrap();
    assert_eq!(lines::save(&tx, &[ends]).await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(current().await, [cpor_durable::ids::ClaimId::from(newer_key.id)]);
    assert_eq!(conflicts().await, [third_key], "the key is still taken");
}

/// Another transaction has closed the line that had yielded, after it was read.
async fn r38_a_closed_line_gets_no_key_back(db: Db) {
    insert_claim(&db, TestClaim::submitted().claim).await;
    let row = entity::claim_line::Entity::find().one(db.reader()).await.unwrap().unwrap();
    let tx = db.writer().begin().await.unwrap();
    assert!(lines::give_back(&tx, row.clone()).await.unwrap());
    entity::claim_line::Entity::delete_many().exec(&tx).await.unwrap();
    assert!(!lines::give_back(&tx, row).await.unwrap());
    tx.rollback().await.unwrap();
}

/// More lines than SQLite admits as alternatives of one condition.
async fn r38_many_lines_close_at_once(db: Db) {
    let mut submitted = TestClaim::submitted();
    let first = submitted.claim.content.lines.remove(0);
    let numbered = |n| {
        let key = AssociationKey::Subscription(SubscriptionId(Uuid::from_u128(n)));
        let registry_data = first.registry_data.clone().map(|data| LineRegistryData { key: Some(key), ..data });
        Line { id: LineId(Uuid::from_u128(n)), registry_data, ..first.clone() }
    };
    submitted.claim.content.lines = (0..1_500).map(numbered).collect();
    let withdrawn = submitted.clone().step(|claim, now| claim.withdraw(withdraw(), now));
    let change = Change {
        key: key(),
        before: Some(Versioned::new(1, submitted.claim)),
        after: Versioned::new(2, withdrawn.claim),
        events: vec![],
    };
    let tx = db.writer().begin().await.unwrap();
    assert_eq!(lines::save(&tx, &[change]).await.unwrap(), []);
    tx.rollback().await.unwrap();
}

async fn a_document_without_its_claim_is_refused(db: Db) {
    let id = EvidenceId(Uuid::from_u128(1));
    let claim = name();
    let upload = || NewUpload {
        claim: &claim,
        id,
        max_bytes: 100,
        key: WrappedKey { key_id: "1".to_owned(), bytes: vec![1] },
        start_time: start(),
    };
    let refused = PendingUploads::begin(db.writer(), upload()).await.unwrap_err();
    let StoreError::Db(refused) = refused else { panic!("{refused}") };
    assert!(matches!(refused.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refused}");
    insert_claim(&db, TestClaim::draft().claim).await;
    assert_eq!(EvidenceUsage::of(db.reader(), &claim.partner).await.unwrap(), EvidenceUsage { documents: 0, bytes: 0 });
    PendingUploads::begin(db.writer(), upload()).await.unwrap();
    assert_eq!(evidence::Entity::find().all(db.reader()).await.unwrap().len(), 1);
    let used = EvidenceUsage::of(db.reader(), &claim.partner).await.unwrap();
    assert_eq!(used, EvidenceUsage { documents: 1, bytes: 100 });
}
