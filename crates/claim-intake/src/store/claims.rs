//! Reads claims outside the writer.
use super::{
    entity::{claim, claim_state::ClaimState},
    listing::{self, SortKey, SortValue},
    row,
};
use crate::domain::Claim;
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{
    StoreError, Versioned,
    ids::{self, ClaimId},
};
use cpor_history::Digest;
use cpor_listing::{filter, order::Order};
use cpor_types::{ClaimName, PartnerId};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, IntoSimpleExpr as _, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait as _},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The claims that a query may return.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// The claims of one partner.
    Partner(PartnerId),
    /// The claims of all partners. For vendor users only.
    All,
}

/// A query for a list of claims.
#[derive(Clone, Debug)]
pub(crate) struct ListQuery {
    /// The claims that the list may contain.
    pub(crate) scope: Scope,
    /// The condition that the claims must satisfy; `None` for all claims of the scope.
    pub(crate) filter: Option<filter::Expr<filter::Comparison<claim::Column>>>,
    /// The order of the list. Claims with the same value are ordered by their ids.
    pub(crate) order: Order<SortKey>,
}

/// The place of a claim in the order of a list. Page tokens contain it in serialized form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListCursor {
    /// The claim's value of the sort key.
    #[serde(rename = "at")]
    sort_value: SortValue,
    id: Uuid,
}

/// A query for claims within a scope.
pub(crate) struct Claims<'db> {
    db: &'db DatabaseConnection,
    query: Select<claim::Entity>,
}

impl<'db> Claims<'db> {
    /// Starts a query for the claims of `scope`. Deleted drafts are left out.
    pub(crate) fn in_scope(db: &'db DatabaseConnection, scope: &Scope) -> Self {
        let query = claim::Entity::find().filter(claim::Column::State.ne(ClaimState::Deleted));
        let query = match scope {
            Scope::Partner(partner) => query.filter(claim::Column::Owner.eq(ids::PartnerId::from(partner))),
            Scope::All => query,
        };
        Self { db, query }
    }

    /// Reads the claim with this name, with one indexed read. Returns `None` for a deleted draft.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn get(db: &DatabaseConnection, name: &ClaimName) -> Result<Option<Versioned<Claim>>, StoreError> {
        let scoped = Claims::in_scope(db, &Scope::Partner(name.partner.clone()));
        let row = fetch_one(db, scoped.query.filter(claim::Column::Id.eq(ClaimId::from(name.claim)))).await?;
        Ok(row.map(row::claim_from_row).transpose()?.map(|(_, claim)| claim))
    }

    /// Reads the number of history entries of the claim with this name, and the link of the last
    /// entry, which is the hash of the whole history. Works for deleted drafts, too. Costs one
    /// indexed read.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn history_head(
        db: &DatabaseConnection,
        name: &ClaimName,
    ) -> Result<Option<(u64, Digest)>, StoreError> {
        let claim = Self::get_with_deleted(db, name).await?;
        Ok(claim.map(|claim| (claim.state.history, claim.state.head)))
    }

    /// Reads the claim with this name, even if it is a deleted draft, with one indexed read.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn get_with_deleted(
        db: &DatabaseConnection,
        name: &ClaimName,
    ) -> Result<Option<Versioned<Claim>>, StoreError> {
        let query = claim::Entity::find_by_id((ids::PartnerId::from(&name.partner), ClaimId::from(name.claim)));
        let row = fetch_one(db, query).await?;
        Ok(row.map(row::claim_from_row).transpose()?.map(|(_, claim)| claim))
    }

    /// Reads the claims of the scope that have one of these ids, in any order.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn with_ids(self, ids: impl Iterator<Item = Uuid>) -> Result<Vec<Versioned<Claim>>, StoreError> {
        let query = self.query.filter(claim::Column::Id.is_in(ids.map(ClaimId::from)));
        let rows = fetch_all(self.db, query).await?;
        rows.into_iter().map(|row| Ok(row::claim_from_row(row)?.1)).collect()
    }

    /// Reads at most `limit` claims that match `list_query`, in its order, starting after the
    /// cursor `after`. Each claim comes with its own cursor.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn list(
        self,
        list_query: &ListQuery,
        after: Option<ListCursor>,
        limit: u64,
    ) -> Result<Vec<(ListCursor, Versioned<Claim>)>, StoreError> {
        let Order { key, descending } = list_query.order;
        let (column, id) = (key.column(), claim::Column::Id);
        let order = if descending { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
        let mut query = self.query.order_by(column, order.clone()).order_by(id, order).limit(limit);
        if let Some(filter) = &list_query.filter {
            query = query.filter(listing::filter_condition(filter));
        }
        if let Some(ListCursor { sort_value, id: last_id }) = after {
            let row_place = Expr::tuple([column.into_simple_expr(), id.into_simple_expr()]);
            let cursor_place = Expr::tuple([(&sort_value).into(), Expr::val(ClaimId::from(last_id))]);
            query = query.filter(if descending { row_place.lt(cursor_place) } else { row_place.gt(cursor_place) });
        }
        let with_cursor = |row: claim::Model| {
            let cursor = ListCursor { sort_value: key.value_of(&row), id: row.id.into() };
            Ok((cursor, row::claim_from_row(row)?.1))
        };
        fetch_all(self.db, query).await?.into_iter().map(with_cursor).collect()
    }
}
