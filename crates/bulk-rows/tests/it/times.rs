//! Times are stored exactly, and both databases order them alike.
use cpor_bulk_rows::{LATEST_TIME, insert, storable_time};
use cpor_testing::on_both_databases;
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, EntityTrait, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    prelude::DateTimeUtc,
};
use uuid::Uuid;

use crate::{
    databases::tables,
    entities::thing::{self, Column, Entity},
};

on_both_databases![with tables:
    times_are_exact_and_ordered,
    times_beyond_four_digits_of_year_are_refused,
];

/// Times with zero, three and six digits after the seconds, in ascending order.
const TIMES: [&str; 16] = [
    "0000-01-01T00:00:00Z",
    "0999-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
    "2026-03-06T07:59:59Z",
    "2026-03-06T07:59:59.9Z",
    "2026-03-06T07:59:59.999Z",
    "2026-03-06T07:59:59.999001Z",
    "2026-03-06T07:59:59.999999Z",
    "2026-03-06T08:00:00Z",
    "2026-03-06T08:00:00.000001Z",
    "2026-03-06T08:00:00.001Z",
    "2026-03-06T08:00:00.001001Z",
    "2026-03-06T08:00:00.010Z",
    "2026-03-06T08:00:01Z",
    "9999-12-31T23:59:59.999999Z",
];

fn times() -> Vec<DateTimeUtc> {
    TIMES.map(|text| text.parse().unwrap()).to_vec()
}

fn row(position: usize, time: DateTimeUtc) -> thing::ActiveModel {
    thing::Model {
        owner: "contoso".to_owned(),
        parent: Uuid::nil(),
        position: i32::try_from(position).unwrap(),
        version: 1,
        note: None,
        colour: thing::Colour::Red,
        done: false,
        done_time: Some(time),
        other: None,
        share: None,
        hash: None,
        detail: None,
    }
    .into_active_model()
}

async fn stored(db: &DatabaseConnection, query: sea_orm::Select<Entity>) -> Vec<DateTimeUtc> {
    let rows = query.order_by_asc(Column::DoneTime).all(db).await.unwrap();
    rows.into_iter().map(|row| row.done_time.unwrap()).collect()
}

async fn times_are_exact_and_ordered(db: DatabaseConnection) {
    let times = times();
    assert_eq!(times.last(), Some(&LATEST_TIME));
    // Half of the rows are inserted by the statement for many rows, half by SeaORM's.
    let (bulk, single): (Vec<_>, Vec<_>) = times.iter().rev().enumerate().partition(|(n, _)| n % 2 == 0);
    insert::<Entity>(&db, bulk.into_iter().map(|(n, time)| row(n, *time))).await.unwrap();
    for (n, time) in single {
        Entity::insert(row(n, *time)).exec_without_returning(&db).await.unwrap();
    }
    assert_eq!(stored(&db, Entity::find()).await, times);
    for (n, time) in times.iter().enumerate() {
        assert_eq!(stored(&db, Entity::find().filter(Column::DoneTime.lt(*time))).await, times[..n], "< {time}");
        assert_eq!(stored(&db, Entity::find().filter(Column::DoneTime.lte(*time))).await, times[..=n], "<= {time}");
        assert_eq!(stored(&db, Entity::find().filter(Column::DoneTime.gt(*time))).await, times[n + 1..], "> {time}");
        assert_eq!(stored(&db, Entity::find().filter(Column::DoneTime.eq(*time))).await, [*time]);
    }
}

async fn times_beyond_four_digits_of_year_are_refused(db: DatabaseConnection) {
    for time in [DateTimeUtc::MAX_UTC, DateTimeUtc::MIN_UTC] {
        assert!(insert::<Entity>(&db, [row(0, time)]).await.unwrap_err().to_string().contains("within the years"));
        insert::<Entity>(&db, [row(0, storable_time(time))]).await.unwrap();
        Entity::delete_many().exec(&db).await.unwrap();
    }
}
