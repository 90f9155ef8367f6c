//! An association: a partner on record for one key of a tenant, for one activity (R34, R35, R49). A
//! *key* is one workload or subscription of the tenant. A *line* is the part of a claim that is
//! about one key. While an association with an exclusive activity is *live* (pending or official),
//! its partner *holds* the key: no other company can be on record for it.
use serde::{Deserialize, Serialize};

use cpor_types::{
    Activity, Actor, AssociationKey, CaseId, ClaimName, LineId, MpnId, PartnerId, Personal, ProductId, ProductKind,
    SolutionArea, SubscriptionId, Timestamp,
};

pub(crate) use cpor_types::AssociationEndReason as EndReason;

/// One association. If its source is a claim, it starts in the state pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Association {
    pub(crate) source: Source,
    /// The Microsoft Partner Network (MPN) id of the partner's location.
    pub(crate) mpn_id: MpnId,
    pub(crate) product: ProductId,
    /// The workload or subscription of the tenant.
    pub(crate) key: AssociationKey,
    /// The activity that the partner is on record for.
    pub(crate) activity: Activity,
    /// Whether the association excludes other companies from the key while it is live (R34).
    pub(crate) is_exclusive: bool,
    /// The time at which the association was created: at the claim's approval, or at the import of
    /// a legacy association.
    pub(crate) hold_time: Timestamp,
    pub(crate) state: AssociationState,
}

/// The origin of an association. The source determines the partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A partner claimed the key with this line.
    Claim(ClaimedLine),
    /// A legacy association: it was recorded before claims existed, and was imported (R58). It has
    /// no contact any more after its erasure.
    Legacy { partner: PartnerId, contact: Option<HolderContact>, erasure: Option<HolderErasure> },
}

/// The erasure of the personal data of the holder of a legacy association (R56).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HolderErasure {
    pub(crate) time: Timestamp,
    /// The operator who erased the data.
    pub(crate) actor: Actor,
    /// The operator's reason. It contains no personal data of the holder.
    pub(crate) reason: String,
}

/// The contact to which mails about a legacy association are sent (R58a). The display names are
/// those at the time of the import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HolderContact {
    pub(crate) name: Personal,
    pub(crate) email: Personal,
    /// The display name of the partner.
    pub(crate) partner: String,
    /// The display name of the product.
    pub(crate) product: String,
    /// The id of the calendar that the deadlines of the partner's location use.
    pub(crate) calendar: String,
}

/// The line of a claim that an association belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimedLine {
    /// The claim. Its name contains the partner.
    pub(crate) claim: ClaimName,
    pub(crate) line_id: LineId,
    /// The review case that approved the claim, or `None` when the approval did not name it.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) submit_time: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssociationState {
    /// The claim is approved, and the customer may still decline. Other companies are already
    /// excluded.
    Pending,
    /// The partner is on record: the customer consented, explicitly or by silence, or a legacy
    /// association was imported.
    Official { official_time: Timestamp },
    /// The association has ended. `official_time` is `None` when it never became official.
    Ended { official_time: Option<Timestamp>, end_time: Timestamp, reason: EndReason },
}

impl Association {
    pub(crate) fn partner(&self) -> &PartnerId {
        match &self.source {
            Source::Claim(line) => &line.claim.partner,
            Source::Legacy { partner, .. } => partner,
        }
    }

    /// Returns the line of the claim that the association belongs to, or `None` for a legacy
    /// association.
    pub(crate) fn claimed_line(&self) -> Option<&ClaimedLine> {
        match &self.source {
            Source::Claim(line) => Some(line),
            Source::Legacy { .. } => None,
        }
    }

    /// Returns the contact of the holder, if this is a legacy association with a contact.
    pub(crate) fn holder_contact(&self) -> Option<&HolderContact> {
        match &self.source {
            Source::Claim(_) => None,
            Source::Legacy { contact, .. } => contact.as_ref(),
        }
    }

    /// Returns the erasure of the holder's personal data, if this is a legacy association whose
    /// holder was erased.
    pub(crate) fn holder_erasure(&self) -> Option<&HolderErasure> {
        match &self.source {
            Source::Claim(_) => None,
            Source::Legacy { erasure, .. } => erasure.as_ref(),
        }
    }

    /// Returns the subscription that the association is with, or `None` for a workload.
    pub(crate) fn subscription(&self) -> Option<SubscriptionId> {
        match &self.key {
            AssociationKey::Workload(_) => None,
            AssociationKey::Subscription(id) => Some(*id),
        }
    }

    /// Returns whether the association belongs to this claim. False for a legacy association.
    pub(crate) fn belongs_to(&self, claim: &ClaimName) -> bool {
        self.claimed_line().is_some_and(|line| line.claim == *claim)
    }

    /// Returns the time at which the association entered its current state. A later state never
    /// starts before an earlier one.
    pub(crate) fn state_start(&self) -> Timestamp {
        match self.state {
            AssociationState::Pending => self.hold_time,
            AssociationState::Official { official_time } => official_time,
            AssociationState::Ended { end_time, .. } => end_time,
        }
    }

    /// Returns whether the association excludes other companies from the key (R34): it is live and
    /// exclusive.
    pub(crate) fn holds_key(&self) -> bool {
        self.is_live() && self.is_exclusive
    }

    /// Returns the solution area (R7), which the kind of the key determines.
    pub(crate) fn solution_area(&self) -> SolutionArea {
        match self.key.kind() {
            ProductKind::Workload => SolutionArea::Microsoft365,
            ProductKind::Subscription => SolutionArea::BusinessApplications,
        }
    }

    /// Returns whether the association is pending or official.
    pub(crate) fn is_live(&self) -> bool {
        match self.state {
            AssociationState::Pending | AssociationState::Official { .. } => true,
            AssociationState::Ended { .. } => false,
        }
    }

    /// Returns the time at which the association became official, if it is official now.
    pub(crate) fn official_time(&self) -> Option<Timestamp> {
        match self.state {
            AssociationState::Official { official_time } => Some(official_time),
            AssociationState::Pending | AssociationState::Ended { .. } => None,
        }
    }

    /// Returns the time from which the association is official, or was until it ended. `None` if it
    /// was never official.
    pub(crate) fn official_since(&self) -> Option<Timestamp> {
        match self.state {
            AssociationState::Pending => None,
            AssociationState::Official { official_time } => Some(official_time),
            AssociationState::Ended { official_time, .. } => official_time,
        }
    }

    /// Returns the time at which the association ended, and why, if it has ended.
    pub(crate) fn time_and_reason_of_end(&self) -> Option<(Timestamp, EndReason)> {
        match self.state {
            AssociationState::Pending | AssociationState::Official { .. } => None,
            AssociationState::Ended { end_time, reason, .. } => Some((end_time, reason)),
        }
    }

    /// Makes the association official (R27) at `at`, or at its creation if that is later. Has no
    /// effect if it was official before.
    ///
    /// The customer's consent can arrive after the association ended while it was pending (R47). If
    /// it ended with its subscription or workload, it counts as official until that end. If it
    /// ended in favour of another company, it becomes official; but if another company has replaced
    /// it at the time `replaced`, it counts as official until then (R37).
    pub(crate) fn make_official(&mut self, at: Timestamp, replaced: Option<Timestamp>) {
        let official_time = at.max(self.hold_time);
        let ended = |end_time: Timestamp, reason| {
            let official_time = Some(official_time.min(end_time));
            AssociationState::Ended { official_time, end_time, reason }
        };
        match self.state {
            AssociationState::Ended { official_time: None, end_time, reason: reason @ EndReason::Expired } => {
                self.state = ended(end_time, reason);
            }
            AssociationState::Pending
            | AssociationState::Ended { official_time: None, reason: EndReason::Superseded, .. } => {
                let official = AssociationState::Official { official_time };
                self.state = replaced.map_or(official, |end_time| ended(end_time, EndReason::Superseded));
            }
            AssociationState::Official { .. } | AssociationState::Ended { .. } => {}
        }
    }

    /// Returns the time at which the association *yielded*: it ended in favour of another company
    /// while it was pending. Returns `None` if it has not yielded.
    pub(crate) fn yield_time(&self) -> Option<Timestamp> {
        match self.state {
            AssociationState::Ended { official_time: None, end_time, reason: EndReason::Superseded } => Some(end_time),
            AssociationState::Pending | AssociationState::Official { .. } | AssociationState::Ended { .. } => None,
        }
    }

    /// Returns whether a consent of the time `at` makes the association official. It does if the
    /// association is pending, or if it was pending then and has ended since with its subscription
    /// or workload, or in favour of another company. The consent counts even if it arrives after
    /// that end (R47).
    pub(crate) fn can_become_official(&self, at: Timestamp) -> bool {
        match self.state {
            AssociationState::Pending => true,
            AssociationState::Ended {
                official_time: None,
                end_time,
                reason: EndReason::Expired | EndReason::Superseded,
            } => self.hold_time.max(at) < end_time,
            AssociationState::Official { .. } | AssociationState::Ended { .. } => false,
        }
    }

    /// Returns whether the association was official at `at` and has ended since with its
    /// subscription or workload.
    pub(crate) fn has_expired_since(&self, at: Timestamp) -> bool {
        match self.state {
            AssociationState::Ended { official_time: Some(official), end_time, reason: EndReason::Expired } => {
                official <= at && at < end_time
            }
            AssociationState::Pending | AssociationState::Official { .. } | AssociationState::Ended { .. } => false,
        }
    }

    /// Returns whether the association is live, or was official until another company replaced it.
    pub(crate) fn is_live_or_was_replaced(&self) -> bool {
        match self.state {
            AssociationState::Pending | AssociationState::Official { .. } => true,
            AssociationState::Ended { official_time, reason, .. } => {
                official_time.is_some() && reason == EndReason::Superseded
            }
        }
    }

    /// Returns whether an event of the time `at` ends the association. It does if the association
    /// is live, or if it ended after `at` with its subscription or workload, or in favour of
    /// another company: the earlier end counts, even if its event arrives later (R47). Ends for
    /// other reasons are not replaced, because they are caused by events of the claim, which arrive
    /// in order.
    pub(crate) fn can_end(&self, at: Timestamp) -> bool {
        match self.state {
            AssociationState::Pending | AssociationState::Official { .. } => true,
            AssociationState::Ended { end_time, reason: EndReason::Expired | EndReason::Superseded, .. } => {
                at < end_time
            }
            AssociationState::Ended {
                reason: EndReason::Declined | EndReason::Withdrawn | EndReason::Rejected,
                ..
            } => false,
        }
    }

    /// Ends the association at `at`, but never before it became official or was created. Has no
    /// effect if the association cannot end at this time.
    pub(crate) fn end(&mut self, at: Timestamp, reason: EndReason) {
        if self.can_end(at) {
            let official_time = self.official_since();
            let end_time = at.max(official_time.unwrap_or(self.hold_time));
            self.state = AssociationState::Ended { official_time, end_time, reason };
        }
    }
}
