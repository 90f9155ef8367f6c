//! The table of request ids (AIP-155): it stores for 24 hours which aggregate each request changed.
//! An *aggregate* is a unit that is loaded, decided and saved as a whole, such as a claim; a
//! *writer* is the task that decides and commits commands on aggregates.
use std::collections::HashMap;

use cpor_bulk_rows::{insert_new, load as load_rows, to_bigint};
use cpor_types::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Value,
    sea_query::{Expr, ExprTrait as _},
};

use crate::{
    AggregateKey, RequestId, Tx,
    entity::request_id::{ActiveModel, Column, Entity, Model},
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

    fn values(self) -> [Value; 3] {
        [self.caller.into(), self.method.into(), self.id.into()]
    }
}

/// The outcome of the first request with an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestOutcome {
    /// The SHA-256 hash of the first request without its id. A repeated request must have the same
    /// hash.
    pub(crate) body_hash: [u8; 32],
    /// The aggregate that the request changed.
    pub(crate) key: AggregateKey,
    /// The version of the aggregate after the request.
    pub(crate) version: u64,
}

/// The columns of the primary key.
const KEY_COLUMNS: [Column; 3] = [Column::Caller, Column::Method, Column::RequestId];

/// The request ids of the rows of an import, by which rows that were handled before are recognised.
/// An import that a writer saves only looks them up. An import that is saved without a writer also
/// stores new ones in its transaction.
#[derive(Debug)]
pub struct RequestLog {
    /// The hashes of the requests that were handled, by the key of their id.
    known: HashMap<RequestKey, [u8; 32]>,
    /// The requests that are handled now and not yet saved.
    added: Vec<(RequestId, RequestOutcome)>,
}

/// The refusal of a request whose id was used before with other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestIdReused;

impl RequestLog {
    /// Loads what is stored about these request ids, with one query.
    ///
    /// # Errors
    /// Returns an error if the database fails or a row is inconsistent.
    pub async fn load<'r>(
        db: &impl ConnectionTrait,
        requests: impl Iterator<Item = &'r RequestId>,
    ) -> Result<Self, DbErr> {
        let stored = load(db, requests.collect()).await?.into_iter();
        Ok(Self { known: stored.map(|(key, outcome)| (key, outcome.body_hash)).collect(), added: Vec::new() })
    }

    /// Returns whether the request was handled before.
    ///
    /// # Errors
    /// Returns an error if the id was used for other content.
    pub fn is_repeated(&self, request: &RequestId) -> Result<bool, RequestIdReused> {
        match self.known.get(&RequestKey::new(request)) {
            None => Ok(false),
            Some(body_hash) if *body_hash == request.body_hash => Ok(true),
            Some(_) => Err(RequestIdReused),
        }
    }

    /// Adds a request that is handled now. `key` names what it changes.
    pub fn add(&mut self, request: RequestId, key: AggregateKey) {
        let outcome = RequestOutcome { body_hash: request.body_hash, key, version: 0 };
        self.known.insert(RequestKey::new(&request), request.body_hash);
        self.added.push((request, outcome));
    }

    /// Returns whether there is nothing to save.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.added.is_empty()
    }

    /// Saves the added requests, with one statement. Their ids are kept for 24 hours from
    /// `real_time`. Returns `false` if another process has just used one of the ids; the
    /// transaction must then be rolled back.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn save(self, tx: &Tx, real_time: Timestamp) -> Result<bool, DbErr> {
        Ok(self.added.is_empty() || insert(tx, self.added, real_time).await?.is_empty())
    }
}

/// Loads the stored outcomes of these request ids. Ids that were never used are absent from the
/// result.
pub(crate) async fn load(
    db: &impl ConnectionTrait,
    requests: Vec<&RequestId>,
) -> Result<HashMap<RequestKey, RequestOutcome>, DbErr> {
    let keys = requests.into_iter().map(|request| RequestKey::new(request).values());
    load_rows::<Entity>(db, &KEY_COLUMNS, keys).await?.into_iter().map(outcome_from_row).collect()
}

/// Returns whether a request with this id was handled and committed.
pub(crate) async fn is_known(
    db: &DatabaseConnection,
    caller: &str,
    method: &str,
    request_id: &str,
) -> Result<bool, DbErr> {
    let key = (caller.to_owned(), method.to_owned(), request_id.to_owned());
    Ok(Entity::find_by_id(key).one(db).await?.is_some())
}

fn outcome_from_row(row: Model) -> Result<(RequestKey, RequestOutcome), DbErr> {
    let hash = row.body_hash.try_into();
    let body_hash = hash.map_err(|_| DbErr::Type("request_id.body_hash is not 32 bytes".to_owned()))?;
    let request = RequestKey { caller: row.caller, method: row.method, id: row.request_id };
    let key = AggregateKey::new(row.owner, row.id);
    Ok((request, RequestOutcome { body_hash, key, version: row.version.unsigned_abs() }))
}

/// Stores the outcomes of requests. Returns the aggregates of those requests whose ids another
/// process has used since this transaction looked for them.
pub(crate) async fn insert(
    tx: &Tx,
    mut requests: Vec<(RequestId, RequestOutcome)>,
    now: Timestamp,
) -> Result<Vec<AggregateKey>, DbErr> {
    requests.sort_by_cached_key(|(request, _)| RequestKey::new(request));
    let keys: Vec<AggregateKey> = requests.iter().map(|(_, outcome)| outcome.key.clone()).collect();
    let rows = requests.into_iter().map(|(request, outcome)| to_row(request, outcome, now));
    let not_inserted = insert_new::<Entity>(tx, rows.collect::<Result<Vec<_>, _>>()?).await?;
    Ok(not_inserted.into_iter().filter_map(|index| keys.get(index).cloned()).collect())
}

fn to_row(request: RequestId, outcome: RequestOutcome, now: Timestamp) -> Result<ActiveModel, DbErr> {
    let RequestOutcome { body_hash, key, version } = outcome;
    Ok(ActiveModel {
        caller: Set(request.caller),
        method: Set(request.method.to_owned()),
        request_id: Set(request.id),
        body_hash: Set(body_hash.to_vec()),
        owner: Set(key.owner),
        id: Set(key.id),
        version: Set(to_bigint(version)?),
        create_time: Set(now),
    })
}

/// Deletes request ids that are older than 24 hours, at most [`MAX_DELETED`]. Returns the number of
/// deleted rows.
pub(crate) async fn delete_expired(tx: &Tx, now: Timestamp) -> Result<u64, DbErr> {
    let mut oldest = Entity::find().select_only().columns(KEY_COLUMNS);
    oldest = oldest.filter(Column::CreateTime.lt(now - RETENTION)).order_by_asc(Column::CreateTime).limit(MAX_DELETED);
    let key = Expr::tuple(KEY_COLUMNS.map(Expr::col));
    let delete = Entity::delete_many().filter(key.in_subquery(oldest.into_query()));
    Ok(delete.exec(tx).await?.rows_affected)
}
