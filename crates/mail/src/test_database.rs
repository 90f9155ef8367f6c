//! The database of a test.

use cpor_database::Db;
use cpor_testing::TestDatabase;

/// Opens a database with an empty queue.
pub(crate) async fn empty_queue(database: &TestDatabase) -> Db {
    database.migrated(crate::migrations()).await
}
