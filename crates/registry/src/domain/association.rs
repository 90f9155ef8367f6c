//! A partner on record for one line of a claim, for one activity (R34, R35, R49).
use cpor_types::{
    Activity, AssociationKey, CaseId, ClaimName, LineId, MpnId, PartnerId, ProductId, ProductKind, SolutionArea,
    Timestamp,
};

use super::words::words;

/// One association. That of a claim starts as a pending hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Association {
    pub(crate) source: Source,
    /// MPN id of the partner's location.
    pub(crate) mpn_id: MpnId,
    pub(crate) product: ProductId,
    pub(crate) key: AssociationKey,
    pub(crate) activity: Activity,
    /// When the pending hold began, or when it was imported.
    pub(crate) hold_time: Timestamp,
    pub(crate) state: AssociationState,
}

/// Where an association comes from, and so whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Claim(ClaimedLine),
    /// From before there were claims (R58): imported.
    Legacy {
        partner: PartnerId,
    },
}

/// The line of a claim that an association stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimedLine {
    /// The claim, and with it the partner.
    pub(crate) claim: ClaimName,
    pub(crate) line_id: LineId,
    /// The case that decided to hold it, where it said so.
    pub(crate) review_case: Option<CaseId>,
    /// When the claim was submitted.
    pub(crate) submit_time: Timestamp,
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
        /// Its subscription ended (R39, R58).
        Expired = "expired",
        /// Another company took its place (R37).
        Superseded = "superseded",
        /// Any other rejection of the claim.
        Rejected = "rejected",
    }
}

impl Association {
    pub(crate) fn partner(&self) -> &PartnerId {
        match &self.source {
            Source::Claim(line) => &line.claim.partner,
            Source::Legacy { partner } => partner,
        }
    }

    /// The line that it stands for; `None` where there is no claim.
    pub(crate) fn line(&self) -> Option<&ClaimedLine> {
        match &self.source {
            Source::Claim(line) => Some(line),
            Source::Legacy { .. } => None,
        }
    }

    pub(crate) fn is_of(&self, claim: &ClaimName) -> bool {
        self.line().is_some_and(|line| line.claim == *claim)
    }

    /// When it reached the state that it has: no later one is earlier.
    pub(crate) fn began(&self) -> Timestamp {
        match self.state {
            AssociationState::Pending => self.hold_time,
            AssociationState::Official { official_time } => official_time,
            AssociationState::Ended { end_time, .. } => end_time,
        }
    }
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
        if self.is_live() {
            let official_time = self.official_time();
            self.state = AssociationState::Ended { official_time, end_time: at.max(self.began()), reason };
        }
    }
}
