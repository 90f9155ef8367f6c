//! Queries for review cases. The constructor of a query determines the tenant whose cases it reads.
use super::{
    competition_checks,
    entity::review_case::{Column, Entity},
    row::from_row,
};
use crate::domain::ReviewCase;
use cpor_bulk_rows::fetch_one;
use cpor_durable::{AggregateKey, StoreError, Versioned, ids, rows};
use cpor_listing::{CLAIM_NAME, Cursor, PARTNER_NAME, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{AssociationKey, CaseId, ClaimName, TenantId};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect, Select};
use std::collections::BTreeSet;

/// Reads the cases of one tenant, or of all tenants, because reviewers work for every tenant.
pub(crate) struct CaseQuery<'a> {
    db: &'a DatabaseConnection,
    /// The tenant whose cases are read. `None` reads the cases of all tenants.
    tenant: Option<TenantId>,
}

/// The list of cases. Without a filter it contains the open cases. By default it is the queue: the
/// case with the earliest due time of its running or overdue clocks (the deadlines of the review)
/// comes first, and cases without a due time come last.
pub(crate) static CASE_LIST: TableList<Entity> = TableList {
    fields: &[
        field("state", FieldType::Enum("REVIEW_CASE_STATE_", STATES), Source::LowercaseEnum(Column::State)),
        field("open", FieldType::Bool, Source::IsNull(Column::CloseTime)),
        column("reviewer", FieldType::Id(Format::ANY), Column::Reviewer),
        column("claim", FieldType::Id(CLAIM_NAME), Column::Claim),
        field("partner", FieldType::Id(PARTNER_NAME), Source::Where(is_of_partner)),
        column("overdue", FieldType::Bool, Column::Overdue),
        column("due_time", FieldType::Time, Column::DueTime),
        column("create_time", FieldType::Time, Column::CreateTime),
        column("update_time", FieldType::Time, Column::UpdateTime),
        column("close_time", FieldType::Time, Column::CloseTime),
    ],
    sort_keys: &[("due_time", Column::DueTime), ("create_time", Column::CreateTime)],
    default_order: Order { key: Column::DueTime, descending: false },
    tie_break: &[Column::Owner, Column::Id],
    default_filter: Some(|| Condition::all().add(Column::CloseTime.is_null())),
};

/// The accepted values of `state`.
const STATES: &[&str] =
    &["WAITING", "UNDER_REVIEW", "PARTNER_ACTION_REQUIRED", "APPROVING", "APPROVED", "REJECTED", "CLOSED"];

/// Returns the condition for the review cases of a partner's claims.
fn is_of_partner(partner: &str) -> Condition {
    Condition::all().add(Column::Claim.starts_with(format!("{partner}/claims/")))
}

impl<'a> CaseQuery<'a> {
    pub(crate) fn for_tenant(db: &'a DatabaseConnection, tenant: TenantId) -> Self {
        Self { db, tenant: Some(tenant) }
    }

    pub(crate) fn for_all_tenants(db: &'a DatabaseConnection) -> Self {
        Self { db, tenant: None }
    }

    pub(crate) async fn find(&self, case: CaseId) -> Result<Option<Versioned<ReviewCase>>, StoreError> {
        let query = self.select().filter(Column::Id.eq(ids::CaseId::from(case)));
        Ok(fetch_one(self.db, query).await?.map(from_row).transpose()?.map(|(_, case)| case))
    }

    /// Reads the cases of the tenant that compete for one of these keys (workloads or
    /// subscriptions): open cases, and approved cases whose line for the key (the part of the claim
    /// that is about it) has not ended. Returns nothing for a query over all tenants, because keys
    /// are unique only within a tenant.
    pub(crate) async fn competing_for(
        &self,
        keys: BTreeSet<AssociationKey>,
    ) -> Result<Vec<Versioned<ReviewCase>>, StoreError> {
        let Some(tenant) = self.tenant else { return Ok(Vec::new()) };
        let keys = keys.iter().map(AssociationKey::to_string);
        let case_keys = competition_checks::cases_with_keys(self.db, &tenant.to_string(), keys).await?;
        let rows =
            rows::load_by_keys::<Entity>(self.db, [Column::Owner, Column::Id], &Vec::from_iter(case_keys)).await?;
        rows.into_iter().map(|row| from_row(row).map(|(_, case)| case)).collect()
    }

    /// Reads the cases with these storage keys, in no particular order.
    pub(crate) async fn with_keys(
        &self,
        keys: BTreeSet<AggregateKey>,
    ) -> Result<Vec<Versioned<ReviewCase>>, StoreError> {
        let owner = self.tenant.map(|tenant| tenant.to_string());
        let in_scope = keys.into_iter().filter(|key| owner.as_ref().is_none_or(|owner| key.owner == *owner));
        let rows =
            rows::load_by_keys::<Entity>(self.db, [Column::Owner, Column::Id], &Vec::from_iter(in_scope)).await?;
        rows.into_iter().map(|row| from_row(row).map(|(_, case)| case)).collect()
    }

    /// Reads the ids of all cases of a claim, in no particular order. A claim has one case for its
    /// submission and one for each dispute.
    pub(crate) async fn ids_of_claim(&self, claim: &ClaimName) -> Result<Vec<CaseId>, StoreError> {
        let query = self.select().filter(Column::Claim.eq(claim.to_string())).select_only().column(Column::Id);
        let ids: Vec<ids::CaseId> = query.into_tuple().all(self.db).await?;
        Ok(ids.into_iter().map(CaseId::from).collect())
    }

    /// Reads at most `limit` cases that match `list_query`, in its order, starting after the cursor
    /// `after`. Each case comes with its own cursor.
    pub(crate) async fn list(
        &self,
        list_query: &TableQuery<Entity>,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<ReviewCase>)>, StoreError> {
        let rows = list_query.fetch(self.db, self.select(), after, limit).await?;
        rows.into_iter().map(|(cursor, row)| Ok((cursor, from_row(row)?.1))).collect()
    }

    fn select(&self) -> Select<Entity> {
        match self.tenant {
            Some(tenant) => Entity::find().filter(Column::Owner.eq(ids::TenantId::from(tenant))),
            None => Entity::find(),
        }
    }
}
