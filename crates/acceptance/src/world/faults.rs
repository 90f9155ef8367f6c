//! What befalls a system.

use cpor_kit::Db;
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
            let listing = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()";
            for table in db
                .reader()
                .query_all_raw(Statement::from_string(DbBackend::Postgres, listing))
                .await
                .expect("the tables")
            {
                let table: String = table.try_get("", "name").expect("a name");
                let count = format!("SELECT count(*) AS n FROM \"{table}\" AS t WHERE t::text LIKE '%{text}%'");
                let row = db
                    .reader()
                    .query_one_raw(Statement::from_string(DbBackend::Postgres, count))
                    .await
                    .expect("a count");
                if row.expect("a row").try_get::<i64>("", "n").expect("a number") > 0 {
                    found.push(format!("{service}.{table}"));
                }
            }
            db.close().await.expect("to close the database");
        }
        found
    }
}
