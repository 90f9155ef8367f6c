//! Reading claims, outside of the writer.
use super::{
    entity::claim,
    listing::{self, At, SortKey},
    row,
};
use crate::domain::{Claim, StateKind, history::Digest};
use cpor_durable::{StoreError, Versioned};
use cpor_kit::{filter, order::Order};
use cpor_types::{ClaimName, PartnerId};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, IntoSimpleExpr as _, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait as _},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose claims a query may find.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// One company's.
    Partner(PartnerId),
    /// Every company's: for the vendor's staff only.
    All,
}

/// Which claims a list has, and in which order: ids come last in it, so that it is one.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Whose.
    pub(crate) scope: Scope,
    /// Which of them; `None`: all.
    pub(crate) filter: Option<filter::Expr<filter::Test<claim::Column>>>,
    /// In which order.
    pub(crate) order: Order<SortKey>,
}

/// The place of a claim in the order of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    at: At,
    id: Uuid,
}

/// A query of claims within a scope.
pub(crate) struct Claims<'db> {
    db: &'db DatabaseConnection,
    query: Select<claim::Entity>,
}

impl<'db> Claims<'db> {
    /// Those of `scope`; deleted drafts are nobody's.
    pub(crate) fn of(db: &'db DatabaseConnection, scope: &Scope) -> Self {
        let query = claim::Entity::find().filter(claim::Column::State.ne(StateKind::Deleted.as_str()));
        let query = match scope {
            Scope::Partner(partner) => query.filter(claim::Column::Owner.eq(partner.as_str())),
            Scope::All => query,
        };
        Self { db, query }
    }

    /// The claim of this name; one indexed read.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn get(db: &DatabaseConnection, name: &ClaimName) -> Result<Option<Versioned<Claim>>, StoreError> {
        let scoped = Claims::of(db, &Scope::Partner(name.partner.clone()));
        let found = scoped.query.filter(claim::Column::Id.eq(name.claim.uuid())).one(db).await?;
        Ok(found.map(row::claim).transpose()?.map(|(_, claim)| claim))
    }

    /// How long the history of the claim of this name is, and the link that it ends with; that of a deleted draft too. One
    /// indexed read.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn head(db: &DatabaseConnection, name: &ClaimName) -> Result<Option<(u64, Digest)>, StoreError> {
        let found = Self::any(db, name).await?;
        Ok(found.map(|claim| (claim.state.history, claim.state.head)))
    }

    /// The claim of this name, also as a deleted draft; one indexed read.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn any(db: &DatabaseConnection, name: &ClaimName) -> Result<Option<Versioned<Claim>>, StoreError> {
        let found = claim::Entity::find_by_id((name.partner.to_string(), name.claim.uuid())).one(db).await?;
        Ok(found.map(row::claim).transpose()?.map(|(_, claim)| claim))
    }

    /// Those with these ids.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn with_ids(self, ids: impl Iterator<Item = Uuid>) -> Result<Vec<Versioned<Claim>>, StoreError> {
        let found = self.query.filter(claim::Column::Id.is_in(ids)).all(self.db).await?;
        found.into_iter().map(|row| Ok(row::claim(row)?.1)).collect()
    }

    /// Those that are wanted, in their order, beginning after `after`; at most `limit`, each with its place.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn list(
        self,
        wanted: &Wanted,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<Claim>)>, StoreError> {
        let Order { key, descending } = wanted.order;
        let (column, id) = (key.column(), claim::Column::Id);
        let order = if descending { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
        let mut query = self.query.order_by(column, order.clone()).order_by(id, order).limit(limit);
        if let Some(filter) = &wanted.filter {
            query = query.filter(listing::condition(filter));
        }
        if let Some(Cursor { at, id: last }) = after {
            let here = Expr::tuple([column.into_simple_expr(), id.into_simple_expr()]);
            let there = Expr::tuple([(&at).into(), Expr::val(last)]);
            query = query.filter(if descending { here.lt(there) } else { here.gt(there) });
        }
        let placed = |row: claim::Model| {
            let cursor = Cursor { at: key.of(&row), id: row.id };
            Ok((cursor, row::claim(row)?.1))
        };
        query.all(self.db).await?.into_iter().map(placed).collect()
    }
}
