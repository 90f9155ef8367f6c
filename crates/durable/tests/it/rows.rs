//! The statements on rows of aggregates.
use cpor_durable::{AggregateKey, StoreError, rows};
use cpor_testing::on_both_databases;
use sea_orm::{ActiveEnum as _, ActiveValue::Set, ConnectionTrait, EntityTrait, SqlErr};

use crate::{
    fixture::Fixture,
    tables::{entry, ticket},
    tickets::{Ticket, key},
};

on_both_databases![with Fixture::new:
    save_reports_only_rows_with_another_version,
    a_row_that_does_not_decode_is_inconsistent,
    a_row_without_its_aggregate_is_refused,
    the_database_admits_the_states_of_deadlines,
];

fn row(n: u128, version: i64) -> ticket::ActiveModel {
    ticket::ActiveModel {
        owner: Set(key(n).owner),
        id: Set(key(n).id),
        version: Set(version),
        state: Set(Ticket { title: n.to_string(), count: 0, closes: None, closed: false }),
        closes: Set(None),
    }
}

async fn save_reports_only_rows_with_another_version(fixture: Fixture) {
    let tx = fixture.db.begin().await.unwrap();
    rows::save::<ticket::Entity>(&tx, [(0, row(1, 1)), (0, row(2, 3))]).await.unwrap();
    rows::save::<ticket::Entity>(&tx, [(1, row(1, 2)), (3, row(2, 7)), (0, row(3, 1))]).await.unwrap();
    let lost = rows::save::<ticket::Entity>(&tx, [(1, row(1, 2)), (7, row(2, 8)), (0, row(3, 1))]).await;
    let Err(StoreError::ConcurrentChange(keys)) = lost else { panic!("{lost:?}") };
    assert_eq!(keys, [key(1), key(3)]);
    let found = rows::load_locked::<ticket::Entity>(&tx, &[key(1), key(2), key(4)]).await.unwrap();
    let versions: Vec<_> = found.into_iter().map(|row| (AggregateKey::new(row.owner, row.id), row.version)).collect();
    assert_eq!(versions, [(key(1), 2), (key(2), 8)]);
    tx.rollback().await.unwrap();
    assert!(ticket::Entity::find().all(fixture.db.writer()).await.unwrap().is_empty());
}

async fn a_row_that_does_not_decode_is_inconsistent(fixture: Fixture) {
    let tx = fixture.db.begin().await.unwrap();
    rows::save::<ticket::Entity>(&tx, [(0, row(1, 1)), (0, row(2, 1))]).await.unwrap();
    tx.execute_unprepared("UPDATE ticket SET state = '{}'").await.unwrap();
    let error = rows::load_locked::<ticket::Entity>(&tx, &[key(2)]).await.unwrap_err();
    let StoreError::Inconsistent { table, key: inconsistent, what } = error.into() else { panic!() };
    assert_eq!((table, inconsistent), ("ticket", key(2)));
    assert!(what.contains("state"), "{what}");
    tx.rollback().await.unwrap();
}

async fn a_row_without_its_aggregate_is_refused(fixture: Fixture) {
    let orphan = entry::ActiveModel {
        owner: Set(key(1).owner),
        id: Set(key(1).id),
        version: Set(1),
        event: Set(String::new()),
        actor: Set(String::new()),
        effective_time: Set(crate::fixture::start()),
        recorded_time: Set(crate::fixture::start()),
    };
    let tx = fixture.db.begin().await.unwrap();
    let refused = rows::insert::<entry::Entity>(&tx, [orphan]).await.unwrap_err();
    assert!(matches!(refused.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refused}");
    tx.rollback().await.unwrap();
}

async fn the_database_admits_the_states_of_deadlines(fixture: Fixture) {
    let admitted = cpor_bulk_rows::allowed_texts(fixture.db.writer(), "deadline", "state").await.unwrap();
    assert_eq!(admitted, cpor_durable::DeadlineState::values().into_iter().collect());
}
