//! Reads, from the reading pool: what they answer is committed, and may be a moment old. Which tenant's cases they
//! see is part of their construction.
use super::{
    contests,
    entity::review_case::{Column, Entity},
    row::from_row,
};
use crate::domain::{Phase, ReviewCase};
use cpor_durable::{
    StoreError, Versioned,
    rows::{self, Micros},
};
use cpor_types::{AssociationKey, CaseId, ClaimName, TenantId};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait as _},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The cases of one tenant, or of all: reviewers work for every tenant.
pub(crate) struct Cases<'a> {
    db: &'a DatabaseConnection,
    tenant: Option<TenantId>,
}

/// Whose cases.
#[derive(Clone, Debug, Default)]
pub(crate) enum AssignedTo {
    /// Everybody's.
    #[default]
    Anyone,
    /// Those that nobody has.
    Nobody,
    /// One reviewer's, by subject.
    Subject(String),
}

/// Which cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// In this state; otherwise all that are open.
    pub phase: Option<Phase>,
    /// Whose.
    pub assigned_to: AssignedTo,
    /// Of this claim only.
    pub claim: Option<ClaimName>,
    /// Only those that are overdue.
    pub overdue: bool,
}

/// A place in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    queue_time: i64,
    owner: String,
    id: Uuid,
}

impl<'a> Cases<'a> {
    /// One tenant's.
    pub(crate) fn of(db: &'a DatabaseConnection, tenant: TenantId) -> Self {
        Self { db, tenant: Some(tenant) }
    }

    /// Every tenant's.
    pub(crate) fn of_all_tenants(db: &'a DatabaseConnection) -> Self {
        Self { db, tenant: None }
    }

    /// One of them.
    pub(crate) async fn find(&self, case: CaseId) -> Result<Option<Versioned<ReviewCase>>, StoreError> {
        let row = self.select().filter(Column::Id.eq(case.uuid())).one(self.db).await?;
        Ok(row.map(from_row).transpose()?.map(|(_, case)| case))
    }

    /// The live ones that compete for any of these keys of their tenant.
    pub(crate) async fn contending(
        &self,
        keys: BTreeSet<AssociationKey>,
    ) -> Result<Vec<Versioned<ReviewCase>>, StoreError> {
        let Some(tenant) = self.tenant else { return Ok(Vec::new()) };
        let keys = keys.iter().map(AssociationKey::to_string);
        let sharing = contests::sharing(self.db, &tenant.to_string(), keys).await?;
        let rows = rows::children::<Entity>(self.db, [Column::Owner, Column::Id], &Vec::from_iter(sharing)).await?;
        rows.into_iter().map(|row| from_row(row).map(|(_, case)| case)).collect()
    }

    /// Those of a claim, which has one more for each dispute, in no order.
    pub(crate) async fn of_claim(&self, claim: &ClaimName) -> Result<Vec<CaseId>, StoreError> {
        let rows = self.select().filter(Column::Claim.eq(claim.to_string())).all(self.db).await?;
        Ok(rows.into_iter().map(|row| CaseId(row.id)).collect())
    }

    /// So many cases of the queue, the most urgent first, each with its place.
    pub(crate) async fn list(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<ReviewCase>)>, StoreError> {
        let rows = self.matching(filter, after).limit(limit).all(self.db).await?;
        let placed = rows.into_iter().map(|row| {
            let cursor = Cursor { queue_time: row.queue_time.0, owner: row.owner.clone(), id: row.id };
            from_row(row).map(|(_, case)| (cursor, case))
        });
        placed.collect()
    }

    fn select(&self) -> Select<Entity> {
        match self.tenant {
            Some(tenant) => Entity::find().filter(Column::Owner.eq(tenant.to_string())),
            None => Entity::find(),
        }
    }

    fn matching(&self, filter: &Filter, after: Option<Cursor>) -> Select<Entity> {
        let place = [Column::QueueTime, Column::Owner, Column::Id];
        let mut found = place.into_iter().fold(self.select(), |found, column| found.order_by_asc(column));
        found = match filter.phase {
            Some(phase) => found.filter(Column::State.eq(phase.as_str())),
            None => found.filter(Column::CloseTime.is_null()),
        };
        found = match &filter.assigned_to {
            AssignedTo::Anyone => found,
            AssignedTo::Nobody => found.filter(Column::Reviewer.is_null()),
            AssignedTo::Subject(subject) => found.filter(Column::Reviewer.eq(subject)),
        };
        if filter.overdue {
            found = found.filter(Column::Overdue.eq(true));
        }
        if let Some(claim) = &filter.claim {
            found = found.filter(Column::Claim.eq(claim.to_string()));
        }
        if let Some(Cursor { queue_time, owner, id }) = after {
            let after = Expr::tuple([Expr::value(Micros(queue_time).0), Expr::value(owner), Expr::value(id)]);
            found = found.filter(Expr::tuple(place.map(Expr::col)).gt(after));
        }
        found
    }
}
