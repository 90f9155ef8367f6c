//! Typed ids as primary keys, and foreign keys between tables.
use cpor_bulk_rows::{delete, insert, load};
use cpor_testing::on_both_databases;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, ModelTrait as _, SqlErr};
use uuid::Uuid;

use crate::{
    databases::tables,
    entities::{CityId, CountryId, city, country},
};

on_both_databases![with tables:
    typed_ids_are_primary_keys,
    a_row_without_its_parent_is_refused,
];

fn country(name: &str, id: u128) -> country::ActiveModel {
    country::ActiveModel { owner: Set(name.into()), id: Set(Uuid::from_u128(id)) }
}

fn city(name: &str, country: u128, id: u128) -> city::ActiveModel {
    let id = CityId(Uuid::from_u128(id));
    city::ActiveModel { owner: Set(name.into()), country: Set(Uuid::from_u128(country)), id: Set(id) }
}

async fn typed_ids_are_primary_keys(db: DatabaseConnection) {
    insert::<country::Entity>(&db, [country("nl", 1), country("nl", 2)]).await.unwrap();
    insert::<city::Entity>(&db, [city("nl", 1, 7), city("nl", 1, 8), city("nl", 2, 9)]).await.unwrap();
    let key = (CountryId::from("nl"), Uuid::from_u128(1), CityId(Uuid::from_u128(8)));
    let found = city::Entity::find_by_id(key).one(&db).await.unwrap().unwrap();
    let parent = found.find_related(country::Entity).one(&db).await.unwrap().unwrap();
    assert_eq!((parent.owner.as_str(), parent.id), ("nl", Uuid::from_u128(1)));
    let loaded = country::Entity::load().with(city::Entity).all(&db).await.unwrap();
    let counts: Vec<usize> = loaded.iter().map(|country| country.cities.iter().count()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 3);
    let by_owner = load::<city::Entity>(&db, &[city::Column::Owner], [[CountryId::from("nl").into()]]).await;
    assert_eq!(by_owner.unwrap().len(), 3);
}

async fn a_row_without_its_parent_is_refused(db: DatabaseConnection) {
    insert::<country::Entity>(&db, [country("nl", 1)]).await.unwrap();
    let orphan = insert::<city::Entity>(&db, [city("nl", 1, 7), city("nl", 2, 8)]).await.unwrap_err();
    assert!(matches!(orphan.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{orphan}");
    insert::<city::Entity>(&db, [city("nl", 1, 7)]).await.unwrap();
    assert!(delete::<country::Entity>(&db, [country("nl", 1)]).await.is_err(), "the parent has a child");
    delete::<city::Entity>(&db, [city("nl", 1, 7)]).await.unwrap();
    assert_eq!(delete::<country::Entity>(&db, [country("nl", 1)]).await.unwrap(), 1);
}
