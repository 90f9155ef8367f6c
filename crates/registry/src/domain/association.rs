//! A partner on record for one line of a claim, for one activity (R34, R35, R49).
use cpor_types::{Activity, AssociationKey, ClaimName, LineId, MpnId, ProductId, ProductKind, SolutionArea, Timestamp};

use super::words::words;

/// One association; it starts as a pending hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Association {
    /// The claim, and with it the partner.
    pub(crate) claim: ClaimName,
    pub(crate) line_id: LineId,
    /// MPN id of the location on the claim.
    pub(crate) mpn_id: MpnId,
    pub(crate) product: ProductId,
    pub(crate) key: AssociationKey,
    pub(crate) activity: Activity,
    /// When the claim was submitted.
    pub(crate) submit_time: Timestamp,
    /// When the pending hold began.
    pub(crate) hold_time: Timestamp,
    pub(crate) state: AssociationState,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssociationState {
    /// Approved; the customer may still decline. Holds out others.
    Pending,
    /// On record.
    Official { official_time: Timestamp },
    /// Over. `official_time` is absent when it never was on record.
    Ended { official_time: Option<Timestamp>, end_time: Timestamp, reason: EndReason },
}

words! {
    /// Why an association ended (R35). Stored and sent.
    EndReason {
        Declined = "declined",
        Withdrawn = "withdrawn",
        /// Any other rejection of the claim.
        Rejected = "rejected",
    }
}

impl Association {
    /// Whether it stands in the way of other companies: exclusive and not over (R34). Revenue association never does.
    pub(crate) fn holds_key(&self) -> bool {
        self.is_live() && self.activity.is_exclusive()
    }

    /// The solution area that it was claimed in (R7).
    pub(crate) fn solution_area(&self) -> SolutionArea {
        match self.key.kind() {
            ProductKind::Workload => SolutionArea::Microsoft365,
            ProductKind::Subscription => SolutionArea::BusinessApplications,
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        match self.state {
            AssociationState::Pending | AssociationState::Official { .. } => true,
            AssociationState::Ended { .. } => false,
        }
    }

    /// Since when it is on record, while it is.
    pub(crate) fn official_time(&self) -> Option<Timestamp> {
        match self.state {
            AssociationState::Official { official_time } => Some(official_time),
            AssociationState::Pending | AssociationState::Ended { .. } => None,
        }
    }

    /// A pending hold becomes official (R27), never before it began.
    pub(crate) fn grant(&mut self, at: Timestamp) {
        match self.state {
            AssociationState::Pending => {
                self.state = AssociationState::Official { official_time: at.max(self.hold_time) };
            }
            AssociationState::Official { .. } | AssociationState::Ended { .. } => {}
        }
    }

    /// It is over, never before it began. One that is over stays as it ended.
    pub(crate) fn end(&mut self, at: Timestamp, reason: EndReason) {
        let (official_time, began) = match self.state {
            AssociationState::Pending => (None, self.hold_time),
            AssociationState::Official { official_time } => (Some(official_time), official_time),
            AssociationState::Ended { .. } => return,
        };
        self.state = AssociationState::Ended { official_time, end_time: at.max(began), reason };
    }
}
