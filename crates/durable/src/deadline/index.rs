//! The table `deadline`, an index of deadlines by due time. The writer (the task that commits
//! commands) updates the table in its transactions; the deadline runner, which applies passed
//! deadlines, and operators read it. An *aggregate* is a unit that has deadlines, such as a claim.
use cpor_bulk_rows::{InputRows, Sql, storable_time, to_bigint};
use cpor_listing::{Cursor, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{Deadline, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, DbErr, EntityTrait as _, Iterable as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::change::{DeadlineChange, DeadlineState};
use crate::{
    AggregateKey, Tx,
    entity::deadline::{ActiveModel, Column, Entity, Model},
};

/// Stores the changed deadlines of aggregates of one kind.
pub(crate) async fn save_changes(
    tx: &Tx,
    aggregate: &'static str,
    changes: Vec<(AggregateKey, DeadlineChange)>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let rows = changes.into_iter().map(|(key, change)| to_row(aggregate, key, change, now));
    let rows = InputRows::from_models::<Entity>(Column::iter(), rows.collect::<Result<Vec<_>, _>>()?)?;
    for chunk in rows.chunks() {
        // Not `upsert`, because the generation grows by the number of times that the deadline was
        // set, and the armed time (at which it was set) changes only then.
        let mut sql = Sql::insert::<Entity>(tx.get_database_backend(), chunk)?;
        sql.push(" ON CONFLICT (owner, aggregate, id, kind) DO UPDATE SET due_time = excluded.due_time, ");
        sql.push("rule = excluded.rule, generation = deadline.generation + excluded.generation, ");
        sql.push("state = excluded.state, armed_time = CASE WHEN excluded.generation > 0 ");
        sql.push("THEN excluded.armed_time ELSE deadline.armed_time END");
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

fn to_row(aggregate: &str, key: AggregateKey, change: DeadlineChange, now: Timestamp) -> Result<ActiveModel, DbErr> {
    let DeadlineChange { deadline, state, times_set } = change;
    Ok(ActiveModel {
        owner: Set(key.owner),
        aggregate: Set(aggregate.to_owned()),
        id: Set(key.id),
        kind: Set(deadline.kind.into_owned()),
        // If the calendar has no business day left, the due time is later than the database can
        // store.
        due_time: Set(storable_time(deadline.due)),
        rule: Set(deadline.rule),
        generation: Set(to_bigint(times_set)?),
        state: Set(state),
        armed_time: Set(now),
    })
}

/// Returns the condition for deadlines in a state. The state is a literal and not a parameter,
/// because only then can the database use the partial index of pending deadlines.
pub(crate) fn is_in_state(state: DeadlineState) -> Expr {
    Expr::col(Column::State).eq(Expr::Constant(state.into()))
}

/// A pending deadline of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PendingDeadline {
    /// The kind of the aggregate, for example `claim`.
    pub(crate) aggregate: String,
    pub(crate) key: AggregateKey,
    /// The business time at which the deadline passes.
    pub(crate) due: Timestamp,
}

/// Lists at most `limit` pending deadlines, in the order of due time.
pub(crate) async fn list_earliest(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<PendingDeadline>, DbErr> {
    let pending = Entity::find().filter(is_in_state(DeadlineState::Pending));
    let rows = pending.order_by_asc(Column::DueTime).limit(limit).all(db).await?;
    let pending_deadline = |Model { aggregate, owner, id, due_time, .. }| PendingDeadline {
        aggregate,
        key: AggregateKey { owner, id },
        due: due_time,
    };
    Ok(rows.into_iter().map(pending_deadline).collect())
}

/// A deadline with its aggregate, as operators list it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedDeadline {
    /// The kind of the aggregate, for example `claim`.
    pub(crate) aggregate: String,
    pub(crate) key: AggregateKey,
    pub(crate) deadline: Deadline,
    /// The number of times that the aggregate's deadline of this kind was set.
    pub(crate) generation: u64,
    pub(crate) state: DeadlineState,
}

impl From<Model> for ListedDeadline {
    fn from(row: Model) -> Self {
        Self {
            aggregate: row.aggregate,
            key: AggregateKey { owner: row.owner, id: row.id },
            deadline: Deadline { due: row.due_time, kind: row.kind.into(), rule: row.rule },
            generation: row.generation.unsigned_abs(),
            state: row.state,
        }
    }
}

/// The filters and orders of the list of deadlines. Without a filter it contains the pending ones.
/// By default the one that is due first comes first.
pub(crate) static DEADLINES: TableList<Entity> = TableList {
    fields: &[
        field("state", FieldType::Enum("DEADLINE_STATE_", STATES), Source::Where(has_state)),
        column("kind", FieldType::Id(Format::ANY), Column::Kind),
        column("aggregate", FieldType::Id(Format::ANY), Column::Aggregate),
        column("due_time", FieldType::Time, Column::DueTime),
        column("generation", FieldType::Number, Column::Generation),
    ],
    sort_keys: &[("due_time", Column::DueTime)],
    default_order: Order { key: Column::DueTime, descending: false },
    tie_break: &[Column::Owner, Column::Aggregate, Column::Id, Column::Kind],
    default_filter: Some(|| Condition::all().add(is_in_state(DeadlineState::Pending))),
};

/// The accepted values of `state`.
const STATES: &[&str] = &["PENDING", "FIRED", "CANCELLED"];

/// Returns the condition for the deadlines whose state has this name in the API.
fn has_state(state: &str) -> Condition {
    let state = match state {
        "FIRED" => DeadlineState::Fired,
        "CANCELLED" => DeadlineState::Cancelled,
        _ => DeadlineState::Pending,
    };
    Condition::all().add(is_in_state(state))
}

/// Lists at most `limit` deadlines that match the query, in its order, beginning after the cursor
/// `after`. Each comes with its own cursor.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    query: &TableQuery<Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, ListedDeadline)>, DbErr> {
    let rows = query.fetch(db, Entity::find(), after, limit).await?;
    Ok(rows.into_iter().map(|(cursor, row)| (cursor, row.into())).collect())
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, QueryTrait as _};

    use super::*;

    #[test]
    fn the_state_is_a_literal() {
        for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
            let query = Entity::find().filter(is_in_state(DeadlineState::Pending)).build(backend);
            assert!(query.sql.ends_with(r#" WHERE "state" = 'pending'"#), "{query}");
        }
    }
}
