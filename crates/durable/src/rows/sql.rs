//! A builder of SQL statements with parameters, for SQLite and PostgreSQL.
use sea_orm::{DbBackend, DbErr, Statement, Value};

use super::input_rows::InputRows;

/// Builds a statement: its text and its parameters. On PostgreSQL the text does not depend on the
/// number of input rows, so that the server can reuse its prepared plan; on SQLite it does.
#[derive(Debug)]
pub(crate) struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Starts an empty statement.
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self { backend, text: String::new(), values: Vec::new() }
    }

    /// Starts a statement with `WITH s AS (…)`, which makes `rows` available as the table `s`.
    pub(crate) fn with_rows(backend: DbBackend, rows: InputRows) -> Result<Self, DbErr> {
        let mut sql = Self::new(backend);
        match backend {
            DbBackend::Postgres => rows.write_unnest(&mut sql)?,
            DbBackend::Sqlite | DbBackend::MySql => rows.write_values(&mut sql),
            _ => return Err(DbErr::Custom("the database must be SQLite or PostgreSQL".to_owned())),
        }
        Ok(sql)
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and binds `value` to it.
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

    /// Appends the column names, quoted and separated by commas, each with `prefix` before it.
    pub(crate) fn names<'a>(&mut self, prefix: &str, names: impl IntoIterator<Item = &'a str>) -> &mut Self {
        for (n, name) in names.into_iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.push(prefix).push("\"").push(name).push("\"");
        }
        self
    }

    /// Makes a SELECT lock the rows that it finds. Appends nothing on SQLite, which has no row
    /// locks.
    pub(crate) fn for_update(&mut self) -> &mut Self {
        self.push(if self.backend == DbBackend::Postgres { " FOR UPDATE" } else { "" })
    }

    /// Makes a SELECT lock rows as [`Sql::for_update`] does, and skip rows that another transaction
    /// has locked.
    pub(crate) fn for_update_skip_locked(&mut self) -> &mut Self {
        self.push(if self.backend == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" })
    }

    /// Returns the finished statement.
    pub(crate) fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}
