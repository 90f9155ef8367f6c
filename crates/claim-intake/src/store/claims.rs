//! Reads claims outside the writer. The writer is the task that commits the commands on claims.
use super::{
    entity::{claim, claim_state::ClaimState},
    row,
};
use crate::domain::Claim;
use cpor_bulk_rows::{KeyValue, RowReader};
use cpor_durable::{AggregateKey, StoreError, Versioned, ids, rows};
use cpor_history::Digest;
use cpor_listing::{Cursor, TableQuery};
use cpor_types::{ClaimName, PartnerId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, Select};

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
    /// The filter and the order of the list.
    pub(crate) query: TableQuery<claim::Entity>,
}

/// Reads single claims. Reads that wait at the same time share one statement.
#[derive(Clone, Debug)]
pub(crate) struct ClaimReader(RowReader<claim::Entity>);

impl ClaimReader {
    /// Starts the tasks that read from `db`.
    pub(crate) fn start(db: &DatabaseConnection) -> Self {
        Self(RowReader::start(db))
    }

    /// Reads the claim with this name, with at most one indexed read. Returns `None` for a deleted
    /// draft.
    ///
    /// # Errors
    /// Returns an error if the query fails or the row is inconsistent.
    pub(crate) async fn get(&self, name: &ClaimName) -> Result<Option<Versioned<Claim>>, StoreError> {
        let row = self.find(name).await?.filter(|row| row.state != ClaimState::Deleted);
        Ok(row.map(row::claim_from_row).transpose()?.map(|(_, claim)| claim))
    }

    /// Reads the claim with this name, even if it is a deleted draft, with at most one indexed
    /// read.
    ///
    /// # Errors
    /// Returns an error if the query fails or the row is inconsistent.
    pub(crate) async fn get_with_deleted(&self, name: &ClaimName) -> Result<Option<Versioned<Claim>>, StoreError> {
        Ok(self.find(name).await?.map(row::claim_from_row).transpose()?.map(|(_, claim)| claim))
    }

    /// Reads the number of history entries of the claim with this name, and the link of the last
    /// entry, which is the hash of the whole history. Works for deleted drafts, too. Costs at most
    /// one indexed read.
    ///
    /// # Errors
    /// Returns an error if the query fails or the row is inconsistent.
    pub(crate) async fn history_head(&self, name: &ClaimName) -> Result<Option<(u64, Digest)>, StoreError> {
        let claim = self.get_with_deleted(name).await?;
        Ok(claim.map(|claim| (claim.state.history_length, claim.state.head)))
    }

    async fn find(&self, name: &ClaimName) -> Result<Option<claim::Model>, StoreError> {
        let key = vec![KeyValue::Text(name.partner.to_string()), KeyValue::Uuid(name.claim.uuid())];
        Ok(self.0.find(key).await?)
    }
}

/// A query for claims within a scope.
pub(crate) struct Claims<'db> {
    db: &'db DatabaseConnection,
    query: Select<claim::Entity>,
}

impl<'db> Claims<'db> {
    /// Starts a query for the claims of `scope`. Deleted drafts are left out.
    pub(crate) fn in_scope(db: &'db DatabaseConnection, scope: &Scope) -> Self {
        let Self { db, query } = Self::in_scope_with_deleted(db, scope);
        Self { db, query: query.filter(claim::Column::State.ne(ClaimState::Deleted)) }
    }

    /// Starts a query for the claims of `scope`, with deleted drafts.
    pub(crate) fn in_scope_with_deleted(db: &'db DatabaseConnection, scope: &Scope) -> Self {
        let query = claim::Entity::find();
        let query = match scope {
            Scope::Partner(partner) => query.filter(claim::Column::Owner.eq(ids::PartnerId::from(partner))),
            Scope::All => query,
        };
        Self { db, query }
    }

    /// Reads the claims with these keys, without deleted drafts, in any order, with one indexed
    /// read.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn get_many(
        db: &DatabaseConnection,
        keys: &[AggregateKey],
    ) -> Result<Vec<Versioned<Claim>>, StoreError> {
        let columns = [claim::Column::Owner, claim::Column::Id];
        let rows = rows::load_by_keys::<claim::Entity>(db, columns, keys).await?.into_iter();
        let live = rows.filter(|row| row.state != ClaimState::Deleted);
        live.map(|row| row::claim_from_row(row).map(|(_, claim)| claim)).collect()
    }

    /// Reads at most `limit` claims that match `list_query`, in its order, starting after the
    /// cursor `after`. Each claim comes with its own cursor.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn list(
        self,
        list_query: &ListQuery,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<Claim>)>, StoreError> {
        let rows = list_query.query.fetch(self.db, self.query, after, limit).await?;
        rows.into_iter().map(|(cursor, row)| Ok((cursor, row::claim_from_row(row)?.1))).collect()
    }
}
