//! Reads single rows by their primary keys, for calls that read one row each. Reads that wait at
//! the same time share one statement, so a busy service needs fewer round trips than it has reads.
use std::{collections::HashMap, fmt, marker::PhantomData, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, EntityTrait, Iterable as _, QueryResult, RuntimeErr, Value,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use crate::{
    InputRows, LoadError, Sql,
    fetch::decode_row,
    values::{KeyValue, primary_key, primary_key_from_row},
};

/// The number of statements that run at the same time. While they run, further reads wait for the
/// next statement.
const MAX_STATEMENTS: usize = 2;

/// The maximum number of reads in one statement.
const MAX_READS: usize = 64;

/// The maximum number of reads that wait for a statement. Further callers wait until there is room.
const MAX_WAITING: usize = 1024;

/// The maximum duration of a statement, with the wait for a connection. Without it, all further
/// reads would wait for statements that never end because the server has vanished.
const MAX_DURATION: Duration = Duration::from_secs(5);

/// The rows of a statement, by primary key. A key that was read twice has its row twice.
type Rows = HashMap<Vec<KeyValue>, Vec<QueryResult>>;

/// Reads rows of `E` by primary key. Clones share the statements.
pub struct RowReader<E> {
    /// The queue of the reads that wait for a statement.
    waiting: mpsc::Sender<Read>,
    entity: PhantomData<fn() -> E>,
}

/// A read that waits for its row.
struct Read {
    /// The primary key of the row.
    key: Vec<KeyValue>,
    /// The sending half of the channel on which the caller waits for the row.
    row_sender: oneshot::Sender<Result<Option<QueryResult>, DbErr>>,
}

impl<E> Clone for RowReader<E> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone(), entity: PhantomData }
    }
}

impl<E> fmt::Debug for RowReader<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader").finish_non_exhaustive()
    }
}

impl<E: EntityTrait> RowReader<E> {
    /// Starts the tasks that read from `db`, on the current Tokio runtime. They end when the last
    /// clone of the reader is dropped.
    #[must_use]
    pub fn start(db: &DatabaseConnection) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..MAX_STATEMENTS {
            tokio::spawn(run::<E>(db.clone(), Arc::clone(&receiver)));
        }
        Self { waiting: sender, entity: PhantomData }
    }

    /// Reads the row with this primary key, as last committed when the statement starts. Returns
    /// `None` if there is no such row. A statement that fails or takes longer than five seconds is
    /// repeated once.
    ///
    /// # Errors
    /// Returns an error if the database fails or the row cannot be decoded.
    pub async fn find(&self, key: Vec<KeyValue>) -> Result<Option<E::Model>, LoadError> {
        let (row_sender, result) = oneshot::channel();
        let ended = || DbErr::Conn(RuntimeErr::Internal("the reader of rows has ended".to_owned()));
        self.waiting.send(Read { key, row_sender }).await.map_err(|_| ended())?;
        let row = result.await.map_err(|_| ended())??;
        row.as_ref().map(|row| decode_row::<E>(row).map_err(LoadError::from)).transpose()
    }
}

/// Answers waiting reads until all readers are dropped.
async fn run<E: EntityTrait>(db: DatabaseConnection, waiting: Arc<Mutex<mpsc::Receiver<Read>>>) {
    let mut reads = Vec::new();
    while waiting.lock().await.recv_many(&mut reads, MAX_READS).await > 0 {
        // Callers that were cancelled no longer wait for their row.
        reads.retain(|read| !read.row_sender.is_closed());
        // A panic is the failure of these reads only. The task goes on.
        let rows = AssertUnwindSafe(select_or_repeat::<E>(&db, &reads)).catch_unwind().await;
        let rows = rows.unwrap_or_else(|_panic| Err(DbErr::Custom("the reader of rows has panicked".to_owned())));
        answer(std::mem::take(&mut reads), rows);
    }
}

/// Sends each read its row. Sending fails if the caller no longer waits.
fn answer(reads: Vec<Read>, rows: Result<Rows, DbErr>) {
    match rows {
        Ok(mut rows) => {
            for read in reads {
                let row = rows.get_mut(&read.key).and_then(Vec::pop);
                let (Ok(()) | Err(_)) = read.row_sender.send(Ok(row));
            }
        }
        Err(error) => {
            for read in reads {
                let (Ok(()) | Err(_)) = read.row_sender.send(Err(error.clone()));
            }
        }
    }
}

/// Selects the rows of these reads, a second time if the first statement fails. Pools do not test
/// connections before use, so a broken connection is noticed by the statement that fails.
async fn select_or_repeat<E: EntityTrait>(db: &DatabaseConnection, reads: &[Read]) -> Result<Rows, DbErr> {
    let rows = select_in_time::<E>(db, reads).await;
    if rows.is_ok() { rows } else { select_in_time::<E>(db, reads).await }
}

/// Selects the rows of these reads within [`MAX_DURATION`].
async fn select_in_time<E: EntityTrait>(db: &DatabaseConnection, reads: &[Read]) -> Result<Rows, DbErr> {
    let late = |_| DbErr::Conn(RuntimeErr::Internal(format!("the rows were not read within {MAX_DURATION:?}")));
    timeout(MAX_DURATION, select::<E>(db, reads)).await.map_err(late)?
}

/// Selects the rows of these reads. The table `s` of the statement contains their keys.
async fn select<E: EntityTrait>(db: &DatabaseConnection, reads: &[Read]) -> Result<Rows, DbErr> {
    let mut input = InputRows::new(primary_key::<E>())?;
    for read in reads {
        input.push(read.key.iter().cloned().map(Value::from));
    }
    let mut rows = Rows::new();
    for chunk in input.chunks() {
        let mut sql = Sql::with_rows(db.get_database_backend(), chunk)?;
        sql.push("SELECT ").columns("r.", E::Column::iter()).push(" FROM s JOIN ").table::<E>();
        sql.push(" r ON (").primary_key::<E>("r.").push(") = (").primary_key::<E>("s.").push(")");
        for row in db.query_all_raw(sql.statement()).await? {
            rows.entry(primary_key_from_row::<E>(&row)?).or_default().push(row);
        }
    }
    Ok(rows)
}
