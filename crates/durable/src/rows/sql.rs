//! SQL text with its parameters, for both engines.
use sea_orm::{DbBackend, DbErr, Statement, Value};

use super::table::Table;

/// A statement being written. Its text depends on the engine and, on SQLite, on the number of rows; on PostgreSQL it is
/// always the same, so that the server's prepared plan is used.
#[derive(Debug)]
pub(crate) struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// An empty statement.
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self { backend, text: String::new(), values: Vec::new() }
    }

    /// A statement that begins with `WITH s AS` the rows of `table`.
    pub(crate) fn with(backend: DbBackend, table: Table) -> Result<Self, DbErr> {
        let mut sql = Self::new(backend);
        match backend {
            DbBackend::Postgres => table.write_unnest(&mut sql)?,
            DbBackend::Sqlite | DbBackend::MySql => table.write_values(&mut sql),
            _ => return Err(DbErr::Custom("neither SQLite nor PostgreSQL".to_owned())),
        }
        Ok(sql)
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Postgres {
            self.text.push('$');
            self.text.push_str(&self.values.len().to_string());
        } else {
            self.text.push('?');
        }
        self
    }

    /// Adds `names`, quoted, with commas between, each after `prefix`.
    pub(crate) fn names<'a>(&mut self, prefix: &str, names: impl IntoIterator<Item = &'a str>) -> &mut Self {
        for (n, name) in names.into_iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.push(prefix).push("\"").push(name).push("\"");
        }
        self
    }

    /// Locks what a SELECT finds, where the engine has row locks.
    pub(crate) fn for_update(&mut self) -> &mut Self {
        self.push(if self.backend == DbBackend::Postgres { " FOR UPDATE" } else { "" })
    }

    /// As [`Sql::for_update`], passing over rows that somebody else has locked.
    pub(crate) fn for_update_skip_locked(&mut self) -> &mut Self {
        self.push(if self.backend == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" })
    }

    /// The statement.
    pub(crate) fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}
