//! Expiry: the associations with a subscription end when the subscription does (R39, R58). An
//! association is *live* while it is official (the partner is on record), or pending before that. A
//! *legacy* association was recorded before claims existed.
use cpor_types::{AssociationKey, Deadline, Timestamp};

use super::association::{Association, EndReason, Source};
use super::tenant::{Tenant, TenantChange};

/// The kind of a tenant's only deadline: the next time at which a live association ends with its
/// subscription.
const SUBSCRIPTION_END: &str = "subscription_end";

impl Tenant {
    /// Returns the deadline at which the next live association ends, if any of them ends with its
    /// subscription.
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
            self.end_of_association(association).is_some_and(|(end, _)| end == due)
        });
        Some((due, (next, events)))
    }

    /// Returns the time at which an association ends with its subscription, and a text that
    /// explains the time. A legacy association ends with the subscription (R58). Any other ends
    /// with the grace period, in which the subscription still counts as active (R39). Returns
    /// `None` when no end is set.
    fn end_of_association(&self, association: &Association) -> Option<(Timestamp, &'static str)> {
        let AssociationKey::Subscription(id) = &association.key else { return None };
        let subscription = self.directory.subscriptions.get(id)?;
        match association.source {
            Source::Claim(_) => {
                subscription.expire_time.map(|end| (end, "end of the subscription and of its grace period"))
            }
            Source::Legacy { .. } => subscription.end_time.map(|end| (end, "end of the subscription")),
        }
    }
}

#[cfg(test)]
mod tests;
