//! The statements, with every type of column.
use cpor_bulk_rows::{
    KeyValue, LoadError, delete, fetch_all, fetch_one, insert, insert_new, load, load_and_lock, save_versioned,
    update_columns, upsert,
};
use cpor_testing::on_both_databases;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel as _, QueryFilter as _,
    TransactionTrait as _, Value,
};
use uuid::Uuid;

use crate::{
    databases::tables,
    entities::thing::{self, Column, Entity},
};

on_both_databases![with tables:
    every_column_type_round_trips,
    insert_new_returns_the_indices_of_existing_rows,
    rows_are_replaced_and_deleted_by_primary_key,
    save_returns_the_rows_with_another_version,
    a_row_that_does_not_decode_is_named,
];

pub(crate) const PARENT: Uuid = Uuid::from_u128(1);

pub(crate) fn thing(position: i32) -> thing::Model {
    let even = position % 2 == 0;
    thing::Model {
        owner: "contoso".to_owned(),
        parent: PARENT,
        position,
        version: 1,
        note: even.then(|| "it's \"quoted\", {braced}, and NULL".to_owned()),
        colour: if even { thing::Colour::Red } else { thing::Colour::Green },
        done: even,
        done_time: even.then_some(cpor_bulk_rows::LATEST_TIME),
        other: (!even).then(|| Uuid::from_u128(7)),
        share: even.then_some(0.1),
        hash: (!even).then(|| vec![0, 255]),
        detail: even.then(|| thing::Detail { names: vec![Some("x".to_owned()), None] }),
    }
}

pub(crate) fn rows(positions: impl IntoIterator<Item = i32>) -> impl Iterator<Item = thing::ActiveModel> {
    positions.into_iter().map(|position| thing(position).into_active_model())
}

fn key(parent: Uuid) -> [Value; 2] {
    ["contoso".into(), parent.into()]
}

async fn all(db: &DatabaseConnection) -> Vec<thing::Model> {
    load::<Entity>(db, &[Column::Owner, Column::Parent], [key(PARENT)]).await.unwrap()
}

async fn every_column_type_round_trips(db: DatabaseConnection) {
    let tx = db.begin().await.unwrap();
    insert::<Entity>(&tx, rows(0..5000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(all(&db).await, (0..5000).map(thing).collect::<Vec<_>>());
    let ids = [PARENT, Uuid::from_u128(2)].map(|id| [id.into()]);
    assert_eq!(load::<Entity>(&db, &[Column::Parent], ids).await.unwrap().len(), 5000);
    let tx = db.begin().await.unwrap();
    let locked = load_and_lock::<Entity>(&tx, &[Column::Owner, Column::Parent], [key(PARENT)]).await.unwrap();
    assert_eq!(locked.len(), 5000);
    tx.rollback().await.unwrap();
    let none: [[Value; 1]; 0] = [];
    assert!(load::<Entity>(&db, &[Column::Parent], none).await.unwrap().is_empty());
}

async fn insert_new_returns_the_indices_of_existing_rows(db: DatabaseConnection) {
    assert_eq!(insert_new::<Entity>(&db, rows([1, 3])).await.unwrap(), [] as [usize; 0]);
    assert_eq!(insert_new::<Entity>(&db, rows([0, 1, 2, 3, 4, 4])).await.unwrap(), [1, 3, 5]);
    assert_eq!(all(&db).await.len(), 5);
}

async fn rows_are_replaced_and_deleted_by_primary_key(db: DatabaseConnection) {
    upsert::<Entity>(&db, rows(0..3)).await.unwrap();
    let changed = thing::Model { note: Some("changed".to_owned()), ..thing(1) };
    upsert::<Entity>(&db, [changed.clone().into_active_model(), thing(3).into_active_model()]).await.unwrap();
    let named = |position| thing::ActiveModel {
        owner: Set("contoso".to_owned()),
        parent: Set(PARENT),
        position: Set(position),
        ..Default::default()
    };
    assert_eq!(delete::<Entity>(&db, [0, 2, 9].map(named)).await.unwrap(), 2);
    assert_eq!(all(&db).await, [changed, thing(3)]);
    // Only the named columns change, and only of rows that exist.
    let update = |position| thing::ActiveModel { note: Set(Some("updated".to_owned())), ..named(position) };
    update_columns::<Entity>(&db, &[Column::Note], [1, 9].map(update)).await.unwrap();
    let updated = thing::Model { note: Some("updated".to_owned()), ..thing(1) };
    assert_eq!(all(&db).await, [updated, thing(3)]);
}

async fn save_returns_the_rows_with_another_version(db: DatabaseConnection) {
    let row = |position, version| thing::Model { version, ..thing(position) }.into_active_model();
    let save = async |rows| save_versioned::<Entity>(&db, Column::Version, rows).await.unwrap();
    assert!(save(vec![(0, row(1, 1)), (0, row(2, 3))]).await.is_empty());
    assert!(save(vec![(1, row(1, 2)), (3, row(2, 7)), (0, row(3, 1))]).await.is_empty());
    let not_saved = save(vec![(1, row(1, 2)), (7, row(2, 8)), (0, row(3, 1))]).await;
    let key = |n| vec![KeyValue::Text("contoso".to_owned()), KeyValue::Uuid(PARENT), KeyValue::Int(n)];
    assert_eq!(not_saved, [key(1), key(3)]);
    let versions: Vec<i64> = all(&db).await.into_iter().map(|row| row.version).collect();
    assert_eq!(versions, [2, 8, 1]);
}

async fn a_row_that_does_not_decode_is_named(db: DatabaseConnection) {
    insert::<Entity>(&db, rows(0..2)).await.unwrap();
    db.execute_unprepared("UPDATE thing SET detail = '[]' WHERE position = 0").await.unwrap();
    let found = fetch_one(&db, Entity::find_by_id(("contoso".to_owned(), PARENT, 1))).await.unwrap();
    assert_eq!(found, Some(thing(1)));
    for result in
        [fetch_all(&db, Entity::find()).await, load::<Entity>(&db, &[Column::Parent], [[PARENT.into()]]).await]
    {
        let Err(LoadError::Undecodable(row)) = result else { panic!("{result:?}") };
        let key = [KeyValue::Text("contoso".to_owned()), KeyValue::Uuid(PARENT), KeyValue::Int(0)];
        assert_eq!((row.table, row.key.as_slice()), ("thing", key.as_slice()));
        assert!(row.error.to_string().contains("detail"), "{}", row.error);
    }
    db.execute_unprepared("UPDATE thing SET colour = 'pink' WHERE position = 1").await.unwrap();
    let pink = fetch_one(&db, Entity::find().filter(sea_orm::ColumnTrait::eq(&Column::Position, 1))).await;
    assert!(matches!(pink, Err(LoadError::Undecodable(_))), "{pink:?}");
}
