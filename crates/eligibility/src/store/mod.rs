//! The tables of the service (assessments, usage, guides, the ledger), and queries that take and
//! return domain types.
mod assessment_keys;
mod assessment_months;
pub(crate) mod assessments;
pub(crate) mod catalog_facts;
pub(crate) mod declined_payments;
pub(crate) mod earnings;
pub(crate) mod entity;
pub(crate) mod guide_catalog;
pub(crate) mod migration;
pub(crate) mod partner_records;
pub(crate) mod payouts;
mod row;
pub(crate) mod usage;

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use cpor_database::AppendOnlyTable;
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{AssessmentName, ClaimId, TenantId};

use crate::{domain::Assessment, events::outgoing};

/// Returns the tables whose rows are never changed or deleted, with the columns that are
/// exceptions: payouts change some columns of an earning.
#[must_use]
pub fn append_only_tables() -> Vec<AppendOnlyTable> {
    use entity::earning::Column;
    let changed_by_payouts = [Column::Status, Column::Payout, Column::Reference, Column::PayTime];
    vec![
        AppendOnlyTable::new::<entity::earning::Entity>(&changed_by_payouts),
        AppendOnlyTable::new::<entity::payout_line::Entity>(&[]),
        AppendOnlyTable::new::<entity::usage_replaced::Entity>(&[]),
    ]
}

/// Returns the primary key of a claim's assessment.
pub(crate) fn assessment_key(tenant: TenantId, claim: ClaimId) -> AggregateKey {
    AggregateKey::new(tenant.to_string(), claim.uuid())
}

/// Returns the primary key of the assessment with this resource name.
pub(crate) fn assessment_key_from_name(name: &AssessmentName) -> AggregateKey {
    assessment_key(name.tenant, name.claim)
}

/// Loads and saves assessments for the writer, the task that commits commands.
pub(crate) struct AssessmentStore;

impl Store for AssessmentStore {
    type Aggregate = Assessment;
    /// Assessments have no uniqueness rule except their primary key.
    type Conflict = Infallible;

    const AGGREGATE: &'static str = "assessment";

    fn resource(key: &AggregateKey) -> String {
        format!("tenants/{}/assessments/{}", key.owner, key.id)
    }

    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<Assessment>)>, StoreError> {
        let found = rows::load_locked::<entity::assessment::Entity>(tx, keys).await?;
        found.into_iter().map(row::to_assessment).collect()
    }

    /// Executes one statement for the assessments, and one more for each table that has to change:
    /// keys, monthly results and earnings.
    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Assessment>],
    ) -> Result<Vec<(AggregateKey, Infallible)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), row::from_assessment(change)?)));
        rows::save::<entity::assessment::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        assessment_keys::save(tx, changes).await?;
        assessment_months::save(tx, changes).await?;
        earnings::save(tx, changes).await?;
        Ok(Vec::new())
    }

    fn outgoing(&self, change: &Change<Assessment>) -> Vec<OutgoingEvent> {
        outgoing::outgoing_events(change)
    }
}
