//! Reading claims, outside of the writer.
use super::{entity::claim, row};
use crate::domain::{Claim, StateKind, history::Digest};
use cpor_durable::{Key, StoreError, Versioned};
use cpor_types::{ClaimName, PartnerId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// Whose claims a query may find.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// One company's.
    Partner(PartnerId),
    /// Every company's: for the vendor's staff only.
    All,
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
        let found = claim::Entity::find_by_id((name.partner.to_string(), name.claim.uuid())).one(db).await?;
        let claim = found.map(row::claim).transpose()?;
        Ok(claim.map(|(_, claim)| (claim.state.history, claim.state.head)))
    }

    /// Those with these ids.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn with_ids(self, ids: impl Iterator<Item = Uuid>) -> Result<Vec<Versioned<Claim>>, StoreError> {
        let found = self.query.filter(claim::Column::Id.is_in(ids)).all(self.db).await?;
        found.into_iter().map(|row| Ok(row::claim(row)?.1)).collect()
    }

    /// The newest first, beginning after the claim `after`; at most `limit`.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn list(
        self,
        state: Option<StateKind>,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Key, Versioned<Claim>)>, StoreError> {
        let mut query = self.query.order_by_desc(claim::Column::Id).limit(limit);
        if let Some(state) = state {
            query = query.filter(claim::Column::State.eq(state.as_str()));
        }
        if let Some(after) = after {
            query = query.filter(claim::Column::Id.lt(after));
        }
        query.all(self.db).await?.into_iter().map(row::claim).collect()
    }
}
