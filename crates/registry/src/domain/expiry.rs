//! The end of subscriptions, and with it of the associations that stand on them (R39, R58).
use cpor_types::{AssociationKey, Deadline, Timestamp};

use super::association::{Association, EndReason, Source};
use super::tenant::{Changed, Tenant};

/// The kind of the tenant's one deadline: the earliest end of a subscription that somebody is on record for, or about to be.
const SUBSCRIPTION_END: &str = "subscription_end";

impl Tenant {
    /// The next end of a live association by time alone.
    pub(crate) fn next_end(&self) -> Option<Deadline> {
        let live = self.associations.values().filter(|found| found.is_live());
        let (due, rule) = live.filter_map(|found| self.end_of(found)).min()?;
        Some(Deadline { kind: SUBSCRIPTION_END.into(), due, rule: rule.to_owned() })
    }

    /// Ends what ends first, where that time has come; answers when it was due.
    pub(crate) fn expire(&self, now: Timestamp) -> Option<(Timestamp, Changed)> {
        let due = self.next_end().filter(|next| next.has_passed(now))?.due;
        let mut next = self.clone();
        let events = next.end(EndReason::Expired, due, |found| self.end_of(found).is_some_and(|(end, _)| end == due));
        Some((due, (next, events)))
    }

    /// When an association ends by time alone, and by which rule: with the grace after its subscription, and without it
    /// where it comes from before there were claims.
    fn end_of(&self, association: &Association) -> Option<(Timestamp, &'static str)> {
        let AssociationKey::Subscription(id) = &association.key else { return None };
        let subscription = self.directory.subscriptions.get(id)?;
        match association.source {
            Source::Claim(_) => subscription.expire_time.map(|end| (end, "end of the subscription and of its grace")),
            Source::Legacy { .. } => subscription.end_time.map(|end| (end, "end of the subscription")),
        }
    }
}

#[cfg(test)]
mod tests;
