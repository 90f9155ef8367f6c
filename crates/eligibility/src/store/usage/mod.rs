//! Monthly usage (R51): imports, lists, and what assessments have yet to see of it.
//!
//! A month that an import changes is *unseen* until every assessment that looks at its key was made with it. The
//! import itself touches no assessment, so it neither waits for commands nor makes them wait; and an association that
//! becomes official beside it misses nothing, because its first assessment reads usage after both.
mod import;
mod news;
mod read;

pub(crate) use import::{ImportError, import};
pub(crate) use news::{News, assessed_with, count_unseen, seen, unseen};
pub(crate) use read::{Cursor, Listed, list, of_keys};

use cpor_types::{Month, TenantKey};
use sea_orm::{
    ExprTrait,
    sea_query::{Expr, IntoIden, IntoValueTuple, Query},
};

/// Rows of one statement: SQLite admits 32,766 parameters.
const CHUNK: usize = 5_000;

/// That these columns hold one of `rows`, in a form that both engines look up by index.
fn among<C: IntoIden, R: IntoValueTuple>(
    columns: impl IntoIterator<Item = C>,
    rows: impl IntoIterator<Item = R>,
) -> Expr {
    let columns: Vec<Expr> = columns.into_iter().map(Expr::col).collect();
    // Both engines call the columns of VALUES so.
    let values = (1..=columns.len()).map(|n| format!("column{n}"));
    let listed = Query::select().columns(values).from_values(rows, "listed").to_owned();
    Expr::tuple(columns).in_subquery(listed)
}

/// A key as both its columns hold it.
fn key_columns(key: &TenantKey) -> (String, String) {
    (key.tenant.to_string(), key.key.to_string())
}

/// A month of a key as its columns hold it.
fn month_columns(key: &TenantKey, month: Month) -> (String, String, String) {
    (key.tenant.to_string(), key.key.to_string(), month.to_string())
}
