//! Queries for review cases. The constructor of a query determines the tenant whose cases it reads.
//! The queue is the list of cases that reviewers work on, the most urgent first.
use super::{
    competition_checks,
    entity::{
        case_state::CaseState,
        review_case::{Column, Entity},
    },
    row::from_row,
};
use crate::domain::{Phase, ReviewCase};
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{StoreError, Versioned, ids, rows};
use cpor_types::{AssociationKey, CaseId, ClaimName, TenantId, Timestamp};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait as _},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Reads the cases of one tenant, or of all tenants, because reviewers work for every tenant.
pub(crate) struct CaseQuery<'a> {
    db: &'a DatabaseConnection,
    /// The tenant whose cases are read. `None` reads the cases of all tenants.
    tenant: Option<TenantId>,
}

/// A filter by the assigned reviewer.
#[derive(Clone, Debug, Default)]
pub(crate) enum AssigneeFilter {
    /// Cases with and without a reviewer.
    #[default]
    Any,
    /// Cases without a reviewer.
    Unassigned,
    /// Cases of the reviewer with this subject.
    Subject(String),
}

/// A filter for the queue of cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaseFilter {
    /// The phase of the cases. `None` selects all open cases.
    pub phase: Option<Phase>,
    /// The assigned reviewer of the cases.
    pub assignee: AssigneeFilter,
    /// The claim of the cases. `None` selects the cases of all claims.
    pub claim: Option<ClaimName>,
    /// Whether to select only overdue cases.
    pub overdue_only: bool,
}

/// The position of a case in the queue, from which the next page continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueCursor {
    /// The earliest due time of the case, or the latest storable time if it has none.
    queue_time: Timestamp,
    /// The tenant of the case.
    owner: String,
    /// The id of the case.
    id: Uuid,
}

impl<'a> CaseQuery<'a> {
    /// Creates a query for the cases of one tenant.
    pub(crate) fn for_tenant(db: &'a DatabaseConnection, tenant: TenantId) -> Self {
        Self { db, tenant: Some(tenant) }
    }

    /// Creates a query for the cases of all tenants.
    pub(crate) fn for_all_tenants(db: &'a DatabaseConnection) -> Self {
        Self { db, tenant: None }
    }

    /// Reads one case.
    pub(crate) async fn find(&self, case: CaseId) -> Result<Option<Versioned<ReviewCase>>, StoreError> {
        let query = self.select().filter(Column::Id.eq(ids::CaseId::from(case)));
        Ok(fetch_one(self.db, query).await?.map(from_row).transpose()?.map(|(_, case)| case))
    }

    /// Reads the cases of the tenant that compete for one of these keys (workloads or
    /// subscriptions): open cases, and approved cases whose line for the key has not ended. Returns
    /// nothing for a query over all tenants, because keys are unique only within a tenant.
    pub(crate) async fn competing_for(
        &self,
        keys: BTreeSet<AssociationKey>,
    ) -> Result<Vec<Versioned<ReviewCase>>, StoreError> {
        let Some(tenant) = self.tenant else { return Ok(Vec::new()) };
        let keys = keys.iter().map(AssociationKey::to_string);
        let case_keys = competition_checks::cases_with_keys(self.db, &tenant.to_string(), keys).await?;
        let rows =
            rows::load_children::<Entity>(self.db, [Column::Owner, Column::Id], &Vec::from_iter(case_keys)).await?;
        rows.into_iter().map(|row| from_row(row).map(|(_, case)| case)).collect()
    }

    /// Reads the ids of all cases of a claim, in no particular order. A claim has one case for its
    /// submission and one for each dispute.
    pub(crate) async fn ids_of_claim(&self, claim: &ClaimName) -> Result<Vec<CaseId>, StoreError> {
        let query = self.select().filter(Column::Claim.eq(claim.to_string())).select_only().column(Column::Id);
        let ids: Vec<ids::CaseId> = query.into_tuple().all(self.db).await?;
        Ok(ids.into_iter().map(CaseId::from).collect())
    }

    /// Reads at most `limit` cases of the queue after the position `after`, the most urgent first.
    /// Returns each case with its position.
    pub(crate) async fn list(
        &self,
        filter: &CaseFilter,
        after: Option<QueueCursor>,
        limit: u64,
    ) -> Result<Vec<(QueueCursor, Versioned<ReviewCase>)>, StoreError> {
        let rows = fetch_all(self.db, self.select_queue(filter, after).limit(limit)).await?;
        let with_cursors = rows.into_iter().map(|row| {
            let cursor = QueueCursor { queue_time: row.queue_time, owner: row.owner.clone().into(), id: row.id.into() };
            from_row(row).map(|(_, case)| (cursor, case))
        });
        with_cursors.collect()
    }

    fn select(&self) -> Select<Entity> {
        match self.tenant {
            Some(tenant) => Entity::find().filter(Column::Owner.eq(ids::TenantId::from(tenant))),
            None => Entity::find(),
        }
    }

    fn select_queue(&self, filter: &CaseFilter, after: Option<QueueCursor>) -> Select<Entity> {
        let order = [Column::QueueTime, Column::Owner, Column::Id];
        let mut query = order.into_iter().fold(self.select(), |query, column| query.order_by_asc(column));
        query = match filter.phase {
            Some(phase) => query.filter(Column::State.eq(CaseState::from(phase))),
            None => query.filter(Column::CloseTime.is_null()),
        };
        query = match &filter.assignee {
            AssigneeFilter::Any => query,
            AssigneeFilter::Unassigned => query.filter(Column::Reviewer.is_null()),
            AssigneeFilter::Subject(subject) => query.filter(Column::Reviewer.eq(subject)),
        };
        if filter.overdue_only {
            query = query.filter(Column::Overdue.eq(true));
        }
        if let Some(claim) = &filter.claim {
            query = query.filter(Column::Claim.eq(claim.to_string()));
        }
        if let Some(QueueCursor { queue_time, owner, id }) = after {
            let after = Expr::tuple([Expr::value(queue_time), Expr::value(owner), Expr::value(id)]);
            query = query.filter(Expr::tuple(order.map(Expr::col)).gt(after));
        }
        query
    }
}
