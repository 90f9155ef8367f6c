//! Monthly usage (R51): imports, lists, and the months that assessments have not used yet.
//!
//! A month that an import changes is *pending* until every assessment of its key (workload or
//! subscription) has been made again with the new figures. The import itself changes no assessment,
//! so imports and commands do not wait for each other. No usage is missed for an association that
//! becomes official (is assessed for the first time) during an import: its first assessment is made
//! later and reads the imported usage.
mod import;
mod pending;
mod read;

pub(crate) use import::{ImportError, ImportedRow, import};
pub(crate) use pending::{PendingUsage, count_pending, list_dependent_assessments, list_pending, mark_as_assessed};
pub(crate) use read::{USAGE, UsageRevision, list, load_usage};

use cpor_durable::ids::TenantId;
use cpor_types::{Month, TenantKey};
use sea_orm::{
    ExprTrait,
    sea_query::{Expr, IntoIden, IntoValueTuple, Query},
};

/// The maximum number of rows in one statement. SQLite allows 32,766 parameters.
const MAX_ROWS: usize = 5_000;

/// Returns the condition that the values of these columns are one of `rows`, in a form for which
/// both SQLite and PostgreSQL use an index.
fn is_in_rows<C: IntoIden, R: IntoValueTuple>(
    columns: impl IntoIterator<Item = C>,
    rows: impl IntoIterator<Item = R>,
) -> Expr {
    let columns: Vec<Expr> = columns.into_iter().map(Expr::col).collect();
    // Both databases name the columns of a VALUES list column1, column2 and so on.
    let value_columns = (1..=columns.len()).map(|n| format!("column{n}"));
    let listed = Query::select().columns(value_columns).from_values(rows, "listed").to_owned();
    Expr::tuple(columns).in_subquery(listed)
}

/// Returns the values of the columns `owner` and `key`.
fn key_columns(key: &TenantKey) -> (TenantId, String) {
    (key.tenant.into(), key.key.to_string())
}

/// Returns the values of the columns `owner`, `key` and `month`.
fn month_columns(key: &TenantKey, month: Month) -> (TenantId, String, String) {
    (key.tenant.into(), key.key.to_string(), month.to_string())
}
