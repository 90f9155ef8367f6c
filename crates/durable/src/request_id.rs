//! The table of request ids (AIP-155): it stores, for 24 hours, which aggregate each request
//! changed.
use std::collections::HashMap;

use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    AggregateKey, RequestId, Tx,
    rows::{Column, ColumnKind, InputRows, Micros, Sql, to_bigint},
};

/// The time for which a request id is kept.
const RETENTION: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// The maximum number of rows that one transaction deletes. On SQLite, commands wait for that
/// transaction.
const MAX_DELETED: u64 = 1_000;

/// The primary key of a request id's row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestKey {
    caller: String,
    method: String,
    id: String,
}

impl RequestKey {
    /// Returns the key under which the row of `request` is stored.
    pub(crate) fn new(request: &RequestId) -> Self {
        let RequestId { caller, method, id, .. } = request;
        Self { caller: caller.clone(), method: (*method).to_owned(), id: id.clone() }
    }

    fn from_row(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            caller: row.try_get("", "caller")?,
            method: row.try_get("", "method")?,
            id: row.try_get("", "request_id")?,
        })
    }
}

/// The outcome of the first request with an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestOutcome {
    /// SHA-256 of the first request, which a repeated request must match.
    pub(crate) body_hash: [u8; 32],
    /// The aggregate that the request changed.
    pub(crate) key: AggregateKey,
    /// The version of the aggregate after the request.
    pub(crate) version: u64,
}

fn key_columns() -> Vec<Column> {
    vec![
        Column::new("caller", ColumnKind::Text),
        Column::new("method", ColumnKind::Text),
        Column::new("request_id", ColumnKind::Text),
    ]
}

/// Loads the stored outcomes of these request ids. Ids that were never used are absent from the
/// result.
pub(crate) async fn load(tx: &Tx, requests: Vec<&RequestId>) -> Result<HashMap<RequestKey, RequestOutcome>, DbErr> {
    let mut rows = InputRows::new(key_columns());
    for request in requests {
        rows.push([request.caller.clone().into(), request.method.into(), request.id.clone().into()]);
    }
    let mut outcomes = HashMap::new();
    for chunk in rows.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("SELECT caller, method, request_id, body_hash, owner, id, version FROM request_id ");
        sql.push("WHERE (caller, method, request_id) IN (SELECT s.caller, s.method, s.request_id FROM s)");
        for row in tx.query_all_raw(sql.statement()).await? {
            outcomes.insert(RequestKey::from_row(&row)?, request_outcome_from_row(&row)?);
        }
    }
    Ok(outcomes)
}

fn request_outcome_from_row(row: &QueryResult) -> Result<RequestOutcome, DbErr> {
    let hash: Vec<u8> = row.try_get("", "body_hash")?;
    let body_hash = hash.try_into().map_err(|_| DbErr::Type("request_id.body_hash is not 32 bytes".to_owned()))?;
    let key = AggregateKey { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? };
    let version: i64 = row.try_get("", "version")?;
    Ok(RequestOutcome { body_hash, key, version: version.unsigned_abs() })
}

/// Stores the outcomes of requests. Returns the aggregates of those whose request id another
/// process has just used.
pub(crate) async fn insert(
    tx: &Tx,
    mut requests: Vec<(RequestId, RequestOutcome)>,
    now: Timestamp,
) -> Result<Vec<AggregateKey>, DbErr> {
    requests.sort_by_cached_key(|(request, _)| RequestKey::new(request));
    let mut columns = key_columns();
    columns.extend([
        Column::new("body_hash", ColumnKind::Bytes),
        Column::new("owner", ColumnKind::Text),
        Column::new("id", ColumnKind::Uuid),
        Column::new("version", ColumnKind::Int),
        Column::new("create_time", ColumnKind::Int),
    ]);
    let mut rows = InputRows::new(columns);
    let mut not_inserted = HashMap::new();
    for (request, RequestOutcome { body_hash, key, version }) in requests {
        not_inserted.insert(RequestKey::new(&request), key.clone());
        rows.push([
            request.caller.into(),
            request.method.into(),
            request.id.into(),
            body_hash.to_vec().into(),
            key.owner.into(),
            key.id.into(),
            to_bigint(version)?.into(),
            Micros::from(now).into(),
        ]);
    }
    for chunk in rows.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("INSERT INTO request_id (caller, method, request_id, body_hash, owner, id, version, create_time) ");
        sql.push("SELECT caller, method, request_id, body_hash, owner, id, version, create_time FROM s WHERE TRUE ");
        sql.push("ON CONFLICT DO NOTHING RETURNING caller, method, request_id");
        for row in tx.query_all_raw(sql.statement()).await? {
            not_inserted.remove(&RequestKey::from_row(&row)?);
        }
    }
    Ok(not_inserted.into_values().collect())
}

/// Deletes request ids that are older than 24 hours, at most [`MAX_DELETED`]. Returns the number of
/// deleted rows.
pub(crate) async fn delete_expired(tx: &Tx, now: Timestamp) -> Result<u64, DbErr> {
    let mut sql = Sql::new(tx.get_database_backend());
    sql.push("DELETE FROM request_id WHERE (caller, method, request_id) IN ");
    sql.push("(SELECT caller, method, request_id FROM request_id WHERE create_time < ")
        .bind(Micros::from(now - RETENTION));
    sql.push(" ORDER BY create_time LIMIT ").bind(MAX_DELETED.cast_signed()).push(")");
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected())
}
