//! Reads the CHECK constraint of a column that stores an enum, for tests.
use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// Returns the texts that the constraint `CHECK ("column" IN ('…', …))` of a column allows.
///
/// Tests compare them with the values of the column's `ActiveEnum`, so that the enum and the
/// migration cannot differ. The texts must not contain quotes.
///
/// # Errors
/// Returns an error if the database fails, or if the column has no such constraint.
pub async fn allowed_texts(db: &impl ConnectionTrait, table: &str, column: &str) -> Result<BTreeSet<String>, DbErr> {
    let backend = db.get_database_backend();
    let query = if backend == DbBackend::Postgres {
        "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint \
         WHERE contype = 'c' AND conrelid = to_regclass($1)"
    } else {
        "SELECT sql AS definition FROM sqlite_schema WHERE type = 'table' AND name = ?1"
    };
    for row in db.query_all_raw(Statement::from_sql_and_values(backend, query, [table.into()])).await? {
        let definition: String = row.try_get("", "definition")?;
        for check in definition.split("CHECK").skip(1) {
            // `("state" IN ('a', 'b'))`, or as PostgreSQL prints it:
            // `((state = ANY (ARRAY['a'::text, 'b'::text])))`.
            let name = check.trim_start_matches(['(', ' ', '"']);
            let is_other = |rest: &str| rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
            match name.strip_prefix(column) {
                Some(rest) if !is_other(rest) => return Ok(quoted_texts(rest)),
                Some(_) | None => {}
            }
        }
    }
    Err(DbErr::RecordNotFound(format!("column {table}.{column} has no CHECK of its values")))
}

/// Returns the quoted texts up to the end of the constraint's expression.
fn quoted_texts(check: &str) -> BTreeSet<String> {
    let mut depth = 1;
    let end = check.find(|next: char| {
        depth += match next {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    let expression = &check[..end.unwrap_or(check.len())];
    expression.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}
