//! Storage of review cases: one row per case, the keys of the live ones, their notes, and the approvals that wait for
//! their hold.
pub(crate) mod approvals;
pub(crate) mod arbitrations;
pub(crate) mod contests;
pub(crate) mod entity;
mod keys;
pub(crate) mod mails;
pub(crate) mod migration;
pub(crate) mod notes;
pub(crate) mod query;
mod row;

pub(crate) use row::key;

use crate::{domain::ReviewCase, outgoing};
use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{Clock, DecisionId};
use entity::review_case;
use std::{convert::Infallible, sync::Arc, time::Duration};

/// How the writer loads and saves cases.
pub(crate) struct CaseStore {
    /// Real time, for leases.
    pub clock: Arc<dyn Clock>,
    /// How long whoever begins an approval has to complete it.
    pub lease: Duration,
    /// Where escalations go, and the reminders of cases that nobody has.
    pub lead_mail: Option<String>,
}

impl Store for CaseStore {
    type Aggregate = ReviewCase;
    type Clash = Infallible;
    const AGGREGATE: &'static str = "review_case";

    fn resource(key: &Key) -> String {
        format!("tenants/{}/reviewCases/{}", key.owner, key.id)
    }

    /// One round trip.
    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<ReviewCase>)>, StoreError> {
        rows::lock::<review_case::Entity>(tx, keys).await?.into_iter().map(row::from_row).collect()
    }

    /// One round trip for the cases, and one more for each of: keys gone, keys come, notes, approvals gone, approvals
    /// come; three more where what cases compete for changes, and for each case that is erased.
    async fn save(&self, tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<Vec<(Key, Infallible)>, StoreError> {
        let cases: Vec<_> = changes
            .iter()
            .map(|change| Ok((change.previous_version(), row::to_row(&change.key, &change.after)?)))
            .collect::<Result<_, StoreError>>()?;
        rows::save::<review_case::Entity>(tx, cases).await?;
        contests::follow(tx, changes).await?;
        notes::follow(tx, changes).await?;
        let lead = self.lead_mail.as_deref();
        cpor_mail::enqueue(tx, changes.iter().flat_map(|change| mails::drafts(change, lead))).await?;
        mails::forget(tx, changes).await?;
        let lease = (self.clock.now() + self.lease).into();
        approvals::follow(tx, changes, approvals::Work::Approval, under_way, lease).await?;
        Ok(Vec::new())
    }

    fn outgoing(&self, change: &Change<ReviewCase>) -> Vec<Outgoing> {
        outgoing::of(change)
    }
}

fn under_way(case: &ReviewCase) -> Option<DecisionId> {
    case.approval_under_way().map(|approval| approval.decision_id)
}
