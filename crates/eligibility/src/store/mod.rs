//! The tables of assessments, usage, guides and the ledger, and the queries that speak domain types.
pub(crate) mod assessments;
pub(crate) mod earnings;
pub(crate) mod entity;
pub(crate) mod guides;
mod keys;
pub(crate) mod migration;
mod months;
pub(crate) mod partners;
pub(crate) mod payouts;
mod row;
pub(crate) mod usage;

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{AssessmentName, ClaimId, TenantId};

use crate::{domain::Assessment, outgoing};

/// The key of a claim's assessment.
pub(crate) fn key(tenant: TenantId, claim: ClaimId) -> Key {
    Key::new(tenant.to_string(), claim.uuid())
}

/// The key of the assessment of this name.
pub(crate) fn key_of(name: &AssessmentName) -> Key {
    key(name.tenant, name.claim)
}

/// How assessments lie in the database.
pub(crate) struct AssessmentStore;

impl Store for AssessmentStore {
    type Aggregate = Assessment;
    /// Nothing about an assessment is unique but its key.
    type Clash = Infallible;

    const AGGREGATE: &'static str = "assessment";

    fn resource(key: &Key) -> String {
        format!("tenants/{}/assessments/{}", key.owner, key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Assessment>)>, StoreError> {
        let found = rows::lock::<entity::assessment::Entity>(tx, keys).await?;
        found.into_iter().map(row::assessment).collect()
    }

    /// One statement; one more each for new answers, new lines of the ledger, and an association that became official.
    async fn save(&self, tx: &Tx, changes: &[Change<Assessment>]) -> Result<Vec<(Key, Infallible)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), row::of_assessment(change)?)));
        rows::save::<entity::assessment::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        keys::save(tx, changes).await?;
        months::save(tx, changes).await?;
        earnings::save(tx, changes).await?;
        Ok(Vec::new())
    }

    fn outgoing(&self, change: &Change<Assessment>) -> Vec<Outgoing> {
        outgoing::of(change)
    }
}
