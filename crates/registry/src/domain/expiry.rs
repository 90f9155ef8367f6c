//! Expiry: the associations with a subscription or workload end when it does (R2a, R39, R58). An
//! association is *live* while it is official (the partner is on record), or pending before that. A
//! *legacy* association was recorded before claims existed.
use cpor_types::{AssociationKey, Deadline, Timestamp};

use super::association::{Association, EndReason, Source};
use super::directory::Subscription;
use super::tenant::{Tenant, TenantChange};

/// The kind of a tenant's only deadline: the next time at which a live association ends with its
/// subscription or workload.
const SUBSCRIPTION_END: &str = "subscription_end";

impl Tenant {
    /// Returns the deadline at which the next live association ends, if the end of any is known.
    pub(crate) fn next_deadline(&self) -> Option<Deadline> {
        let live = self.associations.values().filter(|association| association.is_live());
        let (due, rule) = live.filter_map(|association| self.end_of_association(association)).min()?;
        Some(Deadline { kind: SUBSCRIPTION_END.into(), due, rule: rule.to_owned() })
    }

    /// Ends the associations whose deadline is the earliest, if that deadline has passed. Returns
    /// the due time with the change.
    pub(crate) fn expire(&self, now: Timestamp) -> Option<(Timestamp, TenantChange)> {
        let due = self.next_deadline().filter(|next| next.has_passed(now))?.due;
        let mut next = self.clone();
        let events = next.end_associations(EndReason::Expired, due, |association| {
            association.is_live() && self.end_of_association(association).is_some_and(|(end, _)| end == due)
        });
        Some((due, (next, events)))
    }

    /// Returns the time at which an association ends with its workload or subscription (its key),
    /// and a text that explains the time. An association with a workload ends with the use of the
    /// workload (R2a). A legacy association ends with the subscription (R58). Any other ends with
    /// the grace period, in which the subscription still counts as active (R39). Returns `None`
    /// when no end is set.
    fn end_of_association(&self, association: &Association) -> Option<(Timestamp, &'static str)> {
        match &association.key {
            AssociationKey::Workload(product) => {
                let end = *self.directory.workloads.get(product)?;
                end.map(|end| (end, "end of the use of the workload"))
            }
            AssociationKey::Subscription(id) => {
                let subscription = self.directory.subscriptions.get(id)?;
                let end = association.end_with(subscription)?;
                match association.source {
                    Source::Claim(_) => Some((end, "end of the subscription and of its grace period")),
                    Source::Legacy { .. } => Some((end, "end of the subscription")),
                }
            }
        }
    }
}

impl Association {
    /// Returns the time at which the association ends with its subscription, if that is known:
    /// after the grace period (R39), or without it for a legacy association (R58).
    pub(crate) fn end_with(&self, subscription: &Subscription) -> Option<Timestamp> {
        match self.source {
            Source::Claim(_) => subscription.expire_time,
            Source::Legacy { .. } => subscription.end_time,
        }
    }
}

#[cfg(test)]
mod tests;
