//! The table `deadline`, an index of deadlines by due time. The writer updates the table in its
//! transactions; the deadline runner and operators read it.
use cpor_types::{Deadline, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::change::{DeadlineChange, DeadlineState};
use crate::{
    AggregateKey, Tx,
    rows::{Column, ColumnKind, InputRows, Micros, Sql, to_bigint},
};

/// Stores the changed deadlines of aggregates of one kind.
pub(crate) async fn save_changes(
    tx: &Tx,
    aggregate: &'static str,
    changes: Vec<(AggregateKey, DeadlineChange)>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut rows = InputRows::new(vec![
        Column::new("owner", ColumnKind::Text),
        Column::new("aggregate", ColumnKind::Text),
        Column::new("id", ColumnKind::Uuid),
        Column::new("kind", ColumnKind::Text),
        Column::new("due_time", ColumnKind::Int),
        Column::new("rule", ColumnKind::Text),
        Column::new("generation", ColumnKind::Int),
        Column::new("state", ColumnKind::Text),
        Column::new("armed_time", ColumnKind::Int),
    ]);
    for (key, DeadlineChange { deadline, state, times_set }) in changes {
        rows.push([
            key.owner.into(),
            aggregate.into(),
            key.id.into(),
            deadline.kind.into_owned().into(),
            Micros::from(deadline.due).into(),
            deadline.rule.into(),
            to_bigint(times_set)?.into(),
            state.as_str().into(),
            Micros::from(now).into(),
        ]);
    }
    for chunk in rows.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("INSERT INTO deadline (owner, aggregate, id, kind, due_time, rule, generation, state, armed_time) ");
        sql.push("SELECT owner, aggregate, id, kind, due_time, rule, generation, state, armed_time FROM s WHERE TRUE ");
        sql.push("ON CONFLICT (owner, aggregate, id, kind) DO UPDATE SET due_time = excluded.due_time, ");
        sql.push("rule = excluded.rule, generation = deadline.generation + excluded.generation, ");
        sql.push("state = excluded.state, armed_time = CASE WHEN excluded.generation > 0 ");
        sql.push("THEN excluded.armed_time ELSE deadline.armed_time END");
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// The SQL condition for pending deadlines. It is literal, so that their partial index serves.
pub(crate) const PENDING_CONDITION: &str = "state = 'pending'";

/// A pending deadline of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PendingDeadline {
    pub(crate) aggregate: String,
    pub(crate) key: AggregateKey,
    pub(crate) due: Timestamp,
}

/// Lists at most `limit` pending deadlines, in the order of due time.
pub(crate) async fn list_earliest(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<PendingDeadline>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT aggregate, owner, id, due_time FROM deadline WHERE ").push(PENDING_CONDITION);
    sql.push(" ORDER BY due_time LIMIT ");
    sql.bind(limit.cast_signed());
    let rows = db.query_all_raw(sql.statement()).await?;
    rows.iter().map(pending_from_row).collect()
}

fn pending_from_row(row: &QueryResult) -> Result<PendingDeadline, DbErr> {
    let key = AggregateKey { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? };
    Ok(PendingDeadline {
        aggregate: row.try_get("", "aggregate")?,
        key,
        due: row.try_get::<Micros>("", "due_time")?.into(),
    })
}

/// A deadline with its aggregate, as operators list it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedDeadline {
    pub(crate) aggregate: String,
    pub(crate) key: AggregateKey,
    pub(crate) deadline: Deadline,
    /// The number of times that the aggregate's deadline of this kind was set.
    pub(crate) generation: u64,
}

/// The place after which the next page of a list begins: the due time and identity of the last
/// deadline of the previous page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct DeadlineCursor {
    due: Micros,
    owner: String,
    aggregate: String,
    id: uuid::Uuid,
    kind: String,
}

impl DeadlineCursor {
    /// Returns the place of a deadline in the list.
    pub(crate) fn new(ListedDeadline { aggregate, key, deadline, .. }: &ListedDeadline) -> Self {
        let (due, kind) = (deadline.due.into(), deadline.kind.clone().into_owned());
        Self { due, owner: key.owner.clone(), aggregate: aggregate.clone(), id: key.id, kind }
    }
}

/// Lists the deadlines in one state, in the order of due time.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    state: DeadlineState,
    after: Option<DeadlineCursor>,
    limit: u64,
) -> Result<Vec<ListedDeadline>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT owner, aggregate, id, kind, due_time, rule, generation FROM deadline WHERE state = ");
    // The state is literal, so that the partial index of pending deadlines serves.
    sql.push("'").push(state.as_str()).push("'");
    if let Some(DeadlineCursor { due, owner, aggregate, id, kind }) = after {
        sql.push(" AND (due_time, owner, aggregate, id, kind) > (").bind(due).push(", ").bind(owner);
        sql.push(", ").bind(aggregate).push(", ").bind(id).push(", ").bind(kind).push(")");
    }
    sql.push(" ORDER BY due_time, owner, aggregate, id, kind LIMIT ").bind(limit.cast_signed());
    db.query_all_raw(sql.statement()).await?.iter().map(deadline_from_row).collect()
}

fn deadline_from_row(row: &QueryResult) -> Result<ListedDeadline, DbErr> {
    let kind: String = row.try_get("", "kind")?;
    let due = row.try_get::<Micros>("", "due_time")?.into();
    Ok(ListedDeadline {
        aggregate: row.try_get("", "aggregate")?,
        key: AggregateKey { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? },
        deadline: Deadline { due, kind: kind.into(), rule: row.try_get("", "rule")? },
        generation: row.try_get::<i64>("", "generation")?.unsigned_abs(),
    })
}
