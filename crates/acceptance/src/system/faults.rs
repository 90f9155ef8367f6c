//! Faults that a test can inject, and searches in the stored data.

use cpor_database::{Db, Engine};
use cpor_types::Service;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement};
use std::time::Duration;

use super::TestSystem;

impl TestSystem {
    /// Stops every process gracefully.
    pub async fn stop_all(&self) {
        for node in &self.nodes {
            node.stop().await;
        }
    }

    /// Starts every process.
    pub async fn start_all(&self) {
        for process in 0..self.nodes.len() {
            self.start(process).await;
        }
    }

    /// Kills the process that hosts a service, and starts it again on the same data.
    pub async fn crash(&self, service: Service) {
        let process = self.process_hosting(service);
        self.nodes[process].kill().await;
        self.start(process).await;
    }

    /// Changes the tables of a service with an SQL statement, while the system is stopped.
    pub async fn execute_sql(&self, service: Service, sql: &str) {
        // A SQLite file can be changed only when no process has it open.
        self.stop_all().await;
        let db = Db::open(&self.store.tables_config(0), service).await.expect("the database");
        let changed = db.writer().execute_unprepared(sql).await.expect("to change the tables");
        assert!(changed.rows_affected() > 0, "nothing was changed by {sql}");
        db.close().await.expect("to close the database");
        self.start_all().await;
    }

    /// Executes a statement in a transaction that stays open, so that the system's statements wait
    /// for its locks. For PostgreSQL only.
    pub async fn hold_locks(&self, service: Service, sql: &str) -> HeldLocks {
        let db = Db::open(&self.store.tables_config(0), service).await.expect("the database");
        let tx = db.begin().await.expect("a transaction");
        tx.execute_unprepared(sql).await.expect("the locks");
        let pid = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS pid");
        let pid = tx.query_one_raw(pid).await.expect("an answer").expect("a row").try_get("", "pid").expect("a number");
        HeldLocks { db, tx, pid }
    }

    /// Finds the columns that contain a text, while the system is running. For PostgreSQL only.
    /// Each result has the form `{service}.{table}.{column}`.
    pub async fn columns_with_text(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for service in Service::ALL {
            let db = Db::open(&self.store.tables_config(0), *service).await.expect("the database");
            found.extend(columns_that_contain(&db, text).await.into_iter().map(|column| format!("{service}.{column}")));
            db.close().await.expect("to close the database");
        }
        found
    }

    /// Finds the columns that contain one of these texts; the system is restarted. Each result has
    /// the form `{service}.{table}.{column} has {text}`.
    pub async fn columns_with_texts(&self, texts: &[&str]) -> Vec<String> {
        self.stop_all().await;
        let mut found = Vec::new();
        for service in Service::ALL {
            let db = Db::open(&self.store.tables_config(0), *service).await.expect("the database");
            for text in texts {
                let columns = columns_that_contain(&db, text).await;
                found.extend(columns.into_iter().map(|column| format!("{service}.{column} has {text}")));
            }
            db.close().await.expect("to close the database");
        }
        self.start_all().await;
        found
    }
}

/// Locks that a test holds.
pub struct HeldLocks {
    db: Db,
    tx: DatabaseTransaction,
    /// The process of the server that executes the transaction.
    pid: i32,
}

impl HeldLocks {
    /// Waits until this many statements wait for the locks, or for each other, and releases them.
    pub async fn release_when_waiting(self, statements: i64) {
        let waiting = format!(
            "WITH RECURSIVE waiting(pid) AS (SELECT {} UNION \
             SELECT other.pid FROM pg_stat_activity other JOIN waiting ON waiting.pid = ANY(pg_blocking_pids(other.pid))\
             ) SELECT count(*) - 1 AS n FROM waiting",
            self.pid
        );
        let count = async || {
            let waiting = Statement::from_string(DbBackend::Postgres, waiting.clone());
            let row = self.db.reader().query_one_raw(waiting).await.expect("an answer").expect("a row");
            row.try_get::<i64>("", "n").expect("a number")
        };
        let all_wait = async { while count().await < statements {} };
        tokio::time::timeout(Duration::from_secs(20), all_wait).await.expect("the statements wait");
        self.tx.rollback().await.expect("to release the locks");
        self.db.close().await.expect("to close the database");
    }
}

async fn columns_that_contain(db: &Db, text: &str) -> Vec<String> {
    let (backend, listing) = match db.engine() {
        Engine::Postgres => {
            let columns = "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns";
            (DbBackend::Postgres, format!("{columns} WHERE table_schema = current_schema()"))
        }
        Engine::Sqlite => {
            let columns = "SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c";
            (DbBackend::Sqlite, format!("{columns} WHERE m.type = 'table'"))
        }
    };
    let columns = db.reader().query_all_raw(Statement::from_string(backend, listing)).await.expect("the columns");
    // PostgreSQL casts bytes to hexadecimal digits.
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = Vec::new();
    for row in columns {
        let [table, column]: [String; 2] = ["t", "c"].map(|name| row.try_get("", name).expect("a name"));
        let contains = |text: &str| format!("CAST(\"{column}\" AS TEXT) LIKE '%{text}%'");
        let query = format!("SELECT 1 FROM \"{table}\" WHERE {} OR {} LIMIT 1", contains(text), contains(&hex));
        let row = db.reader().query_one_raw(Statement::from_string(backend, query)).await.expect("a result");
        found.extend(row.map(|_| format!("{table}.{column}")));
    }
    found
}
