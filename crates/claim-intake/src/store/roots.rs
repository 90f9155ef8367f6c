//! Stores and reads the roots: signed hashes of the last history entries (the *leaves*) of all
//! claims that changed since the root before (R56).
use super::entity::{claim, history, history_root, history_root_leaf};
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_database::Db;
use cpor_durable::{
    StoreError,
    ids::{ClaimId, PartnerId},
    rows::{self, to_bigint},
};
use cpor_history::{
    Digest,
    root::{Leaf, RootStatement, SignedRoot},
};
use cpor_types::{ClaimName, Timestamp, rfc3339};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};

/// The key of a leaf among the leaves of a root.
pub(crate) type LeafKey = (PartnerId, ClaimId, i64);

/// The columns of the history that a leaf contains: owner, claim, position, link, and the sequence
/// number in the change log of the owner (the partner), which numbers the entries of all its
/// claims.
type LeafColumns = (PartnerId, ClaimId, i64, Vec<u8>, i64);

/// Reads the last root. `None` before the first one.
///
/// # Errors
/// Returns an error if the database fails or the row is inconsistent.
pub(crate) async fn last(db: &impl ConnectionTrait) -> Result<Option<SignedRoot>, StoreError> {
    let query = history_root::Entity::find().order_by_desc(history_root::Column::Number);
    fetch_one(db, query).await?.map(root_from_row).transpose()
}

/// Reads at most `limit` roots after this number, in their order.
///
/// # Errors
/// Returns an error if the database fails or a row is inconsistent.
pub(crate) async fn after(db: &impl ConnectionTrait, number: u64, limit: u64) -> Result<Vec<SignedRoot>, StoreError> {
    let query = history_root::Entity::find().filter(history_root::Column::Number.gt(to_bigint(number)?));
    let query = query.order_by_asc(history_root::Column::Number).limit(limit);
    fetch_all(db, query).await?.into_iter().map(root_from_row).collect()
}

/// Reads the root with this number.
///
/// # Errors
/// Returns an error if the database fails or the row is inconsistent.
pub(crate) async fn get(db: &impl ConnectionTrait, number: u64) -> Result<Option<SignedRoot>, StoreError> {
    fetch_one(db, history_root::Entity::find_by_id(to_bigint(number)?)).await?.map(root_from_row).transpose()
}

/// Reads at most `limit` leaves of a root after this key, in the order in which they are hashed.
///
/// # Errors
/// Returns an error if the database fails or a row is inconsistent.
pub(crate) async fn leaves_after(
    db: &impl ConnectionTrait,
    root: u64,
    after: Option<&LeafKey>,
    limit: u64,
) -> Result<Vec<(LeafKey, Leaf)>, StoreError> {
    use history_root_leaf::{Column, Entity};
    let mut query = Entity::find().filter(Column::Root.eq(to_bigint(root)?));
    if let Some((owner, claim, position)) = after {
        query =
            query.filter(key_is_greater([Column::Owner, Column::ClaimId, Column::Position], owner, *claim, *position));
    }
    let order = [Column::Owner, Column::ClaimId, Column::Position];
    let query = order.into_iter().fold(query, |query, column| query.order_by_asc(column)).limit(limit);
    let rows = fetch_all(db, query).await?.into_iter();
    rows.map(|row| {
        let key = (row.owner.clone(), row.claim_id, row.position);
        Ok((key, new_leaf((row.owner, row.claim_id, row.position, row.link, row.log_position))?))
    })
    .collect()
}

/// Returns the condition for rows whose key is greater than this one. An index on the three columns
/// serves it.
pub(crate) fn key_is_greater<C: sea_orm::ColumnTrait>(
    columns: [C; 3],
    owner: &PartnerId,
    claim: ClaimId,
    position: i64,
) -> Expr {
    let columns = Expr::tuple(columns.map(|column| column.into_expr()));
    columns.gt(Expr::tuple([Expr::value(owner.clone()), Expr::value(claim), Expr::value(position)]))
}

/// Reads the last entry of at most `limit` claims, if no root contains that entry. The leaves have
/// the order in which they are hashed.
///
/// # Errors
/// Returns an error if the database fails or a row is inconsistent.
pub(crate) async fn changed_claims(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Leaf>, StoreError> {
    use history::{Column, Entity};
    let leaf_of_entry = Query::select()
        .expr(Expr::val(1))
        .from(history_root_leaf::Entity)
        .and_where(
            Expr::col((history_root_leaf::Entity, history_root_leaf::Column::Owner)).equals((Entity, Column::Owner)),
        )
        .and_where(
            Expr::col((history_root_leaf::Entity, history_root_leaf::Column::ClaimId))
                .equals((Entity, Column::ClaimId)),
        )
        .and_where(
            Expr::col((history_root_leaf::Entity, history_root_leaf::Column::Position))
                .equals((Entity, Column::Position)),
        )
        .take();
    let query = Entity::find()
        .inner_join(claim::Entity)
        .filter(Expr::col((Entity, Column::Position)).equals((claim::Entity, claim::Column::History)))
        .filter(Expr::exists(leaf_of_entry).not())
        .order_by_asc(Column::Owner)
        .order_by_asc(Column::ClaimId)
        .limit(limit)
        .select_only()
        .columns([Column::Owner, Column::ClaimId, Column::Position, Column::Link, Column::OwnerSequence]);
    query.into_tuple::<LeafColumns>().all(db).await?.into_iter().map(new_leaf).collect()
}

/// Inserts a root with its leaves, in one transaction. Returns `false`, and inserts nothing, if
/// another process has inserted a root with this number.
///
/// # Errors
/// Returns an error if the database fails.
pub(crate) async fn insert(db: &Db, signed: &SignedRoot, leaves: Vec<Leaf>) -> Result<bool, StoreError> {
    let SignedRoot { root, signature } = signed;
    let number = to_bigint(root.number)?;
    let row = history_root::ActiveModel {
        number: Set(number),
        day: Set(root.day.clone()),
        leaves: Set(to_bigint(root.leaves)?),
        previous: Set(root.previous.0.to_vec()),
        root: Set(root.root.0.to_vec()),
        issue_time: Set(parse_time(&root.issue_time)?),
        signature: Set(signature.clone()),
    };
    let tx = db.begin().await?;
    let unless_exists = OnConflict::column(history_root::Column::Number).do_nothing().to_owned();
    let insert = history_root::Entity::insert(row).on_conflict(unless_exists);
    if insert.exec_without_returning(&tx).await? == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    let leaf_rows = leaves.into_iter().map(|leaf| history_root_leaf::ActiveModel {
        owner: Set(PartnerId::from(&leaf.claim.partner)),
        claim_id: Set(leaf.claim.claim.into()),
        position: Set(leaf.position),
        root: Set(number),
        link: Set(leaf.link.0.to_vec()),
        log_position: Set(leaf.log_position),
    });
    rows::insert::<history_root_leaf::Entity>(&tx, leaf_rows).await?;
    tx.commit().await?;
    Ok(true)
}

/// Converts a row to a root.
fn root_from_row(row: history_root::Model) -> Result<SignedRoot, StoreError> {
    let count = |count: i64| u64::try_from(count).map_err(|_| malformed("history_root", "a count is negative"));
    let digest = |bytes: Vec<u8>| parse_digest("history_root", bytes);
    let root = RootStatement {
        number: count(row.number)?,
        day: row.day,
        leaves: count(row.leaves)?,
        previous: digest(row.previous)?,
        root: digest(row.root)?,
        issue_time: rfc3339(row.issue_time),
    };
    Ok(SignedRoot { root, signature: row.signature })
}

/// Creates a leaf from its columns.
fn new_leaf((owner, claim, position, link, log_position): LeafColumns) -> Result<Leaf, StoreError> {
    let partner = String::from(owner).parse().map_err(|error| malformed("history", error))?;
    let claim = ClaimName { partner, claim: claim.into() };
    Ok(Leaf { claim, position, link: parse_digest("history", link)?, log_position })
}

fn parse_digest(table: &str, bytes: Vec<u8>) -> Result<Digest, StoreError> {
    bytes.try_into().map(Digest).map_err(|_| malformed(table, "a digest must have 32 bytes"))
}

fn parse_time(text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|error| malformed("history_root", error))
}

fn malformed(table: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Db(DbErr::Type(format!("a row of {table} is inconsistent: {error}")))
}
