//! Input rows of a statement: rows of values that are sent as arrays on PostgreSQL and as a list of
//! values on SQLite.
use sea_orm::{ColumnTrait, DbBackend, DbErr, EntityTrait, Iterable as _, Value, sea_query::ArrayType};

use crate::{
    column_kind::{ColumnKind, widen},
    sql::Sql,
    time,
    values::value,
};

/// A column of input rows.
#[derive(Clone, Debug)]
struct Column {
    name: &'static str,
    kind: ColumnKind,
    is_nullable: bool,
}

impl Column {
    fn new<C: ColumnTrait>(column: C) -> Result<Self, DbErr> {
        let definition = column.def();
        let kind = ColumnKind::from_column_type(definition.get_column_type())?;
        Ok(Self { name: column.as_str(), kind, is_nullable: definition.is_null() })
    }
}

/// Rows of values with named columns. In statements that [`Sql::with_rows`] starts, the table `s`
/// contains them.
#[derive(Clone, Debug)]
pub struct InputRows {
    columns: Vec<Column>,
    /// The values of all rows, row by row.
    values: Vec<Value>,
}

/// The maximum number of values in one statement. SQLite allows 32,766 parameters.
const MAX_VALUES: usize = 30_000;

impl InputRows {
    /// Creates an empty set of rows with these columns of an entity.
    ///
    /// # Errors
    /// Returns an error if the type of a column is not supported.
    pub fn new<C: ColumnTrait>(columns: impl IntoIterator<Item = C>) -> Result<Self, DbErr> {
        Ok(Self { columns: columns.into_iter().map(Column::new).collect::<Result<_, _>>()?, values: Vec::new() })
    }

    /// Creates rows with these columns of `E`, which must be set in every model.
    ///
    /// # Errors
    /// Returns an error if a column is not set, or if its type is not supported.
    pub fn from_models<E: EntityTrait>(
        columns: impl IntoIterator<Item = E::Column>,
        models: impl IntoIterator<Item = E::ActiveModel>,
    ) -> Result<Self, DbErr> {
        let columns: Vec<E::Column> = columns.into_iter().collect();
        let mut rows = Self::new(columns.iter().copied())?;
        for model in models {
            for column in &columns {
                rows.values.push(value(&model, *column)?);
            }
        }
        Ok(rows)
    }

    /// Creates rows with every column of `E`.
    ///
    /// # Errors
    /// Returns the same errors as [`InputRows::from_models`].
    pub(crate) fn with_all_columns<E: EntityTrait>(
        models: impl IntoIterator<Item = E::ActiveModel>,
    ) -> Result<Self, DbErr> {
        Self::from_models::<E>(E::Column::iter(), models)
    }

    /// Adds a row, which has one value for each column.
    #[expect(clippy::disallowed_macros, reason = "the profile of this crate has debug-assertions")]
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        self.values.extend(row);
        debug_assert_eq!(self.values.len() % self.columns.len(), 0, "a row must have one value for each column");
    }

    /// Returns the names of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().into_iter()
    }

    /// Returns an error if a row contains a value that SQLite and PostgreSQL would not order in the
    /// same way.
    pub(crate) fn check(&self) -> Result<(), DbErr> {
        self.values.iter().try_for_each(time::check)
    }

    /// Splits the rows into chunks that each fit into one statement. There are no chunks if there
    /// are no rows.
    pub fn chunks(self) -> impl Iterator<Item = Self> {
        let rows_per_chunk = (MAX_VALUES / self.columns.len()).max(1);
        let mut remaining = self;
        std::iter::from_fn(move || {
            if remaining.values.is_empty() {
                return None;
            }
            let split_index = remaining.values.len().min(rows_per_chunk * remaining.columns.len());
            let tail = remaining.values.split_off(split_index);
            let values = std::mem::replace(&mut remaining.values, tail);
            Some(Self { columns: remaining.columns.clone(), values })
        })
    }

    /// Appends `WITH s AS (SELECT … FROM UNNEST($1::text[], …))` for PostgreSQL. This text does not
    /// depend on the number of rows.
    pub(crate) fn write_unnest(self, sql: &mut Sql) -> Result<(), DbErr> {
        let Self { columns, values } = self;
        let mut arrays: Vec<Vec<Value>> = columns.iter().map(|_| Vec::new()).collect();
        let mut null_flags: Vec<Vec<Value>> = arrays.clone();
        for (index, value) in values.into_iter().enumerate() {
            let column = index % columns.len();
            let is_null = value == value.as_null();
            null_flags[column].push(is_null.into());
            arrays[column].push(if is_null { columns[column].kind.null_placeholder() } else { widen(value)? });
        }
        sql.push("WITH s AS (SELECT ");
        for (index, Column { name, is_nullable, .. }) in columns.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let item = match is_nullable {
                true => format!(r#"{comma}CASE WHEN "{name}__null" THEN NULL ELSE "{name}" END AS "{name}""#),
                false => format!(r#"{comma}"{name}""#),
            };
            sql.push(&item);
        }
        sql.push(" FROM UNNEST(");
        let mut column_names = String::new();
        for ((column, array), flags) in columns.iter().zip(arrays).zip(null_flags) {
            if !column_names.is_empty() {
                sql.push(", ");
                column_names.push_str(", ");
            }
            let kind = column.kind;
            sql.bind(Value::Array(kind.array_type(), Some(Box::new(array)))).push("::").push(kind.postgres_array());
            column_names.push_str(&format!(r#""{}""#, column.name));
            if column.is_nullable {
                sql.push(", ").bind(Value::Array(ArrayType::Bool, Some(Box::new(flags)))).push("::boolean[]");
                column_names.push_str(&format!(r#", "{}__null""#, column.name));
            }
        }
        sql.push(") AS u(").push(&column_names).push(")) ");
        Ok(())
    }

    /// Appends `WITH s(…) AS (VALUES (?, …), …)` for SQLite.
    pub(crate) fn write_values(self, sql: &mut Sql) {
        let width = self.columns.len();
        let names = self.names();
        sql.push("WITH s(").names("", names).push(") AS (VALUES ");
        for (index, value) in self.values.into_iter().enumerate() {
            let separator = match (index, index % width) {
                (0, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            sql.push(separator).bind(value);
        }
        sql.push(")) ");
    }
}

impl Sql {
    /// Starts a statement with `WITH s AS (…)`, which makes `rows` available as the table `s`.
    ///
    /// # Errors
    /// Returns an error if a value cannot be sent, or if the database is neither SQLite nor
    /// PostgreSQL.
    pub fn with_rows(backend: DbBackend, rows: InputRows) -> Result<Self, DbErr> {
        rows.check()?;
        let mut sql = Self::new(backend);
        match backend {
            DbBackend::Postgres => rows.write_unnest(&mut sql)?,
            DbBackend::Sqlite | DbBackend::MySql => rows.write_values(&mut sql),
            _ => return Err(DbErr::Custom("the database must be SQLite or PostgreSQL".to_owned())),
        }
        Ok(sql)
    }

    /// Starts a statement that inserts `rows` into the table of `E`. A clause `ON CONFLICT` can
    /// follow.
    ///
    /// # Errors
    /// Returns the same errors as [`Sql::with_rows`].
    pub fn insert<E: EntityTrait>(backend: DbBackend, rows: InputRows) -> Result<Self, DbErr> {
        let names = rows.names();
        let mut sql = Self::with_rows(backend, rows)?;
        sql.push("INSERT INTO ").table::<E>().push(" (").names("", names.clone());
        // Without the WHERE, SQLite parses the ON of a following ON CONFLICT as the ON of a join.
        sql.push(") SELECT ").names("s.", names).push(" FROM s WHERE TRUE");
        Ok(sql)
    }
}
