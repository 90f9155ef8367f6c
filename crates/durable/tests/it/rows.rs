//! The statements for stores, with every type of column.
use cpor_durable::{AggregateKey, Micros, StoreError, rows};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, TransactionTrait};
use uuid::Uuid;

use crate::{
    fixture::{Fixture, test_on_both_engines},
    tables::ticket,
    tickets::key,
};

mod thing {
    use cpor_durable::Micros;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum Colour {
        #[sea_orm(string_value = "red")]
        Red,
        #[sea_orm(string_value = "green")]
        Green,
    }

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "thing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub parent: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        #[sea_orm(column_type = "Text", nullable)]
        pub note: Option<String>,
        pub colour: Colour,
        pub done: bool,
        pub done_time: Option<Micros>,
        pub other: Option<Uuid>,
        pub share: Option<f64>,
        pub hash: Option<Vec<u8>>,
        pub detail: Option<Json>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

async fn create(fixture: &Fixture) {
    let (uuid, json, bytes) = match fixture.db.engine() {
        cpor_kit::Engine::Sqlite => ("BLOB", "TEXT", "BLOB"),
        cpor_kit::Engine::Postgres => ("UUID", "JSONB", "BYTEA"),
    };
    let table = format!(
        "CREATE TABLE thing (owner TEXT NOT NULL, parent {uuid} NOT NULL, position INTEGER NOT NULL, note TEXT, colour TEXT NOT NULL, \
         done BOOLEAN NOT NULL, done_time BIGINT, other {uuid}, share DOUBLE PRECISION, hash {bytes}, detail {json}, \
         PRIMARY KEY (owner, parent, position))"
    );
    fixture.db.writer().execute_unprepared(&table).await.unwrap();
}

fn thing(position: i32) -> thing::Model {
    let even = position % 2 == 0;
    thing::Model {
        owner: key(1).owner,
        parent: key(1).id,
        position,
        note: even.then(|| "it's \"quoted\", {braced}, and NULL".to_owned()),
        colour: if even { thing::Colour::Red } else { thing::Colour::Green },
        done: even,
        done_time: even.then_some(Micros(i64::MAX)),
        other: (!even).then(|| Uuid::from_u128(7)),
        share: even.then_some(0.1),
        hash: (!even).then(|| vec![0, 255]),
        detail: even.then(|| serde_json::json!({"a": [1, null, "x"]})),
    }
}

fn active(model: thing::Model) -> thing::ActiveModel {
    sea_orm::IntoActiveModel::into_active_model(model)
}

async fn all(fixture: &Fixture) -> Vec<thing::Model> {
    let columns = [thing::Column::Owner, thing::Column::Parent];
    rows::load_children::<thing::Entity>(fixture.db.writer(), columns, &[key(1)]).await.unwrap()
}

test_on_both_engines! {
    async fn every_column_type_round_trips(fixture: Fixture) {
        create(&fixture).await;
        let tx = fixture.db.writer().begin().await.unwrap();
        rows::insert::<thing::Entity>(&tx, (0..5000).map(|n| active(thing(n)))).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(all(&fixture).await, (0..5000).map(thing).collect::<Vec<_>>());
        let by_id = rows::load_by_id::<thing::Entity>(fixture.db.writer(), thing::Column::Parent, &[key(1).id, key(2).id]).await.unwrap();
        assert_eq!(by_id.len(), 5000);
    }

    async fn insert_new_returns_the_indices_of_existing_rows(fixture: Fixture) {
        create(&fixture).await;
        let tx = fixture.db.writer().begin().await.unwrap();
        assert_eq!(rows::insert_new::<thing::Entity>(&tx, [1, 3].map(|n| active(thing(n)))).await.unwrap(), [] as [usize; 0]);
        assert_eq!(rows::insert_new::<thing::Entity>(&tx, (0..5).map(|n| active(thing(n)))).await.unwrap(), [1, 3]);
        tx.commit().await.unwrap();
        assert_eq!(all(&fixture).await.len(), 5);
    }

    async fn rows_are_replaced_and_deleted_by_primary_key(fixture: Fixture) {
        create(&fixture).await;
        let tx = fixture.db.writer().begin().await.unwrap();
        rows::upsert::<thing::Entity>(&tx, (0..3).map(|n| active(thing(n)))).await.unwrap();
        let changed = thing::Model { note: Some("changed".to_owned()), ..thing(1) };
        rows::upsert::<thing::Entity>(&tx, [active(changed.clone()), active(thing(3))]).await.unwrap();
        let named = |position| thing::ActiveModel {
            owner: Set(key(1).owner),
            parent: Set(key(1).id),
            position: Set(position),
            ..Default::default()
        };
        assert_eq!(rows::delete::<thing::Entity>(&tx, [0, 2, 9].map(named)).await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert_eq!(all(&fixture).await, [changed, thing(3)]);
    }

    async fn save_reports_only_rows_with_another_version(fixture: Fixture) {
        let row = |n: u128, version: i64| ticket::ActiveModel {
            owner: Set(key(n).owner),
            id: Set(key(n).id),
            version: Set(version),
            state: Set(serde_json::json!({})),
            closes: Set(None),
        };
        let tx = fixture.db.writer().begin().await.unwrap();
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
}
