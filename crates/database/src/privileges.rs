//! The privileges of the PostgreSQL role with which a service runs. The role can neither create nor
//! change tables, and can only add rows to tables that are histories.
use std::fmt::Write as _;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, EntityTrait, IdenStatic as _, Statement, TransactionTrait as _,
};

/// A table to which rows are only added. Services list them, so that the role of a service gets no
/// right to delete their rows, or to change columns other than `changing_columns`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendOnlyTable {
    name: &'static str,
    /// The columns that may change, for example because personal data is erased.
    changing_columns: Vec<&'static str>,
}

impl AppendOnlyTable {
    /// Lists the table of an entity. Only `changing_columns` of its rows may change.
    #[must_use]
    pub fn new<E: EntityTrait>(changing_columns: &[E::Column]) -> Self {
        let changing_columns = changing_columns.iter().map(|column| column.as_str()).collect();
        Self { name: E::default().table_name(), changing_columns }
    }
}

/// The table of the applied migrations, which a service only reads.
const MIGRATIONS: &str = "seaql_migrations";

/// Grants `role` what a service needs on all tables of the current schema, and revokes everything
/// else. The tables are those that exist, so that no table can be forgotten.
pub(super) async fn grant(
    connection: &DatabaseConnection,
    role: &str,
    append_only: &[AppendOnlyTable],
) -> Result<(), DbErr> {
    let tx = connection.begin().await?;
    let query = "SELECT current_schema()::text AS schema, tablename::text AS name FROM pg_tables \
                 WHERE schemaname = current_schema() ORDER BY tablename";
    let rows = tx.query_all_raw(Statement::from_string(connection.get_database_backend(), query)).await?;
    let role = quote(role);
    // Writing to a String cannot fail.
    let mut sql = String::new();
    for (index, row) in rows.iter().enumerate() {
        let (schema, table): (String, String) = (row.try_get("", "schema")?, row.try_get("", "name")?);
        if index == 0 {
            let schema = quote(&schema);
            let _ = write!(sql, "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {role}; ");
            let _ = write!(sql, "GRANT USAGE ON SCHEMA {schema} TO {role}; ");
        }
        let privileges = table_privileges(&table, append_only);
        let table = format!("{}.{}", quote(&schema), quote(&table));
        let _ = write!(sql, "REVOKE ALL ON {table} FROM PUBLIC, {role}; GRANT {privileges} ON {table} TO {role}; ");
    }
    tx.execute_unprepared(&sql).await?;
    tx.commit().await
}

/// Returns the privileges of a service on a table.
fn table_privileges(table: &str, append_only: &[AppendOnlyTable]) -> String {
    if table == MIGRATIONS {
        return "SELECT".to_owned();
    }
    match append_only.iter().find(|listed| listed.name == table) {
        None => "SELECT, INSERT, UPDATE, DELETE".to_owned(),
        Some(listed) if listed.changing_columns.is_empty() => "SELECT, INSERT".to_owned(),
        Some(listed) => {
            let columns: Vec<_> = listed.changing_columns.iter().map(|column| quote(column)).collect();
            format!("SELECT, INSERT, UPDATE ({})", columns.join(", "))
        }
    }
}

/// Quotes a name for a statement.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
