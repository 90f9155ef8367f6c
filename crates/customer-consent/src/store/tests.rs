use cpor_durable::{Change, Command, Versioned};
use cpor_proto::WireEnum as _;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::legacy_holder_notified::Subject;
use cpor_proto::events::v1::{
    ClaimApproved, ClaimClosed, ClaimDisputed, ClaimSnapshot, ClaimSubmitted, LegacyHolderNotified, PersonalDataErased,
};
use cpor_proto::wire_time::to_wire_time;
use cpor_testing::on_both_databases;
use cpor_types::{Actor, ActorSide, CaseId, PersonalData};
use sea_orm::{ActiveEnum as _, ActiveValue::Set, ConnectionTrait as _, Iterable as _, SqlErr, Statement};
use uuid::Uuid;

use super::entity::consent_state::ConsentState;
use super::*;
use crate::consents::CustomerDecision;
use crate::domain::samples::{self, in_state};
use crate::domain::{Channel, Contact, StateKind};
use crate::links::TokenHash;
use crate::test_system::{TestSystem, snapshot};

on_both_databases![
    the_database_admits_exactly_the_states,
    a_body_that_does_not_decode_is_an_inconsistency,
    a_link_without_its_consent_is_refused,
    only_expired_links_are_deleted,
    r56_erased_data_is_gone_and_mails_stop,
    r56_comments_to_legacy_holders_are_erased,
];

#[test]
fn every_state_round_trips_through_its_row() {
    for state in StateKind::ALL {
        let consent = in_state(state);
        let change =
            Change { key: TestSystem::key(), before: None, after: Versioned::new(3, consent.clone()), events: vec![] };
        let (previous, row) = consent::to_row(&change).unwrap();
        assert_eq!(previous, 0);
        let row: entity::consent::Model = sea_orm::TryIntoModel::try_into_model(row).unwrap();
        assert_eq!(consent::from_row(row).unwrap(), (TestSystem::key(), Versioned::new(3, consent)));
    }
}

#[test]
fn a_contradictory_row_is_an_inconsistency() {
    let change = Change {
        key: TestSystem::key(),
        before: None,
        after: Versioned::new(1, in_state(StateKind::Granted)),
        events: vec![],
    };
    let (_, row) = consent::to_row(&change).unwrap();
    let mut row: entity::consent::Model = sea_orm::TryIntoModel::try_into_model(row).unwrap();
    row.state = ConsentState::Declined;
    let error = consent::from_row(row).unwrap_err().to_string();
    assert!(error.contains("consent row") && error.contains("state Declined"), "{error}");
}

#[test]
fn stored_states_are_those_of_the_domain() {
    for kind in StateKind::ALL {
        assert_eq!(StateKind::from(ConsentState::from(kind)), kind);
    }
    assert_eq!(ConsentState::iter().count(), StateKind::ALL.len());
}

async fn the_database_admits_exactly_the_states(system: TestSystem) {
    let admitted = cpor_bulk_rows::allowed_texts(system.consents.db.writer(), "consent", "state").await.unwrap();
    assert_eq!(admitted, ConsentState::values().into_iter().collect());
    assert_eq!(admitted.len(), StateKind::ALL.len(), "the stored names are unique");
    system.submit_claim().await;
    let unknown = system.consents.db.writer().execute_unprepared("UPDATE consent SET state = 'unknown'").await;
    assert!(unknown.is_err(), "the state is not in the list");
}

async fn a_body_that_does_not_decode_is_an_inconsistency(system: TestSystem) {
    system.submit_claim().await;
    let db = &system.consents.db;
    db.writer().execute_unprepared("UPDATE consent SET body = '{}'").await.unwrap();
    let found = find(db, &TestSystem::key()).await.unwrap_err();
    let listed = list_consents(db, None, &CONSENT_LIST.parse("", "").unwrap(), None, 10).await.unwrap_err();
    for error in [found, listed] {
        let StoreError::Inconsistent { table, key, what } = &error else { panic!("{error}") };
        assert_eq!((*table, key), ("consent", &TestSystem::key()));
        assert!(what.contains("body"), "{what}");
    }
}

async fn a_link_without_its_consent_is_refused(system: TestSystem) {
    let time = cpor_types::Clock::now(&system.clock);
    let link = entity::link_token::ActiveModel {
        hash: Set(vec![0; 32]),
        tenant: Set(TestSystem::key().owner.into()),
        claim: Set(TestSystem::key().id.into()),
        notice: Set(uuid::Uuid::nil().into()),
        create_time: Set(time),
        expire_time: Set(time),
    };
    let insert = entity::link_token::Entity::insert(link).exec_without_returning(system.consents.db.writer());
    let refused = insert.await.unwrap_err();
    assert!(matches!(refused.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refused}");
}

async fn only_expired_links_are_deleted(system: TestSystem) {
    system.submit_claim().await;
    let old_token = system.consent_token();
    system.clock.advance_by(chrono::TimeDelta::days(179));
    system.approve_claim().await;
    let new_token = system.consent_token();
    system.clock.advance_by(chrono::TimeDelta::days(1));
    assert_eq!(system.links.find(TokenHash::of(&old_token)).await.unwrap(), None, "expired, whether deleted or not");
    let db = &system.consents.db;
    assert_eq!(link::delete_expired(db, cpor_types::Clock::now(&system.clock)).await.unwrap(), 1);
    assert!(system.links.find(TokenHash::of(&new_token)).await.unwrap().is_some());
}

async fn r56_erased_data_is_gone_and_mails_stop(system: TestSystem) {
    system.submit_claim().await;
    system.receive(Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), ..Default::default() })).await;
    let command = Command::new("decline", TestSystem::key(), Actor::new(ActorSide::Customer, "anna"));
    let decision = CustomerDecision::Decline { comment: "Never heard of them.".to_owned() };
    system.consents.submit_decision(command, decision, Channel::SignedIn).await.unwrap();
    let claim = samples::claim();
    let erase_event = |kinds: &[PersonalData]| {
        Payload::PersonalDataErased(PersonalDataErased {
            claim: claim.name.to_string(),
            tenant: format!("tenants/{}", claim.tenant),
            kinds: PersonalData::to_numbers(kinds),
        })
    };
    system.receive(erase_event(&[PersonalData::Subjects, PersonalData::FreeText])).await;
    let consent = system.consent().await;
    assert_eq!(consent.current_decline().unwrap().comment, "");
    assert_eq!(consent.claim.contact, claim.contact, "only the named kinds are erased");
    system.receive(erase_event(&[PersonalData::Contacts])).await;
    let consent = system.consent().await;
    assert!(consent.notices.len() == 2 && consent.notices.iter().all(|notice| notice.contact == Contact::default()));
    assert_eq!(consent.claim.contact, Contact::default());
    let sql = "SELECT COUNT(*) AS n FROM mail WHERE recipient <> '' OR state = 'queued'";
    let db = system.consents.db.reader();
    let left = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    assert_eq!(left.try_get::<i64>("", "n").unwrap(), 0);
    let mails = system.mailbox.accepted().len();
    system.sender.send_due_mails().await.unwrap();
    assert_eq!((mails, system.mailbox.accepted().len()), (1, 1), "no further mail is sent");
}

async fn r56_comments_to_legacy_holders_are_erased(system: TestSystem) {
    let (claim, holder) = (samples::claim(), Uuid::from_u128(7));
    let tenant = format!("tenants/{}", claim.tenant);
    let [submitted, disputed, other] = [1, 2, 3].map(|n| CaseId(Uuid::from_u128(n)));
    let snapshot_of = |case: CaseId| Some(ClaimSnapshot { review_case_id: case.to_string(), ..snapshot() });
    system.receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: snapshot_of(submitted) })).await;
    let rejection = ClaimClosed {
        claim: claim.name.to_string(),
        tenant: tenant.clone(),
        dispute_due_time: Some(to_wire_time(samples::day(30))),
        ..ClaimClosed::default()
    };
    system.receive(Payload::ClaimClosed(rejection)).await;
    let dispute = ClaimDisputed { snapshot: snapshot_of(disputed), ..ClaimDisputed::default() };
    system.receive(Payload::ClaimDisputed(dispute)).await;
    for case in [submitted, disputed, other] {
        let request = LegacyHolderNotified {
            tenant: tenant.clone(),
            holder_id: holder.to_string(),
            subject: Subject::StatementRequested.into(),
            calendar: "de".to_owned(),
            review_case_id: case.to_string(),
            comment: "Does Anna still work there?".to_owned(),
            ..LegacyHolderNotified::default()
        };
        system.receive(Payload::LegacyHolderNotified(request)).await;
    }
    let event = PersonalDataErased {
        claim: claim.name.to_string(),
        tenant,
        kinds: PersonalData::to_numbers(&[PersonalData::FreeText]),
    };
    system.receive(Payload::PersonalDataErased(event)).await;
    let key = AggregateKey::new(claim.tenant.to_string(), holder);
    let holder = holder::find(&system.consents.db, &key).await.unwrap().unwrap();
    let comments: Vec<_> = holder.notices.iter().map(|notice| notice.comment.as_str()).collect();
    assert_eq!(comments, ["", "", "Does Anna still work there?"], "the last one is about another claim");
}
