//! Reads of single rows that share statements.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cpor_bulk_rows::{KeyValue, LoadError, RowReader, insert};
use cpor_testing::{PostgresDatabase, on_both_databases};
use futures_util::{FutureExt as _, future::join_all};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    Statement, TransactionTrait as _,
};
use tokio::net::TcpListener;

use crate::{
    databases::{create_tables, tables},
    entities::thing::Entity,
    rows::{self, PARENT, rows},
};

on_both_databases![with tables:
    waiting_reads_share_a_statement,
    reads_work_again_after_an_error,
    reads_work_again_after_a_panic,
];

fn key(position: i32) -> Vec<KeyValue> {
    vec![KeyValue::Text("contoso".to_owned()), KeyValue::Uuid(PARENT), KeyValue::Int(position.into())]
}

/// Starts a reader, and counts its statements.
fn counting_reader(db: &DatabaseConnection) -> (RowReader<Entity>, Arc<AtomicUsize>) {
    let statements = Arc::new(AtomicUsize::new(0));
    let (mut db, counter) = (db.clone(), Arc::clone(&statements));
    db.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (RowReader::start(&db), statements)
}

/// Starts a transaction that lets all reads wait. On SQLite it has the only connection.
async fn hold_reads(db: &DatabaseConnection) -> DatabaseTransaction {
    let tx = db.begin().await.unwrap();
    if db.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("LOCK TABLE thing").await.unwrap();
    }
    tx
}

async fn waiting_reads_share_a_statement(db: DatabaseConnection) {
    insert::<Entity>(&db, rows(0..100)).await.unwrap();
    db.execute_unprepared("UPDATE thing SET colour = 'blue' WHERE position = 7").await.unwrap();
    let (reader, statements) = counting_reader(&db);
    let hold = hold_reads(&db).await;
    // The callers of these reads do not wait for their rows.
    for position in 0..50 {
        assert!(reader.find(key(position)).now_or_never().is_none());
    }
    // Most keys occur twice, and there are more reads than one statement takes.
    let reads = join_all((0..200).map(|n| reader.find(key(n % 101))));
    let (found, ()) = tokio::join!(reads, async { hold.rollback().await.unwrap() });
    for (n, found) in (0..).zip(found) {
        match n % 101 {
            7 => assert!(
                matches!(found, Err(LoadError::Undecodable(row)) if row.key == key(7)),
                "only its own reads fail"
            ),
            100 => assert_eq!(found.unwrap(), None),
            position => assert_eq!(found.unwrap(), Some(rows::thing(position))),
        }
    }
    let statements = statements.load(Ordering::SeqCst);
    assert!((4..=20).contains(&statements), "{statements} statements for 200 reads, of at most 64 reads each");
}

async fn reads_work_again_after_an_error(db: DatabaseConnection) {
    insert::<Entity>(&db, rows(0..1)).await.unwrap();
    let reader = RowReader::<Entity>::start(&db);
    db.execute_unprepared("ALTER TABLE thing RENAME TO hidden").await.unwrap();
    assert!(matches!(reader.find(key(0)).await, Err(LoadError::Db(_))));
    db.execute_unprepared("ALTER TABLE hidden RENAME TO thing").await.unwrap();
    assert_eq!(reader.find(key(0)).await.unwrap(), Some(rows::thing(0)));
}

async fn reads_work_again_after_a_panic(db: DatabaseConnection) {
    insert::<Entity>(&db, rows(0..1)).await.unwrap();
    let reader = RowReader::<Entity>::start(&db);
    // A key with too few values is a defect of the caller. There are more of them than tasks.
    for _ in 0..3 {
        assert!(reader.find(vec![KeyValue::Uuid(PARENT)]).await.is_err());
    }
    assert_eq!(reader.find(key(0)).await.unwrap(), Some(rows::thing(0)));
}

#[tokio::test]
async fn a_read_on_a_broken_connection_is_repeated() {
    let database = PostgresDatabase::create().await;
    let connect = async || {
        let mut options = ConnectOptions::new(database.url());
        options.max_connections(1).test_before_acquire(false).sqlx_logging(false);
        Database::connect(options).await.unwrap()
    };
    let (db, other) = (connect().await, connect().await);
    create_tables(&db).await;
    insert::<Entity>(&db, rows(0..1)).await.unwrap();
    let reader = RowReader::<Entity>::start(&db);
    assert_eq!(reader.find(key(0)).await.unwrap(), Some(rows::thing(0)));
    let pid = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS pid");
    let pid: i32 = db.query_one_raw(pid).await.unwrap().unwrap().try_get("", "pid").unwrap();
    other.execute_unprepared(&format!("SELECT pg_terminate_backend({pid}, 10000)")).await.unwrap();
    assert_eq!(reader.find(key(0)).await.unwrap(), Some(rows::thing(0)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_a_connection_error() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = ConnectOptions::new(format!("postgres://clerk@{}/claims", server.local_addr().unwrap()));
    options.connect_lazy(true).acquire_timeout(Duration::from_secs(3600));
    let db = Database::connect(options).await.unwrap();
    let reader = RowReader::<Entity>::start(&db);
    // There are more reads than tasks.
    for _ in 0..3 {
        let found = tokio::time::timeout(Duration::from_secs(60), reader.find(key(0))).await;
        assert!(matches!(found, Ok(Err(LoadError::Db(DbErr::Conn(_))))), "{found:?}");
    }
}
