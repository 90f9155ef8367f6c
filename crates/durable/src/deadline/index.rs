//! The index of deadlines by due time, which the writer keeps and the runner and operators read.
use cpor_types::{Deadline, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::change::{DeadlineChange, DeadlineState};
use crate::{
    Key, Tx,
    rows::{Column, Kind, Micros, Sql, Table, stored},
};

/// Writes the changes of aggregates of one kind.
pub(crate) async fn write(
    tx: &Tx,
    aggregate: &'static str,
    changes: Vec<(Key, DeadlineChange)>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut table = Table::new(vec![
        Column::new("owner", Kind::Text),
        Column::new("aggregate", Kind::Text),
        Column::new("id", Kind::Uuid),
        Column::new("kind", Kind::Text),
        Column::new("due_time", Kind::Int),
        Column::new("rule", Kind::Text),
        Column::new("generation", Kind::Int),
        Column::new("state", Kind::Text),
        Column::new("armed_time", Kind::Int),
    ]);
    for (key, DeadlineChange { deadline, state, armed }) in changes {
        table.push([
            key.owner.into(),
            aggregate.into(),
            key.id.into(),
            deadline.kind.into_owned().into(),
            Micros::from(deadline.due).into(),
            deadline.rule.into(),
            stored(armed)?.into(),
            state.as_str().into(),
            Micros::from(now).into(),
        ]);
    }
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
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

/// Which deadlines have not passed, so that their partial index serves.
pub(crate) const PENDING: &str = "state = 'pending'";

/// An aggregate with a pending deadline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    pub(crate) aggregate: String,
    pub(crate) key: Key,
    pub(crate) due: Timestamp,
}

/// The aggregates whose pending deadlines pass first, in the order of due time.
pub(crate) async fn earliest(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Waiting>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT aggregate, owner, id, due_time FROM deadline WHERE ").push(PENDING);
    sql.push(" ORDER BY due_time LIMIT ");
    sql.bind(limit.cast_signed());
    let rows = db.query_all_raw(sql.statement()).await?;
    rows.iter().map(waiting).collect()
}

fn waiting(row: &QueryResult) -> Result<Waiting, DbErr> {
    let key = Key { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? };
    Ok(Waiting { aggregate: row.try_get("", "aggregate")?, key, due: row.try_get::<Micros>("", "due_time")?.into() })
}

/// A deadline as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) aggregate: String,
    pub(crate) key: Key,
    pub(crate) deadline: Deadline,
    pub(crate) generation: u64,
}

/// Where a listing goes on: after the deadline with this due time and identity.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct After {
    due: Micros,
    owner: String,
    aggregate: String,
    id: uuid::Uuid,
    kind: String,
}

impl After {
    pub(crate) fn of(Listed { aggregate, key, deadline, .. }: &Listed) -> Self {
        let (due, kind) = (deadline.due.into(), deadline.kind.clone().into_owned());
        Self { due, owner: key.owner.clone(), aggregate: aggregate.clone(), id: key.id, kind }
    }
}

/// Deadlines in one state by due time.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    state: DeadlineState,
    after: Option<After>,
    limit: u64,
) -> Result<Vec<Listed>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT owner, aggregate, id, kind, due_time, rule, generation FROM deadline WHERE state = ");
    // Literal, so that the partial index of the pending ones serves.
    sql.push("'").push(state.as_str()).push("'");
    if let Some(After { due, owner, aggregate, id, kind }) = after {
        sql.push(" AND (due_time, owner, aggregate, id, kind) > (").bind(due).push(", ").bind(owner);
        sql.push(", ").bind(aggregate).push(", ").bind(id).push(", ").bind(kind).push(")");
    }
    sql.push(" ORDER BY due_time, owner, aggregate, id, kind LIMIT ").bind(limit.cast_signed());
    db.query_all_raw(sql.statement()).await?.iter().map(listed).collect()
}

fn listed(row: &QueryResult) -> Result<Listed, DbErr> {
    let kind: String = row.try_get("", "kind")?;
    let due = row.try_get::<Micros>("", "due_time")?.into();
    Ok(Listed {
        aggregate: row.try_get("", "aggregate")?,
        key: Key { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? },
        deadline: Deadline { due, kind: kind.into(), rule: row.try_get("", "rule")? },
        generation: row.try_get::<i64>("", "generation")?.unsigned_abs(),
    })
}
