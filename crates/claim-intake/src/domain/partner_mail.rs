//! Which steps of a claim its partner is told of by mail (R48, R57).
use super::{Association, Claim, Event, FactKind, What, string_enum};
use cpor_types::PrimaryRejection;

string_enum! {
    /// What a mail to the partner is about.
    NoticeKind {
        /// A reviewer needs something (R20).
        PartnerAction = "partner_action",
        /// An answer to that is due soon (R48).
        ResponseReminder = "response_reminder",
        /// The claim is rejected.
        Rejection = "rejection",
        /// The time to dispute that is over soon (R48).
        DisputeReminder = "dispute_reminder",
        /// The customer declined what was rejected already (R28).
        CustomerDeclined = "customer_declined",
        /// The partner withdrew a claim that was approved: its association is over.
        Withdrawal = "withdrawal",
        /// The claim is approved.
        Approval = "approval",
        /// The association is on record.
        Official = "official",
        /// Another company competes (R37).
        Competition = "competition",
        /// Lines were awarded to another company; the claim goes on with the rest (R37).
        LinesLost = "lines_lost",
        /// Associations are over; the claim stays approved (R37, R39).
        AssociationEnded = "association_ended",
    }
}

impl Event {
    /// What the partner of `claim`, as it is after this, is told by mail; `None`: nothing.
    #[must_use]
    pub fn notice(&self, claim: &Claim) -> Option<NoticeKind> {
        match &self.what {
            What::Reported(fact) => self.mail_for_fact(*fact, claim),
            What::Approved { .. } => Some(NoticeKind::Approval),
            What::LinesLost => Some(NoticeKind::LinesLost),
            What::LinesEnded { .. } => Some(NoticeKind::AssociationEnded),
            What::Closed(closure) => match closure.primary {
                // What it did itself the partner need not be told, but for what it has lost by that.
                PrimaryRejection::PartnerRequest => claim.lost_association().then_some(NoticeKind::Withdrawal),
                PrimaryRejection::CustomerDeclined
                | PrimaryRejection::InsufficientPoe
                | PrimaryRejection::LostToCompetingClaim => Some(NoticeKind::Rejection),
            },
            What::Created
            | What::Updated
            | What::Edited { .. }
            | What::Deleted
            | What::Commented
            | What::Submitted
            | What::Resubmitted
            | What::Disputed { .. }
            | What::EvidenceAdded(_)
            | What::EvidenceRemoved(_)
            | What::Granted { .. }
            | What::PersonalDataErased(_)
            | What::Overtaken(_) => None,
        }
    }

    fn mail_for_fact(&self, fact: FactKind, claim: &Claim) -> Option<NoticeKind> {
        match fact {
            FactKind::PartnerActionRequested => Some(NoticeKind::PartnerAction),
            FactKind::ResponseReminded => Some(NoticeKind::ResponseReminder),
            FactKind::DisputeReminded => Some(NoticeKind::DisputeReminder),
            FactKind::AssociationOfficial => Some(NoticeKind::Official),
            // Of competition that begins or is over the partner is told in a comment too; only the first is worth a mail.
            FactKind::CompetitionChanged => {
                let begins = self.comment.is_some() && claim.content.lines.iter().any(|line| line.contested);
                begins.then_some(NoticeKind::Competition)
            }
            FactKind::CustomerDeclined => claim.state.rejection().map(|_| NoticeKind::CustomerDeclined),
            FactKind::ReviewAssigned
            | FactKind::ReviewOpened
            | FactKind::ReviewNoted
            | FactKind::ReviewStarted
            | FactKind::ResponseDeadlinePassed
            | FactKind::DisputeWindowPassed
            | FactKind::ReviewApproved
            | FactKind::ReviewRejected
            | FactKind::ApprovalBegun
            | FactKind::ApprovalRefused
            | FactKind::ReviewReminded
            | FactKind::ReviewOverdue
            | FactKind::LinesAwarded
            | FactKind::NoticeResent
            | FactKind::NoticeSettled
            | FactKind::ConsentWindowOpened
            | FactKind::ConsentWindowPassed
            | FactKind::CustomerApproved
            | FactKind::AssociationEnded
            | FactKind::Assessed => None,
        }
    }
}

impl Claim {
    /// Whether an association ended with its rejection that had not ended before.
    fn lost_association(&self) -> bool {
        match self.state.rejection().and_then(|rejection| rejection.ended.as_ref()) {
            Some(Association::Pending | Association::Granted { .. } | Association::Official { .. }) => true,
            Some(Association::Ended { .. }) | None => false,
        }
    }
}
