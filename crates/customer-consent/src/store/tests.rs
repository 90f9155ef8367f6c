use cpor_durable::{Change, Versioned};

use super::*;
use crate::domain::StateKind;
use crate::domain::samples::in_state;
use crate::harness::{House, on_both};

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
