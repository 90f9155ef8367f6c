use cpor_durable::{Change, Command, Versioned};
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{ClaimApproved, PersonalDataErased};
use cpor_types::{Actor, ActorSide};
use sea_orm::{ConnectionTrait as _, Statement};

use super::*;
use crate::consents::Word;
use crate::domain::samples::{self, in_state};
use crate::domain::{Channel, Contact, StateKind};
use crate::harness::{House, on_both, snapshot};

#[test]
fn every_state_reads_back_from_its_row() {
    for state in StateKind::ALL {
        let consent = in_state(state);
        let change =
            Change { key: House::key(), before: None, after: Versioned::new(3, consent.clone()), events: vec![] };
        let (previous, row) = consent::write(&change).unwrap();
        assert_eq!(previous, 0);
        let row: entity::consent::Model = sea_orm::TryIntoModel::try_into_model(row).unwrap();
        assert_eq!(consent::read(row).unwrap(), (House::key(), Versioned::new(3, consent)));
    }
}

#[test]
fn a_row_that_contradicts_itself_is_an_inconsistency_that_names_it() {
    let change = Change {
        key: House::key(),
        before: None,
        after: Versioned::new(1, in_state(StateKind::Granted)),
        events: vec![],
    };
    let (_, row) = consent::write(&change).unwrap();
    let mut row: entity::consent::Model = sea_orm::TryIntoModel::try_into_model(row).unwrap();
    row.state = "declined".into();
    let error = consent::read(row).unwrap_err().to_string();
    assert!(error.contains("consent row") && error.contains("state declined"), "{error}");
}

#[tokio::test]
async fn expired_links_are_deleted_and_others_are_not() {
    on_both(async |house| {
        house.submitted().await;
        let old = house.mailbox.token();
        house.clock.advance_by(chrono::TimeDelta::days(179));
        house.approved().await;
        let young = house.mailbox.token();
        house.clock.advance_by(chrono::TimeDelta::days(1));
        assert_eq!(house.links.find(&old).await.unwrap(), None, "expired, whether deleted or not");
        let db = &house.consents.db;
        assert_eq!(link::delete_expired(db, cpor_types::Clock::now(&house.clock)).await.unwrap(), 1);
        assert!(house.links.find(&young).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn r56_a_consent_keeps_nothing_of_what_is_erased_and_sends_no_more_mails() {
    on_both(async |house: House| {
        house.submitted().await;
        house.told(Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), ..Default::default() })).await;
        let command = Command::new("decline", House::key(), Actor::new(ActorSide::Customer, "anna"));
        let word = Word::Decline { comment: "Never heard of them.".to_owned() };
        house.consents.say(command, word, Channel::SignedIn).await.unwrap();
        let claim = samples::claim();
        let erased = |kinds: &[&str]| {
            Payload::PersonalDataErased(PersonalDataErased {
                claim: claim.name.to_string(),
                tenant: format!("tenants/{}", claim.tenant),
                kinds: kinds.iter().map(ToString::to_string).collect(),
            })
        };
        house.told(erased(&["subjects", "words"])).await;
        let consent = house.consent().await;
        assert_eq!(consent.decline_said().unwrap().comment, "");
        assert_eq!(consent.claim.contact, claim.contact, "the contacts were not asked for");
        house.told(erased(&["contacts"])).await;
        let consent = house.consent().await;
        assert!(
            consent.notices.len() == 2 && consent.notices.iter().all(|notice| notice.contact == Contact::default())
        );
        assert_eq!(consent.claim.contact, Contact::default());
        let sql = "SELECT COUNT(*) AS n FROM mail WHERE recipient <> '' OR state = 'queued'";
        let db = house.consents.db.reader();
        let left = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
        assert_eq!(left.try_get::<i64>("", "n").unwrap(), 0);
        let mails = house.mailbox.taken.lock().unwrap().len();
        house.sender.drain().await.unwrap();
        assert_eq!((mails, house.mailbox.taken.lock().unwrap().len()), (1, 1), "nobody is written to any more");
    })
    .await;
}
