//! What became of the request ids of the last 24 hours (AIP-155).
use std::collections::HashMap;

use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    Key, RequestId, Tx,
    rows::{Column, Kind, Micros, Sql, Table, stored},
};

/// How long a request id is kept.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// At most so many rows go in one transaction, which other commands wait for on SQLite.
const SWEEP: u64 = 1_000;

/// Whose request it was; its columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestKey {
    caller: String,
    method: String,
    id: String,
}

impl RequestKey {
    pub(crate) fn of(request: &RequestId) -> Self {
        let RequestId { caller, method, id, .. } = request;
        Self { caller: caller.clone(), method: (*method).to_owned(), id: id.clone() }
    }

    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            caller: row.try_get("", "caller")?,
            method: row.try_get("", "method")?,
            id: row.try_get("", "request_id")?,
        })
    }
}

/// What the first request of an id committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) body_hash: [u8; 32],
    pub(crate) key: Key,
    pub(crate) version: u64,
}

fn key_columns() -> Vec<Column> {
    vec![Column::new("caller", Kind::Text), Column::new("method", Kind::Text), Column::new("request_id", Kind::Text)]
}

/// What is known of these request ids.
pub(crate) async fn load(tx: &Tx, requests: Vec<&RequestId>) -> Result<HashMap<RequestKey, Outcome>, DbErr> {
    let mut table = Table::new(key_columns());
    for request in requests {
        table.push([request.caller.clone().into(), request.method.into(), request.id.clone().into()]);
    }
    let mut known = HashMap::new();
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("SELECT caller, method, request_id, body_hash, owner, id, version FROM request_id ");
        sql.push("WHERE (caller, method, request_id) IN (SELECT s.caller, s.method, s.request_id FROM s)");
        for row in tx.query_all_raw(sql.statement()).await? {
            known.insert(RequestKey::read(&row)?, outcome(&row)?);
        }
    }
    Ok(known)
}

fn outcome(row: &QueryResult) -> Result<Outcome, DbErr> {
    let hash: Vec<u8> = row.try_get("", "body_hash")?;
    let body_hash = hash.try_into().map_err(|_| DbErr::Type("request_id.body_hash is not 32 bytes".to_owned()))?;
    let key = Key { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? };
    let version: i64 = row.try_get("", "version")?;
    Ok(Outcome { body_hash, key, version: version.unsigned_abs() })
}

/// Keeps the outcomes. Answers the keys of those whose request id somebody else has just used.
pub(crate) async fn insert(
    tx: &Tx,
    mut requests: Vec<(RequestId, Outcome)>,
    now: Timestamp,
) -> Result<Vec<Key>, DbErr> {
    requests.sort_by_cached_key(|(request, _)| RequestKey::of(request));
    let mut columns = key_columns();
    columns.extend([
        Column::new("body_hash", Kind::Bytes),
        Column::new("owner", Kind::Text),
        Column::new("id", Kind::Uuid),
        Column::new("version", Kind::Int),
        Column::new("create_time", Kind::Int),
    ]);
    let mut table = Table::new(columns);
    let mut missing = HashMap::new();
    for (request, Outcome { body_hash, key, version }) in requests {
        missing.insert(RequestKey::of(&request), key.clone());
        table.push([
            request.caller.into(),
            request.method.into(),
            request.id.into(),
            body_hash.to_vec().into(),
            key.owner.into(),
            key.id.into(),
            stored(version)?.into(),
            Micros::from(now).into(),
        ]);
    }
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("INSERT INTO request_id (caller, method, request_id, body_hash, owner, id, version, create_time) ");
        sql.push("SELECT caller, method, request_id, body_hash, owner, id, version, create_time FROM s WHERE TRUE ");
        sql.push("ON CONFLICT DO NOTHING RETURNING caller, method, request_id");
        for row in tx.query_all_raw(sql.statement()).await? {
            missing.remove(&RequestKey::read(&row)?);
        }
    }
    Ok(missing.into_values().collect())
}

/// Forgets request ids older than 24 hours, a limited number at once. Answers how many.
pub(crate) async fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, DbErr> {
    let mut sql = Sql::new(tx.get_database_backend());
    sql.push("DELETE FROM request_id WHERE (caller, method, request_id) IN ");
    sql.push("(SELECT caller, method, request_id FROM request_id WHERE create_time < ").bind(Micros::from(now - KEPT));
    sql.push(" ORDER BY create_time LIMIT ").bind(SWEEP.cast_signed()).push(")");
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected())
}
