//! What befalls a system.

use cpor_kit::{Db, Engine};
use cpor_types::Service;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::World;

impl World {
    /// Every process ends in order.
    pub async fn stop_all(&self) {
        for node in &self.nodes {
            node.stop().await;
        }
    }

    /// Every process starts.
    pub async fn start_all(&self) {
        for process in 0..self.nodes.len() {
            self.start(process).await;
        }
    }

    /// The process that hosts a service is dropped in the middle of its work and started again on the same data.
    pub async fn crash(&self, service: Service) {
        let process = self.process_of(service);
        self.nodes[process].kill().await;
        self.start(process).await;
    }

    /// Somebody changes the tables of a service behind its back.
    pub async fn tamper(&self, service: Service, sql: &str) {
        // SQLite belongs to its process, which must let go of it.
        self.stop_all().await;
        let db = Db::open(&self.store.config(0), service).await.expect("the database");
        let changed = db.writer().execute_unprepared(sql).await.expect("to change the tables");
        assert!(changed.rows_affected() > 0, "nothing was changed by {sql}");
        db.close().await.expect("to close the database");
        self.start_all().await;
    }

    /// The tables of a PostgreSQL world that hold this text anywhere in a row.
    pub async fn rows_that_contain(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for service in Service::ALL {
            let db = Db::open(&self.store.config(0), *service).await.expect("the database");
            found.extend(columns_that_contain(&db, text).await.into_iter().map(|column| format!("{service}.{column}")));
            db.close().await.expect("to close the database");
        }
        found
    }

    /// The columns of all services' tables that hold one of these texts anywhere: `{service}.{table}.{column} has {text}`.
    pub async fn stored(&self, texts: &[&str]) -> Vec<String> {
        self.stop_all().await;
        let mut found = Vec::new();
        for service in Service::ALL {
            let db = Db::open(&self.store.config(0), *service).await.expect("the database");
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
    // Bytes are cast to hexadecimal digits on PostgreSQL.
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = Vec::new();
    for row in columns {
        let [table, column]: [String; 2] = ["t", "c"].map(|name| row.try_get("", name).expect("a name"));
        let says = |what: &str| format!("CAST(\"{column}\" AS TEXT) LIKE '%{what}%'");
        let holds = format!("SELECT 1 FROM \"{table}\" WHERE {} OR {} LIMIT 1", says(text), says(&hex));
        let holds = db.reader().query_one_raw(Statement::from_string(backend, holds)).await.expect("an answer");
        found.extend(holds.map(|_| format!("{table}.{column}")));
    }
    found
}
