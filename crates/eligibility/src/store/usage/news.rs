//! Usage that assessments have yet to see.
use std::collections::BTreeSet;

use cpor_durable::{Key, StoreError};
use cpor_types::TenantKey;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::{CHUNK, among, key_columns, month_columns};
use crate::{
    domain::{Stored, UsageId},
    store::{
        entity::{
            assessment_key,
            usage_month::{Column, Entity},
        },
        row,
    },
};

/// A month that was imported, at the revision that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    id: UsageId,
    revision: u64,
}

impl News {
    /// Of which workload or subscription.
    pub(crate) fn key(&self) -> &TenantKey {
        &self.id.key
    }
}

/// Months that assessments have yet to see, at most `limit`; found by the partial index.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn unseen(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<News>, StoreError> {
    let query = Entity::find().filter(Expr::col(Column::Unseen));
    let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Key).order_by_asc(Column::Month);
    let news = |found| row::usage(found).map(|Stored { usage, revision, .. }| News { id: usage.id, revision });
    query.limit(limit).all(db).await?.into_iter().map(news).collect()
}

/// How many months are unseen.
///
/// # Errors
/// The database's.
pub(crate) async fn count_unseen(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Expr::col(Column::Unseen)).count(db).await?)
}

/// The assessments that look at these months.
///
/// # Errors
/// The database's.
pub(crate) async fn assessed_with(db: &impl ConnectionTrait, news: &[News]) -> Result<Vec<Key>, StoreError> {
    use assessment_key::{Column, Entity};
    let keys: BTreeSet<_> = news.iter().map(|news| key_columns(news.key())).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let mut found = BTreeSet::new();
    for keys in keys.chunks(CHUNK) {
        let looking = among([Column::Owner, Column::Key], keys.iter().cloned());
        let rows = Entity::find().filter(looking).all(db).await?;
        found.extend(rows.into_iter().map(|row| Key::new(row.owner, row.id)));
    }
    Ok(found.into_iter().collect())
}

/// Every assessment that looks at these months was made with them. A month that has been imported again since they
/// were read stays unseen.
///
/// # Errors
/// The database's.
pub(crate) async fn seen(db: &impl ConnectionTrait, news: &[News]) -> Result<(), StoreError> {
    for news in news.chunks(CHUNK) {
        let mut rows = Vec::with_capacity(news.len());
        for News { id, revision } in news {
            let (owner, key, month) = month_columns(&id.key, id.month);
            rows.push((owner, key, month, row::stored(*revision)?));
        }
        let columns = [Column::Owner, Column::Key, Column::Month, Column::Revision];
        let update = Entity::update_many().col_expr(Column::Unseen, Expr::val(false)).filter(among(columns, rows));
        update.exec(db).await?;
    }
    Ok(())
}
