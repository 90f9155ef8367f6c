//! The storage of review cases and arbitrations (decisions between competing cases): the tables of
//! this service, and how the writer loads and saves cases and arbitrations. A *key* is a workload
//! or subscription of a tenant, for which cases can compete.
pub(crate) mod arbitrations;
mod case_keys;
pub(crate) mod case_log;
pub(crate) mod case_query;
pub(crate) mod competition_checks;
mod entity;
pub(crate) mod mails;
pub(crate) mod migration;
pub(crate) mod notes;
pub(crate) mod pending_decisions;
mod row;
#[cfg(test)]
mod tests;

pub(crate) use row::case_key;

use crate::{domain::ReviewCase, events::outgoing::outgoing_events};
use competition_checks::OutdatedCheck;
use cpor_bulk_rows::storable_time;
use cpor_database::AppendOnlyTable;
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{Clock, DecisionId, Entropy};
use entity::review_case;
use std::{sync::Arc, time::Duration};

/// Returns the tables to which rows are only added.
#[must_use]
pub fn append_only_tables() -> Vec<AppendOnlyTable> {
    vec![AppendOnlyTable::new::<entity::case_log::Entity>(&[])]
}

/// Loads and saves review cases for the writer.
pub(crate) struct CaseStore {
    /// The clock of real time, for leases.
    pub clock: Arc<dyn Clock>,
    /// The source of the numbers that identify changes in the log.
    pub entropy: Arc<dyn Entropy>,
    /// The time that a process has to complete an approval that it begins, before another process
    /// may take over.
    pub lease: Duration,
    /// The address of the review leads. It receives the mails about overdue cases, and the
    /// reminders and the mails about bounces of cases whose reviewer has no address.
    pub lead_mail: Option<String>,
}

impl Store for CaseStore {
    type Aggregate = ReviewCase;
    type Conflict = OutdatedCheck;
    const AGGREGATE: &'static str = "review_case";

    fn resource(key: &AggregateKey) -> String {
        format!("tenants/{}/reviewCases/{}", key.owner, key.id)
    }

    /// Loads and locks the cases, with one statement.
    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<ReviewCase>)>, StoreError> {
        rows::load_locked::<review_case::Entity>(tx, keys).await?.into_iter().map(row::from_row).collect()
    }

    /// Saves the cases and the rows of other tables that are derived from them. Returns the cases
    /// whose new rivals are out of date. `competition_checks` documents the order in which rows are
    /// locked.
    ///
    /// The statements are:
    /// - one for the cases and two for the log;
    /// - one for each kind of row that changes: removed keys, new keys, notes, mails, completed
    ///   approvals and new approvals;
    /// - three if the competing keys change;
    /// - three for each case whose personal data is erased;
    /// - if the rivals of cases change, one that locks their tenants, and one for each such case.
    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<ReviewCase>],
    ) -> Result<Vec<(AggregateKey, OutdatedCheck)>, StoreError> {
        let cases: Vec<_> = changes
            .iter()
            .map(|change| Ok((change.previous_version(), row::to_row(&change.key, &change.after)?)))
            .collect::<Result<_, StoreError>>()?;
        rows::save::<review_case::Entity>(tx, cases).await?;
        let outdated = competition_checks::save_for_changes(tx, changes).await?;
        if !outdated.is_empty() {
            return Ok(outdated);
        }
        case_log::append(tx, changes, &*self.entropy).await?;
        notes::save_for_changes(tx, changes).await?;
        let lead_mail = self.lead_mail.as_deref();
        cpor_mail::enqueue(tx, changes.iter().flat_map(|change| mails::new_mails(change, lead_mail))).await?;
        mails::erase_recipients(tx, changes).await?;
        let lease_end = storable_time(self.clock.now() + self.lease);
        let kind = pending_decisions::DecisionKind::Approval;
        pending_decisions::save_for_changes(tx, changes, kind, pending_decision_id, lease_end).await?;
        Ok(Vec::new())
    }

    fn outgoing(&self, change: &Change<ReviewCase>) -> Vec<OutgoingEvent> {
        outgoing_events(change)
    }
}

fn pending_decision_id(case: &ReviewCase) -> Option<DecisionId> {
    case.pending_approval().map(|approval| approval.decision_id)
}
