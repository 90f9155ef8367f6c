//! The tables of the tests.
use cpor_testing::TestDatabase;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Schema};

use crate::entities::{city, country, thing};

/// Opens a database with empty tables.
pub(crate) async fn tables(database: &TestDatabase) -> DatabaseConnection {
    let db = database.open().await.writer().clone();
    create_tables(&db).await;
    db
}

/// Creates the tables.
pub(crate) async fn create_tables(db: &DatabaseConnection) {
    let schema = Schema::new(db.get_database_backend());
    for table in [
        schema.create_table_from_entity(thing::Entity),
        schema.create_table_from_entity(country::Entity),
        schema.create_table_from_entity(city::Entity),
    ] {
        db.execute(&table).await.unwrap();
    }
}
