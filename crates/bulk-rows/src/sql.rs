//! A builder of SQL statements with parameters, for SQLite and PostgreSQL.
use sea_orm::{DbBackend, EntityTrait, IdenStatic, Statement, Value};

use crate::values::primary_key;

/// Builds the text and the parameters of a statement.
///
/// Text that is appended is not escaped: it must be literal, or a name of a table or column.
#[derive(Debug)]
pub struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Starts an empty statement.
    #[must_use]
    pub fn new(backend: DbBackend) -> Self {
        Self { backend, text: String::new(), values: Vec::new() }
    }

    /// Appends text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and binds `value` to it.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Postgres {
            self.text.push('$');
            self.text.push_str(&self.values.len().to_string());
        } else {
            self.text.push('?');
        }
        self
    }

    /// Appends the name of the table of `E`, quoted.
    pub fn table<E: EntityTrait>(&mut self) -> &mut Self {
        self.push("\"").push(E::default().table_name()).push("\"")
    }

    /// Appends the names of columns, quoted and separated by commas, each with `prefix` before it.
    pub fn columns<C: IdenStatic>(&mut self, prefix: &str, columns: impl IntoIterator<Item = C>) -> &mut Self {
        self.names(prefix, columns.into_iter().map(|column| column.as_str()))
    }

    /// Appends the names of the columns of `E`'s primary key, as [`Sql::columns`] does.
    pub fn primary_key<E: EntityTrait>(&mut self, prefix: &str) -> &mut Self {
        self.columns(prefix, primary_key::<E>())
    }

    /// Appends names, quoted and separated by commas, each with `prefix` before it.
    pub(crate) fn names<'a>(&mut self, prefix: &str, names: impl IntoIterator<Item = &'a str>) -> &mut Self {
        for (index, name) in names.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.push(prefix).push("\"").push(name).push("\"");
        }
        self
    }

    /// Makes a SELECT lock the rows that it finds, so that other transactions can neither lock nor
    /// change them. Appends nothing on SQLite, which has no row locks.
    ///
    /// It is the lock that an UPDATE takes. Transactions that insert rows with a foreign key to a
    /// locked row do not wait for it.
    pub fn for_update(&mut self) -> &mut Self {
        self.push(if self.backend == DbBackend::Postgres { " FOR NO KEY UPDATE" } else { "" })
    }

    /// Makes a SELECT lock rows as [`Sql::for_update`] does, and skip rows that another transaction
    /// has locked.
    pub fn for_update_skip_locked(&mut self) -> &mut Self {
        self.push(if self.backend == DbBackend::Postgres { " FOR NO KEY UPDATE SKIP LOCKED" } else { "" })
    }

    /// Returns the finished statement.
    #[must_use]
    pub fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}
